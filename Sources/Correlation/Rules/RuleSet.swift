// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Rules compiled together: detections, and correlations over them.
public struct RuleSet: Sendable {
    var detections: [DetectionRule]
    var correlations: [CorrelationRule]
    /// What each detection tests, beside the rest of it: the loop over rules copies one reference.
    private(set) var tests: [CompiledSearch] = []
    /// Detections that an event can match.
    private(set) var gate: RuleGate
    /// Correlations fed by a rule: index of detection, or detections.count + index of correlation.
    private(set) var feeds: [[(correlation: Int, source: Int)]]
    /// Numbers of rules by id and by name.
    private var numbers: [String: Int] = [:]
    /// For each correlation, how many correlations stand on each other up to it.
    private var levels: [Int] = []
    /// Detections that can match without any fact of the site.
    private(set) var siteless: RuleBits

    /// A rule that is right and not in force.
    public struct Inactive: Sendable {
        /// Title, level, author and so on.
        public var header: RuleHeader
        /// Why.
        public var reason: RuleError
    }

    /// Rules whose placeholders have no values, and correlations over such.
    public private(set) var inactive: [Inactive] = []

    /// Fields that any rule names.
    private(set) var fields: Set<RuleField> = []
    /// Whether a rule searches every field.
    var readsEveryField: Bool { fields.contains(.any) }

    /// What is odd about rules and does not keep them from running.
    public var warnings: [RuleError] { detections.flatMap(\.warnings) + inactive.map(\.reason) }

    /// Headers in order: detections, then correlations.
    public var headers: [RuleHeader] {
        detections.map(\.definition.header) + correlations.map(\.definition.header)
    }

    /// Stable texts of the compiled documents, in the same order.
    public var fingerprints: [String] {
        detections.map(\.definition.fingerprint) + correlations.map(\.definition.fingerprint)
    }

    /// Compiles `definitions`; refuses only the documents that are wrong.
    ///
    /// - Returns: the set of those that compile, and an error for each other one.
    public static func compile(_ definitions: [RuleDefinition]) -> (rules: RuleSet, errors: [RuleError]) {
        var errors: [RuleError] = []
        var detections: [DetectionRule] = []
        var inactive: [Inactive] = []
        for case .detection(let definition) in definitions {
            do throws(RuleError) {
                detections.append(try DetectionRule(compiling: definition))
            } catch  where error.leavesInactive {
                inactive.append(Inactive(header: definition.header, reason: error))
            } catch {
                errors.append(error)
            }
        }
        var set = RuleSet(detections: detections)
        set.inactive = inactive
        // In the order of fingerprints, so that the order of files decides no identity.
        let filters = definitions.compactMap { definition -> FilterDefinition? in
            guard case .filter(let found) = definition else { return nil }
            return found
        }.sorted { $0.detection.fingerprint < $1.detection.fingerprint }
        for filter in filters {
            do throws(RuleError) {
                try set.apply(filter)
            } catch {
                errors.append(error)
            }
        }
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
        waiting = set.deactivate(waiting)
        let known = Set(definitions.flatMap { [$0.header.id, $0.header.name] })
        for definition in waiting { errors.append(set.refusal(of: definition, known)) }
        set.index()
        return (set, errors)
    }

    private init(detections: [DetectionRule]) {
        self.detections = detections
        correlations = []
        feeds = []
        gate = RuleGate([])
        siteless = gate.none
        for (number, rule) in detections.enumerated() { name(rule.definition.header, number) }
    }

    /// Makes a rule known by its id and name; the first one of a name keeps it.
    private mutating func name(_ header: RuleHeader, _ number: Int) {
        for name in [header.id, header.name] where !name.isEmpty && numbers[name] == nil {
            numbers[name] = number
        }
    }

    /// Narrows the detections that a filter names, or those that its log source covers.
    ///
    /// - Throws: ``RuleError`` when it is wrong or reaches nothing; then no rule is changed.
    private mutating func apply(_ filter: FilterDefinition) throws(RuleError) {
        let compiled = try DetectionRule(compiling: filter.detection)
        var targets = detections.indices.filter { detections[$0].isCovered(by: filter.detection.logsource) }
        if !filter.rules.isEmpty {
            let covered = Set(targets)
            targets = []
            for rule in filter.rules {
                guard let number = numbers[rule.text] else {
                    throw RuleError(
                        rule.position,
                        "there is no detection with the id or name `\(rule.text)` to filter"
                    )
                }
                guard covered.contains(number) else {
                    throw RuleError(
                        rule.position,
                        "the `logsource` of the filter does not cover the rule `\(rule.text)`; widen it"
                    )
                }
                targets.append(number)
            }
        }
        guard !targets.isEmpty else {
            throw RuleError(
                filter.detection.header.position,
                "the `logsource` of the filter covers no detection; name category, product and service as "
                    + "they do"
            )
        }
        for number in targets { detections[number].narrow(by: compiled) }
    }

    private mutating func add(_ definition: CorrelationDefinition) throws(RuleError) {
        var rule = try CorrelationRule(compiling: definition, numbers: numbers)
        rule.lag =
            rule.sources.map { $0 < detections.count ? 0 : correlations[$0 - detections.count].delay }.max()
            ?? 0
        let level =
            1 + (rule.sources.map { $0 < detections.count ? 0 : levels[$0 - detections.count] }.max() ?? 0)
        guard level <= CorrelationBounds.levelCountMax else {
            throw RuleError(
                definition.position,
                "more than \(CorrelationBounds.levelCountMax) correlations stand on each other; join some"
            )
        }
        levels.append(level)
        if !definition.generatesBase {
            for source in rule.sources { silence(source) }
        }
        name(definition.header, detections.count + correlations.count)
        correlations.append(rule)
    }

    /// Sets aside correlations that build on inactive rules; returns the others.
    private mutating func deactivate(_ waiting: [CorrelationDefinition]) -> [CorrelationDefinition] {
        var waiting = waiting
        var count = -1
        while count != inactive.count {
            count = inactive.count
            let names = Set(inactive.flatMap { [$0.header.id, $0.header.name] }.filter { !$0.isEmpty })
            waiting.removeAll { definition in
                guard let base = definition.references.first(where: { names.contains($0.text) }) else {
                    return false
                }
                let reason = RuleError(
                    base.position,
                    "the rule `\(base.text)` is inactive, so this one is",
                    leavesInactive: true
                )
                inactive.append(Inactive(header: definition.header, reason: reason))
                return true
            }
        }
        return waiting
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
            fields.formUnion(rule.test.fields)
        }
        for rule in correlations {
            fields.formUnion(rule.groupFields.joined().flatMap(\.sources))
            fields.formUnion(rule.countedFields.flatMap(\.sources))
            fields.formUnion(rule.firstSeenFields.flatMap(\.sources))
            fields.formUnion(rule.sequence?.fields ?? [])
        }
        gate = RuleGate(detections)
        tests = detections.map(\.test)
        siteless = gate.none
        for (number, rule) in detections.enumerated() where !rule.needsSite { siteless.insert(number) }
        feeds = Array(repeating: [], count: detections.count + correlations.count)
        for (number, rule) in correlations.enumerated() {
            for (position, source) in rule.sources.enumerated() { feeds[source].append((number, position)) }
        }
    }

    /// Whether correlation `number` can hold only with facts of the site.
    private func needsSite(_ number: Int) -> Bool {
        let rule = correlations[number]
        func needs(_ source: Int) -> Bool {
            let found = rule.sources[source]
            return found < detections.count
                ? detections[found].needsSite : needsSite(found - detections.count)
        }
        if let sequence = rule.sequence {
            var ways: [Bool] = []
            for stage in sequence.stages {
                if stage.isFirst { ways.append(false) }
                if needs(stage.source) { ways[ways.count - 1] = true }
            }
            return ways.allSatisfy { $0 }
        }
        guard rule.terms.isEmpty else {
            return rule.terms.allSatisfy { $0.present.contains(where: needs) }
        }
        return rule.sources.indices.allSatisfy(needs)
    }

    /// Shortest silence of a source that makes an absence unknown; nil if no rule asks for absences.
    ///
    /// - Parameter hasSite: Whether any fact of the site is known; without one, what needs it cannot hold.
    func silence(hasSite: Bool) -> Int64? {
        correlations.indices.compactMap { hasSite || !needsSite($0) ? correlations[$0].silence : nil }.min()
    }
}
