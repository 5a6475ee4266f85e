// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import Testing

/// Tables in one record, and CEF and LEEF where no header leads to them.
struct DecoderTableTests {
    private static let header = "\"QID\",\"Title\",\"Severity\",\"Asset IPV4\",\"Status\""

    private func decode(_ rows: [String]) -> EventBatch {
        DecoderFixtures.decode(rows.joined(separator: "\n"))
    }

    @Test func `each row below the header gives one event, whatever stands above it`() {
        let events = decode([
            "\"A report\",\"for the ward\"", Self.header,
            "\"1\",\"Two\nlines\",\"4\",\"10.44.9.33\",\"ACTIVE\"",
            ",,,,", "\"2\",\"A \"\"quoted\"\" word\",\"3\",\"10.44.9.34\",\"FIXED\"",
        ])
        #expect(events.events.count == 2)
        #expect(events.events.allSatisfy { $0.action == .vulnerability && $0.eventClass == .update })
        #expect(events.events.map(\.outcome) == [.unknown, .success])
        let names = (0..<2).map { row in
            events.fields(of: row).first { $0.field == .artefact }
                .map { String(decoding: events.bytes[$0.range], as: UTF8.self) }
        }
        #expect(names == ["Two\nlines", "A \"quoted\" word"])
    }

    @Test func `a header without rows, and rows without a header, give no finding`() {
        for rows in [[Self.header], ["\"1\",\"Title\",\"4\",\"10.44.9.33\",\"ACTIVE\""]] {
            let events = decode(rows)
            #expect(events.events.count == 1 && events.events[0].action != .vulnerability)
        }
    }

    @Test func `rows beyond the bound are said to be missing`() {
        let row = "\"1\",\"Title\",\"4\",\"10.44.9.33\",\"ACTIVE\""
        let events = decode([Self.header] + Array(repeating: row, count: 1_025))
        #expect(events.events.count == 1_024)
        #expect(events.events.last?.issues.contains(.decodeTruncated) == true)
        #expect(events.events.first?.issues.contains(.decodeTruncated) == false)
    }

    @Test(arguments: [
        "<134>Oct  5 04:00:00 h9 CEF:0|A|B|1|7|Rule hit|3|src=10.9.0.7",
        "<134> Oct  5 04:00:00 h9 tag -: CEF:0|A|B|1|7|Rule hit|3|src=10.9.0.7",
        "Oct  5 04:00:00 h9 CEF: 0|A|B|1|7|Rule hit|3|src=10.9.0.7", "0|A|B|1|7|Rule hit|3|src=10.9.0.7",
        "<134>1 2026-10-05T04:00:00 h9 LEEF:1.0|A|B|1|7|src=10.9.0.7\tsev=3",
        "<134>Oct  5 04:00:00 h9 LEEF:1.0|A|B|1|7|src=10.9.0.7|sev=3",
    ])
    func `the mark is found behind a header that is none`(line: String) {
        let events = DecoderFixtures.decode(line)
        let address = events.fields(of: 0).first { $0.field == .sourceIP }
        #expect(address.map { String(decoding: events.bytes[$0.range], as: UTF8.self) } == "10.9.0.7")
        #expect(!events.events[0].issues.contains(.undecoded))
    }

    @Test func `a word with bars is no message of a product`() {
        let events = DecoderFixtures.decode("0|1|2 no pairs here, and no CEF either")
        #expect(events.events[0].issues.contains(.undecoded))
    }
}
