// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Testing

/// What records say of their JSON, whoever takes them.
@Suite struct JSONRecordTests {
    private func issues(_ bytes: [UInt8], _ flags: FrameFlags) throws -> ParseIssues {
        let decoders = try DecoderSet(compiling: [])
        var normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "test", secret: [1]))
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "test", transport: .tcp))
        records.append(bytes, kind: .device, flags: flags, origin: origin, receiveTime: .absent)
        var events = EventBatch()
        normalizer.decode(records, base: .zero, reference: UTCTime(nanoseconds: 0), into: &events)
        return events.events[0].issues
    }

    /// Texts without bytes that a frame would not hold.
    private static let lines = JSONCases.all.filter { item in
        item.kind != "i" && !item.bytes.isEmpty && item.bytes.first != 0x20
            && !item.bytes.contains { $0 == 0x0a || $0 == 0x0d || $0 == 0x00 }
    }

    @Test func `a line of JSON says whether it is any`() throws {
        #expect(JSONRecordTests.lines.count > 250)
        for item in JSONRecordTests.lines {
            let found = try issues(item.bytes, .jsonLines).contains(.badJSON)
            #expect(found == (item.kind == "n"), "\(item)")
        }
    }

    @Test(arguments: [
        (#"{"a":}"#, true), ("{", true), ("{}", false), (#"{"a":1}"#, false), ("[1 true]", false),
        (#"<13>1 2026-10-05T04:00:00Z h p - - - {"a":}"#, true),
        (#"<13>1 2026-10-05T04:00:00Z h p - - - { "a" 1}"#, true),
        ("<13>1 2026-10-05T04:00:00Z h p - - - {", true),
        ("<13>1 2026-10-05T04:00:00Z h p - - - {eth0} link is up", false),
        ("<13>1 2026-10-05T04:00:00Z h p - - - {}", false),
    ])
    func `a body in braces is text where nothing speaks for JSON`(_ text: String, isBad: Bool) throws {
        #expect(try issues(Array(text.utf8), []).contains(.badJSON) == isBad)
    }
}
