// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// From how far an asset can be reached by the conduits of the site.
public enum Exposure: String, Hashable, Codable, Sendable, CaseIterable {
    /// A conduit leads to its zone from everywhere, the internet, an untrusted or an unlisted zone.
    case internet
    /// A conduit leads to it from a zone where vendors come in.
    case vendor
    /// Conduits lead to it from other zones of the site only.
    case `internal`
    /// No conduit leads to its zone.
    case none
}

extension AssetRegister {
    /// The widest reach of the conduits that lead to the zone of `asset` and are open at `time`.
    ///
    /// A conduit that is open in a kind of change record only counts while such a record covers the asset. A
    /// conduit from the zone itself does not count.
    ///
    /// - Complexity: O(conduits + change records).
    public func exposure(of asset: Asset, at time: UTCTime) -> Exposure {
        var found = Exposure.none
        for conduit in site.conduits where conduit.to == "*" || conduit.to == asset.zone {
            guard conduit.from != asset.zone, conduit.onlyIn.isEmpty || isOpen(conduit.onlyIn, asset, time)
            else {
                continue
            }
            let zone = zone(named: conduit.from)
            if zone == nil || zone?.tier == "untrusted" { return .internet }
            if zone?.isVendorZone ?? false {
                found = .vendor
            } else if found == .none {
                found = .internal
            }
        }
        return found
    }

    private func isOpen(_ kind: String, _ asset: Asset, _ time: UTCTime) -> Bool {
        site.changes.contains { change in
            change.kind == kind && change.start <= time && time <= change.end
                && (change.assets.contains("*") || change.assets.contains(asset.id))
        }
    }
}
