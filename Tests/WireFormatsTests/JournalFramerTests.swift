// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

@Suite struct JournalFramerTests {
    private func cut(
        _ bytes: [UInt8],
        sizeMaxBytes: Int = 65_536,
        step: Int = .max
    ) -> [(bytes: [UInt8], row: RecordBatch.Row)] {
        var framer = JournalFramer(sizeMaxBytes: sizeMaxBytes)
        var batch = RecordBatch()
        _ = batch.index(of: Origin(listener: "", transport: .standardInput))
        var target = FrameTarget(batch: batch, origin: 0, flags: [], time: .absent)
        var start = 0
        while start < bytes.count {
            let end = start + min(step, bytes.count - start)
            let piece = Array(bytes[start..<end])
            framer.feed(piece.span, into: &target)
            start = end
        }
        framer.finish(into: &target)
        return target.batch.rows.indices.map { (target.batch.payload($0), target.batch.rows[$0]) }
    }

    private func binary(_ name: String, _ value: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        for lane in 0..<8 { length.append(UInt8(truncatingIfNeeded: value.count >> (8 * lane))) }
        return Array((name + "\n").utf8) + length + value + [0x0a]
    }

    private func fields(_ entry: [UInt8]) -> [(name: String, value: [UInt8])] {
        var found: [(String, [UInt8])] = []
        JournalEntry.forEach(entry.span, 0..<entry.count) { field in
            found.append((String(decoding: entry[field.name], as: UTF8.self), Array(entry[field.value])))
        }
        return found
    }

    @Test(arguments: [1, 2, 3, 7, .max])
    func `both encodings of fields, a value with empty lines and equals signs, any cut`(step: Int) {
        let value = Array("first=1\n\nsecond\n".utf8) + [0, 0xff]
        let one =
            Array("__CURSOR=s=1;i=2\nMESSAGE=a=b\n".utf8) + binary("EXTRA", value) + Array("_PID=7\n".utf8)
        let two = binary("MESSAGE", []) + Array("PRIORITY=6\n".utf8)
        let entries = cut([0x0a] + one + [0x0a, 0x0a] + two + [0x0a], step: step)
        #expect(entries.map(\.bytes) == [Array(one.dropLast()), Array(two.dropLast())])
        #expect(entries.allSatisfy { $0.row.flags == .journalEntry })
        let found = fields(entries[0].bytes)
        #expect(found.map(\.name) == ["__CURSOR", "MESSAGE", "EXTRA", "_PID"])
        #expect(found.map(\.value) == [Array("s=1;i=2".utf8), Array("a=b".utf8), value, [0x37]])
        #expect(fields(entries[1].bytes).map(\.value) == [[], [0x36]])
    }

    @Test func `a stream that ends inside an entry leaves it flagged, one that ends with a line does not`() {
        #expect(cut(Array("MESSAGE=a\n".utf8)).map(\.row.flags) == [.journalEntry])
        #expect(cut(Array("MESSAGE=a".utf8)).map(\.row.flags) == [[.journalEntry, .partial]])
        let cutShort = Array(binary("MESSAGE", Array("abcdef".utf8)).dropLast(4))
        #expect(cut(cutShort).map(\.row.flags) == [[.journalEntry, .partial]])
        #expect(fields(cutShort).map(\.value) == [Array("abc".utf8)])
    }

    @Test func `an entry above the cap keeps its first bytes and its length`() {
        let entries = cut(binary("DATA", [UInt8](repeating: 1, count: 5_000)) + [0x0a], sizeMaxBytes: 100)
        #expect(entries.map(\.bytes.count) == [100])
        #expect(entries.map(\.row.flags) == [[.journalEntry, .truncated]])
        #expect(entries.map(\.row.originalLength) == [5 + 8 + 5_000])
    }

    @Test(arguments: ["lower=1\n", "=x\n", "A B=1\n", String(repeating: "A", count: 70) + "=1\n"])
    func `a line that is no field is kept and flagged, and the next entry is sound`(line: String) {
        let entries = cut(Array((line + "MESSAGE=a\n\nMESSAGE=b\n\n").utf8))
        #expect(entries.map(\.row.flags) == [[.journalEntry, .resynchronised], .journalEntry])
        #expect(entries[0].bytes == Array((line + "MESSAGE=a").utf8))
    }

    @Test func `a length that lies costs no memory and the stream goes on`() {
        let lie =
            Array("DATA\n".utf8) + [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] + Array("x\n\n".utf8)
        let entries = cut(lie + Array("MESSAGE=b\n\n".utf8))
        #expect(entries.map(\.row.flags) == [[.journalEntry, .resynchronised], .journalEntry])
        #expect(fields(entries[1].bytes).map(\.name) == ["MESSAGE"])
    }
}
