// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Testing

/// Bodies that state what Wardline makes itself.
@Suite struct ClaimedFieldTests {
    private func fields(_ text: String) throws -> [String] {
        var definition = DecoderDefinition(id: PlacedText("gate"))
        definition.select.applications = [PlacedText("gated")]
        var rule = RuleDefinition(id: PlacedText("entry"))
        rule.base.action = PlacedText("login")
        rule.patterns = [PlacedText("user {user.name:word} entered from {src.ip:ip}")]
        definition.rules = [rule]
        let decoders = try DecoderSet(compiling: [definition])
        var normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "test", secret: [1]))
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "test", transport: .file))
        records.append(Array(text.utf8), kind: .device, origin: origin, receiveTime: .absent)
        var events = EventBatch()
        normalizer.decode(records, base: .zero, reference: UTCTime(nanoseconds: 0), into: &events)
        return events.fields(of: 0).map { entry in
            events.name(of: entry.field) + "=" + String(decoding: events.bytes[entry.range], as: UTF8.self)
        }
    }

    /// The same claims in JSON, in key=value pairs and in structured data.
    private static let lines = [
        #"{"patient":{"token":"Anna"},"source":{"kind":"vpn"},"records":"1 2","sequence":"7","user":"u"}"#,
        "<13>1 2026-10-05T04:00:00Z h p - - - patient.token=Anna source.kind=vpn records=9 sequence=7 user=u",
        #"<13>1 2026-10-05T04:00:00Z h p - - [patient token="Anna"][source kind="vpn"] user=u records=1"#,
        #"<13>1 2026-10-05T04:00:00Z h gated - - [patient token="Anna"][source kind="vpn"] "#
            + "user u entered from ::1",
    ]

    @Test(arguments: ClaimedFieldTests.lines)
    func `no body fills what Wardline makes`(_ line: String) throws {
        let fields = try fields(line)
        #expect(fields.contains("user.name=u"))
        #expect(fields.contains("ext.claimed.source.kind=vpn"), "\(fields)")
        #expect(!fields.contains { $0.hasPrefix("ext.source.kind=") })
        #expect(!fields.contains { $0.hasPrefix("ext.records=") || $0.hasPrefix("ext.sequence=") })
        let names = fields.filter { !$0.hasPrefix("message=") }
        #expect(!names.contains { $0.contains("Anna") }, "\(names)")
        let tokens = names.filter { $0.hasPrefix("ext.patient.token=") }
        #expect(tokens.count == 1 && tokens.first?.utf8.count == 18 + SiteKey.tokenLength)
    }

    @Test func `a number in a header is a sequence, whatever the body says`() throws {
        let fields = try fields("<189>29: sw1: Oct  5 04:00:00: %SYS-5-CONFIG_I: sequence=4")
        #expect(fields.contains("ext.sequence=29"), "\(fields)")
    }
}
