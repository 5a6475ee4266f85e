// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import WireFormats

@Suite struct ConnectionFramerTests {
    private func frames(
        _ style: ConnectionFramer.Style,
        _ bytes: [UInt8],
        cutAt cut: Int? = nil,
        sizeMaxBytes: Int = 64
    ) -> [String] {
        var framer = ConnectionFramer(style, sizeMaxBytes: sizeMaxBytes)
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        let cut = cut ?? bytes.count
        framer.feed(Array(bytes[..<cut]).span, into: &target)
        framer.feed(Array(bytes[cut...]).span, into: &target)
        framer.finish(into: &target)
        return target.batch.rows.indices.map { index in
            let row = target.batch.rows[index]
            var names = ""
            if row.flags.contains(.counted) { names += "C" }
            if row.flags.contains(.partial) { names += "P" }
            if row.flags.contains(.truncated) { names += "T\(row.originalLength)" }
            if row.flags.contains(.resynchronised) { names += "R" }
            if row.flags.contains(.nulDelimited) { names += "0" }
            return names + "|" + String(decoding: target.batch.payload(index), as: UTF8.self)
        }
    }

    static let cases: [(input: String, expected: [String])] = [
        ("<1>a\n<2>b\r\n<3>c\0", ["|<1>a", "|<2>b", "0|<3>c"]),
        ("4 <1>a5 <2>bb", ["C|<1>a", "C|<2>bb"]),
        ("4 <1>a\n<2>b\n4 <3>c 4 <4>d", ["C|<1>a", "|<2>b", "C|<3>c", "C|<4>d"]),
        ("7 <1>a\nb\n<2>c\n", ["C|<1>a\nb\n", "|<2>c"]),
        ("\n\r\n  <1>a\n\n", ["|<1>a"]),
        ("<1>a\n    at b.c\n\r\rd\n \r\n<2>e\n", ["|<1>a", "|    at b.c", "|\r\rd", "|<2>e"]),
        ("  12 monkeys\n  4 <1>a  4 <2>b  ", ["|  12 monkeys", "C|<1>a", "C|<2>b"]),
        ("4 <1>a  b\n", ["C|<1>a", "|  b"]),
        (String(repeating: " ", count: 66) + "<1>a\n", ["T70|" + String(repeating: " ", count: 64)]),
        ("<1>never ended", ["P|<1>never ended"]),
        ("20 <1>short", ["CP|<1>short"]),
        ("0 <1>a\n", ["|0 <1>a"]),
        ("01 <1>a\n", ["|01 <1>a"]),
        ("-1 <1>a\n", ["|-1 <1>a"]),
        ("18446744073709551616 <1>a\n", ["|18446744073709551616 <1>a"]),
        ("1234567890 <1>a\n", ["|1234567890 <1>a"]),
        ("2026-01-01 text\n<1>b\n", ["|2026-01-01 text", "|<1>b"]),
        ("12 monkeys\n", ["|12 monkeys"]),
        ("4 <1>abc\n<2>d\n", ["C|<1>a", "R|bc", "|<2>d"]),
        ("4 <1>abc4 <2>d", ["C|<1>a", "R|bc", "C|<2>d"]),
        ("12", ["P|12"]),
        ("2147483648 <1>a", ["P|2147483648 <1>a"]),
        (
            "<1>" + String(repeating: "y", count: 70) + "\n<2>b\n",
            ["T73|<1>" + String(repeating: "y", count: 61), "|<2>b"]
        ),
        (
            "70 <1>" + String(repeating: "z", count: 67) + "4 <2>b",
            ["CT70|<1>" + String(repeating: "z", count: 61), "C|<2>b"]
        ),
    ]

    @Test(arguments: cases)
    func `frames are the same however the bytes are cut`(input: String, expected: [String]) {
        let bytes = Array(input.utf8)
        for cut in 0...bytes.count {
            #expect(frames(.syslog, bytes, cutAt: cut) == expected, "cut at \(cut)")
        }
    }

    @Test func `JSON lines and lines of files do not count octets`() {
        let bytes = Array("\u{1e}{\"a\":1}\r\n\n5 {\"b\"}\nlast".utf8)
        #expect(frames(.jsonLines, bytes) == ["|{\"a\":1}", "|5 {\"b\"}", "P|last"])
        let indented = Array("\u{1e}\0 {\"a\":1}\n\0  b\n\u{1e}c\n".utf8)
        #expect(frames(.jsonLines, indented) == ["|{\"a\":1}", "|\0  b", "|\u{1e}c"])
        #expect(frames(.gelf, Array("\n {\"a\":\n1}\0\n b\0".utf8)) == ["0|{\"a\":\n1}", "0|\n b"])
        #expect(frames(.lines, Array("  a\0b\r\n\n5 <x>\nlast".utf8)) == ["|  a\0b", "|5 <x>", "|last"])
    }

    @Test func `a stream without any delimiter is held to its bound`() {
        var framer = ConnectionFramer(.syslog, sizeMaxBytes: 1_024)
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        let chunk = [UInt8](repeating: 0x61, count: 65_536)
        for _ in 0..<64 { framer.feed(chunk.span, into: &target) }
        #expect(target.batch.rows.isEmpty)
        framer.finish(into: &target)
        #expect(target.batch.rows.map(\.originalLength) == [64 * 65_536])
        #expect(target.batch.bytes.count == 1_024)
    }

    @Test func `an undecided count becomes text after a quiet time`() {
        var framer = ConnectionFramer(.syslog, sizeMaxBytes: 64)
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        framer.feed(Array("12 ".utf8).span, into: &target)
        #expect(framer.isUndecided)
        framer.settleUndecided()
        framer.feed(Array("<1>x\n  ".utf8).span, into: &target)
        #expect(target.batch.payload(0) == Array("12 <1>x".utf8))
        #expect(!framer.isUndecided, "blanks wait for what follows them")
        framer.settleUndecided()
        framer.feed(Array("<1>y\n".utf8).span, into: &target)
        #expect(target.batch.payload(1) == Array("<1>y".utf8))
    }
}
