// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Normalization

/// Keys under `wardline:` that belong to correlations and say what Sigma has no word for.
extension SigmaDocumentReader {
    /// The keys.
    static let correlationBlockKeys = ["sequence", "absence", "window", "gap", "first-seen", "baseline"]

    /// Reads them from `block` into `definition`.
    func extend(_ definition: inout CorrelationDefinition, _ block: YAMLNode) throws(RuleError) {
        var extras = CorrelationExtension()
        if let node = block["sequence"] { extras.sequence = try sequence(node) }
        if let node = block["absence"] { extras.absence = try absence(node) }
        extras.sessionGap = try session(block)
        if let node = block["first-seen"] { extras.firstSeen = try firstSeen(node) }
        if let node = block["baseline"] { extras.baseline = try baseline(node, definition) }
        definition.extras = extras
        try check(definition, block)
    }

    /// The error for a key that is not known, with the nearest that is.
    func unknown(_ key: YAMLScalar, _ name: String, _ known: [String]) -> RuleError {
        let nearest = Spelling.suggestion(for: key.text, among: known)
        let all = known.joined(separator: ", ")
        return RuleError(
            position(key.mark),
            "`\(name)` has no key `\(key.text)`" + (nearest.isEmpty ? "; it has \(all)" : nearest)
        )
    }

    /// Members of a mapping that has these keys and no others.
    private func members(_ node: YAMLNode, _ name: String, only known: [String]) throws(RuleError) {
        for (key, _) in try members(node, name) where !known.contains(key.text) {
            throw unknown(key, name, known)
        }
    }

    private func number(_ node: YAMLNode, _ name: String, in range: ClosedRange<Int>) throws(RuleError) -> Int
    {
        guard let number = node.scalar?.integer, let found = Int(exactly: number), range.contains(found)
        else {
            throw error(node, "`\(name)` is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return found
    }

    private func sequence(_ node: YAMLNode) throws(RuleError) -> CorrelationExtension.Sequence {
        try members(node, "sequence", only: ["steps", "until"])
        guard let steps = node["steps"]?.elements, !steps.isEmpty else {
            throw error(node, "`sequence` needs `steps`: a list of rules, or of mappings with `rule`")
        }
        guard steps.count <= CorrelationBounds.stepCountMax else {
            throw error(node, "a sequence has at most \(CorrelationBounds.stepCountMax) steps; join some")
        }
        var found: [CorrelationExtension.Step] = []
        for step in steps { found.append(try self.step(step, isFirst: found.isEmpty)) }
        var until: [RuleText] = []
        if let node = node["until"] { until = try names(node, "until") }
        return CorrelationExtension.Sequence(steps: found, until: until)
    }

    private func step(_ node: YAMLNode, isFirst: Bool) throws(RuleError) -> CorrelationExtension.Step {
        guard node.members != nil else {
            return CorrelationExtension.Step(rule: RuleText(try words(node, "steps"), position(node.mark)))
        }
        try members(node, "steps", only: ["rule", "within", "runs", "join"])
        guard let rule = node["rule"] else { throw error(node, "the step names no `rule`") }
        var step = CorrelationExtension.Step(rule: RuleText(try words(rule, "rule"), position(rule.mark)))
        if let value = node["runs"] {
            step.runs = try number(value, "runs", in: 1...CorrelationBounds.runCountMax)
        }
        for key in ["within", "join"] where isFirst {
            if let wrong = node[key] {
                throw error(wrong, "nothing comes before the first step, so it has no `\(key)`")
            }
        }
        step.within = try node["within"].map(duration)
        step.joins = try node["join"].map(joins) ?? []
        return step
    }

    private func joins(_ node: YAMLNode) throws(RuleError) -> [CorrelationExtension.Join] {
        var found: [CorrelationExtension.Join] = []
        for (key, value) in try members(node, "join") {
            found.append(
                CorrelationExtension.Join(
                    field: RuleText(key.text, position(key.mark)),
                    earlier: RuleText(try words(value, key.text), position(value.mark))
                )
            )
        }
        return found
    }

    private func absence(_ node: YAMLNode) throws(RuleError) -> CorrelationExtension.Absence {
        try members(node, "absence", only: ["rule", "within", "silence", "join"])
        guard let rule = node["rule"] else {
            throw error(node, "`absence` names no `rule`: which one must not match")
        }
        return CorrelationExtension.Absence(
            rule: RuleText(try words(rule, "rule"), position(rule.mark)),
            within: try node["within"].map(duration),
            silence: try node["silence"].map(duration),
            joins: try node["join"].map(joins) ?? []
        )
    }

    private func session(_ block: YAMLNode) throws(RuleError) -> Int64? {
        guard let window = block["window"] else {
            if let wrong = block["gap"] { throw error(wrong, "`gap` goes with `window: session`") }
            return nil
        }
        switch try text(window) {
        case "sliding":
            if let wrong = block["gap"] { throw error(wrong, "`gap` goes with `window: session`") }
            return nil
        case "session":
            guard let gap = block["gap"] else {
                throw error(window, "`window: session` needs a `gap`: the longest time between its events")
            }
            return try duration(gap)
        default: throw error(window, "`window` is sliding or session")
        }
    }

    private func firstSeen(_ node: YAMLNode) throws(RuleError) -> CorrelationExtension.FirstSeen {
        try members(node, "first-seen", only: ["fields", "learn", "forget"])
        guard let fields = node["fields"], let learn = node["learn"] else {
            throw error(node, "`first-seen` needs `fields` and `learn`, how long a key only learns")
        }
        return CorrelationExtension.FirstSeen(
            fields: try names(fields, "fields"),
            learning: try duration(learn),
            forgetting: try node["forget"].map(duration)
        )
    }

    private func baseline(
        _ node: YAMLNode,
        _ definition: CorrelationDefinition
    ) throws(RuleError) -> CorrelationExtension.Baseline {
        try members(node, "baseline", only: ["days", "min-days", "factor", "of"])
        guard let daysNode = node["days"], let factorNode = node["factor"] else {
            throw error(node, "`baseline` needs `days` and `factor`")
        }
        let days = try number(daysNode, "days", in: 1...CorrelationBounds.baselineDayCountMax)
        guard case .number(let factor, _) = try scalar(factorNode), factor > 0, factor <= 1_000_000 else {
            throw error(factorNode, "`factor` is a number above 0")
        }
        var measure = CorrelationExtension.Baseline.Measure.mean
        if let value = node["of"] {
            guard let found = CorrelationExtension.Baseline.Measure(rawValue: try text(value)) else {
                throw error(value, "`of` is mean or max")
            }
            measure = found
        }
        let day: Int64 = 86_400 * 1_000_000_000
        guard definition.kind == .eventCount, day % definition.timespan == 0 else {
            throw error(
                node,
                "`baseline` goes with an event_count whose `timespan` divides a day, such as 1h"
            )
        }
        return CorrelationExtension.Baseline(
            days: days,
            leastDays: try node["min-days"].map { node throws(RuleError) in
                try number(node, "min-days", in: 1...days)
            } ?? days,
            factor: factor,
            measure: measure
        )
    }

    /// What cannot stand together.
    private func check(_ definition: CorrelationDefinition, _ block: YAMLNode) throws(RuleError) {
        let extras = definition.extras
        if let node = block["sequence"] ?? block["absence"] {
            guard definition.kind == .temporalOrdered else {
                throw error(node, "`sequence` and `absence` belong to a temporal_ordered")
            }
            guard definition.condition == nil, definition.thresholds.isEmpty else {
                throw error(node, "with `sequence` or `absence` the correlation has no `condition`")
            }
            for key in ["window", "first-seen"] {
                if let wrong = block[key] { throw error(wrong, "`\(key)` does not go with steps") }
            }
            try checkUse(definition, node)
        }
        if let node = block["baseline"], extras.sessionGap != nil || block["regular"] != nil {
            throw error(node, "`baseline` goes without `window: session` and `regular`")
        }
        if let node = block["regular"], extras.sessionGap != nil {
            throw error(node, "`regular` goes without `window: session`")
        }
    }

    /// Every listed rule is a step, an end or the absent one.
    private func checkUse(_ definition: CorrelationDefinition, _ node: YAMLNode) throws(RuleError) {
        guard let sequence = definition.extras.sequence else { return }
        var used = Set(sequence.steps.map(\.rule.text) + sequence.until.map(\.text))
        if let absent = definition.extras.absence { used.insert(absent.rule.text) }
        for rule in definition.rules where !used.contains(rule.text) {
            throw RuleError(rule.position, "no step uses the rule `\(rule.text)`; remove it or add a step")
        }
    }
}
