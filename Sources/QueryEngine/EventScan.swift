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
    /// Most matches of an ordered answer: 4,194,304 keys of 40 bytes; beyond it the caller must narrow the
    /// search.
    public static let orderedCountMax = 4_194_304
    /// Parts kept in memory while an ordered answer is handed over: at most 8 blocks of 16 MiB and their
    /// events.
    public static let cachedPartCountMax = 8

    private struct Match: Comparable {
        var time: UTCTime
        var offset: Offset
        var index: Int
        var part: Int

        static func < (left: Match, right: Match) -> Bool {
            (left.time, left.offset, left.index) < (right.time, right.offset, right.index)
        }
    }

    private let source: any PartSource
    private let resolver: (any EntityResolver)?
    private let selection: EventSelection
    private let condition: RowCondition
    /// What has been gone through so far.
    public private(set) var statistics = ScanStatistics()

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
        let wanted = parts.filter { !isOutside($0) }
        let isBackward = selection.order == .offset && (selection.last != nil || selection.isReversed)
        source.announce(isBackward ? wanted.reversed() : wanted, where: condition)
        switch selection.order {
        case .offset where selection.last == nil && !selection.isReversed: try stream(parts, start, body)
        case .offset: try backward(parts, start, body)
        case .time: try ordered(parts, start, body)
        }
    }

    private func isOutside(_ part: StoredPart) -> Bool {
        if let since = selection.since, let latest = part.latest, latest < since { return true }
        if let until = selection.until, let earliest = part.earliest, earliest >= until { return true }
        return false
    }

    /// Indices of the matching events of a part, rising.
    private mutating func matches(_ loaded: LoadedPart, _ start: Offset) -> [Int] {
        let predicate = QueryPredicate(selection.query, for: loaded.events, resolver: resolver)
        var found: [Int] = []
        for index in loaded.events.events.indices {
            let event = loaded.events.events[index]
            guard event.offset >= start else { continue }
            if let since = selection.since, event.time < since { continue }
            if let until = selection.until, event.time >= until { continue }
            if predicate.matches(index) { found.append(index) }
        }
        statistics.scannedCount += loaded.events.events.count
        if loaded.isRuledOut { statistics.skippedCount += 1 } else { statistics.partCount += 1 }
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

    /// Collects the keys of all matches, sorts them, and reads the parts again as they are needed.
    private mutating func ordered(
        _ parts: [StoredPart],
        _ start: Offset,
        _ body: (LoadedPart, Int) throws -> Bool
    ) throws {
        var cache = PartCache(source: source, condition: condition)
        var found: [Match] = []
        for (number, part) in parts.enumerated() {
            if isOutside(part) {
                statistics.skippedCount += 1
                continue
            }
            let loaded = try cache.part(number, parts)
            for index in matches(loaded, start) {
                let event = loaded.events.events[index]
                found.append(Match(time: event.time, offset: event.offset, index: index, part: number))
            }
            if let last = selection.last, found.count > max(65_536, 4 * last) { found = newest(found, last) }
            guard found.count <= EventScan.orderedCountMax else {
                throw WardlineError(
                    .usage,
                    "More than \(EventScan.orderedCountMax) events match. Narrow the search with -S "
                        + "and -U, take the "
                        + "last with -n, or use --order offset, which has no such limit."
                )
            }
        }
        found.sort()
        if let last = selection.last { found = Array(found.suffix(last)) }
        if selection.isReversed { found.reverse() }
        for match in found {
            statistics.matchCount += 1
            guard try body(try cache.part(match.part, parts), match.index) else { return }
        }
    }

    private func newest(_ found: [Match], _ count: Int) -> [Match] { Array(found.sorted().suffix(count)) }
}

/// The parts used last.
private struct PartCache {
    let source: any PartSource
    let condition: RowCondition
    private var loaded: [(number: Int, part: LoadedPart)] = []

    init(source: any PartSource, condition: RowCondition) {
        self.source = source
        self.condition = condition
    }

    mutating func part(_ number: Int, _ parts: [StoredPart]) throws(WardlineError) -> LoadedPart {
        if let place = loaded.lastIndex(where: { $0.number == number }) {
            if place < loaded.count - 1 { loaded.append(loaded.remove(at: place)) }
            return loaded[loaded.count - 1].part
        }
        let fresh = try source.load(parts[number], where: condition)
        if loaded.count >= EventScan.cachedPartCountMax { loaded.removeFirst() }
        loaded.append((number, fresh))
        return fresh
    }
}
