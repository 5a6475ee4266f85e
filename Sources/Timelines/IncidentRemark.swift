// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import WireFormats

/// What people said about handling an incident, or one that became part of it.
public struct IncidentRemark: Hashable, Codable, Sendable {
    /// Offset of the record of the act.
    public var act: Offset
    /// An acknowledgement, an assignment or a note.
    public var kind: IncidentAct.Kind
    /// The incident that was looked at.
    public var incident: String
    /// Who said so.
    public var actor: String
    /// When, by the clock of the machine.
    public var time: UTCTime
    /// The note, or why; may be empty otherwise.
    public var text: String
    /// Who is to handle it; empty for other remarks than an assignment.
    public var assignee: String

    /// The remark that `act` is.
    public init(_ act: IncidentAct) {
        self.act = act.offset
        kind = act.kind
        incident = act.incident
        actor = act.actor
        time = act.time
        text = act.reason
        assignee = act.assignee
    }

    /// An element of `remarks` in `schemas/output/incident-v1.schema.json`.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("act", .integer(Int64(clamping: act.value))), .init("kind", .text(kind.rawValue)),
            .init("incident", .text(incident)), .init("by", .text(actor)),
            .init("time", .text(time.description)), .init("text", .text(text)),
        ]
        if !assignee.isEmpty { members.append(.init("assignee", .text(assignee))) }
        return .object(members)
    }

    /// Reads an element of `remarks`; nil for anything else.
    public init?(_ object: JSONValue) {
        guard let act = object["act"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let kind = object["kind"]?.text.flatMap(IncidentAct.Kind.init(rawValue:)), kind.isRemark,
            let incident = object["incident"]?.text, let actor = object["by"]?.text,
            let time = object["time"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let text = object["text"]?.text
        else { return nil }
        self.act = Offset(act)
        self.kind = kind
        self.incident = incident
        self.actor = actor
        self.time = time
        self.text = text
        assignee = object["assignee"]?.text ?? ""
    }
}

extension [IncidentRemark] {
    /// Who is to handle the incident: the newest assignment; empty where there is none.
    public var assignee: String { last { $0.kind == .assign }?.assignee ?? "" }
}
