// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Turns audit messages into events: who did what to which device, patient identifiers as tokens.
struct AuditDecoder: Sendable {
    static let xmlID = "dicom.atna"
    static let fhirID = "fhir.auditevent"
    /// Longest body that is read, in bytes; what is longer stays a plain record.
    static let bodyCountMax = 1_048_576

    private let siteKey: SiteKey
    private var xml = AuditXML()
    private var message = AuditMessage()

    init(siteKey: SiteKey) { self.siteKey = siteKey }

    /// Decodes the body at `range`; the identifier of the form that it has, nil when it is of another kind.
    mutating func decode(_ bytes: Span<UInt8>, _ range: Range<Int>, into drafts: inout EventDrafts) -> String?
    {
        guard let mark = mark(bytes, range) else { return nil }
        let id = mark == .message ? AuditDecoder.xmlID : AuditDecoder.fhirID
        guard range.count <= AuditDecoder.bodyCountMax else {
            draftUnparsed(.decodeTruncated, into: &drafts)
            return id
        }
        switch mark {
        case .message:
            guard xml.read(bytes, range, into: &message) else { return nil }
            draft(message, product: id, into: &drafts)
        case .json, .resource:
            var resource = AuditFHIRXML()
            let found =
                mark == .json
                ? AuditFHIR.messages(bytes.extracting(range))
                : resource.read(bytes, range).map(AuditFHIR.messages(of:))
            guard let messages = found else {
                // Cut off or malformed: nothing of it may reach the generic decoders, which know no patients.
                draftUnparsed(mark == .json ? .badJSON : .badXML, into: &drafts)
                return id
            }
            for message in messages { draft(message, product: id, into: &drafts) }
            if messages.isEmpty { return nil }
        }
        return id
    }

    /// An audit message that says no more than that it is one.
    private func draftUnparsed(_ issue: ParseIssues, into drafts: inout EventDrafts) {
        drafts.begin(.access, .other, .unknown)
        drafts.amend { $0.issues.insert(issue) }
        drafts.add(named: "ext.kind", "atna.unparsed")
    }

    private enum Mark {
        /// An audit message of DICOM.
        case message
        /// Resources of FHIR in JSON and in XML.
        case json
        case resource
    }

    /// Looks for what tells the body's kind, which may stand anywhere: members of JSON have no order, and
    /// declarations and comments come before an element.
    ///
    /// O(bytes), and the rest of a body that is longer than those that are read does not matter.
    private func mark(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Mark? {
        guard let first = range.first else { return nil }
        let isJSON = bytes[first] == 0x7b
        let end = min(range.upperBound, range.lowerBound + AuditDecoder.bodyCountMax)
        let wanted = isJSON ? AuditDecoder.resource : AuditDecoder.root
        // Capitals are rare in the middle of words.
        let lane = isJSON ? 6 : 5
        if ByteSearch.first(of: wanted.span, by: lane, bytes, range.lowerBound..<end) != nil {
            return isJSON ? .json : .message
        }
        guard !isJSON, bytes[first] == 0x3c else { return nil }
        let element = AuditDecoder.element
        return ByteSearch.first(of: element.span, by: 6, bytes, range.lowerBound..<end) == nil
            ? nil : .resource
    }

    private static let resource = Array("\"AuditEvent\"".utf8)
    private static let root = Array("AuditMessage".utf8)
    private static let element = Array("<AuditEvent".utf8)

    // MARK: - One message

    private func draft(_ message: AuditMessage, product: String, into drafts: inout EventDrafts) {
        guard message.fault.isEmpty else {
            draftUnparsed(message.fault, into: &drafts)
            addParties(message, isNetwork: false, into: &drafts)
            addTime(message, into: &drafts)
            return
        }
        let (event, types) = AuditDecoder.codes(message)
        let type = types.first { AuditMeaning.types[$0] != nil }
        let base = AuditMeaning.events[event]
        let meaning = type.flatMap { AuditMeaning.types[$0] } ?? base ?? .unmapped
        drafts.begin(
            meaning.eventClass,
            AuditMeaning.action(meaning.action, message.action),
            AuditDecoder.outcome(message)
        )
        if base == nil { drafts.amend { $0.issues.insert(.unknownCode) } }
        drafts.add(named: "ext.kind", meaning.kind)
        for tag in meaning.tags { drafts.add(named: "ext.tags", tag) }
        drafts.add(.vendorCode, type ?? event)
        drafts.add(.vendorProduct, product)
        drafts.add(.sourceKind, "atna")
        drafts.add(named: "ext.event.id", event)
        drafts.add(named: "ext.event.action", message.action)
        for code in types where code != type { drafts.add(named: "ext.transaction", code) }
        drafts.add(.outcomeDetail, AuditDecoder.weights[message.outcome] ?? "")
        drafts.add(.reason, AuditDecoder.text(message.outcomeText, withoutPatientsOf: message))
        addParties(message, isNetwork: meaning.eventClass == .network, into: &drafts)
        addObjects(message, into: &drafts)
        addTime(message, into: &drafts)
    }

    private static let weights = ["4": "minor", "8": "serious", "12": "major"]

    private static func outcome(_ message: AuditMessage) -> Outcome {
        switch message.outcome {
        case "0", "success": .success
        case "4", "8", "12", "fatal", "error", "warning": .failure
        default: .unknown
        }
    }

    /// EventID and types, with types put right that stand in the place of the EventID, and texts made codes.
    private static func codes(_ message: AuditMessage) -> (event: String, types: [String]) {
        var event = message.eventID.code
        if AuditMeaning.events[event] == nil, AuditMeaning.types[event] == nil {
            event =
                AuditMeaning.texts[message.eventID.text.lowercased()] ?? AuditMeaning.texts[
                    event.lowercased()
                ] ?? event
        }
        var types: [String] = []
        for type in message.types where !type.code.isEmpty { types.append(type.code) }
        if AuditMeaning.types[event] != nil {
            types.insert(event, at: 0)
            event = AuditMeaning.parent(of: event)
        }
        return (event, types)
    }

    private func addTime(_ message: AuditMessage, into drafts: inout EventDrafts) {
        if let time = UTCTime(rfc3339: message.time) {
            drafts.amend { $0.time = time }
        } else if let time = UTCTime(rfc3339: message.time + "Z") {
            drafts.amend {
                $0.time = time
                $0.issues.insert(.timeZoneAssumed)
            }
        } else if !message.time.isEmpty {
            drafts.amend { $0.issues.insert(.badTimestamp) }
        }
        if message.time.utf8.contains(0x2e) { drafts.amend { $0.flags.insert(.subsecond) } }
    }

    private func addObjects(_ message: AuditMessage, into drafts: inout EventDrafts) {
        for object in message.objects {
            for study in object.studies { drafts.add(.objectID, study) }
            guard !object.id.isEmpty else { continue }
            switch object.role {
            case "1": addToken(object.id, into: &drafts)
            case "6", "11": drafts.add(.userTarget, object.id)
            case "24": continue
            default:
                if AuditDecoder.isNode(object.idType) { continue }
                if AuditDecoder.mayBePatient(object) {
                    addToken(object.id, into: &drafts)
                } else {
                    drafts.add(.objectID, object.id)
                }
            }
        }
        for object in message.objects {
            for detail in object.details where detail.type.lowercased() == "alert description" {
                addDescription(detail.value, message, into: &drafts)
            }
        }
    }

    /// Kinds of identifier that name people (RFC 3881): record, patient, encounter and such numbers.
    private static let personalIDTypes: Set<String> = ["1", "2", "3", "4", "5"]

    /// A person in any role but a user's could be a patient, and so could an object whose kind is not said.
    private static func mayBePatient(_ object: AuditMessage.Object) -> Bool {
        object.type == "1" || personalIDTypes.contains(object.idType)
            || object.type.isEmpty && object.role.isEmpty && object.idType.isEmpty
    }

    private func addToken(_ id: String, into drafts: inout EventDrafts) {
        let identifier = Array(id.utf8)
        let token = siteKey.token(of: identifier.span, 0..<identifier.count)
        drafts.add(.patientToken, String(decoding: token, as: UTF8.self))
    }

    /// Shortest part of an identifier that is looked for in texts: shorter ones are words by chance.
    private static let identifierLengthMin = 4

    /// Free text in which the identifiers and names of the message's own patients are struck out.
    private static func text(_ text: String, withoutPatientsOf message: AuditMessage) -> String {
        guard !text.isEmpty else { return text }
        var clean = text
        for object in message.objects where object.role == "1" || mayBePatient(object) {
            for whole in [object.id, object.name] {
                // `PAT-1234^^^&1.2.3&ISO`, `DOE^JOHN`: each component may stand in the text alone.
                for part in [whole[...]] + whole.split(whereSeparator: { "^&~|".contains($0) })
                where part.count >= identifierLengthMin {
                    clean = clean.replacing(part, with: "[patient]")
                }
            }
        }
        return clean
    }

    /// The text of an alert, and the version that it may name.
    private func addDescription(
        _ encoded: String,
        _ message: AuditMessage,
        into drafts: inout EventDrafts
    ) {
        let text = AuditDecoder.text(Base64.text(encoded) ?? encoded, withoutPatientsOf: message)
        drafts.add(named: "ext.description", String(text.prefix(256)))
        if let version = VersionHint.first(in: text) { drafts.add(.softwareTo, version) }
    }
}
