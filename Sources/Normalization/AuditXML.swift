// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads the XML form of an audit message: DICOM's spelling (`csd-code`, `originalText`) and that of RFC
/// 3881.
enum AuditXML {
    /// The message in `bytes`, or nil when there is none.
    static func message(_ bytes: [UInt8]) -> AuditMessage? {
        guard let start = find(Array("AuditMessage".utf8), in: bytes) else { return nil }
        guard let open = bytes[..<start].lastIndex(of: 0x3c), start - open <= 16 else { return nil }
        var reader = AuditXMLReader()
        // A document type before the element could define what stands in it.
        if find(Array("<!DOCTYPE".utf8), in: Array(bytes[..<open])) != nil {
            reader.message.fault = .xmlDoctypeRefused
            return reader.message
        }
        var walker = XMLWalker(bytes, from: open)
        while true {
            switch walker.next() {
            case .open(let name, let attributes): reader.open(name, attributes)
            case .close(let name): reader.close(name)
            case .text(let text): reader.text += text
            case .end(let issues):
                reader.message.fault = issues
                return reader.message
            }
        }
    }

    private static func find(_ wanted: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= wanted.count else { return nil }
        var position = 0
        while position <= bytes.count - wanted.count {
            if bytes[position] == wanted[0], bytes[position...].starts(with: wanted) { return position }
            position += 1
        }
        return nil
    }
}

private struct AuditXMLReader {
    var message = AuditMessage()
    var text = ""
    private var path: [String] = []

    private func code(_ attributes: [String: String]) -> AuditMessage.Code {
        AuditMessage.Code(
            code: attributes["csd-code"] ?? attributes["code"] ?? "",
            system: attributes["codeSystemName"] ?? attributes["codeSystem"] ?? "",
            text: attributes["originalText"] ?? attributes["displayName"] ?? ""
        )
    }

    mutating func open(_ name: String, _ attributes: [String: String]) {
        path.append(name)
        text = ""
        switch name {
        case "EventIdentification":
            message.action = attributes["EventActionCode"] ?? ""
            message.time = attributes["EventDateTime"] ?? ""
            message.outcome = attributes["EventOutcomeIndicator"] ?? ""
        case "EventID": message.eventID = code(attributes)
        case "EventTypeCode": message.types.append(code(attributes))
        case "ActiveParticipant": openParticipant(attributes)
        case "RoleIDCode":
            let role = code(attributes).code
            amend { $0.roles.append(role) }
        case "UserIDTypeCode":
            let idType = code(attributes).code
            amend { $0.idType = idType }
        case "MediaType":
            let media = code(attributes).code
            amend { $0.media = media }
        case "AuditSourceIdentification":
            if message.source.isEmpty { message.source = attributes["AuditSourceID"] ?? "" }
            if message.site.isEmpty { message.site = attributes["AuditEnterpriseSiteID"] ?? "" }
        default: openObjectPart(name, attributes)
        }
    }

    private mutating func openParticipant(_ attributes: [String: String]) {
        guard message.participants.count < AuditMessage.partCountMax else { return }
        var participant = AuditMessage.Participant()
        participant.userID = attributes["UserID"] ?? ""
        participant.alternativeID = attributes["AlternativeUserID"] ?? ""
        participant.userName = attributes["UserName"] ?? ""
        participant.isRequestor = ["true", "1"].contains((attributes["UserIsRequestor"] ?? "").lowercased())
        participant.type = attributes["UserTypeCode"] ?? ""
        participant.accessPoint = attributes["NetworkAccessPointID"] ?? ""
        message.participants.append(participant)
    }

    private mutating func amend(_ change: (inout AuditMessage.Participant) -> Void) {
        guard path.contains("ActiveParticipant"), !message.participants.isEmpty else { return }
        change(&message.participants[message.participants.count - 1])
    }

    private mutating func openObjectPart(_ name: String, _ attributes: [String: String]) {
        if name == "ParticipantObjectIdentification" {
            guard message.objects.count < AuditMessage.partCountMax else { return }
            var object = AuditMessage.Object()
            object.id = attributes["ParticipantObjectID"] ?? ""
            object.type = attributes["ParticipantObjectTypeCode"] ?? ""
            object.role = attributes["ParticipantObjectTypeCodeRole"] ?? ""
            message.objects.append(object)
            return
        }
        guard path.contains("ParticipantObjectIdentification"), !message.objects.isEmpty else { return }
        let last = message.objects.count - 1
        switch name {
        case "ParticipantObjectIDTypeCode": message.objects[last].idType = code(attributes).code
        case "ParticipantObjectDetail":
            guard message.objects[last].details.count < AuditMessage.partCountMax else { return }
            message.objects[last].details.append((attributes["type"] ?? "", attributes["value"] ?? ""))
        case "StudyIDs": if let study = attributes["UID"] { message.objects[last].studies.append(study) }
        default: break
        }
    }

    mutating func close(_ name: String) {
        if name == "EventOutcomeDescription" { message.outcomeText = text }
        if name == "ParticipantObjectName", !message.objects.isEmpty {
            message.objects[message.objects.count - 1].name = text
        }
        if !path.isEmpty { path.removeLast() }
        text = ""
    }
}
