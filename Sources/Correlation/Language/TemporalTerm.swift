// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// One way in which the condition of a temporal correlation can hold: rules that must match and rules that
/// must not, by their place in `rules`.
///
/// A boolean condition is an `or` of terms (SEP 198).
struct TemporalTerm: Hashable, Sendable {
    /// Ascending; at least one.
    var present: [Int]
    /// Ascending.
    var absent: [Int]

    /// Most terms of a condition: 64.
    ///
    /// Each is looked at whenever a rule matches; a condition that needs more is refused.
    static let countMax = 64

    /// Rules whose absence is asked for after the first match, which only time can tell.
    ///
    /// In order, a rule listed before all that must match is asked for before them: that is known at once.
    func absentAfter(inOrder: Bool) -> [Int] {
        guard inOrder, let first = present.first else { return absent }
        return absent.filter { $0 > first }
    }

    /// Rules that must not have matched before, in order only.
    func absentBefore(inOrder: Bool) -> [Int] {
        guard inOrder, let first = present.first else { return [] }
        return absent.filter { $0 < first }
    }

    /// Whether the verdict waits for the window to close.
    func waits(inOrder: Bool) -> Bool { !absentAfter(inOrder: inOrder).isEmpty }

    /// The terms of a boolean condition over `names`.
    ///
    /// - Throws: ``RuleError`` for grammar, unknown and unused names, what holds without any match, and too
    ///   many terms.
    static func terms(of condition: RuleText, _ names: [String]) throws(RuleError) -> [TemporalTerm] {
        let tree = try ConditionParser.parse(
            condition.text,
            names: names,
            selectors: false,
            at: condition.position
        )
        let used = ConditionParser.names(in: condition.text)
        if let unused = names.first(where: { !used.contains($0) }) {
            throw RuleError(
                condition.position,
                "the condition does not use the rule `\(unused)`; use it or take it out of `rules`"
            )
        }
        let found = try terms(tree, isNegated: false, names, condition.position)
        guard found.allSatisfy({ !$0.present.isEmpty }) else {
            throw RuleError(
                condition.position,
                "the condition holds when nothing matches; join `not` by `and` with a rule that must match"
            )
        }
        guard !found.isEmpty else {
            throw RuleError(condition.position, "the condition contradicts itself and never holds")
        }
        return found
    }

    private static func terms(
        _ condition: Condition,
        isNegated: Bool,
        _ names: [String],
        _ position: RulePosition
    ) throws(RuleError) -> [TemporalTerm] {
        switch condition {
        case .name(let name):
            guard let index = names.firstIndex(of: name) else { return [] }
            return [TemporalTerm(present: isNegated ? [] : [index], absent: isNegated ? [index] : [])]
        case .not(let inner): return try terms(inner, isNegated: !isNegated, names, position)
        case .and(let parts) where !isNegated, .or(let parts) where isNegated:
            var found = [TemporalTerm(present: [], absent: [])]
            for part in parts {
                let next = try terms(part, isNegated: isNegated, names, position)
                found = found.flatMap { left in next.compactMap { left.joined(with: $0) } }
                try limit(found.count, position)
            }
            return distinct(found)
        case .and(let parts), .or(let parts):
            var found: [TemporalTerm] = []
            for part in parts { found += try terms(part, isNegated: isNegated, names, position) }
            try limit(found.count, position)
            return distinct(found)
        }
    }

    /// Both terms at once; nil when one wants what the other forbids.
    private func joined(with other: TemporalTerm) -> TemporalTerm? {
        let present = Set(present).union(other.present)
        let absent = Set(absent).union(other.absent)
        guard present.isDisjoint(with: absent) else { return nil }
        return TemporalTerm(present: present.sorted(), absent: absent.sorted())
    }

    private static func distinct(_ terms: [TemporalTerm]) -> [TemporalTerm] {
        terms.enumerated().filter { index, term in !terms[..<index].contains(term) }.map(\.element)
    }

    private static func limit(_ count: Int, _ position: RulePosition) throws(RuleError) {
        guard count > countMax else { return }
        throw RuleError(
            position,
            "the condition has more than \(countMax) ways to hold; split it into several correlations"
        )
    }

    /// The terms of `condition: {gte: N}`: any N of the rules.
    static func terms(
        counting definition: CorrelationDefinition,
        _ count: Int
    ) throws(RuleError) -> [TemporalTerm] {
        guard definition.thresholds.count == 1, let threshold = definition.thresholds.first,
            ["gt", "gte"].contains(threshold.operation)
        else {
            throw RuleError(
                definition.position,
                "a temporal correlation takes `gt` or `gte` of the number of rules, or a boolean condition"
            )
        }
        let least =
            threshold.operation == "gt" ? threshold.value.rounded(.down) + 1 : threshold.value.rounded(.up)
        guard least >= 1, least <= Double(count) else {
            throw RuleError(
                definition.position,
                "of \(count) rules, 1 to \(count) can match; mend the condition"
            )
        }
        var found: [[Int]] = [[]]
        for remaining in (0..<Int(least)).reversed() {
            found = found.flatMap { chosen in
                (((chosen.last ?? -1) + 1)..<(count - remaining)).map { chosen + [$0] }
            }
            try limit(found.count, definition.position)
        }
        return found.map { TemporalTerm(present: $0, absent: []) }
    }
}
