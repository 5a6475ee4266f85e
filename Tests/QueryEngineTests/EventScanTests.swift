// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SegmentLog
import Testing

@testable import QueryEngine

/// Parts in memory; counts how often each is read.
private final class FixedParts: PartSource {
    var loaded: [LoadedPart]
    var readCount = 0

    /// Parts whose events have these times, in seconds; every part knows its bounds.
    init(_ times: [[Int64]], withBounds: Bool = true) {
        var base = Offset.zero
        loaded = []
        for seconds in times {
            var events = EventBatch()
            var records = RecordBatch()
            let origin = records.index(of: Origin(listener: "t", transport: .file))
            for (index, second) in seconds.enumerated() {
                let time = UTCTime(nanoseconds: second * UTCTime.second)
                var event = Event(offset: base.advanced(by: index), time: time, logTime: time)
                event.eventClass = second % 2 == 0 ? .access : .network
                events.begin(event)
                records.append(Array("line \(second)".utf8), kind: .device, origin: origin, receiveTime: time)
            }
            let bounds = withBounds ? (seconds.min(), seconds.max()) : (nil, nil)
            let part = StoredPart(
                base: base,
                count: seconds.count,
                earliest: bounds.0.map { UTCTime(nanoseconds: $0 * UTCTime.second) },
                latest: bounds.1.map { UTCTime(nanoseconds: $0 * UTCTime.second) }
            )
            loaded.append(LoadedPart(part: part, records: records, events: events))
            base = part.end
        }
    }

    func parts() throws(WardlineError) -> [StoredPart] { loaded.map(\.part) }

    func load(_ part: StoredPart, where _: RowCondition) throws(WardlineError) -> LoadedPart {
        readCount += 1
        guard let found = loaded.first(where: { $0.part == part }) else {
            throw WardlineError(.internal, "no such part")
        }
        return found
    }
}

@Suite struct EventScanTests {
    private static let times: [[Int64]] = [[10, 20, 30], [5, 25], [40, 41, 12]]

    private static func seconds(
        _ text: String = "",
        order: EventSelection.Order = .time,
        last: Int? = nil,
        reversed: Bool = false,
        since: Int64? = nil,
        until: Int64? = nil,
        from start: Offset = .zero,
        stopAfter: Int = .max
    ) throws -> [Int64] {
        let source = FixedParts(times)
        var selection = EventSelection(
            query: try Fixture.query(text),
            last: last,
            order: order,
            isReversed: reversed
        )
        selection.since = since.map { UTCTime(nanoseconds: $0 * UTCTime.second) }
        selection.until = until.map { UTCTime(nanoseconds: $0 * UTCTime.second) }
        var scan = EventScan(selection, in: source)
        var found: [Int64] = []
        try scan.run(from: start) { loaded, index in
            let event = loaded.events.events[index]
            let second = event.time.nanoseconds / UTCTime.second
            #expect(loaded.bytes(at: event.offset) == Array("line \(second)".utf8))
            found.append(second)
            return found.count < stopAfter
        }
        #expect(scan.statistics.matchCount == found.count)
        return found
    }

    @Test func `by time events of all parts are in one order`() throws {
        #expect(try Self.seconds() == [5, 10, 12, 20, 25, 30, 40, 41])
    }

    @Test func `by offset events are as recorded`() throws {
        #expect(try Self.seconds(order: .offset) == [10, 20, 30, 5, 25, 40, 41, 12])
    }

    @Test(
        arguments: [
            (0, []), (1, [41]), (3, [30, 40, 41]), (8, [5, 10, 12, 20, 25, 30, 40, 41]),
            (9, [5, 10, 12, 20, 25, 30, 40, 41]),
        ] as [(Int, [Int64])]
    )
    func `the last N come in reading order`(count: Int, expected: [Int64]) throws {
        #expect(try Self.seconds(last: count) == expected)
        #expect(try Self.seconds(last: count, reversed: true) == expected.reversed())
    }

    @Test(
        arguments: [(0, []), (1, [12]), (4, [25, 40, 41, 12]), (8, [10, 20, 30, 5, 25, 40, 41, 12])]
            as [(Int, [Int64])]
    )
    func `the last N by offset are the last recorded`(count: Int, expected: [Int64]) throws {
        #expect(try Self.seconds(order: .offset, last: count) == expected)
        #expect(try Self.seconds(order: .offset, last: count, reversed: true) == expected.reversed())
    }

    @Test func `from is inclusive and until exclusive`() throws {
        #expect(try Self.seconds(since: 12, until: 40) == [12, 20, 25, 30])
        #expect(try Self.seconds(order: .offset, since: 30, until: 31) == [30])
    }

    @Test func `the query and the interval both hold, and the last N are counted after them`() throws {
        #expect(try Self.seconds("class:access", last: 2, until: 40) == [20, 30])
    }

    @Test func `a scan from an offset on sees nothing before it`() throws {
        #expect(try Self.seconds(order: .offset, from: Offset(4)) == [25, 40, 41, 12])
        #expect(try Self.seconds(order: .offset, from: Offset(8)).isEmpty)
    }

    @Test(arguments: EventSelection.Order.allCases)
    func `a reader that has enough stops the scan`(order: EventSelection.Order) throws {
        #expect(try Self.seconds(order: order, stopAfter: 2).count == 2)
        #expect(try Self.seconds(order: order, last: 5, stopAfter: 2).count == 2)
    }

    @Test func `parts outside the interval are not read`() throws {
        let source = FixedParts(Self.times)
        var selection = EventSelection(query: try Fixture.query(""), order: .offset)
        selection.since = UTCTime(nanoseconds: 39 * UTCTime.second)
        var scan = EventScan(selection, in: source)
        try scan.run { _, _ in true }
        #expect(source.readCount == 1)
        #expect(scan.statistics.skippedCount == 2)
        #expect(scan.statistics.end == Offset(8))
    }

    @Test func `parts without known times are always read`() throws {
        let source = FixedParts(Self.times, withBounds: false)
        var selection = EventSelection(query: try Fixture.query(""))
        selection.since = UTCTime(nanoseconds: 39 * UTCTime.second)
        var scan = EventScan(selection, in: source)
        try scan.run { _, _ in true }
        #expect(source.readCount == 3)
        #expect(scan.statistics.matchCount == 2)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `however parts overlap, the order is that of all events together`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let parts = (0..<1 + random.below(14)).map { part in
            (0..<1 + random.below(9)).map { _ in
                Int64(seed % 2 == 0 ? 10 * part + Int(random.below(25)) : Int(random.below(200)))
            }
        }
        let source = FixedParts(parts)
        for number in source.loaded.indices {
            // Bounds are wider than they must be, or not known.
            let slack = Int64(random.below(4)) * UTCTime.second
            let part = source.loaded[number].part
            source.loaded[number].part.earliest =
                random.below(5) == 0 ? nil : part.earliest?.advanced(by: -slack)
            source.loaded[number].part.latest = random.below(5) == 0 ? nil : part.latest?.advanced(by: slack)
        }
        let all = parts.joined().enumerated().map { (time: $0.element, offset: $0.offset) }.sorted { $0 < $1 }
        for (last, isReversed) in [(nil, false), (nil, true), (3, false), (3, true), (100, false), (0, true)]
        {
            let selection = EventSelection(query: try Fixture.query(""), last: last, isReversed: isReversed)
            var scan = EventScan(selection, in: source)
            var found: [Int] = []
            try scan.run { loaded, index in
                found.append(Int(loaded.events.events[index].offset.value))
                return true
            }
            var wanted = all.map(\.offset)
            if let last { wanted = Array(wanted.suffix(last)) }
            #expect(found == (isReversed ? wanted.reversed() : wanted), "last \(last ?? -1) \(isReversed)")
        }
    }

    @Test(
        arguments: [(nil, false, 30), (nil, true, 30), (2, false, 1), (3, true, 1), (4, false, 2)]
            as [(Int?, Bool, Int)]
    )
    func `each part is read once at most, and for the last few the last ones`(
        last: Int?,
        isReversed: Bool,
        readCount: Int
    ) throws {
        let source = FixedParts((0..<30).map { [10 * $0, 10 * $0 + 1, 10 * $0 + 2] })
        let selection = EventSelection(query: try Fixture.query(""), last: last, isReversed: isReversed)
        var scan = EventScan(selection, in: source)
        try scan.run { _, _ in true }
        #expect(source.readCount == readCount)
        #expect(scan.statistics.matchCount == min(last ?? 90, 90))
    }

    @Test func `the first events come before the last parts are read`() throws {
        let source = FixedParts((0..<30).map { [10 * $0, 10 * $0 + 1] })
        var scan = EventScan(EventSelection(query: try Fixture.query("")), in: source)
        var found = 0
        try scan.run { _, _ in
            found += 1
            return found < 3
        }
        #expect(source.readCount == 2)
    }

    @Test func `a tally counts what a scan finds, without keeping it`() throws {
        let source = FixedParts(Self.times)
        for text in ["", "class:access", "nothing_such"] {
            var selection = EventSelection(query: try Fixture.query(text))
            selection.since = UTCTime(nanoseconds: 12 * UTCTime.second)
            var scan = EventScan(selection, in: source)
            try scan.run { _, _ in true }
            var tally = EventScan(selection, in: source)
            var counts: [EventClass: Int64] = [:]
            try tally.tally(.header) { counts[$0.events[$1].eventClass, default: 0] += $2 }
            #expect(tally.statistics.matchCount == scan.statistics.matchCount)
            #expect(Int(counts.values.reduce(0, +)) == scan.statistics.matchCount)
            #expect(tally.statistics.end == scan.statistics.end)
        }
    }
}
