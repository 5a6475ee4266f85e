// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import QueryEngine
import SegmentLog
import SiteFiles

/// What a policy would remove from one sealed segment.
public struct SegmentPlan: Sendable {
    /// File name of the segment.
    public let segment: String
    /// Offsets of the segment.
    public let offsets: Range<Offset>
    /// Records that would go, by number of the rule that takes them.
    public internal(set) var removed: [Int: Int] = [:]
    /// Records that their rule would take and a hold keeps.
    public internal(set) var held = 0
    /// Records that their rule would take and that stay because something is concluded from them.
    public internal(set) var cited = 0
    private var words: [UInt64]

    init(_ segment: String, _ offsets: Range<Offset>) {
        self.segment = segment
        self.offsets = offsets
        let count = Int(offsets.upperBound.value - offsets.lowerBound.value)
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    /// Records that would go.
    public var count: Int { removed.values.reduce(0, +) }

    /// Whether the record at `offset` would go.
    public func removes(_ offset: Offset) -> Bool {
        guard offsets.contains(offset) else { return false }
        let row = Int(offset.value - offsets.lowerBound.value)
        return words[row >> 6] & 1 << UInt64(row & 63) != 0
    }

    mutating func remove(_ offset: Offset, by rule: Int) {
        let row = Int(offset.value - offsets.lowerBound.value)
        words[row >> 6] |= 1 << UInt64(row & 63)
        removed[rule, default: 0] += 1
    }
}

/// Finds what a policy removes: records of devices that are old enough, that no hold covers and no incident
/// cites.
///
/// What Wardline itself wrote into the log always stays: it decides how the rest is read.
public struct RetentionPlanner {
    private let policy: RetentionPolicy
    private let holds: [Hold]
    private let cited: CitedRecords
    private let judged: Offset
    private let resolver: any EntityResolver
    private let now: UTCTime

    /// Plans for the moment `now`.
    ///
    /// `cited` are the records that something is concluded from, and `judged` is the offset up to which that
    /// is known: what was not judged yet stays.
    public init(
        _ policy: RetentionPolicy,
        holds: [Hold],
        cited: CitedRecords,
        judged: Offset,
        resolver: any EntityResolver,
        now: UTCTime
    ) {
        self.policy = policy
        self.holds = holds
        self.cited = cited
        self.judged = judged
        self.resolver = resolver
        self.now = now
    }

    /// Gives `body` the plan of each sealed segment from which something would go, in offset order.
    ///
    /// - Complexity: O(bytes) of the segments old enough; memory of one part and a bit a record.
    public func plan(
        _ store: StoreReader,
        _ source: StoreParts,
        _ body: (SegmentPlan) throws -> Void
    ) throws {
        guard let shortest = policy.shortest else { return }
        let limit = now.nanoseconds &- shortest
        let parts = try source.parts()
        for segment in try store.segments()
        where segment.canBeSealed(now) && segment.minLogTime.nanoseconds < limit
            && segment.offsets.upperBound <= judged
        {
            var plan = SegmentPlan(segment.name, segment.offsets)
            for part in parts where segment.offsets.contains(part.base) {
                add(try source.load(part, where: .everything), to: &plan)
            }
            if plan.count > 0 { try body(plan) }
        }
    }

    private func add(_ part: LoadedPart, to plan: inout SegmentPlan) {
        let events = part.events
        var next = 0
        for (index, row) in part.records.rows.enumerated() {
            let offset = part.part.base.advanced(by: index)
            while next < events.events.count, events.events[next].offset < offset { next += 1 }
            let first = next
            while next < events.events.count, events.events[next].offset == offset { next += 1 }
            guard row.kind == .device, let number = policy.rule(for: first..<next, in: events, resolver),
                let keep = policy.rules[number].keepNanoseconds, row.logTime.isPresent,
                now.nanoseconds &- row.logTime.nanoseconds > keep
            else { continue }
            let times = [row.logTime] + events.events[first..<next].map(\.time)
            if holds.contains(where: { $0.covers(offset, times) }) {
                plan.held += 1
            } else if cited.contains(offset) {
                plan.cited += 1
            } else {
                plan.remove(offset, by: number)
            }
        }
    }
}

extension Hold {
    /// Whether a record at `offset`, with these log and event times, is held.
    func covers(_ offset: Offset, _ times: [UTCTime]) -> Bool {
        if offsets.contains(where: { $0.contains(offset.value) }) { return true }
        guard let period else { return false }
        return times.contains { $0.isPresent && period.contains($0) }
    }
}
