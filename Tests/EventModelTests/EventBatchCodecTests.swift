// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

struct EventBatchCodecTests {
    private static func batch(_ count: Int) -> EventBatch {
        var batch = EventBatch()
        var table = FieldTable()
        for number in 0..<count {
            let time = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second + Int64(number))
            var event = Event(offset: Offset(UInt64(number * 2)), time: time, logTime: time.advanced(by: 5))
            event.eventClass = .access
            event.action = .login
            event.outcome = number % 2 == 0 ? .success : .failure
            event.issues = [.yearAssumed, .late]
            event.contentHash = UInt64(number) &* 0x9e37_79b9
            batch.begin(event)
            batch.add(.userName, "user\(number % 3)")
            if number % 2 == 1 {
                batch.add(table.field(named: "ext.flow_id"), [0x00, 0xff, UInt8(number & 0xff)])
            }
        }
        batch.extensionNames = table.names
        return batch
    }

    @Test(arguments: [0, 1, 2, 500])
    func `what is stored reads back equal`(_ count: Int) throws {
        let batch = EventBatchCodecTests.batch(count)
        let read = try EventBatch(decoding: batch.encoded())
        #expect(read.events == batch.events)
        #expect(read.extensionNames == batch.extensionNames)
        for index in batch.events.indices {
            #expect(read.text(.userName, in: index) == batch.text(.userName, in: index))
            #expect(read.fields(of: index).map(\.field) == batch.fields(of: index).map(\.field))
        }
    }

    /// Events of three records: messages that end their record, that line ends follow, or that stand within.
    private static func besideRecords() -> (batch: EventBatch, records: RecordBatch) {
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "l", transport: .udp))
        for line in ["<13>h a: link down", "<13>h a: link up\n\0", ""] {
            records.append(Array(line.utf8), kind: .device, origin: origin, receiveTime: .absent)
        }
        var batch = EventBatch()
        let messages = [(7, "link down"), (7, "down"), (8, "link up"), (8, "h a"), (9, "")]
        for (offset, message) in messages {
            var event = Event(offset: Offset(UInt64(offset)), time: .absent, logTime: .absent)
            var hash = StableHash()
            hash.combine(records.bytes.span, records.rows[offset - 7].range)
            event.contentHash = hash.value
            batch.begin(event)
            batch.add(.hostName, "h")
            batch.add(.message, message)
        }
        return (batch, records)
    }

    @Test func `what the records hold is not stored and reads back equal`() throws {
        let (batch, records) = EventBatchCodecTests.besideRecords()
        let place = RecordsInPlace(records, base: Offset(7))
        let stored = batch.encoded(beside: place)
        #expect(!String(decoding: stored, as: UTF8.self).contains("link"))
        let read = try EventBatch(decoding: stored, beside: place)
        #expect(read.events == batch.events)
        for index in batch.events.indices {
            #expect(read.text(.message, in: index) == batch.text(.message, in: index))
            #expect(read.text(.hostName, in: index) == "h")
        }
        // Other records give another result or none, never a trap.
        #expect(throws: ByteReaderError.self) { try EventBatch(decoding: stored) }
        #expect(throws: ByteReaderError.self) {
            try EventBatch(decoding: stored, beside: RecordsInPlace(records, base: Offset(8)))
        }
        for position in stored.indices {
            for change in [0x01, 0x80, 0xff] as [UInt8] {
                var changed = stored
                changed[position] ^= change
                _ = try? EventBatch(decoding: changed, beside: place)
            }
            #expect(throws: ByteReaderError.self) {
                try EventBatch(decoding: Array(stored[..<position]), beside: place)
            }
        }
    }

    @Test func `a hash that is not the record's is stored`() throws {
        var (batch, records) = EventBatchCodecTests.besideRecords()
        batch.events[1].contentHash = 5
        let place = RecordsInPlace(records, base: Offset(7))
        #expect(try EventBatch(decoding: batch.encoded(beside: place), beside: place).events == batch.events)
    }

    @Test func `version 1, which stored everything, is read`() throws {
        // One event at offset 3 with hash 0x0807060504030201 and the fields user.name `u` and message `m`.
        let stored: [UInt8] =
            [1, 1, 1, 4] + Array("none".utf8) + [0, 3, 0]
            + [0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 2]
            + [UInt8(FieldID.userName.rawValue), UInt8(FieldID.message.rawValue), 1, 1]
            + Array((FieldID.userName.rawValue < FieldID.message.rawValue ? "um" : "mu").utf8)
        let read = try EventBatch(decoding: stored)
        #expect(read.events.map(\.contentHash) == [0x0807_0605_0403_0201])
        #expect(read.text(.userName, in: 0) == "u" && read.text(.message, in: 0) == "m")
    }

    @Test func `bytes that are cut anywhere are refused with a position, never a trap`() {
        let stored = EventBatchCodecTests.batch(5).encoded()
        for length in 0..<stored.count {
            #expect(throws: ByteReaderError.self) { try EventBatch(decoding: Array(stored[..<length])) }
        }
    }

    @Test func `a changed byte never traps`() {
        let stored = EventBatchCodecTests.batch(5).encoded()
        for position in stored.indices {
            for change in [0x01, 0x80, 0xff] as [UInt8] {
                var changed = stored
                changed[position] ^= change
                _ = try? EventBatch(decoding: changed)
            }
        }
    }

    @Test func `batches that are joined keep their fields and decoders apart`() {
        var first = EventBatchCodecTests.batch(3)
        var second = EventBatchCodecTests.batch(2)
        second.decoders.append("sshd")
        second.events[1].decoder = 1
        first.append(second)
        #expect(first.events.count == 5)
        #expect(first.text(.userName, in: 4) == "user1")
        #expect(first.decoders[Int(first.events[4].decoder)] == "sshd")
        #expect(first.decoders[Int(first.events[3].decoder)] == "none")
    }

    @Test func `names beyond the bound of a field table share one`() {
        var table = FieldTable()
        for number in 0..<FieldTable.nameCountMax { _ = table.field(named: "ext.k\(number)") }
        let first = table.field(named: "ext.one-more")
        #expect(first == table.field(named: "ext.and-another"))
        #expect(table.names.last == "ext.overflow")
        #expect(table.field(named: "ext.k7") == FieldID(rawValue: FieldID.firstExtension + 7))
    }
}
