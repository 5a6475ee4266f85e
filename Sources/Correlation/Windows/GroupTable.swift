// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// State of one group key of a correlation.
protocol KeyedGroup: SnapshotCoded, Sendable {
    /// Event time at which it was changed last.
    var touched: UTCTime { get }
}

/// Groups by key, bounded: beyond the bound those go that were touched longest ago, and are counted.
struct GroupTable<Group: KeyedGroup>: SnapshotCoded, Sendable {
    private(set) var groups: [GroupKey: Group] = [:]
    /// Groups that went although they might have mattered.
    private(set) var evictions = 0
    private var pruneCount = pruneCountMin
    private let bound: Int

    /// Groups that are kept without a look at their age.
    private static var pruneCountMin: Int { 256 }

    init(bound: Int = CorrelationBounds.groupCountMax) {
        self.bound = bound
    }

    func write(to encoder: SnapshotEncoder) throws {
        for count in [bound, evictions, pruneCount, groups.count] { encoder.write(count: count) }
        for (key, group) in groups {
            key.write(to: encoder)
            try group.write(to: encoder)
        }
    }

    static func read(from decoder: SnapshotDecoder) throws -> GroupTable {
        var table = GroupTable(bound: Int(try decoder.number()))
        table.evictions = Int(try decoder.number())
        table.pruneCount = Int(try decoder.number())
        let count = try decoder.count()
        table.groups.reserveCapacity(count)
        for _ in 0..<count {
            let key = try GroupKey.read(from: decoder)
            table.groups[key] = try Group.read(from: decoder)
        }
        return table
    }

    /// The group of `key`, taken out so that it is changed in place.
    mutating func take(_ key: GroupKey) -> Group? { groups.removeValue(forKey: key) }

    /// Keeps `group`; those touched before `oldest` do not matter any more.
    mutating func put(_ group: Group, _ key: GroupKey, after oldest: UTCTime) {
        if groups.count >= bound { evict(before: oldest) }
        groups[key] = group
        // Whenever their number has doubled, so that the walk costs little for each.
        guard groups.count >= pruneCount else { return }
        groups = groups.filter { $0.value.touched >= oldest }
        pruneCount = max(GroupTable.pruneCountMin, groups.count * 2)
    }

    private mutating func evict(before oldest: UTCTime) {
        groups = groups.filter { $0.value.touched >= oldest }
        guard groups.count >= bound else { return }
        let cut = groups.map { ($0.value.touched, $0.key) }
            .sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1.precedes($1.1) }
            .prefix(max(1, bound / 4))
        for (_, key) in cut { groups[key] = nil }
        evictions += cut.count
    }
}
