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
