// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// State of one group key of a correlation.
protocol KeyedGroup: SnapshotCoded, Sendable {
    /// Event time at which it was changed last.
    var touched: UTCTime { get }
    /// Whether it holds so little that packing it when it rests, and unpacking it again, costs little.
    var isSmall: Bool { get }
}

extension KeyedGroup {
    var isSmall: Bool { false }
}

/// Groups by key, bounded: beyond the bound those go that were touched longest ago, and are counted.
///
/// Small groups that were not touched lately lie packed (``PackedGroup``). Which ones do decides nothing.
struct GroupTable<Group: KeyedGroup>: SnapshotCoded, Sendable {
    /// Groups as objects; all of them unless the table packs some.
    private(set) var groups: [GroupKey: Group] = [:]
    /// The others, by the hash of their key.
    private var packed: [UInt64: PackedGroup<Group>] = [:]
    /// Groups that went although they might have mattered.
    private(set) var evictions = 0
    private var pruneCount = pruneCountMin
    private let bound: Int
    /// Groups as objects before any are packed.
    private let looseCountMax: Int
    /// Groups as objects at which some are packed next.
    private var packCount: Int

    /// Groups that are kept without a look at their age.
    private static var pruneCountMin: Int { 256 }

    /// A table of at most `bound` groups.
    ///
    /// - Parameter looseCountMax: Groups as objects before some are packed; `.max` packs none.
    init(bound: Int = CorrelationBounds.groupCountMax, looseCountMax: Int = .max) {
        self.bound = bound
        self.looseCountMax = looseCountMax
        packCount = looseCountMax
    }

    func write(to encoder: SnapshotEncoder) throws {
        for count in [bound, evictions, pruneCount, groups.count] { encoder.write(count: count) }
        for (key, group) in groups {
            key.write(to: encoder)
            try group.write(to: encoder)
        }
        encoder.write(count: packed.count)
        for (hash, group) in packed {
            encoder.write(hash: hash)
            encoder.write(group.bytes)
        }
    }

    /// The table as it packs is that of the rule: take what was written with ``resume(from:)``.
    static func read(from decoder: SnapshotDecoder) throws -> GroupTable {
        var table = GroupTable()
        try table.resume(from: decoder)
        return table
    }

    /// Takes what was written.
    mutating func resume(from decoder: SnapshotDecoder) throws {
        var table = GroupTable(bound: Int(try decoder.number()), looseCountMax: looseCountMax)
        table.evictions = Int(try decoder.number())
        table.pruneCount = Int(try decoder.number())
        let count = try decoder.count()
        table.groups.reserveCapacity(count)
        for _ in 0..<count {
            let key = try GroupKey.read(from: decoder)
            table.groups[key] = try Group.read(from: decoder)
        }
        let packedCount = try decoder.count()
        table.packed.reserveCapacity(packedCount)
        for _ in 0..<packedCount {
            let hash = try decoder.hash()
            guard let group = PackedGroup<Group>(try decoder.bytes()) else { throw decoder.damage }
            table.packed[hash] = group
        }
        self = table
    }

    /// Groups kept.
    private var count: Int { groups.count + packed.count }

    /// The group of `key`, taken out so that it is changed in place.
    mutating func take(_ key: GroupKey) -> Group? {
        if let group = groups.removeValue(forKey: key) { return group }
        guard !packed.isEmpty, let found = packed[key.digest] else { return nil }
        do {
            guard let group = try found.group(of: key) else { return nil }
            packed[key.digest] = nil
            return group
        } catch {
            // Not what was packed: it counts as gone, so that verdicts say that they are lower bounds.
            packed[key.digest] = nil
            evictions += 1
            return nil
        }
    }

    /// Keeps `group`; those touched before `oldest` do not matter any more.
    mutating func put(_ group: Group, _ key: GroupKey, after oldest: UTCTime) {
        if count >= bound { evict(before: oldest) }
        groups[key] = group
        if groups.count > packCount { pack() }
        // Whenever their number has doubled, so that the walk costs little for each.
        guard count >= pruneCount else { return }
        prune(before: oldest)
        pruneCount = max(GroupTable.pruneCountMin, count * 2)
    }

    private mutating func prune(before oldest: UTCTime) {
        groups = groups.filter { $0.value.touched >= oldest }
        packed = packed.filter { $0.value.touched >= oldest }
    }

    /// Packs the older half of the groups, as far as they are small.
    private mutating func pack() {
        let times = groups.values.map(\.touched).sorted()
        let middle = times[times.count / 2]
        var loose: [GroupKey: Group] = [:]
        loose.reserveCapacity(looseCountMax)
        for (key, group) in groups {
            // Two keys of one hash are never both packed.
            if group.touched <= middle, group.isSmall, packed[key.digest] == nil,
                let small = try? PackedGroup(group, key)
            {
                packed[key.digest] = small
            } else {
                loose[key] = group
            }
        }
        groups = loose
        packCount = max(looseCountMax, 2 * loose.count)
    }

    private mutating func evict(before oldest: UTCTime) {
        prune(before: oldest)
        guard count >= bound else { return }
        let all =
            groups.map { ($0.value.touched, $0.key) } + packed.values.map { ($0.touched, $0.key) }
        let cut = all.sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1.precedes($1.1) }
            .prefix(max(1, bound / 4))
        for (_, key) in cut where groups.removeValue(forKey: key) == nil { packed[key.digest] = nil }
        evictions += cut.count
    }
}
