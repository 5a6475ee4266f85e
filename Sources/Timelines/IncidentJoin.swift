// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel

/// What kind of thing alerts can share, or why else they stand together.
public enum JoinKind: String, Hashable, Comparable, Codable, Sendable, CaseIterable {
    /// A device or system of the inventory.
    case asset
    /// A person's account.
    case user
    /// An address of no asset.
    case address
    /// A service, binary, signature or hash.
    case artefact
    /// A session or change.
    case session
    /// An operator said so.
    case act

    /// In the order of names.
    public static func < (left: JoinKind, right: JoinKind) -> Bool { left.rawValue < right.rawValue }
}

/// Why two alerts are of one incident: an edge of its graph.
///
/// The joins of an incident make a tree: one fewer than alerts, each the first that was found between parts.
public struct IncidentJoin: Hashable, Codable, Sendable {
    /// Alert with the earlier first witness.
    public var first: String
    /// Its rule.
    public var firstRule: String
    /// The other alert.
    public var second: String
    /// Its rule.
    public var secondRule: String
    /// What they share.
    public var kind: JoinKind
    /// Which one; for an act its offset and reason.
    public var value: String
    /// Last witness of the first alert.
    public var from: UTCTime
    /// First witness of the second one; may lie before ``from``.
    public var to: UTCTime

    /// Makes an edge between alerts.
    init(_ first: Alert, _ second: Alert, _ kind: JoinKind, _ value: String) {
        self.first = first.id
        firstRule = first.rule
        self.second = second.id
        secondRule = second.rule
        self.kind = kind
        self.value = value
        from = first.last
        to = second.first
    }

    /// The edge in words.
    public var text: String {
        kind == .act
            ? "\(firstRule) and \(secondRule) are one incident by \(value)"
            : "\(firstRule) and \(secondRule) share \(kind.rawValue) \(value)"
    }

    /// An element of `joins` in `schemas/output/incident-v1.schema.json`.
    public var json: JSONValue {
        .object([
            .init("first", .text(first)), .init("first_rule", .text(firstRule)),
            .init("second", .text(second)), .init("second_rule", .text(secondRule)),
            .init("kind", .text(kind.rawValue)), .init("value", .text(value)),
            .init("from", .text(from.description)), .init("to", .text(to.description)),
        ])
    }

    /// Reads an element of `joins`; nil for anything else.
    public init?(_ object: JSONValue) {
        guard let first = object["first"]?.text, let firstRule = object["first_rule"]?.text,
            let second = object["second"]?.text, let secondRule = object["second_rule"]?.text,
            let kind = object["kind"]?.text.flatMap(JoinKind.init(rawValue:)),
            let value = object["value"]?.text,
            let from = object["from"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let to = object["to"]?.text.flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        self.first = first
        self.firstRule = firstRule
        self.second = second
        self.secondRule = secondRule
        self.kind = kind
        self.value = value
        self.from = from
        self.to = to
    }
}

/// A thing that alerts of an incident are about: a node of its graph, with edges to those alerts.
public struct IncidentEntity: Hashable, Codable, Sendable {
    /// Entities of an incident that are listed: 256.
    ///
    /// Beyond it those of the fewest alerts are left out.
    static let countMax = 256
    /// Alerts that an entity names: 32, the earliest; `count` has all.
    static let alertCountMax = 32

    /// What kind of thing; never an act.
    public var kind: JoinKind
    /// Which one.
    public var value: String
    /// Alerts that are about it, the earliest ones.
    public var alerts: [String]
    /// Number of alerts that are about it.
    public var count: Int
    /// First witness of those.
    public var first: UTCTime
    /// Last witness of those.
    public var last: UTCTime

    /// The entities of `alerts`, by kind and value.
    static func all(of alerts: [Alert]) -> [IncidentEntity] {
        struct Name: Hashable {
            var kind: JoinKind
            var value: String
        }
        var found: [Name: IncidentEntity] = [:]
        for alert in alerts {
            for (kind, value) in alert.entities {
                let name = Name(kind: kind, value: value)
                var entity =
                    found[name]
                    ?? IncidentEntity(
                        kind: kind,
                        value: value,
                        alerts: [],
                        count: 0,
                        first: alert.first,
                        last: alert.last
                    )
                entity.count += 1
                if entity.alerts.count < alertCountMax { entity.alerts.append(alert.id) }
                entity.first = min(entity.first, alert.first)
                entity.last = max(entity.last, alert.last)
                found[name] = entity
            }
        }
        let kept = found.values.sorted {
            ($1.count, $0.kind, $0.value) < ($0.count, $1.kind, $1.value)
        }.prefix(countMax)
        return kept.sorted { ($0.kind, $0.value) < ($1.kind, $1.value) }
    }

    /// An element of `entities` in `schemas/output/incident-v1.schema.json`.
    public var json: JSONValue {
        .object([
            .init("kind", .text(kind.rawValue)), .init("value", .text(value)),
            .init("alerts", .texts(alerts)), .init("count", .integer(Int64(count))),
            .init("first", .text(first.description)), .init("last", .text(last.description)),
        ])
    }
}

extension IncidentEntity {
    /// Reads an element of `entities`; nil for anything else.
    public init?(_ object: JSONValue) {
        guard let kind = object["kind"]?.text.flatMap(JoinKind.init(rawValue:)),
            let value = object["value"]?.text, let alerts = object["alerts"]?.elements,
            let count = object["count"]?.integer,
            let first = object["first"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let last = object["last"]?.text.flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        self.init(
            kind: kind,
            value: value,
            alerts: alerts.compactMap(\.text),
            count: Int(clamping: count),
            first: first,
            last: last
        )
    }
}

extension Alert {
    /// What it is about, as alerts join by it: names of people and artefacts without case.
    var entities: [(kind: JoinKind, value: String)] {
        assets.map { (.asset, $0) } + users.map { (.user, $0.lowercased()) }
            + addresses.map { (.address, $0) } + artefacts.map { (.artefact, $0.lowercased()) }
            + sessions.map { (.session, $0) }
    }
}
