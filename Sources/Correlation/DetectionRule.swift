// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A search with AND and OR.
indirect enum CompiledSearch: Sendable {
    case all([CompiledSearch])
    case any([CompiledSearch])
    case test(FieldTest)

    /// Fields that it reads.
    var fields: Set<RuleField> {
        switch self {
        case .all(let parts), .any(let parts): return parts.reduce(into: []) { $0.formUnion($1.fields) }
        case .test(let test):
            return Set((test.field.sources + test.test.references.flatMap(\.sources)))
        }
    }

    func matches(_ candidate: Candidate) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.matches(candidate) }
        case .any(let parts): parts.contains { $0.matches(candidate) }
        case .test(let test): test.matches(candidate)
        }
    }
}

/// A detection rule ready to run.
struct DetectionRule: Sendable {
    let definition: DetectionDefinition
    let condition: Condition
    let searches: [String: CompiledSearch]
    let groupBy: [RuleField]
    let groupNames: [String]
    /// Actions that can match; nil for any.
    let actions: Set<Action>?
    /// Whether a match needs a site fact, so that events outside every zone and asset can be skipped.
    let needsSite: Bool
    /// Whether it raises alerts of its own.
    var raisesAlerts = true

    func matches(_ candidate: Candidate) -> Bool { DetectionRule.holds(condition, searches, candidate) }

    private static func holds(
        _ condition: Condition,
        _ searches: [String: CompiledSearch],
        _ candidate: Candidate
    ) -> Bool {
        switch condition {
        case .name(let name): searches[name]?.matches(candidate) ?? false
        case .not(let inner): !holds(inner, searches, candidate)
        case .and(let parts): parts.allSatisfy { holds($0, searches, candidate) }
        case .or(let parts): parts.contains { holds($0, searches, candidate) }
        }
    }
}
