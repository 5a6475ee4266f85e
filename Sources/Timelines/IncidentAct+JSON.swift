// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

extension IncidentAct {
    /// The object of `schemas/disk/act-v1.schema.json`: the bytes of its record.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("act", .text(kind.rawValue)), .init("incident", .text(incident)),
            .init("by", .text(actor)), .init("time", .text(time.description)), .init("reason", .text(reason)),
        ]
        if !query.isEmpty { members.append(.init("query", .text(query))) }
        if let holds {
            members.append(
                .init(
                    "holds",
                    .object([
                        .init("size", .integer(Int64(holds.size))), .init("sha256", .text(holds.sha256)),
                    ])
                )
            )
        }
        if !assignee.isEmpty { members.append(.init("assignee", .text(assignee))) }
        if !marks.isEmpty { members.append(.init("alerts", .array(marks.map(\.json)))) }
        if !other.isEmpty {
            members.append(.init("other", .text(other)))
            members.append(.init("other_alerts", .array(otherMarks.map(\.json))))
        }
        if let suppression {
            members += [
                .init("scope", .texts(suppression.scope.map(\.rawValue))),
                .init("from", .text(suppression.from.description)),
                .init("until", .text(suppression.until.description)),
            ]
        }
        if !undone.isEmpty {
            members.append(.init("acts", .array(undone.map { .integer(Int64(clamping: $0.value)) })))
        }
        return .object(members)
    }

    /// Reads the object of the record at `offset`; nil for anything else, also of a later version.
    public init?(_ object: JSONValue, at offset: Offset) {
        guard let kind = object["act"]?.text.flatMap(Kind.init(rawValue:)),
            let incident = object["incident"]?.text, let actor = object["by"]?.text,
            let time = object["time"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let reason = object["reason"]?.text
        else { return nil }
        self.init(kind: kind, incident: incident, actor: actor, time: time, reason: reason)
        self.offset = offset
        assignee = object["assignee"]?.text ?? ""
        query = object["query"]?.text ?? ""
        if let size = object["holds"]?["size"]?.integer.flatMap({ Int(exactly: $0) }), size >= 0,
            let sha256 = object["holds"]?["sha256"]?.text
        {
            holds = HoldsMark(size: size, sha256: sha256)
        }
        let listed = object["alerts"]?.elements ?? []
        marks = listed.compactMap { AlertMark($0) }
        other = object["other"]?.text ?? ""
        let others = object["other_alerts"]?.elements ?? []
        otherMarks = others.compactMap { AlertMark($0) }
        let acts = object["acts"]?.elements ?? []
        undone = acts.compactMap { $0.integer.flatMap { UInt64(exactly: $0) }.map { Offset($0) } }
        guard marks.count == listed.count, marks.count <= IncidentAct.markCountMax,
            otherMarks.count == others.count, otherMarks.count <= IncidentAct.markCountMax,
            undone.count == acts.count
        else { return nil }
        if let parts = object["scope"]?.elements {
            let scope = parts.compactMap { $0.text.flatMap(SuppressionScope.init(rawValue:)) }
            guard scope.count == parts.count, !scope.isEmpty,
                let from = object["from"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
                let until = object["until"]?.text.flatMap({ UTCTime(rfc3339: $0) })
            else { return nil }
            suppression = Suppression(scope: scope, from: from, until: until)
        }
        switch kind {
        case .close, .split, .acknowledge: guard !marks.isEmpty else { return nil }
        case .assign: guard !marks.isEmpty, !assignee.isEmpty else { return nil }
        case .note: guard !marks.isEmpty, !reason.isEmpty else { return nil }
        case .merge: guard !marks.isEmpty, !otherMarks.isEmpty, !other.isEmpty else { return nil }
        case .reveal: guard !reason.isEmpty else { return nil }
        case .hold: guard holds != nil else { return nil }
        case .undo: guard !undone.isEmpty else { return nil }
        }
    }
}

extension AlertMark {
    /// An element of `alerts`.
    var json: JSONValue {
        .object([
            .init("rule", .text(rule)), .init("key", .texts(key)), .init("first", .text(first.description)),
            .init("last", .text(last.description)), .init("devices", .texts(devices)),
            .init("users", .texts(users)), .init("addresses", .texts(addresses)),
        ])
    }

    /// Reads an element of `alerts`; nil for anything else.
    init?(_ object: JSONValue) {
        func texts(_ name: String) -> [String]? {
            guard let elements = object[name]?.elements else { return nil }
            let texts = elements.compactMap(\.text)
            return texts.count == elements.count ? texts : nil
        }
        guard let rule = object["rule"]?.text, let key = texts("key"), let devices = texts("devices"),
            let users = texts("users"), let addresses = texts("addresses"),
            let first = object["first"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let last = object["last"]?.text.flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        self.rule = rule
        self.key = key
        self.first = first
        self.last = last
        self.devices = devices
        self.users = users
        self.addresses = addresses
    }
}
