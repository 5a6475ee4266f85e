// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Searches and the condition over them as one tree.
indirect enum CompiledSearch: Sendable {
    case all([CompiledSearch])
    case any([CompiledSearch])
    case not(CompiledSearch)
    case test(FieldTest)

    /// Fields that it reads.
    var fields: Set<RuleField> {
        switch self {
        case .all(let parts), .any(let parts): return parts.reduce(into: []) { $0.formUnion($1.fields) }
        case .not(let inner): return inner.fields
        case .test(let test): return Set(test.field.sources + test.test.references.flatMap(\.sources))
        }
    }

    /// Whether an event of that decoder can match, as far as tests of the decoder tell.
    func mayMatch(decoder: String) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.mayMatch(decoder: decoder) }
        case .any(let parts): parts.contains { $0.mayMatch(decoder: decoder) }
        case .not: true
        case .test(let test):
            test.field != .envelope(.decoder) || !test.test.references.isEmpty || test.accepts(decoder)
        }
    }

    func matches(_ candidate: Candidate) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.matches(candidate) }
        case .any(let parts): parts.contains { $0.matches(candidate) }
        case .not(let inner): !inner.matches(candidate)
        case .test(let test): test.matches(candidate)
        }
    }
}

/// A detection rule ready to run.
struct DetectionRule: Sendable {
    var definition: DetectionDefinition
    /// What an event must be like.
    var test: CompiledSearch
    let groupBy: [RuleField]
    let groupNames: [String]
    /// Actions that can match; nil for any.
    var actions: Set<Action>?
    /// Whether a match needs a site fact, so that events outside every zone and asset can be skipped.
    var needsSite: Bool
    /// Searches that the condition does not use.
    let idleSearches: [String]
    /// Whether it raises alerts of its own.
    var raisesAlerts = true

    func matches(_ candidate: Candidate) -> Bool { test.matches(candidate) }

    /// What is odd about the rule and does not keep it from running.
    var warnings: [RuleError] {
        var found = idleSearches.map { name in
            RuleError(
                definition.conditions.first?.position ?? definition.header.position,
                "the condition does not use the search `\(name)`"
            )
        }
        if let actions, actions.isEmpty {
            found.append(
                RuleError(
                    definition.header.position,
                    "the rule can match no event: none has the `action` that it asks for; "
                        + "docs/events.md lists them"
                )
            )
        }
        return found
    }
}

extension DetectionRule {
    /// Whether a filter for this log source covers that of the rule: what it names is the same there.
    func isCovered(by logsource: [String: String]) -> Bool {
        logsource.allSatisfy { $0.key == "definition" || definition.logsource[$0.key] == $0.value }
    }

    /// Narrows the rule: it matches only where the filter's condition holds too.
    mutating func narrow(by filter: DetectionRule) {
        test = .all([test, filter.test])
        actions = DetectionRule.actions(test)
        needsSite = DetectionRule.needsSite(test)
        // A narrowed rule is another rule: its alerts have other identities.
        definition.fingerprint += "+" + filter.definition.fingerprint
    }
}
