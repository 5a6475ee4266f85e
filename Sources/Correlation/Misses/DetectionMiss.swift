// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Looks for the event that comes nearest to a detection, one event after the other.
struct DetectionMiss: Sendable {
    /// A search with its tests ready to run one by one.
    private indirect enum Node: Sendable {
        case all([Node])
        case any([Node])
        case field(FieldTest?, label: String, wanted: String)
    }

    /// How much of what is wanted holds.
    private struct Score {
        /// 0...1; 1 if all holds.
        var share: Double
        /// Tests that are wanted and hold.
        var held: Int
    }

    private let rule: DetectionRule
    private let searches: [String: Node]
    private let conditions: [Condition]
    private var best: (score: Score, candidate: Candidate)?
    /// Events looked at.
    private(set) var eventCount = 0
    /// Whether an event had a field beyond the envelope that the rule tests.
    private(set) var hasField = false

    private let fields: [RuleField]

    init(_ rule: DetectionRule) {
        self.rule = rule
        let definition = rule.definition
        let names = definition.searches.map(\.name)
        conditions = definition.conditions.compactMap { text in
            try? ConditionParser.parse(text.text, names: names, at: text.position)
        }
        var nodes: [String: Node] = [:]
        for search in definition.searches {
            nodes[search.name] = DetectionMiss.node(search.definition, definition)
        }
        searches = nodes
        fields = rule.test.fields.filter { field in
            if case .envelope = field { return false }
            return field != .any
        }
    }

    private static func node(_ search: SearchDefinition, _ definition: DetectionDefinition) -> Node {
        switch search {
        case .all(let parts): return .all(parts.map { node($0, definition) })
        case .any(let parts): return .any(parts.map { node($0, definition) })
        case .field(let name, let modifiers, let values, let position):
            let test = try? FieldTest(
                name: name,
                modifiers: modifiers,
                values: values.map(\.scalar),
                placeholders: definition.placeholders,
                position: position
            )
            let label = ([name.isEmpty ? "(any field)" : name] + modifiers).joined(separator: "|")
            let shown = values.prefix(3).map { value in
                value.scalar == .null ? "null" : NearMiss.shortened(value.scalar.text)
            }
            let rest = values.count > 3 ? " or \(values.count - 3) more" : ""
            return .field(test, label: label, wanted: shown.joined(separator: ", ") + rest)
        }
    }

    /// Takes the next event that the rule does not match.
    mutating func take(_ candidate: Candidate) {
        eventCount += 1
        if !hasField { hasField = fields.contains { candidate.has($0) { _ in true } } }
        guard let score = bestCondition(candidate)?.score else { return }
        if let best, (score.share, score.held) <= (best.score.share, best.score.held) { return }
        best = (score, candidate.detached)
    }

    private func bestCondition(_ candidate: Candidate) -> (score: Score, condition: Condition)? {
        var found: (score: Score, condition: Condition)?
        for condition in conditions {
            let score = score(condition, true, candidate)
            if let found, found.score.share >= score.share { continue }
            found = (score, condition)
        }
        return found
    }

    /// The nearest event and what it lacks; nil without events.
    func result() -> NearMiss? {
        guard let (score, candidate) = best, let (_, condition) = bestCondition(candidate) else { return nil }
        var tests = self.tests(condition, true, candidate)
        // The conditions hold: what does not is a filter that was joined to them.
        if tests.isEmpty {
            tests = [NearMiss.Test(search: "", label: "", wanted: "", found: [], isForbidden: true)]
        }
        var miss = NearMiss(offset: candidate.event.offset, reasons: DetectionMiss.reasons(tests))
        miss.events = [candidate.witness]
        miss.tests = tests
        miss.share = score.share
        miss.isNear = score.held > 0 || hasField && tests.contains { !$0.found.isEmpty }
        return miss
    }

    // MARK: - How much holds

    private func score(_ condition: Condition, _ isWanted: Bool, _ candidate: Candidate) -> Score {
        switch condition {
        case .name(let name):
            guard let node = searches[name] else { return Score(share: 0, held: 0) }
            if isWanted { return score(node, candidate) }
            return Score(share: holds(node, candidate) ? 0 : 1, held: 0)
        case .not(let inner): return score(inner, !isWanted, candidate)
        case .and(let parts), .or(let parts):
            let scores = parts.map { score($0, isWanted, candidate) }
            return DetectionMiss.isAnd(condition, isWanted)
                ? DetectionMiss.mean(scores) : DetectionMiss.most(scores)
        }
    }

    /// `not (a or b)` wants neither.
    private static func isAnd(_ condition: Condition, _ isWanted: Bool) -> Bool {
        if case .and = condition { return isWanted }
        return !isWanted
    }

    private func score(_ node: Node, _ candidate: Candidate) -> Score {
        switch node {
        case .all(let parts): return DetectionMiss.mean(parts.map { score($0, candidate) })
        case .any(let parts): return DetectionMiss.most(parts.map { score($0, candidate) })
        case .field(let test, _, _):
            let holds = test?.matches(candidate) ?? false
            return Score(share: holds ? 1 : 0, held: holds ? 1 : 0)
        }
    }

    private static func mean(_ scores: [Score]) -> Score {
        guard !scores.isEmpty else { return Score(share: 1, held: 0) }
        return Score(
            share: scores.reduce(0) { $0 + $1.share } / Double(scores.count),
            held: scores.reduce(0) { $0 + $1.held }
        )
    }

    private static func most(_ scores: [Score]) -> Score {
        scores.max { ($0.share, $0.held) < ($1.share, $1.held) } ?? Score(share: 0, held: 0)
    }

    private func holds(_ node: Node, _ candidate: Candidate) -> Bool {
        switch node {
        case .all(let parts): parts.allSatisfy { holds($0, candidate) }
        case .any(let parts): parts.contains { holds($0, candidate) }
        case .field(let test, _, _): test?.matches(candidate) ?? false
        }
    }

    // MARK: - What does not hold

    private func tests(
        _ condition: Condition,
        _ isWanted: Bool,
        _ candidate: Candidate
    ) -> [NearMiss.Test] {
        switch condition {
        case .name(let name):
            guard let node = searches[name], holds(node, candidate) != isWanted else { return [] }
            guard isWanted else {
                return [NearMiss.Test(search: name, label: "", wanted: "", found: [], isForbidden: true)]
            }
            return tests(node, name, candidate)
        case .not(let inner): return tests(inner, !isWanted, candidate)
        case .and(let parts), .or(let parts):
            if DetectionMiss.isAnd(condition, isWanted) {
                return parts.flatMap { tests($0, isWanted, candidate) }
            }
            let scores = parts.map { score($0, isWanted, candidate) }
            let most = DetectionMiss.most(scores)
            guard let index = scores.firstIndex(where: { $0.share == most.share && $0.held == most.held })
            else { return [] }
            return tests(parts[index], isWanted, candidate)
        }
    }

    private func tests(_ node: Node, _ search: String, _ candidate: Candidate) -> [NearMiss.Test] {
        switch node {
        case .all(let parts): return parts.flatMap { tests($0, search, candidate) }
        case .any(let parts):
            guard !parts.contains(where: { holds($0, candidate) }) else { return [] }
            let scores = parts.map { score($0, candidate) }
            let most = DetectionMiss.most(scores)
            guard most.share > 0 || parts.count == 1,
                let index = scores.firstIndex(where: { $0.share == most.share && $0.held == most.held })
            else {
                let label = "each of \(parts.count) alternatives"
                return [NearMiss.Test(search: search, label: label, wanted: "", found: [])]
            }
            return tests(parts[index], search, candidate)
        case .field(let test, let label, let wanted):
            guard !(test?.matches(candidate) ?? false) else { return [] }
            let found = test.map { $0.field == .any ? [] : candidate.values($0.field) } ?? []
            return [
                NearMiss.Test(
                    search: search,
                    label: label,
                    wanted: wanted,
                    found: found.prefix(3).map { NearMiss.shortened(String(decoding: $0, as: UTF8.self)) }
                )
            ]
        }
    }

    /// One reason for each search.
    private static func reasons(_ tests: [NearMiss.Test]) -> [String] {
        var names: [String] = []
        for test in tests where !names.contains(test.search) { names.append(test.search) }
        return names.map { name in
            let own = tests.filter { $0.search == name }
            if name.isEmpty { return "a filter narrows the rule and does not let the event pass" }
            if own.contains(where: \.isForbidden) { return "`\(name)` holds and must not" }
            return "`\(name)` fails at " + own.map(\.words).joined(separator: ", ")
        }
    }
}
