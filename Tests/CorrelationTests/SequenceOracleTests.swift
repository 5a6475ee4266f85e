// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Correlation

/// Sequences and absences against their definition, tried for all combinations of random events.
struct SequenceOracleTests {
    /// A step as the definition has it.
    struct Step: Sendable, CustomTestStringConvertible {
        var source: Int
        var runs = 1
        var within: Int?
        var isJoined = false

        var testDescription: String { "r\(source) x\(runs) within \(within ?? 0) \(isJoined)" }
    }

    static let span = 12

    private static func rule(
        _ steps: [Step],
        until: Int?,
        absent: Step? = nil,
        sources: Int = 4,
        span: Int = span
    ) throws -> CorrelationRule {
        func joins(_ step: Step) -> [CorrelationExtension.Join] {
            guard step.isJoined else { return [] }
            return [.init(field: OracleSets.text("left"), earlier: OracleSets.text("right"))]
        }
        func time(_ seconds: Int?) -> Int64? { seconds.map { Int64($0) * OracleSets.second } }
        func name(_ source: Int) -> RuleText { OracleSets.text("r\(source)") }
        return try OracleSets.rule(.temporalOrdered, sources: sources, span: span) { extras in
            extras.sequence = .init(
                steps: steps.map {
                    .init(rule: name($0.source), runs: $0.runs, within: time($0.within), joins: joins($0))
                },
                until: until.map { [name($0)] } ?? []
            )
            extras.absence = absent.map {
                .init(rule: name($0.source), within: time($0.within), silence: nil, joins: joins($0))
            }
        }
    }

    /// Everything that the definition of a sequence says, tried out.
    private struct Definition {
        let steps: [Step]
        let until: Int?
        let moments: [OracleMoment]

        /// Numbers of moments at which the sequence completes.
        var completions: [Int] {
            moments.indices.filter { last in
                fits(steps.count - 1, last, []) { chain in
                    let start = chain.map { moments[$0].second }.min() ?? 0
                    return moments[last].second - start <= SequenceOracleTests.span && !isEnded(chain)
                }
            }
        }

        /// Whether an end lies between two events of the chain.
        private func isEnded(_ chain: [Int]) -> Bool {
            guard let until, let first = chain.min(), let last = chain.max() else { return false }
            return moments.indices.contains { index in
                moments[index].source == until && moments[index].key == moments[last].key && first < index
                    && index < last
            }
        }

        /// Whether some chain that ends a step at `end` and does not use `used` passes `test`.
        private func fits(_ place: Int, _ end: Int, _ used: [Int], _ test: ([Int]) -> Bool) -> Bool {
            let step = steps[place]
            guard moments[end].source == step.source, !used.contains(end) else { return false }
            return choices(step.runs - 1, step, end, used + [end]) { chosen in
                let own = Array(chosen.dropFirst(used.count))
                guard place > 0 else { return test(chosen) }
                return moments.indices.contains { earlier in
                    guard moments[earlier].key == moments[end].key,
                        own.allSatisfy({ moments[earlier].second <= moments[$0].second }),
                        step.within.map({ moments[end].second - moments[earlier].second <= $0 }) ?? true,
                        !step.isJoined || own.allSatisfy({ moments[$0].left == moments[earlier].right })
                    else { return false }
                    return fits(place - 1, earlier, chosen, test)
                }
            }
        }

        private func choices(
            _ count: Int,
            _ step: Step,
            _ end: Int,
            _ chosen: [Int],
            _ test: ([Int]) -> Bool
        ) -> Bool {
            guard count > 0 else { return test(chosen) }
            return moments.indices.contains { index in
                moments[index].source == step.source && moments[index].key == moments[end].key
                    && moments[index].second <= moments[end].second && !chosen.contains(index)
                    && choices(count - 1, step, end, chosen + [index], test)
            }
        }

        /// Completions that nothing of `absent` follows within its deadline.
        func unanswered(_ absent: Step) -> [Int] {
            completions.filter { last in
                !moments.indices.contains { index in
                    let delay = moments[index].second - moments[last].second
                    return index != last && moments[index].source == absent.source
                        && moments[index].key == moments[last].key && delay >= 0
                        && delay <= (absent.within ?? SequenceOracleTests.span)
                        && (!absent.isJoined || moments[index].left == moments[last].right)
                }
            }
        }
    }

    /// Without the bounds of its steps the rule is a planted mutant.
    private static func unbounded(_ steps: [Step]) -> [Step] {
        steps.map { Step(source: $0.source, runs: max(1, $0.runs - 1)) }
    }

    @Test(
        arguments: [
            ([Step(source: 0), Step(source: 1, within: 4), Step(source: 2)], nil),
            ([Step(source: 0), Step(source: 1, within: 3), Step(source: 2, within: 3)], 3),
            ([Step(source: 0), Step(source: 1, runs: 2), Step(source: 2, within: 5)], nil),
            ([Step(source: 0, runs: 3), Step(source: 1, within: 4)], 2),
            ([Step(source: 0), Step(source: 1, runs: 2, within: 6, isJoined: true)], 2),
            ([Step(source: 0), Step(source: 1, isJoined: true), Step(source: 2, isJoined: true)], 3),
        ] as [([Step], Int?)]
    )
    func `a sequence completes where some chain of events does`(_ steps: [Step], _ until: Int?) throws {
        try OracleSets.compare(
            try Self.rule(steps, until: until),
            mutant: try Self.rule(Self.unbounded(steps), until: until),
            sources: until == nil ? 3 : 4,
            most: 3,
            count: 700
        ) { moments in
            Definition(steps: steps, until: until, moments: moments).completions.map { moments[$0].second }
        }
    }

    @Test(
        arguments: [
            ([Step(source: 0), Step(source: 1, within: 5), Step(source: 0, within: 4)], nil),
            ([Step(source: 0), Step(source: 0, within: 3)], 2),
            ([Step(source: 0, runs: 2), Step(source: 1), Step(source: 0, within: 6)], nil),
            ([Step(source: 1), Step(source: 1, isJoined: true), Step(source: 1, isJoined: true)], nil),
        ] as [([Step], Int?)]
    )
    func `a rule may stand at several steps`(_ steps: [Step], _ until: Int?) throws {
        try OracleSets.compare(
            try Self.rule(steps, until: until),
            mutant: try Self.rule(Self.unbounded(steps), until: until, span: Self.span - 3),
            sources: 3,
            gap: 1,
            most: 2,
            count: 700
        ) { moments in
            Definition(steps: steps, until: until, moments: moments).completions.map { moments[$0].second }
        }
    }

    @Test func `an end in between is what keeps a sequence from completing`() throws {
        let steps = [Step(source: 0), Step(source: 1)]
        try OracleSets.compare(
            try Self.rule(steps, until: 2),
            mutant: try Self.rule(steps, until: nil),
            sources: 3
        ) { moments in
            Definition(steps: steps, until: 2, moments: moments).completions.map { moments[$0].second }
        }
    }

    @Test(
        arguments: [
            ([Step(source: 0)], Step(source: 1, within: 4)),
            ([Step(source: 0), Step(source: 1, within: 5)], Step(source: 2, within: 7)),
            ([Step(source: 0), Step(source: 1)], Step(source: 2, within: 6, isJoined: true)),
            ([Step(source: 0)], Step(source: 0, within: 5)),
        ] as [([Step], Step)]
    )
    func `an absence holds where nothing follows by the deadline`(_ steps: [Step], _ absent: Step) throws {
        var early = absent
        early.within = (absent.within ?? 0) - 1
        early.isJoined = false
        try OracleSets.compare(
            try Self.rule(steps, until: nil, absent: absent),
            mutant: try Self.rule(steps, until: nil, absent: early),
            sources: 3
        ) { moments in
            Definition(steps: steps, until: nil, moments: moments).unanswered(absent).map {
                moments[$0].second
            }
        }
    }

    @Test(arguments: [[("gte", 3.0)], [("gt", 1.0)]])
    func `a session counts until its gap or its span is over`(_ thresholds: [(String, Double)]) throws {
        func rule(_ gap: Int64) throws -> CorrelationRule {
            try OracleSets.rule(.eventCount, sources: 1, span: Self.span, thresholds: thresholds) {
                $0.sessionGap = gap * OracleSets.second
            }
        }
        try OracleSets.compare(try rule(3), mutant: try rule(2), sources: 1) { moments in
            Self.sessions(moments).flatMap { session in
                session.indices.filter { index in
                    thresholds.allSatisfy {
                        $0.0 == "gt" ? Double(index + 1) > $0.1 : Double(index + 1) >= $0.1
                    }
                }.map { session[$0].second }
            }
        }
    }

    @Test(arguments: [[("lt", 3.0)], [("eq", 2.0)], [("gte", 2.0), ("lte", 4.0)]])
    func `a session is judged when it is over where more could undo it`(
        _ thresholds: [(String, Double)]
    ) throws {
        func rule(_ gap: Int64) throws -> CorrelationRule {
            try OracleSets.rule(.eventCount, sources: 1, span: Self.span, thresholds: thresholds) {
                $0.sessionGap = gap * OracleSets.second
            }
        }
        try OracleSets.compare(try rule(3), mutant: try rule(2), sources: 1) { moments in
            Self.sessions(moments).filter { session in
                let count = Double(session.count)
                return thresholds.allSatisfy { name, value in
                    switch name {
                    case "lt": count < value
                    case "lte": count <= value
                    case "gte": count >= value
                    default: count == value
                    }
                }
            }.compactMap { $0.last?.second }
        }
    }

    /// Sessions of each key, with a gap of three seconds.
    private static func sessions(_ moments: [OracleMoment]) -> [[OracleMoment]] {
        var sessions: [[OracleMoment]] = []
        for key in [0, 1] {
            var current: [OracleMoment] = []
            for moment in moments where moment.key == key {
                if let first = current.first, let last = current.last,
                    moment.second - last.second > 3 || moment.second - first.second > span
                {
                    sessions.append(current)
                    current = []
                }
                current.append(moment)
            }
            if !current.isEmpty { sessions.append(current) }
        }
        return sessions
    }

    @Test(arguments: [nil, 6] as [Int?])
    func `what is new is new for its key once the key has learned`(_ forget: Int?) throws {
        func rule(_ learn: Int64) throws -> CorrelationRule {
            try OracleSets.rule(.eventCount, sources: 1, span: 1, thresholds: [("gte", 1)]) {
                $0.firstSeen = .init(
                    fields: [OracleSets.text("left"), OracleSets.text("right")],
                    learning: learn * OracleSets.second,
                    forgetting: forget.map { Int64($0) * OracleSets.second }
                )
            }
        }
        try OracleSets.compare(try rule(5), mutant: try rule(4), sources: 1) { moments in
            moments.indices.filter { index in
                let now = moments[index]
                let earlier = moments[..<index].filter { $0.key == now.key }
                guard let first = earlier.first, now.second - first.second >= 5 else { return false }
                let same = earlier.last { $0.left == now.left && $0.right == now.right }
                return same.map { last in forget.map { now.second - last.second > $0 } ?? false } ?? true
            }.map { moments[$0].second }
        }
    }

    @Test(arguments: CorrelationExtension.Baseline.Measure.allCases)
    func `a baseline is that of the same stretch of past days`(
        _ measure: CorrelationExtension.Baseline.Measure
    ) throws {
        let hour = 3_600
        func rule(_ factor: Double) throws -> CorrelationRule {
            try OracleSets.rule(.eventCount, sources: 1, span: 6 * hour, thresholds: [("gte", 2)]) {
                $0.baseline = .init(days: 3, leastDays: 2, factor: factor, measure: measure)
            }
        }
        // Times start in the middle of a stretch: 1,000,000 s after 1970.
        func stretch(_ moment: OracleMoment) -> Int { (1_000_000 + moment.second) / (6 * hour) }
        try OracleSets.compare(try rule(1.5), mutant: try rule(1), sources: 1, most: 18 * hour) { moments in
            moments.indices.filter { index in
                let now = stretch(moments[index])
                let own = moments[...index].filter { $0.key == moments[index].key }
                let days = min(3, (now - (own.first.map(stretch) ?? now)) / 4)
                let count = own.count { stretch($0) == now }
                guard days >= 2, count >= 2 else { return false }
                let past = (1...days).map { day in own.count { stretch($0) == now - 4 * day } }
                let usual =
                    measure == .most ? Double(past.max() ?? 0) : Double(past.reduce(0, +)) / Double(days)
                return Double(count) > 1.5 * usual
            }.map { moments[$0].second }
        }
    }

    @Test(arguments: CorrelationDefinition.Kind.allCases)
    func `groups do not mix`(_ kind: CorrelationDefinition.Kind) throws {
        let isTemporal = kind == .temporal || kind == .temporalOrdered
        let counted = isTemporal || kind == .eventCount ? [] : ["left"]
        let limit = kind == .valueSum ? 2.0 : kind == .eventCount || kind == .valueCount ? 2.0 : 0.5
        let rule = try Self.rule(kind, Self.span, isTemporal, limit, counted)
        let mutant = try Self.rule(kind, 3, isTemporal, limit, counted)
        try OracleSets.compare(rule, mutant: mutant, sources: 2) { moments in
            try [0, 1].flatMap { key in try OracleSets.found(rule, moments.filter { $0.key == key }) }
        }
    }

    private static func rule(
        _ kind: CorrelationDefinition.Kind,
        _ span: Int,
        _ isTemporal: Bool,
        _ limit: Double,
        _ counted: [String]
    ) throws -> CorrelationRule {
        try OracleSets.rule(
            kind,
            sources: 2,
            span: span,
            thresholds: isTemporal ? [] : [("gte", limit)],
            counted: counted
        )
    }
}
