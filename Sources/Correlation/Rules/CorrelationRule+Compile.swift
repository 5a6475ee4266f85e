// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension CorrelationDefinition {
    /// Rules that it names: `rules`, else those of its condition, in order.
    var references: [RuleText] {
        guard rules.isEmpty else { return rules }
        guard let condition else { return extras.references }
        return ConditionParser.names(in: condition.text).map { RuleText($0, condition.position) }
    }
}

extension CorrelationRule {
    /// Compiles a definition over rules with these numbers.
    ///
    /// - Throws: ``RuleError`` with the place of the fault.
    init(compiling definition: CorrelationDefinition, numbers: [String: Int]) throws(RuleError) {
        let references = definition.references
        var sources: [Int] = []
        for reference in references {
            guard let number = numbers[reference.text] else {
                throw RuleError(
                    reference.position,
                    "there is no rule with the id or name `\(reference.text)` to correlate"
                )
            }
            guard !sources.contains(number) else {
                throw RuleError(
                    reference.position,
                    "the rule `\(reference.text)` is listed twice; remove one"
                )
            }
            sources.append(number)
        }
        self.definition = definition
        self.sources = sources
        groupNames = definition.groupBy.map(\.text)
        groupLabels = groupNames.map { Array(($0 + "=").utf8) }
        groupFields = try CorrelationRule.groupFields(definition, references, numbers)
        countedFields = try CorrelationRule.fields(definition.countedFields)
        thresholds = definition.thresholds.compactMap { threshold in
            Comparison(rawValue: threshold.operation).map { ($0, threshold.value) }
        }
        firstSeenFields = try CorrelationRule.fields(definition.extras.firstSeen?.fields ?? [])
        let isStepwise = definition.extras.sequence != nil || definition.extras.absence != nil
        terms = isStepwise ? [] : try CorrelationRule.terms(definition, references)
        if isStepwise {
            sequence = try StepSequence(compiling: definition, references)
        } else if definition.kind == .temporalOrdered, terms.allSatisfy(\.absent.isEmpty) {
            sequence = StepSequence(terms)
        } else {
            sequence = nil
        }
        let isTemporal = definition.kind == .temporal || definition.kind == .temporalOrdered
        decidesAtClose =
            isStepwise
            ? sequence?.absence != nil
            : isTemporal
                ? terms.contains { $0.waits(inOrder: definition.kind == .temporalOrdered) }
                : thresholds.contains { $0.comparison != .greaterThan && $0.comparison != .greaterOrEqual }
        try CorrelationRule.refuseNever(definition, thresholds)
        try CorrelationRule.refuseEmptyRange(definition, thresholds)
        let extras = definition.extras
        if let gap = extras.sessionGap, gap > definition.timespan {
            throw RuleError(
                definition.position,
                "the `gap` of the session is longer than the `timespan`, so that it never ends one; "
                    + "shorten it"
            )
        }
        for (isAsked, name) in [
            (definition.regularTolerance != nil, "regular"), (extras.firstSeen != nil, "first-seen"),
            (extras.baseline != nil, "baseline"),
        ] where isAsked && decidesAtClose {
            throw RuleError(definition.position, "`\(name)` goes with `gt` or `gte` only")
        }
        if extras.sessionGap != nil, isTemporal, decidesAtClose || definition.kind == .temporalOrdered {
            throw RuleError(
                definition.position,
                "`window: session` goes with counts and plain `temporal` only"
            )
        }
    }

    /// Thresholds must all hold, so they must leave a number between them.
    private static func refuseEmptyRange(
        _ definition: CorrelationDefinition,
        _ thresholds: [(comparison: Comparison, value: Double)]
    ) throws(RuleError) {
        let isWhole = definition.kind == .eventCount || definition.kind == .valueCount
        var least = -Double.infinity
        var most = Double.infinity
        for (comparison, value) in thresholds {
            switch comparison {
            case .greaterThan: least = max(least, isWhole ? value.rounded(.down) + 1 : value.nextUp)
            case .greaterOrEqual: least = max(least, isWhole ? value.rounded(.up) : value)
            case .lessThan: most = min(most, isWhole ? value.rounded(.up) - 1 : value.nextDown)
            case .lessOrEqual: most = min(most, isWhole ? value.rounded(.down) : value)
            case .equal:
                least = max(least, isWhole ? value.rounded(.up) : value)
                most = min(most, isWhole ? value.rounded(.down) : value)
            case .notEqual: break
            }
        }
        let isLeftOut = thresholds.contains { $0.comparison == .notEqual && $0.value == least }
        guard least > most || least == most && isLeftOut else { return }
        throw RuleError(definition.position, "no number passes all of these thresholds; they must all hold")
    }

    /// An event opens a window, so a count below one never comes.
    private static func refuseNever(
        _ definition: CorrelationDefinition,
        _ thresholds: [(comparison: Comparison, value: Double)]
    ) throws(RuleError) {
        guard definition.kind == .eventCount || definition.kind == .valueCount else { return }
        let isNever = thresholds.contains { threshold in
            switch threshold.comparison {
            case .lessThan: threshold.value <= 1
            case .lessOrEqual, .equal: threshold.value < 1
            default: false
            }
        }
        let most = CorrelationBounds.matchesPerGroupMax
        let isUnknown = thresholds.contains { threshold in
            threshold.value > Double(most)
                || threshold.comparison == .greaterThan && threshold.value >= Double(most)
        }
        guard !isUnknown else {
            throw RuleError(
                definition.position,
                "a group keeps \(most) matches, so a greater count is never known; lower the threshold"
            )
        }
        guard isNever else { return }
        throw RuleError(
            definition.position,
            "the count starts at 1, so this never holds; for absence write a temporal correlation with "
                + "`condition: a and not b`"
        )
    }

    private static func groupFields(
        _ definition: CorrelationDefinition,
        _ references: [RuleText],
        _ numbers: [String: Int]
    ) throws(RuleError) -> [[RuleField]] {
        for alias in definition.aliases {
            for entry in alias.fields
            where !references.contains(where: { numbers[$0.text] == numbers[entry.rule.text] }) {
                throw RuleError(
                    entry.rule.position,
                    "the alias `\(alias.name.text)` names the rule `\(entry.rule.text)`, which is not "
                        + "correlated here"
                )
            }
        }
        var found: [[RuleField]] = []
        for reference in references {
            var fields: [RuleField] = []
            for name in definition.groupBy {
                var wanted = name
                if let alias = definition.aliases.first(where: { $0.name.text == name.text }) {
                    // A rule may be listed by its id and aliased by its name.
                    guard
                        let entry = alias.fields.first(where: {
                            numbers[$0.rule.text] == numbers[reference.text]
                        })
                    else {
                        throw RuleError(
                            alias.name.position,
                            "the alias `\(name.text)` has no field for the rule `\(reference.text)`; add one"
                        )
                    }
                    wanted = entry.field
                }
                guard let field = RuleField(name: wanted.text), field != .any else {
                    throw RuleError(wanted.position, RuleField.unknown(wanted.text))
                }
                fields.append(field)
            }
            found.append(fields)
        }
        return found
    }

    private static func fields(_ names: [RuleText]) throws(RuleError) -> [RuleField] {
        var found: [RuleField] = []
        for name in names {
            guard let field = RuleField(name: name.text), field != .any else {
                throw RuleError(name.position, RuleField.unknown(name.text))
            }
            found.append(field)
        }
        return found
    }

    private static func terms(
        _ definition: CorrelationDefinition,
        _ references: [RuleText]
    ) throws(RuleError) -> [TemporalTerm] {
        guard definition.kind == .temporal || definition.kind == .temporalOrdered else { return [] }
        if let condition = definition.condition {
            let terms = try TemporalTerm.terms(of: condition, references.map(\.text))
            let isOrdered = definition.kind == .temporalOrdered
            guard
                terms.allSatisfy({
                    !$0.waits(inOrder: isOrdered) || $0.absentBefore(inOrder: isOrdered).isEmpty
                })
            else {
                throw RuleError(
                    condition.position,
                    "one correlation cannot ask for absence both before and after; write two"
                )
            }
            return terms
        }
        guard !definition.thresholds.isEmpty else {
            return [TemporalTerm(present: Array(references.indices), absent: [])]
        }
        return try TemporalTerm.terms(counting: definition, references.count)
    }
}
