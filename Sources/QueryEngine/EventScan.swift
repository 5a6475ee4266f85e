// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import SegmentLog

/// Which events are wanted, and in which order.
public struct EventSelection: Sendable {
    /// The order of the answer.
    public enum Order: String, Sendable, CaseIterable {
        /// By event time, then offset: as things happened.
        case time
        /// By offset: as things were recorded; answers flow at once.
        case offset
    }

    /// Events from this time on.
    public var since: UTCTime?
    /// Events before this time.
    public var until: UTCTime?
    /// What they must match.
    public var query: Query
    /// Only the last so many in the order asked for.
    public var last: Int?
    /// The order.
    public var order: Order
    /// Last first.
    public var isReversed: Bool

    /// Makes a selection.
    public init(
        query: Query,
        since: UTCTime? = nil,
        until: UTCTime? = nil,
        last: Int? = nil,
        order: Order = .time,
        isReversed: Bool = false
    ) {
        self.query = query
        self.since = since
        self.until = until
        self.last = last
        self.order = order
        self.isReversed = isReversed
    }
}

/// What a scan went through.
public struct ScanStatistics: Hashable, Sendable {
    /// Events that were looked at.
    public var scannedCount = 0
    /// Events that matched and were handed over.
    public var matchCount = 0
    /// Parts that were read.
    public var partCount = 0
    /// Parts that were skipped by their times.
    public var skippedCount = 0
    /// Offset after the last record that was looked at.
    public var end = Offset.zero

    /// Nothing scanned yet.
    public init() {}
}

/// Finds events part by part: skips parts by time, runs the compiled query over each, and hands matches over
/// in order.
public struct EventScan {
    let source: any PartSource
    let resolver: (any EntityResolver)?
    let selection: EventSelection
    let condition: RowCondition
    /// What has been gone through so far.
    public internal(set) var statistics = ScanStatistics()

    /// Prepares a scan; `resolver` serves tests of assets and zones.
    public init(_ selection: EventSelection, in source: any PartSource, resolver: (any EntityResolver)? = nil)
    {
        self.selection = selection
        condition = selection.query.rowCondition(resolver)
        self.source = source
        self.resolver = resolver
    }

    /// Runs the scan from `start` on; `body` gets each match with its part and returns false to stop.
    public mutating func run(
        from start: Offset = .zero,
        _ body: (LoadedPart, Int) throws -> Bool
    ) throws {
        let parts = try source.parts().filter { $0.end > start }
        statistics.end = max(statistics.end, parts.last?.end ?? start)
        if selection.last == 0 { return }
        if selection.order == .time { return try ordered(parts, start, body) }
        let wanted = parts.filter { !isOutside($0) }
        let isBackward = selection.last != nil || selection.isReversed
        source.announce(isBackward ? wanted.reversed() : wanted, where: condition)
        if isBackward { try backward(parts, start, body) } else { try stream(parts, start, body) }
    }

    func isOutside(_ part: StoredPart) -> Bool {
        if let since = selection.since, let latest = part.latest, latest < since { return true }
        if let until = selection.until, let earliest = part.earliest, earliest >= until { return true }
        return false
    }

    /// Indices of the matching events of a part, rising.
    mutating func matches(_ loaded: LoadedPart, _ start: Offset) -> [Int] {
        statistics.scannedCount += loaded.events.events.count
        if loaded.isRuledOut { statistics.skippedCount += 1 } else { statistics.partCount += 1 }
        guard !loaded.events.events.isEmpty else { return [] }
        let predicate = QueryPredicate(selection.query, for: loaded.events, resolver: resolver)
        var found: [Int] = []
        for index in loaded.events.events.indices {
            let event = loaded.events.events[index]
            guard event.offset >= start else { continue }
            if let since = selection.since, event.time < since { continue }
            if let until = selection.until, event.time >= until { continue }
            if predicate.matches(index) { found.append(index) }
        }
        return found
    }

    private mutating func stream(
        _ parts: [StoredPart],
        _ start: Offset,
        _ body: (LoadedPart, Int) throws -> Bool
    ) throws {
        for part in parts {
            if isOutside(part) {
                statistics.skippedCount += 1
                continue
            }
            let loaded = try source.load(part, where: condition)
            for index in matches(loaded, start) {
                statistics.matchCount += 1
                guard try body(loaded, index) else { return }
            }
        }
    }

    /// The last matches by offset: reads parts from the end until there are enough.
    private mutating func backward(
        _ parts: [StoredPart],
        _ start: Offset,
        _ body: (LoadedPart, Int) throws -> Bool
    ) throws {
        var wanted = selection.last ?? .max
        var kept: [(LoadedPart, ArraySlice<Int>)] = []
        for part in parts.reversed() where wanted > 0 {
            if isOutside(part) {
                statistics.skippedCount += 1
                continue
            }
            let loaded = try source.load(part, where: condition)
            let found = matches(loaded, start).suffix(wanted)
            wanted -= found.count
            if selection.isReversed {
                for index in found.reversed() {
                    statistics.matchCount += 1
                    guard try body(loaded, index) else { return }
                }
            } else if !found.isEmpty {
                kept.append((loaded, found))
            }
        }
        for (loaded, found) in kept.reversed() {
            for index in found {
                statistics.matchCount += 1
                guard try body(loaded, index) else { return }
            }
        }
    }
}
