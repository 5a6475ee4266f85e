// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel

/// A technique of ATT&CK that rules of an incident name.
public struct IncidentTechnique: Hashable, Codable, Sendable {
    /// Such as `T1562.001`.
    public var id: String
    /// Matrix that it is of.
    public var matrix: AttackMatrix
    /// Version of the matrix.
    public var version: String
    /// Names of its tactics, in order.
    public var tactics: [String]

    /// A technique as a rule's tags have it.
    public init(_ technique: AttackTechnique) {
        id = technique.id
        matrix = technique.matrix
        version = AttackMatrix.version
        tactics = technique.tactics.map(\.name)
    }

    /// Techniques that the tags of one rule name.
    public static func all(in tags: [String]) -> [IncidentTechnique] {
        AttackTechnique.read(tags).techniques.map { IncidentTechnique($0) }
    }

    /// Techniques of the rules of `alerts`, by matrix and id.
    static func all(of alerts: [Alert]) -> [IncidentTechnique] {
        var found: [String: IncidentTechnique] = [:]
        for tags in Set(alerts.map(\.tags)) {
            for technique in all(in: tags) {
                let known = found[technique.id]?.tactics ?? []
                found[technique.id] = technique
                // In the order of the matrix, also where rules name different ones.
                found[technique.id]?.tactics = AttackTactic.all.filter { tactic in
                    tactic.matrix == technique.matrix
                        && (known.contains(tactic.name) || technique.tactics.contains(tactic.name))
                }.map(\.name)
            }
        }
        return found.values.sorted { ($0.matrix, $0.id) < ($1.matrix, $1.id) }
    }

    /// An element of `attack` in output.
    public var json: JSONValue {
        .object([
            .init("id", .text(id)), .init("matrix", .text(matrix.rawValue)),
            .init("version", .text(version)), .init("tactics", .texts(tactics)),
        ])
    }

    /// Reads an element of `attack`; nil for anything else.
    public init?(_ object: JSONValue) {
        guard let id = object["id"]?.text, let version = object["version"]?.text,
            let matrix = object["matrix"]?.text.flatMap(AttackMatrix.init(rawValue:)),
            let tactics = object["tactics"]?.elements
        else { return nil }
        self.id = id
        self.matrix = matrix
        self.version = version
        self.tactics = tactics.compactMap(\.text)
    }
}

/// A stage of an attack that an incident has come to: a tactic, and when.
public struct IncidentStage: Hashable, Codable, Sendable {
    /// Such as `TA0008`.
    public var id: String
    /// Such as `lateral-movement`.
    public var name: String
    /// Matrix that it is of.
    public var matrix: AttackMatrix
    /// Version of the matrix.
    public var version: String
    /// First witness of an alert at this stage.
    public var first: UTCTime
    /// Last witness of one.
    public var last: UTCTime

    /// Stages of `alerts` in the order of their matrices.
    static func all(of alerts: [Alert]) -> [IncidentStage] {
        var tacticsByTags: [[String]: [AttackTactic]] = [:]
        var times: [AttackTactic: ClosedRange<UTCTime>] = [:]
        for alert in alerts where alert.first <= alert.last {
            let tactics =
                tacticsByTags[alert.tags]
                ?? {
                    let (techniques, named) = AttackTechnique.read(alert.tags)
                    return Array(Set(techniques.flatMap(\.tactics) + named))
                }()
            tacticsByTags[alert.tags] = tactics
            for tactic in tactics {
                let known = times[tactic] ?? alert.first...alert.last
                times[tactic] = min(known.lowerBound, alert.first)...max(known.upperBound, alert.last)
            }
        }
        return times.sorted { $0.key < $1.key }.map { tactic, range in
            IncidentStage(
                id: tactic.id,
                name: tactic.name,
                matrix: tactic.matrix,
                version: AttackMatrix.version,
                first: range.lowerBound,
                last: range.upperBound
            )
        }
    }

    /// An element of `stages` in `schemas/output/incident-v1.schema.json`.
    public var json: JSONValue {
        .object([
            .init("id", .text(id)), .init("name", .text(name)), .init("matrix", .text(matrix.rawValue)),
            .init("version", .text(version)), .init("first", .text(first.description)),
            .init("last", .text(last.description)),
        ])
    }
}

extension IncidentStage {
    /// Reads an element of `stages`; nil for anything else.
    public init?(_ object: JSONValue) {
        guard let id = object["id"]?.text, let name = object["name"]?.text,
            let matrix = object["matrix"]?.text.flatMap(AttackMatrix.init(rawValue:)),
            let version = object["version"]?.text,
            let first = object["first"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let last = object["last"]?.text.flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        self.init(id: id, name: name, matrix: matrix, version: version, first: first, last: last)
    }
}
