// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SegmentLog

extension EventScan {
    /// Most matches that wait for their turn: 4,194,304 keys of 40 bytes; beyond it the caller must narrow
    /// the search.
    public static let orderedCountMax = 4_194_304
    /// Parts kept in memory while matches of them wait: at most 8 blocks of 16 MiB and their events.
    public static let cachedPartCountMax = 8
    /// Parts that an answer of the last few reads before others are read ahead: most such answers end there.
    private static let unannouncedCount = 2

    /// Hands matches over by their time, reading the parts in the order of theirs.
    ///
    /// What lies before everything that is still to be read is handed over at once, so that the answer flows,
    /// each part is read once where parts do not overlap, and the last few need the last parts only.
    mutating func ordered(
        _ parts: [StoredPart],
        _ start: Offset,
        _ body: (LoadedPart, Int) throws -> Bool
    ) throws {
        let isBackward = selection.isReversed || selection.last != nil
        let wanted = sorted(parts, isBackward)
        statistics.skippedCount += parts.count - wanted.count
        if selection.last == nil { source.announce(wanted.map { parts[$0] }, where: condition) }
        var cache = PartCache(source: source, condition: condition)
        var waiting = MatchHeap(isBackward: isBackward)
        var chosen: [Match] = []
        var left = selection.last ?? .max
        for (place, number) in wanted.enumerated() {
            if place == EventScan.unannouncedCount, selection.last != nil {
                source.announce(wanted[place...].map { parts[$0] }, where: condition)
            }
            let loaded = try cache.part(number, parts)
            for index in matches(loaded, start) {
                let event = loaded.events.events[index]
                waiting.push(Match(time: event.time, offset: event.offset, index: index, part: number))
            }
            waiting.keep(left)
            let bound = place + 1 < wanted.count ? bound(parts[wanted[place + 1]], isBackward) : nil
            while left > 0, let match = waiting.pop(before: bound, isLast: place + 1 == wanted.count) {
                left -= 1
                guard selection.last == nil || selection.isReversed else {
                    chosen.append(match)
                    continue
                }
                statistics.matchCount += 1
                guard try body(try cache.part(match.part, parts), match.index) else { return }
            }
            if left == 0 { break }
            guard waiting.count + chosen.count <= EventScan.orderedCountMax else { throw EventScan.tooMany }
        }
        for match in chosen.reversed() {
            statistics.matchCount += 1
            guard try body(try cache.part(match.part, parts), match.index) else { return }
        }
    }

    private static var tooMany: WardlineError {
        WardlineError(
            .usage,
            "More than \(orderedCountMax) events match at times that lie among each other. Narrow the search "
                + "with -S and -U, take the last with -n, or use --order offset, which has no such limit."
        )
    }

    /// Numbers of the parts inside the interval, in the order in which they are read.
    private func sorted(_ parts: [StoredPart], _ isBackward: Bool) -> [Int] {
        // What tells no times may hold any.
        let times = parts.map { part in
            isBackward
                ? part.latest.map { -$0.nanoseconds } ?? .min : part.earliest?.nanoseconds ?? .min
        }
        return parts.indices.filter { !isOutside(parts[$0]) }.sorted { left, right in
            (times[left], isBackward ? -left : left) < (times[right], isBackward ? -right : right)
        }
    }

    /// The time before which, or when reading backward after which, a part has nothing; nil when not known.
    private func bound(_ part: StoredPart, _ isBackward: Bool) -> UTCTime? {
        isBackward ? part.latest : part.earliest
    }
}

/// Where an event that matches is, and its place in the order.
struct Match: Comparable {
    var time: UTCTime
    var offset: Offset
    var index: Int
    var part: Int

    static func < (left: Match, right: Match) -> Bool {
        (left.time, left.offset, left.index) < (right.time, right.offset, right.index)
    }
}

/// Matches that wait until no earlier one can come; backward, no later one.
private struct MatchHeap {
    /// Matches beyond those wanted that are kept before they are looked through.
    private static let slackCount = 65_536

    private let isBackward: Bool
    private var items: [Match] = []

    init(isBackward: Bool) { self.isBackward = isBackward }

    var count: Int { items.count }

    private func precedes(_ left: Match, _ right: Match) -> Bool { isBackward ? right < left : left < right }

    mutating func push(_ match: Match) {
        items.append(match)
        var child = items.count - 1
        while child > 0, precedes(items[child], items[(child - 1) / 2]) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Forgets what cannot be among the first `wanted`.
    mutating func keep(_ wanted: Int) {
        guard items.count > MatchHeap.slackCount, items.count / 4 > wanted else { return }
        // Sorted, they are a heap.
        items = Array(items.sorted(by: precedes).prefix(wanted))
    }

    /// The first one, if it lies before `bound`, or if nothing further comes.
    mutating func pop(before bound: UTCTime?, isLast: Bool) -> Match? {
        guard let top = items.first else { return nil }
        let isDue = isLast || bound.map { isBackward ? $0 < top.time : top.time < $0 } ?? false
        guard isDue else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return top }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < items.count && precedes(items[child], items[least]) { least = child }
            guard least != parent else { return top }
            items.swapAt(parent, least)
            parent = least
        }
    }
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
