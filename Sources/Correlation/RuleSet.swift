// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Rules compiled together: detections, and correlations over them.
public struct RuleSet: Sendable {
    var detections: [DetectionRule]
    var correlations: [CorrelationRule]
    /// Detections to try, by action number.
    private(set) var byAction: [[Int]]
    /// Correlations fed by a rule: index of detection, or detections.count + index of correlation.
    private(set) var feeds: [[(correlation: Int, source: Int)]]
    /// Numbers of rules by id and by name.
    private var numbers: [String: Int] = [:]
    /// Whether every detection for an action needs a site fact.
    private(set) var actionNeedsSite: [Bool]

    /// Fields that any rule names.
    private(set) var fields: Set<RuleField> = []
    /// Whether a rule searches every field.
    var readsEveryField: Bool { fields.contains(.any) }

    /// Headers in order: detections, then correlations.
    public var headers: [RuleHeader] {
        detections.map(\.definition.header) + correlations.map(\.definition.header)
    }

    /// Compiles `definitions`; refuses only the documents that are wrong.
    ///
    /// - Returns: the set of those that compile, and an error for each other one.
    public static func compile(_ definitions: [RuleDefinition]) -> (rules: RuleSet, errors: [RuleError]) {
        var errors: [RuleError] = []
        var detections: [DetectionRule] = []
        for case .detection(let definition) in definitions {
            do throws(RuleError) {
                detections.append(try DetectionRule(compiling: definition))
            } catch {
                errors.append(error)
            }
        }
        var set = RuleSet(detections: detections)
        var waiting = definitions.compactMap { definition -> CorrelationDefinition? in
            guard case .correlation(let found) = definition else { return nil }
            return found
        }
        var progress = true
        while progress, !waiting.isEmpty {
            progress = false
            var later: [CorrelationDefinition] = []
            for definition in waiting {
                guard definition.references.allSatisfy({ set.numbers[$0.text] != nil }) else {
                    later.append(definition)
                    continue
                }
                progress = true
                do throws(RuleError) {
                    try set.add(definition)
                } catch {
                    errors.append(error)
                }
            }
            waiting = later
        }
        let known = Set(definitions.flatMap { [$0.header.id, $0.header.name] })
        for definition in waiting { errors.append(set.refusal(of: definition, known)) }
        set.index()
        return (set, errors)
    }

    private init(detections: [DetectionRule]) {
        self.detections = detections
        correlations = []
        byAction = []
        feeds = []
        actionNeedsSite = []
        for (number, rule) in detections.enumerated() { name(rule.definition.header, number) }
    }

    /// Makes a rule known by its id and name; the first one of a name keeps it.
    private mutating func name(_ header: RuleHeader, _ number: Int) {
        for name in [header.id, header.name] where !name.isEmpty && numbers[name] == nil {
            numbers[name] = number
        }
    }

    private mutating func add(_ definition: CorrelationDefinition) throws(RuleError) {
        let rule = try CorrelationRule(compiling: definition, numbers: numbers)
        if !definition.generatesBase {
            for source in rule.sources { silence(source) }
        }
        name(definition.header, detections.count + correlations.count)
        correlations.append(rule)
    }

    /// Why a correlation cannot be compiled whose rules are not all there.
    private func refusal(of definition: CorrelationDefinition, _ known: Set<String>) -> RuleError {
        guard let missing = definition.references.first(where: { numbers[$0.text] == nil }) else {
            return RuleError(definition.position, "the correlation cannot be compiled")
        }
        return RuleError(
            missing.position,
            known.contains(missing.text)
                ? "the rule `\(missing.text)` is refused itself, or refers back to this one; "
                    + "put that right first"
                : "there is no rule with the id or name `\(missing.text)` to correlate"
        )
    }

    private mutating func silence(_ source: Int) {
        if source < detections.count {
            detections[source].raisesAlerts = false
        } else {
            correlations[source - detections.count].raisesAlerts = false
        }
    }

    private mutating func index() {
        for number in detections.indices where detections[number].definition.header.isBase { silence(number) }
        for number in correlations.indices where correlations[number].definition.header.isBase {
            silence(detections.count + number)
        }
        for rule in detections {
            fields.formUnion(rule.groupBy.flatMap(\.sources))
            for search in rule.searches.values { fields.formUnion(search.fields) }
        }
        for rule in correlations {
            fields.formUnion(rule.groupFields.joined().flatMap(\.sources))
            fields.formUnion(rule.countedFields.flatMap(\.sources))
        }
        byAction = Array(repeating: [], count: 256)
        actionNeedsSite = Array(repeating: true, count: 256)
        for (number, rule) in detections.enumerated() {
            for action in Action.allCases where rule.actions?.contains(action) ?? true {
                byAction[Int(action.rawValue)].append(number)
                if !rule.needsSite { actionNeedsSite[Int(action.rawValue)] = false }
            }
        }
        feeds = Array(repeating: [], count: detections.count + correlations.count)
        for (number, rule) in correlations.enumerated() {
            for (position, source) in rule.sources.enumerated() { feeds[source].append((number, position)) }
        }
    }
}
