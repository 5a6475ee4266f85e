// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Elements of an audit message that matter.
private enum AuditElement: Int, CaseIterable {
    case eventIdentification, eventID, eventTypeCode, activeParticipant, roleIDCode, userIDTypeCode,
        mediaType, auditSource, object, objectIDTypeCode, objectDetail, studyIDs, outcomeDescription,
        objectName

    /// How they are written, in the same order.
    static let names = [
        "EventIdentification", "EventID", "EventTypeCode", "ActiveParticipant", "RoleIDCode",
        "UserIDTypeCode", "MediaType", "AuditSourceIdentification",
        "ParticipantObjectIdentification", "ParticipantObjectIDTypeCode",
        "ParticipantObjectDetail", "StudyIDs", "EventOutcomeDescription", "ParticipantObjectName",
    ]
}

/// Their attributes.
private enum AuditAttribute: Int, CaseIterable {
    case csdCode, code, originalText, displayName, eventActionCode, eventDateTime,
        eventOutcomeIndicator, auditSourceID, auditEnterpriseSiteID, userID, alternativeUserID,
        userName, userIsRequestor, userTypeCode, accessPoint, objectID, objectTypeCode,
        objectTypeCodeRole, type, value, uid

    /// How they are written, in the same order.
    static let names = [
        "csd-code", "code", "originalText", "displayName", "EventActionCode", "EventDateTime",
        "EventOutcomeIndicator", "AuditSourceID", "AuditEnterpriseSiteID", "UserID",
        "AlternativeUserID", "UserName", "UserIsRequestor", "UserTypeCode", "NetworkAccessPointID",
        "ParticipantObjectID", "ParticipantObjectTypeCode", "ParticipantObjectTypeCodeRole",
        "type", "value", "UID",
    ]
}

/// Reads the XML form of an audit message: DICOM's spelling (`csd-code`, `originalText`) and that of RFC
/// 3881.
///
/// Its storage is reused from message to message.
struct AuditXML: Sendable {
    private static let elements = NameTable(AuditElement.names)
    private static let attributes = NameTable(AuditAttribute.names)
    private static let root = Array("AuditMessage".utf8)
    private static let documentType = Array("<!DOCTYPE".utf8)

    private var scanner = XMLScanner()
    private var text = ""
    /// Whether the text of the element that was opened last matters.
    private var wantsText = false
    /// For each attribute that matters its place among those of the element opened last; -1 for none.
    private var places = [Int](repeating: -1, count: AuditAttribute.allCases.count)
    /// Elements open around what is read.
    private var participantDepth = 0
    private var objectDepth = 0

    /// Reads the message in `range` into `message`; false when there is none.
    mutating func read(_ bytes: Span<UInt8>, _ range: Range<Int>, into message: inout AuditMessage) -> Bool {
        guard let start = ByteSearch.first(of: AuditXML.root.span, bytes, range) else { return false }
        var open = start
        while open > range.lowerBound, bytes[open] != 0x3c, start - open < 16 { open -= 1 }
        guard bytes[open] == 0x3c else { return false }
        message.removeAll()
        text = ""
        wantsText = false
        participantDepth = 0
        objectDepth = 0
        // A document type before the element could define what stands in it.
        if ByteSearch.first(of: AuditXML.documentType.span, by: 2, bytes, range.lowerBound..<open) != nil {
            message.fault = .xmlDoctypeRefused
            return true
        }
        scanner.begin(open..<range.upperBound)
        while true {
            switch scanner.next(bytes) {
            case .open(let name):
                text = ""
                wantsText = false
                guard let element = AuditXML.element(bytes, name) else { continue }
                wantsText = element == .outcomeDescription || element == .objectName
                findAttributes(bytes)
                self.open(element, bytes, &message)
            case .close(let name):
                if let element = AuditXML.element(bytes, name) { close(element, &message) }
                text = ""
            case .text(let part): if wantsText { text += AuditXML.text(bytes, part) }
            case .literal(let part): if wantsText { text += String(decoding: bytes, part) }
            case .end: return true
            case .fault(let fault):
                // What is not read to its end is not known to be well formed.
                message.fault = fault.issues
                if fault == .bound { message.fault.insert(.badXML) }
                return true
            }
        }
    }

    /// Text with its references resolved.
    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        guard XMLText.hasReferences(bytes, range) else { return String(decoding: bytes, range) }
        var resolved: [UInt8] = []
        XMLText.append(bytes, range, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }

    private static func element(_ bytes: Span<UInt8>, _ name: Range<Int>) -> AuditElement? {
        elements.number(bytes, name).flatMap(AuditElement.init(rawValue:))
    }

    private mutating func findAttributes(_ bytes: Span<UInt8>) {
        for index in places.indices { places[index] = -1 }
        for index in scanner.attributes.indices {
            guard let number = AuditXML.attributes.number(bytes, scanner.attributes[index].name) else {
                continue
            }
            if places[number] < 0 { places[number] = index }
        }
    }

    /// The value of an attribute of the element that was opened last; the first of several counts.
    private func value(_ attribute: AuditAttribute, _ bytes: Span<UInt8>) -> String? {
        let place = places[attribute.rawValue]
        return place < 0 ? nil : AuditXML.text(bytes, scanner.attributes[place].value)
    }

    private func code(_ bytes: Span<UInt8>) -> String {
        value(.csdCode, bytes) ?? value(.code, bytes) ?? ""
    }

    private mutating func open(
        _ element: AuditElement,
        _ bytes: Span<UInt8>,
        _ message: inout AuditMessage
    ) {
        switch element {
        case .eventIdentification:
            message.action = value(.eventActionCode, bytes) ?? ""
            message.time = value(.eventDateTime, bytes) ?? ""
            message.outcome = value(.eventOutcomeIndicator, bytes) ?? ""
        case .eventID:
            message.eventID = AuditMessage.Code(
                code: code(bytes),
                text: value(.originalText, bytes) ?? value(.displayName, bytes) ?? ""
            )
        case .eventTypeCode: message.types.append(AuditMessage.Code(code: code(bytes)))
        case .activeParticipant:
            participantDepth += 1
            openParticipant(bytes, &message)
        case .roleIDCode: if let last = participant(of: message) { message.addRole(code(bytes), to: last) }
        case .userIDTypeCode:
            if let last = participant(of: message) { message.participants[last].idType = code(bytes) }
        case .mediaType:
            if let last = participant(of: message) { message.participants[last].media = code(bytes) }
        case .auditSource:
            if message.source.isEmpty { message.source = value(.auditSourceID, bytes) ?? "" }
            if message.site.isEmpty { message.site = value(.auditEnterpriseSiteID, bytes) ?? "" }
        default: openObjectPart(element, bytes, &message)
        }
    }

    private func participant(of message: AuditMessage) -> Int? {
        participantDepth > 0 && !message.participants.isEmpty ? message.participants.count - 1 : nil
    }

    private func openParticipant(_ bytes: Span<UInt8>, _ message: inout AuditMessage) {
        guard message.participants.count < AuditMessage.partCountMax else { return }
        var participant = AuditMessage.Participant()
        participant.userID = value(.userID, bytes) ?? ""
        participant.alternativeID = value(.alternativeUserID, bytes) ?? ""
        participant.userName = value(.userName, bytes) ?? ""
        let asks = value(.userIsRequestor, bytes) ?? ""
        participant.isRequestor = asks == "1" || asks == "true" || asks.lowercased() == "true"
        participant.type = value(.userTypeCode, bytes) ?? ""
        participant.accessPoint = value(.accessPoint, bytes) ?? ""
        message.participants.append(participant)
    }

    private mutating func openObjectPart(
        _ element: AuditElement,
        _ bytes: Span<UInt8>,
        _ message: inout AuditMessage
    ) {
        if element == .object {
            objectDepth += 1
            guard message.objects.count < AuditMessage.partCountMax else { return }
            var object = AuditMessage.Object()
            object.id = value(.objectID, bytes) ?? ""
            object.type = value(.objectTypeCode, bytes) ?? ""
            object.role = value(.objectTypeCodeRole, bytes) ?? ""
            message.objects.append(object)
            return
        }
        guard objectDepth > 0, !message.objects.isEmpty else { return }
        let last = message.objects.count - 1
        switch element {
        case .objectIDTypeCode: message.objects[last].idType = code(bytes)
        case .objectDetail:
            guard message.objects[last].details.count < AuditMessage.partCountMax else { return }
            message.objects[last].details.append((value(.type, bytes) ?? "", value(.value, bytes) ?? ""))
        case .studyIDs: if let study = value(.uid, bytes) { message.objects[last].studies.append(study) }
        default: break
        }
    }

    private mutating func close(_ element: AuditElement, _ message: inout AuditMessage) {
        switch element {
        case .outcomeDescription: message.outcomeText = text
        case .objectName where !message.objects.isEmpty:
            message.objects[message.objects.count - 1].name = text
        case .activeParticipant: participantDepth -= 1
        case .object: objectDepth -= 1
        default: break
        }
    }
}
