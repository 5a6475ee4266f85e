// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A correlation rule ready to run.
struct CorrelationRule: Sendable {
    let definition: CorrelationDefinition
    /// Sources in the order of `rules`: indices into the rule set (detections first, then correlations).
    let sources: [Int]
    /// For each source, the field of each group key.
    let groupFields: [[RuleField]]
    let groupNames: [String]
    let countedField: RuleField?
    /// Index in `sources` of the rule whose absence is asked for (`a and not b`); nil if none.
    let absentSource: Int?
    var raisesAlerts = true
}

/// Rules compiled together: detections, and correlations over them.
public struct RuleSet: Sendable {
    var detections: [DetectionRule]
    var correlations: [CorrelationRule]
    /// Detections to try, by action number.
    private(set) var byAction: [[Int]]
    /// Correlations fed by a rule: index of detection, or detections.count + index of correlation.
    private(set) var feeds: [[(correlation: Int, source: Int)]]
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
                guard definition.rules.allSatisfy({ set.number(of: $0) != nil }) else {
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
        for definition in waiting {
            let missing = definition.rules.first { set.number(of: $0) == nil } ?? ""
            errors.append(
                RuleError(
                    definition.position,
                    "there is no rule with the id or name `\(missing)` to correlate"
                )
            )
        }
        set.index()
        return (set, errors)
    }

    private init(detections: [DetectionRule]) {
        self.detections = detections
        correlations = []
        byAction = []
        feeds = []
        actionNeedsSite = []
    }

    /// The number of a rule by id or name.
    private func number(of reference: String) -> Int? {
        headers.firstIndex { $0.id == reference || !$0.name.isEmpty && $0.name == reference }
    }

    private mutating func add(_ definition: CorrelationDefinition) throws(RuleError) {
        let sources = definition.rules.compactMap(number)
        var groupFields: [[RuleField]] = []
        for reference in definition.rules {
            var fields: [RuleField] = []
            for name in definition.groupBy {
                let mapped = definition.aliases[name].map { $0[reference] ?? name } ?? name
                guard let field = RuleField(name: mapped) else {
                    throw RuleError(definition.position, RuleField.unknown(mapped))
                }
                fields.append(field)
            }
            groupFields.append(fields)
        }
        var counted: RuleField?
        if definition.kind == .valueCount {
            guard let field = RuleField(name: definition.countedField), !definition.countedField.isEmpty
            else {
                throw RuleError(definition.position, RuleField.unknown(definition.countedField))
            }
            counted = field
        }
        let absent = try absentSource(definition)
        if !definition.generatesBase {
            for source in sources { silence(source) }
        }
        correlations.append(
            CorrelationRule(
                definition: definition,
                sources: sources,
                groupFields: groupFields,
                groupNames: definition.groupBy,
                countedField: counted,
                absentSource: absent
            )
        )
    }

    /// Reads `a and not b`; any other boolean text is refused until the whole of SEP 198 is evaluated.
    private func absentSource(_ definition: CorrelationDefinition) throws(RuleError) -> Int? {
        guard !definition.condition.isEmpty else { return nil }
        let words = definition.condition.split(separator: " ").map(String.init)
        guard definition.kind == .temporal, words.count == 4, words[1] == "and", words[2] == "not",
            let present = definition.rules.firstIndex(of: words[0]),
            let absent = definition.rules.firstIndex(of: words[3]), present != absent
        else {
            throw RuleError(
                definition.position,
                "this version evaluates the condition `A and not B` of a temporal correlation only"
            )
        }
        return absent
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
            fields.formUnion(rule.groupBy)
            for search in rule.searches.values { fields.formUnion(search.fields) }
        }
        for rule in correlations {
            fields.formUnion(rule.groupFields.joined())
            if let counted = rule.countedField { fields.insert(counted) }
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
