// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Testing

/// Decodes one record with a set of one decoder for the application `gated`.
private func decode(_ bytes: [UInt8], _ flags: FrameFlags = []) throws -> EventBatch {
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
    records.append(bytes, kind: .device, flags: flags, origin: origin, receiveTime: .absent)
    var events = EventBatch()
    normalizer.decode(records, base: .zero, reference: UTCTime(nanoseconds: 0), into: &events)
    return events
}

private func text(_ events: EventBatch, _ name: String) -> String? {
    for entry in events.fields(of: 0) where events.name(of: entry.field) == name {
        return String(decoding: events.bytes[entry.range], as: UTF8.self)
    }
    return nil
}

@Suite struct CarrierTests {
    private let entry = """
        __CURSOR=s=1
        __REALTIME_TIMESTAMP=1791172800123456
        _SOURCE_REALTIME_TIMESTAMP=1791172800000001
        PRIORITY=3
        HOSTNAME=claimed
        _HOSTNAME=ward-7
        SYSLOG_IDENTIFIER=gated
        SYSLOG_PID=1
        _PID=77
        _UID=0
        PATIENT_ID=4711
        MESSAGE=user ada entered from 10.0.0.1
        """

    @Test func `an entry of the journal is decoded as its message, with what journald vouches for`() throws {
        let events = try decode(Array(entry.utf8), .journalEntry)
        let event = try #require(events.events.first)
        #expect(events.events.count == 1)
        #expect(event.eventClass == .access && event.action == .login && event.severity == 3)
        #expect(event.time == UTCTime(nanoseconds: 1_791_172_800_000_001_000))
        #expect(event.issues == [])
        #expect(text(events, "user.name") == "ada" && text(events, "src.ip") == "10.0.0.1")
        #expect(text(events, "host.name") == "ward-7" && text(events, "ext.pid") == "77")
        #expect(text(events, "ext.app") == "gated" && text(events, "ext._UID") == "0")
        #expect(text(events, "ext.__CURSOR") == nil)
        #expect(text(events, "ext.PATIENT_ID") == nil)
        #expect(text(events, "ext.patient.token")?.isEmpty == false)
    }

    @Test func `without the flag the same bytes are text`() throws {
        let events = try decode(Array(entry.utf8))
        #expect(events.events.first?.eventClass != .access)
    }

    @Test func `an entry without anything is an event all the same`() throws {
        for bytes in [[], Array("MESSAGE".utf8), Array("=\n=".utf8), Array("MESSAGE\n\u{1}".utf8)] {
            let events = try decode(bytes, .journalEntry)
            #expect(events.events.count == 1)
            #expect(events.events.first?.issues.contains(.emptyMessage) == true)
        }
    }
}
