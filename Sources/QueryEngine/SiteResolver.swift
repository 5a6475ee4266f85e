// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Inventory

/// Resolves the assets and zones of events by the site files, as of each event's time.
///
/// Addresses count by their bindings, names as asset ids, host names with or without a domain, serial numbers
/// and AE titles, certificates by their names or fingerprints. Leases that only the log shows are not known
/// here.
///
/// Owned by one thread.
public final class SiteResolver: EntityResolver {
    private var register: AssetRegister
    private static let names: [FieldID] = [.deviceID, .hostName, .sourceHost, .targetHost, .peerIdentity]
    static let addresses: [FieldID] = [.hostIP, .sourceIP, .targetIP]

    /// Resolves by `register`.
    public init(_ register: AssetRegister) { self.register = register }

    /// Assets whose names or addresses the event mentions, the subject first.
    public func participants(of index: Int, in batch: EventBatch) -> [EntityFacts] {
        var found: [EntityFacts] = []
        for field in SiteResolver.names + SiteResolver.addresses {
            guard let asset = asset(field, of: index, in: batch) else { continue }
            let facts = facts(asset)
            if !found.contains(facts) { found.append(facts) }
        }
        return found
    }

    /// The asset that a name or address field of the event means at the event's time; nil if none is known.
    public func asset(_ field: FieldID, of index: Int, in batch: EventBatch) -> Asset? {
        if field == .peerIdentity {
            return batch.text(field, in: index).flatMap { register.asset(ofCertificate: $0) }
        }
        let event = batch.events[index]
        let time = event.time.isPresent ? event.time : event.logTime
        guard SiteResolver.addresses.contains(field) else {
            // A letter that another case writes in fewer bytes, such as the Kelvin sign, is in no name.
            return batch.text(field, in: index).flatMap { name in
                name.utf8.count == name.lowercased().utf8.count ? register.asset(host: name, at: time) : nil
            }
        }
        return batch.address(field, in: index).flatMap { register.asset(of: $0, at: time) }
    }

    /// Names, certificates and all addresses that the site's files give to the assets that `accepts` takes.
    public func identifiers(where accepts: (EntityFacts) -> Bool) -> EntityIdentifiers {
        let assets = register.site.assets.filter { accepts(facts($0)) }
        let names = assets.flatMap { asset in
            [asset.id, asset.serial] + asset.hostNames + asset.aeTitles + asset.certificates
        }
        return EntityIdentifiers(
            names: Set(names.filter { !$0.isEmpty }),
            addresses: register.addresses(of: assets)
        )
    }

    /// Zone id of an address; nil where the site names no zones.
    public func zone(of address: IPAddress) -> String? {
        register.isEmpty ? nil : register.zone(of: address).id
    }

    private func facts(_ asset: Asset) -> EntityFacts {
        EntityFacts(
            id: asset.id,
            names: ([asset.serial] + asset.hostNames + asset.aeTitles).filter { !$0.isEmpty },
            type: asset.deviceType,
            manufacturer: asset.manufacturer,
            model: asset.model,
            zone: asset.zone
        )
    }
}
