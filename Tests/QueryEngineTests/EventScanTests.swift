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
}
