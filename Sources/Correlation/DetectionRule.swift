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
    var definition: DetectionDefinition
    var condition: Condition
    var searches: [String: CompiledSearch]
    let groupBy: [RuleField]
    let groupNames: [String]
    /// Actions that can match; nil for any.
    var actions: Set<Action>?
    /// Whether a match needs a site fact, so that events outside every zone and asset can be skipped.
    var needsSite: Bool
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

extension DetectionRule {
    /// Whether a filter for this log source covers that of the rule: what it names is the same there.
    func isCovered(by logsource: [String: String]) -> Bool {
        logsource.allSatisfy { $0.key == "definition" || definition.logsource[$0.key] == $0.value }
    }

    /// Narrows the rule: it matches only where the filter's condition holds too.
    mutating func narrow(by filter: DetectionRule) {
        // No file can write this character into the name of a search.
        let prefix = "\u{0}" + filter.definition.fingerprint + "\u{0}"
        for (name, search) in filter.searches { searches[prefix + name] = search }
        condition = .and([condition, filter.condition.renamed { prefix + $0 }])
        actions = DetectionRule.actions(condition, searches)
        needsSite = DetectionRule.needsSite(condition, searches)
        // A narrowed rule is another rule: its alerts have other identities.
        definition.fingerprint += "+" + filter.definition.fingerprint
    }
}

extension Condition {
    fileprivate func renamed(_ name: (String) -> String) -> Condition {
        switch self {
        case .name(let old): .name(name(old))
        case .not(let inner): .not(inner.renamed(name))
        case .and(let parts): .and(parts.map { $0.renamed(name) })
        case .or(let parts): .or(parts.map { $0.renamed(name) })
        }
    }
}
