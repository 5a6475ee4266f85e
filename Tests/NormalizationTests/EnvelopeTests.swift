// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Normalization

struct EnvelopeTests {
    private static let reference = CivilTime(year: 2026, month: 1, day: 1).utc()

    private func read(_ line: String) -> (envelope: Envelope, text: (Range<Int>) -> String) {
        let bytes = Array(line.utf8)
        let context = StampContext(reference: Self.reference, offsetSeconds: 0)
        let envelope = EnvelopeReader.read(bytes.span, 0..<bytes.count, context)
        return (envelope, { String(decoding: bytes[$0], as: UTF8.self) })
    }

    @Test(arguments: [
        ("<38>1 2026-10-05T04:00:00.5Z h a 88 - - x y", "h", "a", "88", "x y"),
        ("<38>1 2026-10-05T04:00:00Z h sshd[9] - - - x", "h", "sshd", "9", "x"),
        ("<34>1 2026-10-05T04:00:00Z h a - - [i@1 k=\"]\\\"\"] x", "h", "a", "", "x"),
        ("<38>Oct  5 04:00:00 h a[88]: x y", "h", "a", "88", "x y"),
        ("<38>Oct 5 04:00:00 a: x", "", "a", "", "x"),
        ("<166> Oct  5 04:00:00 h : %ASA-6-1: x", "h", "", "", "%ASA-6-1: x"),
        ("Oct  5 04:00:00 h /usr/sbin/cron[4]: x", "h", "/usr/sbin/cron", "4", "x"),
        ("<189>date=2026-10-05 a=b", "", "", "", "date=2026-10-05 a=b"),
        ("{\"a\":1}", "", "", "", "{\"a\":1}"),
        ("<13>", "", "", "", ""), ("", "", "", "", ""), ("<999>x y", "", "", "", "<999>x y"),
    ])
    func `a header is told from its body`(line: String, host: String, app: String, pid: String, body: String)
    {
        let (envelope, text) = read(line)
        #expect(text(envelope.host) == host)
        #expect(text(envelope.application) == app)
        #expect(text(envelope.processID) == pid)
        #expect(text(envelope.body) == body)
    }

    @Test(arguments: [
        ("<38>Dec 31 23:59:58 h a: x", "2025-12-31T23:59:58Z"),
        ("<38>Jan  1 12:00:00 h a: x", "2026-01-01T12:00:00Z"),
        ("<38>Jan  3 00:00:00 h a: x", "2025-01-03T00:00:00Z"),
        ("<38>Feb 29 00:00:00 h a: x", "2024-02-29T00:00:00Z"),
        ("<38>Mar  7 2008 19:06:53 h a: x", "2008-03-07T19:06:53Z"),
        ("<38>1 2026-10-05T06:00:00+02:00 h a - - - x", "2026-10-05T04:00:00Z"),
        ("<38>Mar 32 00:00:00 h a: x", "-"), ("<38>x", "-"),
    ])
    func `a stamp without a year is resolved against the reference`(line: String, time: String) {
        #expect(read(line).envelope.time.description == time)
    }

    @Test(arguments: [
        ("1793511351", "2026-11-01T05:35:51Z"), ("1793511351.5", "2026-11-01T05:35:51.500Z"),
        ("1793511351000", "2026-11-01T05:35:51Z"), ("1793511351000000", "2026-11-01T05:35:51Z"),
        ("1793511351000000000", "2026-11-01T05:35:51Z"),
    ])
    func `an epoch is read by its magnitude`(text: String, time: String) {
        let bytes = Array(text.utf8)
        #expect(EpochTime.read(bytes.span, 0..<bytes.count)?.time.description == time)
    }

    @Test(arguments: ["", "12345", "12345678901", "x", "1793511351x", "99999999999999999999"])
    func `a number of another size is no time`(text: String) {
        let bytes = Array(text.utf8)
        #expect(EpochTime.read(bytes.span, 0..<bytes.count) == nil)
    }
}
