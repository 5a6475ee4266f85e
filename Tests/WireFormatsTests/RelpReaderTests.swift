// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

@Suite struct RelpReaderTests {
    private struct Outcome: Equatable {
        var steps: [RelpReader.Step]
        var records: [String]
        var isBroken: Bool
    }

    private func read(_ text: String, cap: Int = 100, piece: Int = .max) -> Outcome {
        var reader = RelpReader(sizeMaxBytes: cap)
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "r", transport: .relp))
        var target = FrameTarget(batch: batch, origin: origin, flags: [], time: .absent)
        var steps: [RelpReader.Step] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(piece))
            rest = rest.dropFirst(part.count)
            steps += reader.feed(part.span, into: &target)
        }
        let records = target.batch.rows.indices.map {
            String(decoding: target.batch.payload($0), as: UTF8.self)
        }
        return Outcome(steps: steps, records: records, isBroken: reader.isBroken)
    }

    private static let session =
        "1 open 14 relp_version=0\n2 syslog 3 one\n3 syslog 0\n4 syslog 5 a\nb c\n5 syslog 0 \n"
        + "0 hint 0\n999999999 close 0\n1 syslog 4 late\n"

    @Test(arguments: [Int.max, 1, 2, 3, 7])
    func `a session is read whole, however its bytes are cut`(piece: Int) {
        let outcome = read(RelpReaderTests.session, piece: piece)
        #expect(outcome.records == ["one", "a\nb c"])
        #expect(outcome.steps.map(\.number) == [1, 2, 3, 4, 5, 999_999_999, 1])
        #expect(
            outcome.steps.map(\.kind) == [
                .open(version: 0), .record, .empty, .record, .empty, .close, .refused,
            ]
        )
        #expect(!outcome.isBroken)
    }

    @Test(arguments: [
        ("relp_version=1\ncommands=syslog", 1), ("relp_software=x\nrelp_version=7", 1), ("relp_version=0", 0),
        ("commands=syslog", 0), ("relp_version=x", 0),
    ])
    func `the version is the newest that both speak`(offers: String, version: Int) {
        #expect(
            read("1 open \(offers.utf8.count) \(offers)\n").steps.map(\.kind) == [.open(version: version)]
        )
    }

    @Test(arguments: [
        "x open 0\n", "1  0\n", "1 open\n", "1 open x\n", "1 open 1234567890 x", "1234567890 open 0\n",
        "1 op3n 0\n",
        "1 open 3 abcd\n", "<13>Oct 5 08:00:00 host app: this is no RELP at all\n", "\n", "1 open 3\nabc\n",
        "1 " + String(repeating: "a", count: 33) + " 0\n", "GET / HTTP/1.1\r\n", "1 open -1 x\n",
    ])
    func `what is no frame breaks the session and gives no record`(text: String) {
        let outcome = read(text + "2 syslog 3 one\n")
        #expect(outcome.isBroken, "\(outcome)")
        #expect(outcome.records.isEmpty)
    }

    @Test(arguments: [4, 5, 6])
    func `a record above the cap is cut and its length kept`(length: Int) {
        var reader = RelpReader(sizeMaxBytes: 5)
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        let text = "1 open 0\n2 syslog \(length) \(String(repeating: "x", count: length))\n"
        #expect(reader.feed(Array(text.utf8).span, into: &target).count == 2)
        #expect(target.batch.rows.map(\.length) == [min(length, 5)])
        #expect(target.batch.rows.map(\.originalLength) == [length])
        #expect(target.batch.rows[0].flags.contains(.truncated) == (length > 5))
        #expect(reader.carriedBytes == 0)
    }

    @Test func `a length that lies holds no more than the cap`() {
        var reader = RelpReader(sizeMaxBytes: 1_000)
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        _ = reader.feed(Array("1 open 0\n2 syslog 999999999 ".utf8).span, into: &target)
        let chunk = [UInt8](repeating: 0x78, count: 100_000)
        for _ in 0..<100 { _ = reader.feed(chunk.span, into: &target) }
        #expect(reader.carriedBytes == 1_000)
        #expect(target.batch.count == 0)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `random and damaged sessions never trap, and pieces change nothing`(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        for _ in 0..<200 {
            var bytes = Array(RelpReaderTests.session.utf8)
            for _ in 0..<1 + random(4) { bytes[random(bytes.count)] = UInt8(random(128)) }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(read(text) == read(text, piece: 1 + random(9)))
        }
    }
}
