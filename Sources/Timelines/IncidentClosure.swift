// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import WireFormats

/// A close in force of an incident, or of one that became part of it.
public struct IncidentClosure: Hashable, Codable, Sendable {
    /// Offset of the record of the act.
    public var act: Offset
    /// The incident that was closed.
    public var incident: String
    /// Who closed it.
    public var actor: String
    /// When, by the clock of the machine.
    public var time: UTCTime
    /// Why.
    public var reason: String
    /// What a benign close makes silent; nil otherwise.
    public var suppression: IncidentAct.Suppression?
    /// Alerts that it keeps from opening an incident.
    public var silencedCount = 0
    /// Last event of those alerts; absent where there is none.
    public var silencedLast = UTCTime.absent

    /// The closure that `act` is.
    public init(_ act: IncidentAct) {
        self.act = act.offset
        incident = act.incident
        actor = act.actor
        time = act.time
        reason = act.reason
        suppression = act.suppression
    }

    /// An element of `closures` in `schemas/output/incident-v1.schema.json`.
    public var json: JSONValue {
        .object([
            .init("act", .integer(Int64(clamping: act.value))), .init("incident", .text(incident)),
            .init("by", .text(actor)), .init("time", .text(time.description)), .init("reason", .text(reason)),
            .init("benign", .bool(suppression != nil)),
            .init("scope", .texts(suppression?.scope.map(\.rawValue) ?? [])),
            .init("from", suppression.map { .text($0.from.description) } ?? .null),
            .init("until", suppression.map { .text($0.until.description) } ?? .null),
            .init("suppressed", .integer(Int64(silencedCount))),
            .init("suppressed_last", silencedLast.isPresent ? .text(silencedLast.description) : .null),
        ])
    }

    /// Reads an element of `closures`; nil for anything else.
    public init?(_ object: JSONValue) {
        guard let act = object["act"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let incident = object["incident"]?.text, let actor = object["by"]?.text,
            let time = object["time"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let reason = object["reason"]?.text, let count = object["suppressed"]?.integer
        else { return nil }
        self.act = Offset(act)
        self.incident = incident
        self.actor = actor
        self.time = time
        self.reason = reason
        silencedCount = Int(clamping: count)
        silencedLast = object["suppressed_last"]?.text.flatMap { UTCTime(rfc3339: $0) } ?? .absent
        let scope = (object["scope"]?.elements ?? []).compactMap {
            $0.text.flatMap(SuppressionScope.init(rawValue:))
        }
        if let from = object["from"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let until = object["until"]?.text.flatMap({ UTCTime(rfc3339: $0) }), !scope.isEmpty
        {
            suppression = IncidentAct.Suppression(scope: scope, from: from, until: until)
        }
    }
}

extension [IncidentClosure] {
    /// All on one line; empty where there are none.
    public var line: String { isEmpty ? "" : JSONValue.array(map(\.json)).line }

    /// Reads ``line``; what is no closure is left out.
    public init(line: String) {
        let list = line.isEmpty ? nil : try? JSONValue(parsing: line)
        self = (list?.elements ?? []).compactMap { IncidentClosure($0) }
    }
}
