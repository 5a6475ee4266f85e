// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

@testable import Normalization

/// Real audit messages and hostile ones.
@Suite struct AuditTests {
    private static let folder =
        (ProcessInfo.processInfo.environment["WARDLINE_CONFORMANCE"] ?? "../shared/conformance") + "/atna/"
    private static let hasConformance = FileManager.default.fileExists(atPath: folder + "expected.jsonl")

    private func decode(_ body: [UInt8]) -> EventBatch {
        var drafts = EventDrafts()
        var decoder = AuditDecoder(siteKey: SiteKey(id: "test", secret: Array("secret".utf8)))
        var batch = EventBatch()
        guard decoder.decode(body.span, 0..<body.count, into: &drafts) != nil else { return batch }
        for draft in drafts.drafts {
            var event = Event(offset: .zero, time: draft.time, logTime: .absent)
            event.eventClass = draft.eventClass
            event.action = draft.action
            event.outcome = draft.outcome
            event.issues = draft.issues
            batch.begin(event)
            for field in drafts.fields[draft.fieldStart..<draft.fieldStart + draft.fieldCount] {
                let name = String(decoding: drafts.bytes[field.name], as: UTF8.self)
                if field.known == nil, !batch.extensionNames.contains(name) {
                    batch.extensionNames.append(name)
                }
                guard let id = field.known ?? batch.field(named: name) else { continue }
                batch.add(id, Array(drafts.bytes[field.value]))
            }
        }
        return batch
    }

    private func texts(_ batch: EventBatch, _ name: String) -> [String] {
        guard let field = batch.field(named: name) else { return [] }
        return batch.fields(of: 0).filter { $0.field == field }
            .map { String(decoding: batch.bytes[$0.range], as: UTF8.self) }
    }

    private static let practitioner = #"""
        {"resourceType":"AuditEvent",\#
        "type":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"110110"},\#
        "subtype":[{"code":"read"},{"code":"ITI-43"}],"action":"R","recorded":"2026-10-05T04:00:00Z",\#
        "outcome":"0",\#
        "agent":[{"type":{"coding":[{"code":"110153"}]},"who":{"display":"viewer"},"requestor":false,\#
        "network":{"address":"10.44.3.9","type":"2"}},{"who":{"identifier":{"value":"ada"}},"altId":"7",\#
        "requestor":true,"network":{"address":"10.44.3.8","type":"2"}}],\#
        "source":{"observer":{"display":"ehr & more"}},"entity":[{"what":{"reference":"Patient/12"},\#
        "role":{"code":"1"}}]}
        """#

    private static let practitionerXML = """
        <?xml version="1.0" encoding="UTF-8"?><!-- an example -->
        <AuditEvent xmlns="http://hl7.org/fhir"><text><status value="generated"/><div
        xmlns="http://www.w3.org/1999/xhtml">Read</div></text>
        <type><system value="http://dicom.nema.org/resources/ontology/DCM"/><code value="110110"/></type>
        <subtype><code value="read"/></subtype><subtype><code value="ITI-43"/></subtype>
        <action value="R"/><recorded value="2026-10-05T04:00:00Z"/><outcome value="0"/>
        <agent><type><coding><code value="110153"/></coding></type><who><display value="viewer"/></who>
        <requestor value="false"/><network><address value="10.44.3.9"/><type value="2"/></network></agent>
        <agent><who><identifier><value value="ada"/></identifier></who><altId value="7"/>
        <requestor value="true"/><network><address value="10.44.3.8"/><type value="2"/></network></agent>
        <source><observer><display value="ehr &amp; more"/></observer></source>
        <entity><what><reference value="Patient/12"/></what><role><code value="1"/></role></entity>
        </AuditEvent>
        """

    /// Everything that a batch says, in words.
    private func shown(_ batch: EventBatch) -> [String] {
        batch.events.indices.map { index in
            let event = batch.events[index]
            let fields = batch.fields(of: index).map { entry in
                batch.name(of: entry.field) + "=" + String(decoding: batch.bytes[entry.range], as: UTF8.self)
            }
            return "\(event.eventClass.name) \(event.action.name) \(event.outcome.name) \(event.time) "
                + fields.joined(separator: "; ")
        }
    }

    @Test func `a FHIR resource says the same in JSON and in XML`() {
        let json = shown(decode(Array(Self.practitioner.utf8)))
        #expect(json.count == 1 && json[0].contains("user.name=ada") && json[0].contains("src.ip=10.44.3.8"))
        #expect(json[0].contains("ehr & more") && json[0].contains("patient.token="), "\(json)")
        #expect(shown(decode(Array(Self.practitionerXML.utf8))) == json)
        let entry = { (text: String) in "<entry><resource>\(text)</resource></entry>" }
        let bare = Self.practitionerXML.split(separator: "-->").last.map(String.init) ?? ""
        let bundle =
            "<Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"batch\"/>\(entry(bare))" + entry(bare)
            + "</Bundle>"
        #expect(shown(decode(Array(bundle.utf8))) == json + json)
    }

    @Test func `a FHIR resource in XML that breaks off says no more than that it is one`() {
        let cut = Self.practitionerXML.prefix(900)
        let batch = decode(Array(cut.utf8))
        #expect(batch.events.count == 1 && batch.events[0].issues.contains(.badXML))
        #expect(texts(batch, "user.name") == [])
    }

    @Test(arguments: [("search-type", "E", Action.dataQuery), ("read", "R", .dataRead)])
    func `a search of a FHIR server is a query`(interaction: String, code: String, action: Action) {
        let body = #"""
            {"resourceType":"AuditEvent","type":{"code":"rest"},"subtype":[{"code":"\#(interaction)"}],\#
            "action":"\#(code)","recorded":"2026-10-05T04:00:00Z","outcome":"0",\#
            "agent":[{"who":{"display":"ada"},"requestor":true}],"source":{"observer":{"display":"ehr"}}}
            """#
        let batch = decode(Array(body.utf8))
        #expect(batch.events.map(\.action) == [action])
        #expect(batch.events.map(\.eventClass) == [.access])
    }

    /// Needs the conformance folder; without it the test is reported as skipped.
    @Test(.enabled(if: hasConformance)) func `every real message gets its class, kind, tags and outcome`()
        throws
    {
        let lines = try String(contentsOfFile: Self.folder + "expected.jsonl", encoding: .utf8).split(
            separator: "\n"
        )
        #expect(lines.count == 29)
        for line in lines {
            let wanted = try JSONValue(parsing: String(line))
            let file = try #require(wanted["file"]?.text)
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.folder + file)))
            let batch = decode(bytes)
            let event = try #require(batch.events.first, "\(file)")
            #expect(event.eventClass.name == wanted["class"]?.text, "\(file)")
            #expect(texts(batch, "ext.kind").first == wanted["kind"]?.text, "\(file)")
            let tags = (wanted["tags"]?.elements ?? []).compactMap(\.text).sorted()
            #expect(texts(batch, "ext.tags").sorted() == tags, "\(file)")
            let weight = texts(batch, "ext.outcome.detail").first.map { $0 + "-failure" }
            #expect((weight ?? event.outcome.name) == wanted["outcome"]?.text, "\(file)")
            #expect(event.time.isPresent, "\(file)")
            for object in wanted["objects"]?.elements ?? [] where object["role"]?.text == "1" {
                let identifier = try #require(object["id"]?.text)
                let clear = String(decoding: batch.bytes, as: UTF8.self)
                #expect(identifier.count < 6 || !clear.contains(identifier), "\(file) shows a patient")
            }
        }
    }

    @Test(arguments: [
        #"{"resourceType":"AuditEvent","type":{"code":"110110"},"entity":[{"reference":{"refer"#
            + #"ence":"Patient/PSECRET9"}}]}"#,
        #"{"resourceType":"AuditEvent","type":{"code":"110110"},"entity":[{"what":{"reference""#
            + #":"https://x.example/fhir/Patient/PSECRET9"}}]}"#,
        #"{"resourceType":"AuditEvent","code":{"code":"110110"},"patient":{"reference":"Patient/PSECRET9"}}"#,
        #"{"resourceType":"AuditEvent","type":{"code":"110114"},"agent":[{"who":{"reference":""#
            + #"Patient/PSECRET9"},"requestor":true}]}"#,
        #"{"resourceType":"AuditEvent","type":{"code":"110110"},"entity":[{"what":{"reference""#
            + #":"Patient/PSECRET9"}"#,
        #"<AuditMessage><EventIdentification EventOutcomeIndicator="0"><EventID csd-code="1101"#
            + #"10"/></EventIdentification><ParticipantObjectIdentification ParticipantObjectID="PSE"#
            + #"CRET9"><ParticipantObjectIDTypeCode csd-code="2"/></ParticipantObjectIdentification>"#
            + #"</AuditMessage>"#,
        #"<AuditMessage><EventIdentification EventOutcomeIndicator="0"><EventID csd-code="1101"#
            + #"10"/></EventIdentification><ParticipantObjectIdentification ParticipantObjectID="PSE"#
            + #"CRET9" ParticipantObjectTypeCode="1"/></AuditMessage>"#,
        // Texts that people read must not name the patient either.
        #"<AuditMessage><EventIdentification EventOutcomeIndicator="4"><EventID csd-code="1101"#
            + #"10"/><EventOutcomeDescription>No chart of PSECRET9 (born DOE)</EventOutcomeDescri"#
            + #"ption></EventIdentification><ParticipantObjectIdentification ParticipantObjectID="P"#
            + #"SECRET9^^^&amp;1.2&amp;ISO" ParticipantObjectTypeCodeRole="1"/></AuditMessage>"#,
        #"<AuditMessage><EventIdentification EventOutcomeIndicator="4"><EventID csd-code="1101"#
            + #"10"/><EventOutcomeDescription>No chart of PSECRET9</EventOutcomeDescription></Event"#
            + #"Identification><ParticipantObjectIdentification ParticipantObjectID="7" Participant"#
            + #"ObjectTypeCodeRole="1"><ParticipantObjectName>PSECRET9^ADA</ParticipantObjectName></"#
            + #"ParticipantObjectIdentification></AuditMessage>"#,
    ]) func `a patient is never in clear`(body: String) {
        let batch = decode(Array(body.utf8))
        #expect(batch.events.count == 1)
        #expect(!String(decoding: batch.bytes, as: UTF8.self).contains("PSECRET9"))
        // The same harness sees a name where one may stand: it can fail.
        let study = body.replacingOccurrences(of: "AuditMessage", with: "X")
        #expect(decode(Array(study.utf8)).events.count == (body.hasPrefix("<") ? 0 : 1))
    }

    @Test func `a mark far from the start and an access point in brackets are found`() {
        let remark = "<!-- " + String(repeating: "x", count: 10_000) + " -->"
        let body =
            remark
            + #"<AuditMessage><EventIdentification EventOutcomeIndicator="0"><EventID csd-code="110114"/>"#
            + #"<EventTypeCode csd-code="110122"/></EventIdentification><ActiveParticipant UserID="ada" "#
            + #"UserIsRequestor="true" NetworkAccessPointID="[2001:db8::7]:104"/></AuditMessage>"#
        let batch = decode(Array(body.utf8))
        #expect(texts(batch, "user.name") == ["ada"])
        #expect(texts(batch, "src.ip") == ["2001:db8::7"])
        let filler = String(repeating: "y", count: 10_000)
        let json = #"{"language":""# + filler + #"","type":{"code":"110114"},"resourceType":"AuditEvent"}"#
        #expect(texts(decode(Array(json.utf8)), "vendor.product") == ["fhir.auditevent"])
    }

    @Test func `a study and a user are in clear`() {
        let body = #"""
            <?xml version="1.0"?><AuditMessage><EventIdentification EventActionCode="R"
            EventDateTime="2026-09-14T01:00:00+02:00" EventOutcomeIndicator="8">
            <EventID csd-code="110106"/></EventIdentification>
            <ActiveParticipant UserID="ada" UserIsRequestor="1" NetworkAccessPointID="/10.0.0.9:4100"/>
            <AuditSourceIdentification AuditSourceID="ARC"/>
            <ParticipantObjectIdentification ParticipantObjectID="1.2.3" ParticipantObjectTypeCode="2"
            ParticipantObjectTypeCodeRole="3"/></AuditMessage>
            """#
        let batch = decode(Array(body.utf8))
        #expect(texts(batch, "ext.object.id") == ["1.2.3"])
        #expect(texts(batch, "user.name") == ["ada"])
        #expect(texts(batch, "src.ip") == ["10.0.0.9"])
        #expect(texts(batch, "ext.outcome.detail") == ["serious"])
        #expect(batch.events.first?.time == UTCTime(rfc3339: "2026-09-13T23:00:00Z"))
    }

    @Test func `cut and mutated messages stay events and never trap`() throws {
        let body = Array(
            (#"<AuditMessage><EventIdentification EventOutcomeIndicator="0"><EventID csd-code="110113"/>"#
                + #"<EventTypeCode csd-code="110131"/></EventIdentification>"#
                + #"<ActiveParticipant UserID="a&#x41;&amp;"/>"#
                + #"<AuditSourceIdentification AuditSourceID="S"/></AuditMessage>"#).utf8
        )
        for length in stride(from: 14, to: body.count - 1, by: 1) {
            let batch = decode(Array(body[..<length]))
            #expect(batch.events.first?.issues.contains(.badXML) == true)
            #expect(texts(batch, "ext.kind") == ["atna.unparsed"])
        }
        #expect(decode(body).events.first?.issues.contains(.badXML) == false)
        var seed: UInt64 = 7
        for _ in 0..<4_000 {
            var mutant = body
            for _ in 0..<3 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                mutant[Int(seed >> 33) % mutant.count] = UInt8(truncatingIfNeeded: seed >> 20)
            }
            #expect(decode(mutant).events.count <= 1)
        }
        let deep = Array((String(repeating: "<AuditMessage>", count: 4_000)).utf8)
        #expect(decode(deep).events.first?.issues.contains(.badXML) == true)
    }
}
