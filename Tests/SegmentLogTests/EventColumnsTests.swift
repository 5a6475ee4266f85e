// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import SegmentLog

private let base = Offset(1_000)

/// `records` as columns, and as they are read from there.
private func shaped(_ records: RecordBatch) throws -> ShapedRecords {
    var shaper = RecordShaper()
    var encoder = RecordColumnsEncoder()
    shaper.take(records)
    return try RecordColumnsDecoder.decodeShaped(encoder.encode(records, shaper.shapes))
}

private func encoded(_ batches: [EventBatch], beside records: ShapedRecords) -> [UInt8]? {
    var encoder = EventColumnsEncoder()
    return encoder.encode(batches, beside: records, base: base)
}

/// Everything that an event says, for comparison: numbers of decoders and fields differ between batches.
private func texts(_ batch: EventBatch) -> [String] {
    batch.events.indices.map { index in
        var event = batch.events[index]
        let decoder = batch.decoders[Int(event.decoder)]
        (event.decoder, event.fieldStart) = (0, 0)
        let fields = batch.fields(of: index).map {
            "\(batch.name(of: $0.field))=\(Array(batch.bytes[$0.range]))"
        }
        return "\(event) \(decoder) \(fields)"
    }
}

/// Events of `records` as decoders make them: parts of the record, constants, derived and odd values.
private func events(of records: RecordBatch, _ random: inout SeededGenerator) -> [EventBatch] {
    var table = FieldTable()
    var batches = [EventBatch(), EventBatch()]
    let half = records.rows.count / 2
    for (row, record) in records.rows.enumerated() {
        let number = row < half ? 0 : 1
        for ordinal in 0..<(random.below(10) == 0 ? random.below(4) : 1) {
            var event = Event(offset: base.advanced(by: row), time: record.logTime, logTime: record.logTime)
            event.ordinal = UInt16(ordinal)
            event.receiveTime = record.receiveTime
            event.outcome = random.below(3) == 0 ? .failure : .success
            event.eventClass = record.length % 2 == 0 ? .access : .network
            event.severity = UInt8(record.length % 8)
            event.issues = random.below(20) == 0 ? [.yearAssumed] : []
            event.uncertainty = Int64(random.below(3)) * UTCTime.second
            if record.length % 3 > 0 {
                event.deviceTime = UTCTime(nanoseconds: record.logTime.nanoseconds - 3_600 * UTCTime.second)
                if random.below(4) > 0 { event.time = event.deviceTime }
            }
            if random.below(50) == 0 { event.receiveTime = .absent }
            if random.below(90) == 0 { event.logTime = .absent }
            var hash = StableHash()
            hash.combine(records.bytes.span, record.range)
            event.contentHash = hash.value
            if batches[number].decoders.count == 1 { batches[number].decoders += ["late\(number)", "early"] }
            event.decoder = UInt16(random.below(3))
            batches[number].begin(event)
            addFields(of: record, row, records, &batches[number], &table, &random)
        }
    }
    for number in batches.indices { batches[number].extensionNames = table.names }
    return batches
}

private func addFields(
    of record: RecordBatch.Row,
    _ row: Int,
    _ records: RecordBatch,
    _ batch: inout EventBatch,
    _ table: inout FieldTable,
    _ random: inout SeededGenerator
) {
    let words = records.payload(row).split(separator: 0x20).map { Array($0) }
    if let first = words.first { batch.add(.hostName, first) }
    if let last = words.last, random.below(5) > 0 { batch.add(.userName, last) }
    if words.count > 3 { batch.add(table.field(named: "ext.word"), words[random.below(words.count)]) }
    batch.add(table.field(named: "ext.constant"), "always")
    batch.add(table.field(named: "ext.derived"), "number \(random.below(1_000))")
    batch.add(table.field(named: "ext.empty"), "")
    batch.add(table.field(named: "ext.long"), [UInt8](repeating: 0x0a, count: random.below(3)))
    let start = min(record.length, 11)
    batch.add(.message, records.bytes.span, record.start + start..<record.range.upperBound)
}

@Suite struct EventColumnsTests {
    @Test(arguments: [1, 5, 60, 3_000]) func `events come back with every value`(_ count: Int) throws {
        for seed in 0..<(count > 1_000 ? 2 : 20) {
            var random = SeededGenerator(seed: UInt64(seed))
            let records = batch(deviceLines(count, &random))
            let batches = events(of: records, &random)
            let shaped = try shaped(records)
            let stored = try #require(encoded(batches, beside: shaped))
            let read = try EventColumnsDecoder.decode(stored, beside: shaped, base: base)
            #expect(texts(read) == batches.flatMap(texts))
        }
    }

    @Test func `values that follow from the record cost almost nothing`() throws {
        let lines = (0..<2_000).map {
            Array("<38>Oct  5 04:00:00 h\($0 % 7) sshd[\($0)]: login by u\($0 % 31)".utf8)
        }
        let records = batch(lines)
        var events = EventBatch()
        for (row, record) in records.rows.enumerated() {
            var event = Event(offset: base.advanced(by: row), time: record.logTime, logTime: record.logTime)
            event.receiveTime = record.receiveTime
            var hash = StableHash()
            hash.combine(records.bytes.span, record.range)
            event.contentHash = hash.value
            events.begin(event)
            events.add(.hostName, "h\(row % 7)")
            events.add(.userName, "u\(row % 31)")
            events.add(.message, "login by u\(row % 31)")
        }
        let shaped = try shaped(records)
        let stored = try #require(encoded([events], beside: shaped))
        #expect(stored.count < 300)
        #expect(texts(try EventColumnsDecoder.decode(stored, beside: shaped, base: base)) == texts(events))
    }

    @Test func `events of other records or out of order are left to the older form`() throws {
        var random = SeededGenerator(seed: 3)
        let records = batch(deviceLines(20, &random))
        let shaped = try shaped(records)
        var foreign = EventBatch()
        foreign.begin(Event(offset: base.advanced(by: 20), time: .absent, logTime: .absent))
        #expect(encoded([foreign], beside: shaped) == nil)
        var backwards = EventBatch()
        backwards.begin(Event(offset: base.advanced(by: 4), time: .absent, logTime: .absent))
        backwards.begin(Event(offset: base, time: .absent, logTime: .absent))
        #expect(encoded([backwards], beside: shaped) == nil)
        var buffers = BlockBuffers()
        _ = try buffers.records(of: records, level: 1)
        let chunk = try buffers.events([backwards], base: base, level: 1)
        #expect(chunk.entry.encoding == ChunkEntry.Encoding.events)
    }

    @Test func `no events come back beside any records`() throws {
        for records in [RecordBatch(), batch([Array("a".utf8)])] {
            let shaped = try shaped(records)
            let stored = try #require(encoded([], beside: shaped))
            #expect(try EventColumnsDecoder.decode(stored, beside: shaped, base: base).events.isEmpty)
        }
    }

    @Test func `descriptions that lie are refused or read within bounds`() throws {
        var random = SeededGenerator(seed: 8)
        var refused = 0
        for _ in 0..<3_000 {
            let records = batch(deviceLines(30, &random))
            let shaped = try shaped(records)
            let stored = try #require(encoded(events(of: records, &random), beside: shaped))
            var container = try Container(stored)
            for _ in 0...random.below(3) {
                container.directory[random.below(container.directory.count)] = UInt8(random.below(256))
            }
            do {
                let read = try EventColumnsDecoder.decode(container.stored(), beside: shaped, base: base)
                #expect(read.entries.allSatisfy { $0.range.upperBound <= read.bytes.count })
            } catch {
                refused += 1
            }
        }
        #expect(refused > 1_000)
    }

    @Test func `columns beside other records are refused or stay within them`() throws {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<300 {
            let records = batch(deviceLines(30, &random))
            let stored = try #require(encoded(events(of: records, &random), beside: try shaped(records)))
            let others = try shaped(batch(deviceLines(30, &random)))
            guard let read = try? EventColumnsDecoder.decode(stored, beside: others, base: base) else {
                continue
            }
            #expect(read.entries.allSatisfy { $0.range.upperBound <= read.bytes.count })
        }
    }
}
