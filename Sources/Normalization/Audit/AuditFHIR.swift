// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Reads FHIR AuditEvent resources (R4, R5 and the form of 2016) and bundles of them into audit messages.
enum AuditFHIR {
    /// The messages of a JSON body; empty when it is of another kind, nil when it is not JSON.
    static func messages(_ bytes: Span<UInt8>) -> [AuditMessage]? {
        (try? JSONValue(parsing: bytes)).map(messages(of:))
    }

    /// The messages of a resource; empty when it is of another kind.
    static func messages(of root: JSONValue) -> [AuditMessage] {
        switch root["resourceType"]?.text {
        case "AuditEvent": return [message(root)]
        case "Bundle":
            return (root["entry"]?.elements ?? []).prefix(AuditMessage.partCountMax).compactMap { entry in
                guard let resource = entry["resource"], resource["resourceType"]?.text == "AuditEvent" else {
                    return nil
                }
                return message(resource)
            }
        default: return []
        }
    }

    private static func message(_ root: JSONValue) -> AuditMessage {
        var message = AuditMessage()
        let event = root["event"] ?? .null
        message.eventID = first(root["type"] ?? root["category"] ?? event["type"])
        message.types = codes(root["subtype"] ?? root["code"] ?? event["subtype"])
        message.action = (root["action"] ?? event["action"])?.text ?? ""
        message.time = (root["recorded"] ?? event["dateTime"])?.text ?? ""
        message.outcome = first(root["outcome"] ?? event["outcome"]).code
        message.outcomeText = (root["outcomeDesc"] ?? event["outcomeDesc"])?.text ?? ""
        let agents = (root["agent"] ?? root["participant"])?.elements ?? []
        for agent in agents {
            for code in codes(agent["role"]) + codes(agent["type"]) {
                message.addRole(code.code, to: message.participants.count)
            }
            message.participants.append(participant(agent))
        }
        let source = root["source"] ?? .null
        message.source = reference(source["observer"]) ?? reference(source) ?? ""
        message.site = source["site"]?.text ?? ""
        for entity in (root["entity"] ?? root["object"])?.elements ?? [] {
            message.objects.append(object(entity))
        }
        for patient in [root["patient"]] + agents.map({ isPatient($0["who"]) ? $0["who"] : nil }) {
            guard let id = reference(patient) else { continue }
            message.objects.append(AuditMessage.Object(id: id, role: "1"))
        }
        return message
    }

    private static func participant(_ agent: JSONValue) -> AuditMessage.Participant {
        var participant = AuditMessage.Participant()
        participant.userID =
            reference(agent["who"]) ?? reference(agent["userId"]) ?? agent["name"]?.text ?? ""
        if isPatient(agent["who"]) { participant.userID = "" }
        participant.alternativeID = isPatient(agent["who"]) ? "" : agent["altId"]?.text ?? ""
        participant.userName = agent["name"]?.text ?? ""
        participant.isRequestor = agent["requestor"]?.bool ?? false
        let network = agent["network"] ?? .null
        participant.accessPoint =
            network["address"]?.text ?? network["identifier"]?.text ?? agent["networkString"]?.text
            ?? reference(agent["networkReference"]) ?? ""
        return participant
    }

    private static func object(_ entity: JSONValue) -> AuditMessage.Object {
        var object = AuditMessage.Object()
        object.id =
            reference(entity["what"]) ?? reference(entity["reference"]) ?? reference(entity["identifier"])
            ?? ""
        object.name = entity["name"]?.text ?? entity["what"]?["display"]?.text ?? ""
        object.type = first(entity["type"]).code
        object.role = first(entity["role"]).code
        // FHIR names a patient by the reference, whatever role the sender gives.
        if isPatient(entity["what"]) || isPatient(entity["reference"]) { object.role = "1" }
        return object
    }

    /// Whether a Reference names a patient: `Patient/12`, an absolute URL to one, or by its type.
    private static func isPatient(_ value: JSONValue?) -> Bool {
        guard let value else { return false }
        if value["type"]?.text == "Patient" { return true }
        let text = value["reference"]?.text ?? value.text ?? ""
        return text.hasPrefix("Patient/") || text.contains("/Patient/")
    }

    /// What a Reference, Identifier or text names; the type of a relative reference is dropped.
    private static func reference(_ value: JSONValue?) -> String? {
        guard let value else { return nil }
        if let text = value.text { return text }
        if let text = value["identifier"]?["value"]?.text ?? value["value"]?.text ?? value["identifier"]?.text
        {
            return text
        }
        if let text = value["reference"]?.text {
            return text.split(separator: "/").last.map(String.init)
        }
        return value["display"]?.text
    }

    private static func first(_ value: JSONValue?) -> AuditMessage.Code {
        codes(value).first ?? AuditMessage.Code()
    }

    /// Codes of a code, Coding, CodeableConcept or a list of any of them.
    private static func codes(_ value: JSONValue?) -> [AuditMessage.Code] {
        guard let value, value != .null else { return [] }
        if let elements = value.elements { return elements.flatMap { codes($0) } }
        if let text = value.text { return [AuditMessage.Code(code: text)] }
        if let number = value.integer { return [AuditMessage.Code(code: String(number))] }
        if let coding = value["coding"] { return codes(coding) }
        guard let code = value["code"] else { return [] }
        guard let text = code.text else { return codes(code) }
        return [
            AuditMessage.Code(
                code: text,
                system: value["system"]?.text ?? "",
                text: value["display"]?.text ?? ""
            )
        ]
    }
}
