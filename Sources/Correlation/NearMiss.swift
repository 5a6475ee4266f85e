// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Inventory

/// How near events came to a rule that did not speak.
public struct NearMiss: Sendable {
    /// Offset of the nearest event; nil for a correlation, and without events.
    public var offset: Offset?
    /// What was wanted and not there, one reason each.
    public var reasons: [String]

    /// Looks for it.
    ///
    /// Joined facts are those of the events' times; what earlier alerts add to them is not there.
    ///
    /// - Parameters:
    ///   - rule: name, id or title.
    ///   - batches: events of the case.
    /// - Returns: nil for a rule that the set does not have.
    public static func find(
        _ rule: String,
        in rules: RuleSet,
        _ batches: [EventBatch],
        register: AssetRegister
    ) -> NearMiss? {
        let numbers = rules.headers.indices.filter { number in
            let header = rules.headers[number]
            return [header.name, header.id, header.title].contains(rule)
        }
        guard let number = numbers.first else { return nil }
        let candidates = placed(batches, register)
        guard number < rules.detections.count else {
            return correlation(rules.correlations[number - rules.detections.count], rules, candidates)
        }
        return detection(rules.detections[number], candidates)
    }

    /// The events with what they join, in order of time.
    private static func placed(_ batches: [EventBatch], _ register: AssetRegister) -> [Candidate] {
        var surroundings = Surroundings(register: register)
        var pending = PendingEvents()
        for batch in batches where !batch.events.isEmpty {
            let number = pending.hold(batch)
            for index in batch.events.indices { pending.add(index, of: number) }
        }
        var found: [Candidate] = []
        while let next = pending.next() {
            let candidate = next.placed(in: surroundings.situation(of: next))
            surroundings.observe(candidate)
            found.append(candidate)
        }
        return found
    }

    private static func correlation(
        _ rule: CorrelationRule,
        _ rules: RuleSet,
        _ candidates: [Candidate]
    ) -> NearMiss {
        let reasons = rule.sources.compactMap { source -> String? in
            guard source < rules.detections.count else { return nil }
            let base = rules.detections[source]
            let count = candidates.count { base.matches($0) }
            return "`\(base.definition.header.reference)` matches \(count) of \(candidates.count) events"
        }
        return NearMiss(offset: nil, reasons: reasons)
    }

    private static func detection(_ rule: DetectionRule, _ candidates: [Candidate]) -> NearMiss {
        var best = NearMiss(offset: nil, reasons: ["there is no event"])
        var bestShare = -1.0
        for candidate in candidates {
            guard !rule.matches(candidate) else {
                return NearMiss(
                    offset: candidate.event.offset,
                    reasons: ["it matches, but no alert of the rule's own is raised"]
                )
            }
            let (share, reasons) = misses(rule.definition, candidate)
            if share > bestShare {
                bestShare = share
                best = NearMiss(offset: candidate.event.offset, reasons: reasons)
            }
        }
        return best
    }

    /// The share of wanted entries that hold, and what does not.
    private static func misses(
        _ definition: DetectionDefinition,
        _ candidate: Candidate
    ) -> (Double, [String]) {
        let names = definition.searches.map(\.name)
        var negated: Set<String> = []
        for text in definition.conditions {
            guard let condition = try? ConditionParser.parse(text.text, names: names, at: text.position)
            else { continue }
            negated.formUnion(condition.negatedNames)
        }
        var (held, count) = (0.0, 0.0)
        var reasons: [String] = []
        for search in definition.searches {
            let isWanted = !negated.contains(search.name)
            count += 1
            if holds(search.definition, definition, candidate) == isWanted {
                held += 1
            } else if !isWanted {
                reasons.append("`\(search.name)` holds and must not")
            } else {
                let parts = entries(search.definition)
                let wrong = parts.filter { !holds($0, definition, candidate) }
                held += Double(parts.count - wrong.count) / Double(parts.count + 1)
                reasons.append("`\(search.name)` fails at " + wrong.map(label).joined(separator: ", "))
            }
        }
        return (held / max(count, 1), reasons)
    }

    private static func entries(_ search: SearchDefinition) -> [SearchDefinition] {
        guard case .all(let parts) = search else { return [search] }
        return parts
    }

    private static func label(_ search: SearchDefinition) -> String {
        guard case .field(let name, let modifiers, _, _) = search else { return "each alternative" }
        return "`" + ([name.isEmpty ? "(any field)" : name] + modifiers).joined(separator: "|") + "`"
    }

    /// Whether one search holds, by a rule of that search alone.
    private static func holds(
        _ search: SearchDefinition,
        _ definition: DetectionDefinition,
        _ candidate: Candidate
    ) -> Bool {
        var alone = definition
        alone.searches = [DetectionDefinition.Search(name: "s", definition: search)]
        alone.conditions = [RuleText("s", definition.header.position)]
        return (try? DetectionRule(compiling: alone))?.matches(candidate) ?? false
    }
}

extension Condition {
    /// Names that stand under an odd number of `not`.
    var negatedNames: Set<String> { signedNames(isNegated: false) }

    private func signedNames(isNegated: Bool) -> Set<String> {
        switch self {
        case .name(let name): isNegated ? [name] : []
        case .not(let inner): inner.signedNames(isNegated: !isNegated)
        case .and(let parts), .or(let parts):
            parts.reduce(into: []) { $0.formUnion($1.signedNames(isNegated: isNegated)) }
        }
    }
}
