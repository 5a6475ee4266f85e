// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// One test of one field against values.
struct FieldTest: Sendable {
    enum Test: Sendable {
        case patterns([TextPattern], exact: Set<[UInt8]>, all: Bool)
        case null
        case exists(Bool)
        case compare(Comparison, [Double])
        case networks([IPPrefix])
        case reference(RuleField, cased: Bool)
    }

    enum Comparison: String, Sendable {
        case lessThan = "lt"
        case lessOrEqual = "lte"
        case greaterThan = "gt"
        case greaterOrEqual = "gte"

        func holds(_ left: Double, _ right: Double) -> Bool {
            switch self {
            case .lessThan: left < right
            case .lessOrEqual: left <= right
            case .greaterThan: left > right
            case .greaterOrEqual: left >= right
            }
        }
    }

    let field: RuleField
    let test: Test
    let isNegated: Bool

    func matches(_ candidate: Candidate) -> Bool { isNegated != holds(candidate.values(field), candidate) }

    private func holds(_ values: [[UInt8]], _ candidate: Candidate) -> Bool {
        switch test {
        case .patterns(let patterns, let exact, let all):
            if all {
                return patterns.allSatisfy { pattern in values.contains { pattern.matches($0) } }
            }
            return values.contains { value in
                !exact.isEmpty && exact.contains(value.map(TextPattern.folded))
                    || patterns.contains { $0.matches(value) }
            }
        case .null: return values.isEmpty
        case .exists(let wanted): return values.isEmpty != wanted
        case .compare(let comparison, let numbers):
            return values.contains { value in
                guard let number = Double(String(decoding: value, as: UTF8.self)) else { return false }
                return numbers.contains { comparison.holds(number, $0) }
            }
        case .networks(let prefixes):
            return values.contains { value in
                guard let address = IPAddress(value.span) else { return false }
                return prefixes.contains { $0.contains(address) }
            }
        case .reference(let other, let cased):
            let others = candidate.values(other)
            return values.contains { value in
                others.contains {
                    cased ? $0 == value : $0.map(TextPattern.folded) == value.map(TextPattern.folded)
                }
            }
        }
    }
}

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
            guard case .reference(let other, _) = test.test else { return [test.field] }
            return [test.field, other]
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
