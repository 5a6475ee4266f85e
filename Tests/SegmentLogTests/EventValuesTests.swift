// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

/// Time, class and one field, read without the rest, against what reading everything gives.
@Suite struct EventValuesTests {
    /// A block of device lines and its events, encoded and read back in both ways.
    private func block(_ seed: UInt64) throws -> (records: [UInt8], events: [UInt8], whole: EventBatch) {
        var random = SeededGenerator(seed: seed)
        // Events of fewer records refer to the bytes of these, which must be read whole then.
        let records = batch(deviceLines(600, &random))
        let events = events(of: records, &random)
        var buffers = BlockBuffers()
        let stored = try buffers.records(of: records, level: 1).stored
        let columns = try buffers.events(events, base: eventBase, level: 1).stored
        let shaped = try RecordColumnsDecoder.decodeShaped(stored)
        let whole = try EventColumnsDecoder.decode(columns, beside: shaped, base: eventBase)
        return (stored, columns, whole)
    }

    private func values(_ records: [UInt8], _ events: [UInt8], _ field: UInt16) throws -> EventValues {
        var decoder = try RecordColumnsDecoder(records)
        try decoder.sketchColumns()
        let columns = try EventColumnsDecoder(
            events,
            templateCount: decoder.slotCounts.count,
            numbers: decoder.numbers
        )
        var buffers = RecordBuffers()
        return try EventValueReader(decoder, columns, .init(FieldID(rawValue: field)), EventValues()).read(
            &buffers
        )
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `every field reads alone as it reads with everything`(_ seed: UInt64) throws {
        let (records, events, whole) = try block(seed)
        let fields = Set(whole.entries.map(\.field.rawValue)).sorted() + [9_999]
        for field in fields {
            let found = try values(records, events, field)
            #expect(found.times == whole.events.map(\.time.nanoseconds))
            #expect(found.decoders == whole.decoders)
            #expect(found.count == whole.events.count)
            var isSingle = true
            for (event, choice) in zip(whole.events, found.choices) {
                let header = found.headers[Int(choice)]
                #expect(header.eventClass == event.eventClass && header.action == event.action)
                #expect(header.outcome == event.outcome && header.severity == event.severity)
                #expect(header.decoder == event.decoder && header.flags == event.flags)
                #expect(header.issues == event.issues)
            }
            for index in whole.events.indices
            where whole.fields(of: index).count(where: {
                $0.field.rawValue == field
            }) > 1 { isSingle = false }
            #expect(found.isSingle == isSingle, "field \(field)")
            for index in whole.events.indices {
                let expected = whole.range(of: FieldID(rawValue: field), in: index).map {
                    Array(whole.bytes[$0])
                }
                #expect(found.range(index).map { Array(found.bytes[$0]) } == expected)
            }
        }
    }

    @Test func `a changed byte is refused or reads as before`() throws {
        let (records, events, _) = try block(99)
        let sound = try values(records, events, FieldID.userName.rawValue)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            var changed = (records, events)
            if random.below(2) == 0 {
                changed.0[random.below(records.count)] ^= UInt8(1 + random.below(255))
            } else {
                changed.1[random.below(events.count)] ^= UInt8(1 + random.below(255))
            }
            guard let found = try? values(changed.0, changed.1, FieldID.userName.rawValue) else { continue }
            #expect(found.times == sound.times)
            for index in sound.times.indices {
                #expect(
                    found.range(index).map { Array(found.bytes[$0]) }
                        == sound.range(index).map { Array(sound.bytes[$0]) }
                )
            }
        }
    }

    @Test func `parts without event columns give no values`() throws {
        let storage = try smallStore()
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        var buffers = RecordBuffers()
        let last = try #require(reader.parts.last)
        #expect(!last.isBlock)
        #expect(try reader.values(last, EventValues.Wish(.userName), reusing: EventValues(), &buffers) == nil)
    }

    @Test func `memory that serves from part to part gives the same records`() throws {
        let storage = try smallStore(records: 200)
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        var buffers = RecordBuffers()
        for part in reader.parts + reader.parts.reversed() {
            let alone = try reader.records(part)
            let served = try reader.records(part, reusing: &buffers)
            #expect(served.bytes == alone.bytes)
            #expect(served.rows == alone.rows)
            #expect(served.origins == alone.origins)
            buffers.recycle(served)
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `blocks of any size after one another read as they read alone`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var buffers = RecordBuffers()
        for count in [700, 3, 1, 2_000, 40] {
            let records = batch(deviceLines(count, &random))
            var encoder = BlockBuffers()
            let stored = try encoder.records(of: records, level: 1)
            guard stored.entry.encoding == ChunkEntry.Encoding.recordColumns else { continue }
            let read = try RecordColumnsDecoder.decode(stored.stored, &buffers, isShaped: false)
            #expect(read.batch.bytes == records.bytes)
            #expect(read.batch.rows == records.rows)
            buffers.recycle(read.batch)
        }
    }
}
