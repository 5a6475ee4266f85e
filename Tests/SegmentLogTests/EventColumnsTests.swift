// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import SegmentLog

/// `records` as columns, and as they are read from there.
private func shaped(_ records: RecordBatch) throws -> ShapedRecords {
    var shaper = RecordShaper()
    var encoder = RecordColumnsEncoder()
    shaper.take(records)
    return try RecordColumnsDecoder.decodeShaped(encoder.encode(records, shaper.shapes))
}

private func encoded(_ batches: [EventBatch], beside records: ShapedRecords) -> [UInt8]? {
    var encoder = EventColumnsEncoder()
    return encoder.encode(batches, beside: records, base: eventBase)
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

@Suite struct EventColumnsTests {
    @Test(arguments: [1, 5, 60, 3_000]) func `events come back with every value`(_ count: Int) throws {
        for seed in 0..<(count > 1_000 ? 2 : 20) {
            var random = SeededGenerator(seed: UInt64(seed))
            let records = batch(deviceLines(count, &random))
            let batches = events(of: records, &random)
            let shaped = try shaped(records)
            let stored = try #require(encoded(batches, beside: shaped))
            let read = try EventColumnsDecoder.decode(stored, beside: shaped, base: eventBase)
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
            var event = Event(
                offset: eventBase.advanced(by: row),
                time: record.logTime,
                logTime: record.logTime
            )
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
        #expect(
            texts(try EventColumnsDecoder.decode(stored, beside: shaped, base: eventBase)) == texts(events)
        )
    }

    @Test func `events of other records or out of order are left to the older form`() throws {
        var random = SeededGenerator(seed: 3)
        let records = batch(deviceLines(20, &random))
        let shaped = try shaped(records)
        var foreign = EventBatch()
        foreign.begin(Event(offset: eventBase.advanced(by: 20), time: .absent, logTime: .absent))
        #expect(encoded([foreign], beside: shaped) == nil)
        var backwards = EventBatch()
        backwards.begin(Event(offset: eventBase.advanced(by: 4), time: .absent, logTime: .absent))
        backwards.begin(Event(offset: eventBase, time: .absent, logTime: .absent))
        #expect(encoded([backwards], beside: shaped) == nil)
        var buffers = BlockBuffers()
        _ = try buffers.records(of: records, level: 1)
        let chunk = try buffers.events([backwards], base: eventBase, level: 1)
        #expect(chunk.entry.encoding == ChunkEntry.Encoding.events)
    }

    @Test func `no events come back beside any records`() throws {
        for records in [RecordBatch(), batch([Array("a".utf8)])] {
            let shaped = try shaped(records)
            let stored = try #require(encoded([], beside: shaped))
            #expect(try EventColumnsDecoder.decode(stored, beside: shaped, base: eventBase).events.isEmpty)
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
                let read = try EventColumnsDecoder.decode(container.stored(), beside: shaped, base: eventBase)
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
            guard let read = try? EventColumnsDecoder.decode(stored, beside: others, base: eventBase) else {
                continue
            }
            #expect(read.entries.allSatisfy { $0.range.upperBound <= read.bytes.count })
        }
    }

    @Test func `columns that refer to the bytes of their records come back beside these alone`() throws {
        for seed in 0..<20 {
            var random = SeededGenerator(seed: UInt64(seed))
            let records = batch(deviceLines(40, &random))
            let batches = events(of: records, &random)
            let shaped = try shaped(records)
            let paging = ColumnPaging(isSmall: true, companion: PresetDictionary(records))
            var encoder = EventColumnsEncoder()
            let columns = encoder.encode(batches, beside: shaped, base: eventBase, paging)
            let stored = try #require(columns)
            func read(_ stored: [UInt8], _ companion: RecordBatch?) throws -> [String] {
                texts(
                    try EventColumnsDecoder.decode(
                        stored,
                        beside: shaped,
                        base: eventBase,
                        companion: companion.map { PresetDictionary($0) }
                    )
                )
            }
            let expected = batches.flatMap(texts)
            #expect(try read(stored, records) == expected)
            #expect(stored.count < (encoded(batches, beside: shaped) ?? []).count)
            #expect(throws: ByteReaderError.self) { try read(stored, nil) }
            let others = batch(deviceLines(40, &random))
            #expect(throws: ByteReaderError.self) { try read(stored, others) }
            for _ in 0..<200 {
                var changed = stored
                changed[random.below(changed.count)] ^= UInt8(1 << random.below(8))
                if let found = try? read(changed, records) { #expect(found == expected) }
                let cut = Array(stored[..<random.below(stored.count)])
                #expect(throws: ByteReaderError.self) { try read(cut, records) }
            }
        }
    }
}
