// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Events that feed one rule: matches of its base detections, and what correlations below it make of them.
///
/// Outside judgement: nothing is raised, no verdict is fed back, and who was silent is not asked.
struct RuleFeed: Sendable {
    /// An event that feeds a correlation.
    struct Item: Sendable {
        var candidate: Candidate
        /// Place among the sources of the correlation.
        var source: Int
    }

    let rules: RuleSet
    /// Number of the rule: detections, then correlations.
    let number: Int
    /// Numbers of the detections that it stands on, itself if it is one; ascending.
    let bases: [Int]
    /// Events by the detection that they match, in the order of judgement.
    private(set) var matched: [Int: [Candidate]] = [:]

    init(_ number: Int, of rules: RuleSet) {
        self.rules = rules
        self.number = number
        bases = RuleFeed.bases(of: number, rules).sorted()
    }

    private static func bases(of number: Int, _ rules: RuleSet) -> Set<Int> {
        guard number >= rules.detections.count else { return [number] }
        return rules.correlations[number - rules.detections.count].sources.reduce(into: []) {
            $0.formUnion(bases(of: $1, rules))
        }
    }

    /// The rule as a correlation; nil if it is none.
    var correlation: CorrelationRule? {
        number < rules.detections.count ? nil : rules.correlations[number - rules.detections.count]
    }

    /// Takes an event; true if a base matches it.
    mutating func take(_ candidate: Candidate) -> Bool {
        var isWanted = false
        for base in bases where rules.detections[base].matches(candidate) {
            take(candidate, matching: base)
            isWanted = true
        }
        return isWanted
    }

    /// Takes an event of which it is known that a base matches it.
    mutating func take(_ candidate: Candidate, matching base: Int) {
        matched[base, default: []].append(candidate.detached)
    }

    /// What feeds a rule below.
    func part(_ source: Int) -> RuleFeed {
        var part = RuleFeed(source, of: rules)
        part.matched = matched.filter { part.bases.contains($0.key) }
        return part
    }

    /// What feeds the rule, in the order of judgement.
    var items: [Item] { correlation.map { items(of: $0) } ?? [] }

    /// What feeds a correlation at one of its sources.
    private func candidates(_ source: Int) -> [Candidate] {
        guard source >= rules.detections.count else { return matched[source] ?? [] }
        return matches(of: rules.correlations[source - rules.detections.count])
    }

    private func items(of rule: CorrelationRule) -> [Item] {
        var found: [Item] = []
        for (place, source) in rule.sources.enumerated() {
            found += candidates(source).map { Item(candidate: $0, source: place) }
        }
        return found.sorted { left, right in
            guard left.candidate.isSame(as: right.candidate) else {
                return left.candidate.isJudged(before: right.candidate)
            }
            return left.source < right.source
        }
    }

    /// What a correlation finds, as events that feed the next one.
    private func matches(of rule: CorrelationRule) -> [Candidate] {
        var state = CorrelationState(rule: rule)
        var found: [GroupWindows.Match] = []
        for item in items(of: rule) {
            found += expire(&state, through: item.candidate.event.time.advanced(by: -1))
            found += state.add(item.candidate, from: item.source)
        }
        found += expire(&state, through: UTCTime(nanoseconds: .max))
        return found.compactMap { match in
            guard let last = match.candidates.last else { return nil }
            var situation = last.situation
            situation.carriedAssets = match.candidates.flatMap(\.situation.involvedAssets)
            return last.placed(
                in: situation,
                carrying: match.candidates.flatMap { $0.carried + [$0.witness] }
            )
        }
    }

    private func expire(_ state: inout CorrelationState, through time: UTCTime) -> [GroupWindows.Match] {
        var found: [GroupWindows.Match] = []
        while let due = state.nextDue, due <= time { found += state.expired(through: due, Coverage()) }
        return found
    }

    /// What the rule at a source is called.
    func name(ofSource place: Int) -> String {
        guard let source = correlation?.sources[place] else { return "" }
        return rules.headers[source].reference
    }
}
