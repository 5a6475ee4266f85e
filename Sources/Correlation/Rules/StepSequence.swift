// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The ways in which an ordered correlation can complete, each a chain of stages, ready to run.
struct StepSequence: Sendable {
    /// A field of one event that must equal a field of an earlier one.
    struct Join: Hashable, Sendable {
        var field: RuleField
        var earlier: RuleField

        /// Whether some value of the field stands among those of the earlier one, case aside.
        func holds(_ candidate: Candidate, after earlierCandidate: Candidate) -> Bool {
            let known = earlierCandidate.values(earlier).map(Join.folded)
            return candidate.values(field).contains { known.contains(Join.folded($0)) }
        }

        private static func folded(_ value: [UInt8]) -> String {
            String(decoding: value, as: UTF8.self).lowercased()
        }
    }

    /// One step of one way.
    struct Stage: Hashable, Sendable {
        var source: Int
        var runs: Int
        var within: Int64?
        var joins: [Join]
        var isFirst: Bool
        var isLast: Bool
    }

    /// What must not follow the last stage.
    struct Absence: Hashable, Sendable {
        var source: Int
        var within: Int64
        var silence: Int64
        var joins: [Join]
    }

    /// Stages of all ways, one way after the other.
    private(set) var stages: [Stage] = []
    /// Stages by source, last ones first: an event takes the latest place first.
    private var stagesBySource: [[Int]] = []
    /// Sources whose match ends what is not complete.
    var until: Set<Int> = []
    var absence: Absence?

    /// Stages that a match of `source` may take, last ones first.
    func stages(of source: Int) -> [Int] {
        source < stagesBySource.count ? stagesBySource[source] : []
    }

    private mutating func add(_ stage: Stage) {
        while stagesBySource.count <= stage.source { stagesBySource.append([]) }
        stagesBySource[stage.source].insert(stages.count, at: 0)
        stages.append(stage)
    }
}

extension StepSequence {
    /// The ways of a `temporal_ordered` whose rules must all match, in order.
    init(_ terms: [TemporalTerm]) {
        for term in terms {
            for (place, source) in term.present.enumerated() {
                add(
                    Stage(
                        source: source,
                        runs: 1,
                        within: nil,
                        joins: [],
                        isFirst: place == 0,
                        isLast: place == term.present.count - 1
                    )
                )
            }
        }
    }

    /// Compiles `wardline.sequence` and `wardline.absence`; `references` are the rules in order of their
    /// sources.
    init(compiling definition: CorrelationDefinition, _ references: [RuleText]) throws(RuleError) {
        let extras = definition.extras
        func source(_ rule: RuleText) throws(RuleError) -> Int {
            guard let found = references.firstIndex(where: { $0.text == rule.text }) else {
                throw RuleError(rule.position, "`rules` does not list `\(rule.text)`; add it there")
            }
            return found
        }
        var steps = extras.sequence?.steps ?? []
        if extras.sequence == nil {
            let absent = extras.absence?.rule.text
            steps = references.filter { $0.text != absent }.map { CorrelationExtension.Step(rule: $0) }
        }
        guard !steps.isEmpty else {
            throw RuleError(
                definition.position,
                "nothing comes before the absence; name a rule that must match"
            )
        }
        for (place, step) in steps.enumerated() {
            add(
                Stage(
                    source: try source(step.rule),
                    runs: step.runs,
                    within: step.within,
                    joins: try StepSequence.joins(step.joins),
                    isFirst: place == 0,
                    isLast: place == steps.count - 1
                )
            )
        }
        for rule in extras.sequence?.until ?? [] { until.insert(try source(rule)) }
        guard let absent = extras.absence else { return }
        let within = absent.within ?? definition.timespan
        absence = Absence(
            source: try source(absent.rule),
            within: within,
            silence: absent.silence ?? within,
            joins: try StepSequence.joins(absent.joins)
        )
    }

    private static func joins(_ joins: [CorrelationExtension.Join]) throws(RuleError) -> [Join] {
        var found: [Join] = []
        for join in joins {
            found.append(Join(field: try field(join.field), earlier: try field(join.earlier)))
        }
        return found
    }

    private static func field(_ name: RuleText) throws(RuleError) -> RuleField {
        guard let field = RuleField(name: name.text), field != .any else {
            throw RuleError(name.position, RuleField.unknown(name.text))
        }
        return field
    }

    /// Fields that its joins read.
    var fields: [RuleField] {
        (stages.flatMap(\.joins) + (absence?.joins ?? [])).flatMap { $0.field.sources + $0.earlier.sources }
    }
}
