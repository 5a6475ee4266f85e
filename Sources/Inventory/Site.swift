// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What the site's files say: assets, bindings, approved versions, zones and conduits, change records.
///
/// A later file of a role replaces the earlier one whole.
public struct Site: Sendable {
    /// Assets.
    public var assets: [Asset]
    /// Address bindings.
    public var bindings: [SiteBinding]
    /// Approved versions.
    public var approved: [ApprovedVersion]
    /// Zones.
    public var zones: [Zone]
    /// Conduits.
    public var conduits: [Conduit]
    /// Change records.
    public var changes: [ChangeRecord]

    /// A site that says nothing.
    public init() {
        assets = []
        bindings = []
        approved = []
        zones = []
        conduits = []
        changes = []
    }

    /// Id given to addresses of private space that no zone lists.
    public static let unknownZone = "unknown"

    /// Id given to public addresses that no zone lists.
    public static let internetZone = "internet"
}

/// Longest-prefix look-up from address to zone index.
public struct ZoneTable: Sendable {
    private var rows: [(prefix: IPPrefix, zone: Int)] = []
    private var cache: [IPAddress: Int32] = [:]

    /// Most addresses remembered: 65,536 entries of 24 bytes; beyond it look-ups walk the prefixes again.
    public static let cacheCountMax = 65_536

    /// Sorts the prefixes of `zones`, longest first.
    public init(_ zones: [Zone]) {
        for (index, zone) in zones.enumerated() {
            for prefix in zone.prefixes { rows.append((prefix, index)) }
        }
        rows.sort { ($0.prefix.length, $1.zone) > ($1.prefix.length, $0.zone) }
    }

    /// Index of the zone with the longest prefix over `address`; nil if none.
    public mutating func zone(of address: IPAddress) -> Int? {
        guard !rows.isEmpty else { return nil }
        if let known = cache[address] { return known < 0 ? nil : Int(known) }
        let found = rows.first { $0.prefix.contains(address) }?.zone
        if cache.count >= ZoneTable.cacheCountMax { cache.removeAll(keepingCapacity: true) }
        cache[address] = Int32(found ?? -1)
        return found
    }
}
