// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Timelines

/// Facts of the journal about verdicts: canonical, so that a judgement made again can be compared with them.
enum VerdictFacts {
    static func alert(
        _ name: String,
        _ alert: Alert,
        replacing old: String = "",
        because reason: String = ""
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("fact", .text(name)), .init("id", .text(alert.id)), .init("rule", .text(alert.rule)),
            .init("level", .text(alert.level.name)), .init("key", .texts(alert.key)),
            .init("first", .text(alert.first.description)), .init("last", .text(alert.last.description)),
            .init("count", .integer(Int64(alert.count))), .init("cause", .integer(Int64(alert.cause.value))),
            .init("evidence", .array(alert.evidence.map { .integer(Int64($0.offset.value)) })),
        ]
        if let order = alert.order { members.append(.init("order", .text(order.name))) }
        if !alert.coverageGap.isEmpty { members.append(.init("unknown", .text(alert.coverageGap))) }
        if !old.isEmpty { members.append(.init("replaces", .text(old))) }
        if !reason.isEmpty { members.append(.init("because", .text(reason))) }
        return .object(members)
    }

    /// What was told of an alert does not hold any more.
    static func retracted(_ alert: Alert, _ reason: String) -> JSONValue {
        .object([
            .init("fact", .text("alert.retracted")), .init("id", .text(alert.id)),
            .init("rule", .text(alert.rule)), .init("because", .text(reason)),
        ])
    }

    static func provisional(_ ids: [String]) -> JSONValue {
        .object([.init("fact", .text("provisional.set")), .init("alerts", .texts(ids))])
    }

    static func incident(_ name: String, _ incident: Incident, origin: IncidentOrigin? = nil) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("fact", .text(name)), .init("id", .text(incident.id)),
            .init("severity", .text(incident.severity.name)),
            .init("alerts", .texts(incident.alerts.map(\.id))),
            .init("devices", .texts(incident.devices)),
        ]
        if incident.state != .new { members.append(.init("state", .text(incident.state.rawValue))) }
        if let origin {
            members.append(.init("from", .text(origin.incident)))
            members.append(.init("because", .text(origin.reason)))
        }
        return .object(members)
    }

    /// What an operator decided, with the offset of its record.
    static func act(_ act: IncidentAct) -> JSONValue {
        let name =
            switch act.kind {
            case .close: "act.closed"
            case .merge: "act.merged"
            case .split: "act.split"
            case .acknowledge: "act.acknowledged"
            case .assign: "act.assigned"
            case .note: "act.noted"
            case .reveal: "act.revealed"
            case .hold: "act.held"
            case .undo: "act.undone"
            }
        var members: [JSONValue.Member] = [
            .init("fact", .text(name)), .init("id", .text("\(act.offset)")),
        ]
        if case .object(let said) = act.json {
            members += said.filter { !["act", "alerts", "other_alerts"].contains($0.name) }
        }
        return .object(members)
    }

    /// Whether a close keeps an alert from opening an incident, and which.
    static func suppression(_ alert: String, _ suppression: Alert.Suppression?) -> JSONValue {
        .object([
            .init("fact", .text(suppression == nil ? "suppression.ended" : "suppression.applied")),
            .init("id", .text(alert)),
            .init("incident", suppression.map { .text($0.incident) } ?? .null),
            .init("act", suppression.map { .integer(Int64(clamping: $0.act.value)) } ?? .null),
        ])
    }

    /// An incident is none any more: its alerts repeat what was closed as benign.
    static func suppressed(_ id: String, _ suppression: Alert.Suppression) -> JSONValue {
        .object([
            .init("fact", .text("incident.suppressed")), .init("id", .text(id)),
            .init("by", .text(suppression.incident)),
            .init("act", .integer(Int64(clamping: suppression.act.value))),
        ])
    }

    /// An incident is none of its own any more; its alerts are in `heirs`.
    static func retired(_ id: String, into heirs: [String], because reason: String) -> JSONValue {
        let name = heirs.isEmpty ? "retracted" : heirs.count > 1 ? "split" : "merged"
        return .object([
            .init("fact", .text("incident." + name)), .init("id", .text(id)),
            .init("into", heirs.count > 1 ? .texts(heirs) : heirs.first.map(JSONValue.text) ?? .null),
            .init("because", .text(reason)),
        ])
    }

    static func loss(_ offset: Offset, _ source: String, _ count: Int64, before number: Int64) -> JSONValue {
        .object([
            .init("fact", .text("loss.sequence")), .init("id", .text(String(offset.value))),
            .init("source", .text(source)), .init("count", .integer(count)),
            .init("before", .integer(number)),
        ])
    }

    static func refused(_ reason: String) -> JSONValue {
        .object([.init("fact", .text("content.refused")), .init("reason", .text(reason))])
    }

    /// What a record at `offset` says of a listener.
    static func intake(_ name: String, _ fact: JSONValue, _ offset: Offset) -> JSONValue {
        var members: [JSONValue.Member] = [.init("fact", .text(name)), .init("id", .text("\(offset)"))]
        if case .object(let said) = fact { members += said.filter { !["fact", "id"].contains($0.name) } }
        return .object(members)
    }

    private static let determinismName = "determinism.error"

    /// How many of `facts` say that a conclusion of the journal was not reached again.
    static func determinismCount(_ facts: [JSONValue]) -> Int {
        facts.count { $0["fact"]?.text == determinismName }
    }

    static func determinism(_ fact: String) -> JSONValue {
        .object([
            .init("fact", .text(determinismName)),
            .init("reason", .text("a verdict in the journal was not reached again")),
            .init("was", .text(fact)),
        ])
    }
}
