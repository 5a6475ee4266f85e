// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Testing

/// A set of three: a program's words, a cloud's objects, and a collector that wraps lines.
private func definitions(carries: Bool, hasRules: Bool = true) -> [DecoderDefinition] {
    var gate = DecoderDefinition(id: PlacedText("gate"))
    gate.select.applications = [PlacedText("gated")]
    var entry = RuleDefinition(id: PlacedText("entry"))
    entry.base.action = PlacedText("login")
    entry.patterns = [
        PlacedText("user {user.name:quoted} entered from {src.ip:ip}"),
        PlacedText("user {user.name:word} entered from {src.ip:ip}"),
    ]
    gate.rules = [entry]

    var cloud = DecoderDefinition(id: PlacedText("cloud"))
    cloud.format = .json
    cloud.select.keys = [[ConditionDefinition(source: PlacedText("cloudEvent"), values: [PlacedText("*")])]]
    cloud.fields = [FieldAssignment(target: PlacedText("user.name"), values: [PlacedText("who")])]
    var act = RuleDefinition(id: PlacedText("act"))
    act.base.action = PlacedText("config_change")
    cloud.rules = [act]

    var collector = DecoderDefinition(id: PlacedText("collector"))
    collector.format = .json
    collector.select.keys = [[ConditionDefinition(source: PlacedText("message"), values: [PlacedText("*")])]]
    collector.fields = [FieldAssignment(target: PlacedText("message"), values: [PlacedText("message")])]
    if carries {
        var carrier = CarrierDefinition(place: SourcePlace())
        carrier.text = [PlacedText("message")]
        carrier.program = [PlacedText("program")]
        carrier.process = [PlacedText("pid")]
        carrier.host = [PlacedText("host")]
        carrier.time = [PlacedText("at")]
        carrier.severity = [PlacedText("level")]
        collector.carries = carrier
    }
    var other = RuleDefinition(id: PlacedText("other"))
    other.base.action = PlacedText("status_report")
    if hasRules { collector.rules = [other] }
    return [gate, cloud, collector]
}

private func decode(_ text: String, carries: Bool = true, hasRules: Bool = true) throws -> EventBatch {
    let decoders = try DecoderSet(compiling: definitions(carries: carries, hasRules: hasRules))
    var normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "test", secret: [1]))
    var records = RecordBatch()
    let origin = records.index(of: Origin(listener: "test", transport: .file))
    // Before and behind it stand others: nothing of one may be left in the next.
    for line in ["<34>Oct  5 04:00:00 h9 gated[9]: user zoe entered from 10.9.9.9", text, "<34>x"] {
        records.append(Array(line.utf8), kind: .device, origin: origin, receiveTime: .absent)
    }
    var all = EventBatch()
    let reference = CivilTime(year: 2026, month: 12, day: 1).utc()
    normalizer.decode(records, base: .zero, reference: reference, into: &all)
    return all
}

private func decoder(_ events: EventBatch, _ index: Int) -> String {
    let number = Int(events.events[index].decoder)
    return events.decoders.indices.contains(number) ? events.decoders[number] : ""
}

private func text(_ events: EventBatch, _ name: String, _ index: Int = 1) -> String? {
    for entry in events.fields(of: index) where events.name(of: entry.field) == name {
        return String(decoding: events.bytes[entry.range], as: UTF8.self)
    }
    return nil
}

@Suite struct CarriedLineTests {
    @Test func `a message without header goes to the decoder of the program that its object names`() throws {
        let events = try decode(
            #"""
            {"message":"user ada entered from 10.0.0.1","program":"gated","pid":77,"host":"ward7",\#
            "at":"2026-10-05T04:00:00Z","level":2,"room":"B2"}
            """#
        )
        #expect(events.events.count == 3)
        #expect(decoder(events, 1) == "gate" && events.events[1].action == .login)
        #expect(events.events[1].severity == 2 && events.events[1].offset == Offset(1))
        #expect(events.events[1].time.description == "2026-10-05T04:00:00Z")
        #expect(text(events, "user.name") == "ada" && text(events, "src.ip") == "10.0.0.1")
        #expect(text(events, "host.name") == "ward7" && text(events, "ext.app") == "gated")
        #expect(text(events, "ext.pid") == "77" && text(events, "ext.room") == "B2")
        #expect(text(events, "ext.message") == nil && text(events, "ext.program") == nil)
        #expect(text(events, "message") == "user ada entered from 10.0.0.1")
    }

    @Test func `without carries the same object speaks for itself`() throws {
        let events = try decode(
            #"{"message":"user ada entered from 10.0.0.1","program":"gated"}"#,
            carries: false
        )
        #expect(decoder(events, 1) == "collector" && text(events, "user.name") == nil)
    }

    @Test func `a line with a header of its own tells host, program, time and severity itself`() throws {
        let events = try decode(
            #"""
            {"host":"relay1","at":"2024-10-05T04:00:09Z","level":6,\#
            "message":"<35>Oct  5 04:00:00 ward7 gated[77]: user \"ada b\" entered from 10.0.0.1\n"}
            """#
        )
        #expect(decoder(events, 1) == "gate" && events.events[1].severity == 3)
        // The year of the stamp is that of the collector's.
        #expect(events.events[1].time.description == "2024-10-05T04:00:00Z")
        #expect(text(events, "user.name") == "ada b" && text(events, "host.name") == "ward7")
        #expect(text(events, "ext.pid") == "77")
    }

    @Test func `in an object that nobody knows, a line of an unknown program is a line all the same`() throws
    {
        let events = try decode(
            #"{"message":"Oct  5 04:00:00 ward7 otherd[1]: login failed for user ada from 10.0.0.1"}"#,
            hasRules: false
        )
        #expect(decoder(events, 1) != "collector")
        #expect(text(events, "host.name") == "ward7" && text(events, "ext.app") == "otherd")
    }

    @Test func `an object that a decoder knows keeps the line of an unknown program`() throws {
        let events = try decode(
            #"{"message":"Oct  5 04:00:00 ward7 otherd[1]: login failed for ada","x":"y"}"#
        )
        #expect(decoder(events, 1) == "collector" && text(events, "ext.x") == "y")
    }

    @Test func `words of an unknown program stay with their object`() throws {
        let events = try decode(#"{"message":"a\tb","program":"otherd","x":"y"}"#)
        #expect(decoder(events, 1) == "collector")
        #expect(text(events, "message") == "a\tb" && text(events, "ext.x") == "y")
    }

    @Test func `an object in a text is read as if it had come by itself`() throws {
        let events = try decode(
            #"{"message":"{\"cloudEvent\":\"Delete\",\"who\":\"ada\"}","host":"relay1"}"#
        )
        #expect(decoder(events, 1) == "cloud" && text(events, "user.name") == "ada")
        #expect(text(events, "host.name") == "relay1")
    }

    @Test func `each object of a list gives its event, with what stands beside the list`() throws {
        for list in [
            #"""
            {"account":"7","list":[{"cloudEvent":"a","who":"ada"},{"cloudEvent":"b","who":"bob]}"},\#
            {"x":1}]}
            """#,
            #"[{"cloudEvent":"a","who":"ada"}, {"cloudEvent":"b","who":"bob]}"}, {"x":1}]"#,
        ] {
            let events = try decode(list)
            #expect(events.events.count == 5)
            #expect(text(events, "user.name", 1) == "ada" && text(events, "user.name", 2) == "bob]}")
            #expect(decoder(events, 3) != "cloud" && text(events, "ext.x", 3) == "1")
            #expect(events.events[1...3].map(\.ordinal) == [0, 1, 2])
            #expect(events.events.map(\.offset.value) == [0, 1, 1, 1, 2])
            #expect(text(events, "ext.account", 2) == (list.hasPrefix("{") ? "7" : nil))
            #expect(text(events, "user.name", 4) == nil)
        }
    }

    @Test func `lists of lines are lines, and a list that nobody knows is one event`() throws {
        let lines = try decode(
            #"""
            {"logs":[{"message":"user ada entered from 10.0.0.1","program":"gated"},\#
            {"message":"user bob entered from 10.0.0.2","program":"gated"}]}
            """#
        )
        #expect(lines.events.count == 4)
        #expect(text(lines, "user.name", 1) == "ada" && text(lines, "src.ip", 2) == "10.0.0.2")
        let unknown = try decode(#"{"logs":[{"a":1},{"a":2}],"user":"ada"}"#)
        #expect(unknown.events.count == 3)
        #expect(text(unknown, "user.name") == "ada")
    }

    @Test func `objects in texts in objects end somewhere, and nothing is lost of what follows`() throws {
        var line = #"{"cloudEvent":"x","who":"deep"}"#
        for _ in 0..<6 {
            let quoted = line.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            line = "{\"message\":\"" + quoted + "\"}"
        }
        let events = try decode(line)
        #expect(events.events.count == 3)
        #expect(decoder(events, 1) == "collector")
    }

    @Test func `texts in texts that nobody knows are not read over and over`() throws {
        var line = #"{"message":"\#(String(repeating: "x", count: 8_000))"}"#
        for _ in 0..<2 {
            line = #"{"message":"\#(line.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))"}"#
        }
        let events = try decode(line, hasRules: false)
        #expect(events.events.count == 3)
        #expect(events.events[1].issues.contains(.decodeTruncated))
        #expect(!events.events[2].issues.contains(.decodeTruncated))
        let once = try decode(#"{"message":"\#(String(repeating: "x", count: 8_000))"}"#, hasRules: false)
        #expect(!once.events[1].issues.contains(.decodeTruncated))
    }

    @Test func `a list of a hundred thousand objects makes no more events than the bound`() throws {
        let many = "[" + Array(repeating: #"{"cloudEvent":"a"}"#, count: 100_000).joined(separator: ",") + "]"
        let events = try decode(many)
        #expect(events.events.count == 1_024 + 2)
        #expect(events.events[1_024].issues.contains(.decodeTruncated))
    }

    @Test func `patients of the object stay tokens`() throws {
        let events = try decode(
            #"{"message":"user ada entered from 10.0.0.1","program":"gated","patient_id":"4711"}"#
        )
        #expect(decoder(events, 1) == "gate" && text(events, "ext.patient_id") == nil)
        #expect(text(events, "ext.patient.token")?.isEmpty == false)
    }

    @Test func `carries needs JSON and a text`() {
        var faulty = definitions(carries: true)
        faulty[2].format = .kv
        #expect(throws: DecoderError.self) { try DecoderSet(compiling: faulty) }
        faulty[2].format = .json
        faulty[2].carries?.text = []
        #expect(throws: DecoderError.self) { try DecoderSet(compiling: faulty) }
    }
}
