// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Correlation

/// Correlations against their definition, spelled out over all pairs of random events.
struct GroupWindowsOracleTests {
    /// A match of source `source` at a second, with a number.
    private struct Moment {
        var source: Int
        var second: Int
        var value: Int
    }

    private static let position = RulePosition(file: "rule.yml", line: 1, column: 1)
    private static let span = 10

    private static func text(_ text: String) -> RuleText { RuleText(text, position) }

    private static func rule(
        _ kind: CorrelationDefinition.Kind,
        sources: Int,
        thresholds: [(String, Double)] = [],
        condition: String? = nil,
        percentile: Double = 50
    ) throws -> CorrelationRule {
        let names = (0..<sources).map { "r\($0)" }
        let isCounted = ![.eventCount, .temporal, .temporalOrdered].contains(kind)
        let definition = CorrelationDefinition(
            header: RuleHeader(title: "t", position: position),
            kind: kind,
            rules: names.map(text),
            groupBy: [],
            aliases: [],
            timespan: Int64(span) * UTCTime.second,
            thresholds: thresholds.map { .init(operation: $0.0, value: $0.1) },
            countedFields: isCounted ? [text("n")] : [],
            percentile: percentile,
            condition: condition.map(text),
            generatesBase: false,
            regularTolerance: nil,
            regularMinimum: 0,
            position: position,
            fingerprint: "f"
        )
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        return try CorrelationRule(compiling: definition, numbers: numbers)
    }

    private static func candidate(_ moment: Moment, _ offset: Int) -> Candidate {
        var batch = EventBatch()
        batch.extensionNames = ["ext.n"]
        let time = UTCTime(nanoseconds: Int64(1_000 + moment.second) * UTCTime.second)
        batch.begin(Event(offset: Offset(UInt64(offset)), time: time, logTime: time))
        batch.add(FieldID(rawValue: FieldID.firstExtension), String(moment.value))
        return Candidate(batch: batch, index: 0)
    }

    /// Seconds at which the engine finds a match; verdicts that wait carry the second at which they are due.
    private static func found(
        _ rule: CorrelationRule,
        _ moments: [Moment],
        restarts: Bool = false
    ) throws -> [Int] {
        var state = CorrelationState(rule: rule)
        var seconds: [Int] = []
        func due(_ match: GroupWindows.Match) -> Int {
            let first = match.candidates.map(\.event.time.nanoseconds).min() ?? 0
            return Int(first / UTCTime.second) - 1_000 + span
        }
        for (offset, moment) in moments.enumerated() {
            let candidate = candidate(moment, offset)
            let before = candidate.event.time.advanced(by: -1)
            seconds += state.expired(through: before, Coverage()).map(due)
            seconds += state.add(candidate, from: moment.source).map { _ in moment.second }
            if restarts { state = try OracleSets.restarted(state, rule) }
        }
        let end = UTCTime(nanoseconds: 100_000 * UTCTime.second)
        return seconds + state.expired(through: end, Coverage()).map(due)
    }

    private static func random(_ state: inout UInt64, sources: Int) -> [Moment] {
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        var second = 0
        return (0..<(1 + next(25))).map { _ in
            second += next(6)
            return Moment(source: next(sources), second: second, value: next(9) - 2)
        }
    }

    /// Runs random sets of moments against `expected`; both outcomes must occur, and a wrong span must show.
    private static func compare(
        _ rule: CorrelationRule,
        sources: Int,
        _ expected: ([Moment]) -> [Int]
    ) throws {
        var state: UInt64 = 20_261_123
        var matchCount = 0
        var quietCount = 0
        var caughtCount = 0
        let mutant = try shortened(rule)
        let packed = OracleSets.packing(rule)
        for _ in 0..<400 {
            let moments = random(&state, sources: sources)
            let wanted = expected(moments)
            #expect(try found(rule, moments) == wanted, "\(moments)")
            #expect(try found(packed, moments, restarts: true) == wanted, "packed: \(moments)")
            matchCount += wanted.count
            if wanted.count < moments.count { quietCount += 1 }
            if try found(mutant, moments) != wanted { caughtCount += 1 }
        }
        #expect(matchCount > 50)
        #expect(quietCount > 50)
        #expect(caughtCount > 0)
    }

    /// The planted mutant: a span of nine seconds where ten are meant.
    private static func shortened(_ rule: CorrelationRule) throws -> CorrelationRule {
        var definition = rule.definition
        definition.timespan -= UTCTime.second
        let numbers = Dictionary(uniqueKeysWithValues: rule.sources.map { ("r\($0)", $0) })
        return try CorrelationRule(compiling: definition, numbers: numbers)
    }

    /// Moments up to and with number `index` that lie within the span before it.
    private static func window(_ moments: [Moment], _ index: Int) -> ArraySlice<Moment> {
        moments[...index].drop { $0.second < moments[index].second - span }
    }

    @Test(arguments: [
        (CorrelationDefinition.Kind.eventCount, [("gte", 3.0)]), (.valueCount, [("gt", 2.0)]),
        (.valueSum, [("gte", 6.5)]), (.valueAverage, [("gt", 2.5)]), (.valueMedian, [("gte", 3.0)]),
        (.valuePercentile, [("gt", 4.0)]), (.eventCount, [("gt", 1.0), ("gte", 3.0)]),
    ])
    func `a threshold holds when its window says so`(
        _ kind: CorrelationDefinition.Kind,
        _ thresholds: [(String, Double)]
    ) throws {
        let rule = try Self.rule(kind, sources: 2, thresholds: thresholds, percentile: 75)
        try Self.compare(rule, sources: 2) { moments in
            moments.indices.filter { index in
                let number = Self.measure(kind, Self.window(moments, index).map(\.value))
                return thresholds.allSatisfy { $0.0 == "gt" ? number > $0.1 : number >= $0.1 }
            }.map { moments[$0].second }
        }
    }

    private static func measure(_ kind: CorrelationDefinition.Kind, _ values: [Int]) -> Double {
        let sorted = values.sorted()
        func rank(_ share: Double) -> Double {
            let wanted = share * Double(sorted.count)
            return Double(sorted.first { value in Double(sorted.count { $0 <= value }) >= wanted } ?? 0)
        }
        switch kind {
        case .valueCount: return Double(Set(values).count)
        case .valueSum: return Double(values.reduce(0, +))
        case .valueAverage: return Double(values.reduce(0, +)) / Double(values.count)
        case .valueMedian: return rank(0.5)
        case .valuePercentile: return rank(0.75)
        default: return Double(values.count)
        }
    }

    @Test(arguments: [[("lt", 3.0)], [("eq", 2.0)], [("neq", 2.0)], [("gt", 1.0), ("lte", 3.0)]])
    func `a threshold that more events undo is decided when its window closes`(
        _ thresholds: [(String, Double)]
    ) throws {
        let rule = try Self.rule(.eventCount, sources: 1, thresholds: thresholds)
        try Self.compare(rule, sources: 1) { moments in
            var wanted: [Int] = []
            var rest = moments[...]
            while let first = rest.first {
                let count = Double(rest.count { $0.second <= first.second + Self.span })
                rest = rest.drop { $0.second <= first.second + Self.span }
                let holds = thresholds.allSatisfy { name, value in
                    switch name {
                    case "lt": count < value
                    case "lte": count <= value
                    case "eq": count == value
                    case "neq": count != value
                    default: count > value
                    }
                }
                if holds { wanted.append(first.second + Self.span) }
            }
            return wanted
        }
    }

    @Test(
        arguments: [
            (nil, [[0, 1, 2]]), ("r0 and (r1 or r2)", [[0, 1], [0, 2]]),
            ("(r0 and r1) or (r1 and r2)", [[0, 1], [1, 2]]),
            ("not (not r0 or not r1) or r2", [[0, 1], [2]]),
        ] as [(String?, [[Int]])]
    )
    func `a temporal condition holds when a match completes one of its ways`(
        _ condition: String?,
        _ ways: [[Int]]
    ) throws {
        let rule = try Self.rule(.temporal, sources: 3, condition: condition)
        try Self.compare(rule, sources: 3) { moments in
            moments.indices.filter { index in
                let seen = Set(Self.window(moments, index).map(\.source))
                return ways.contains { way in
                    way.contains(moments[index].source) && seen.isSuperset(of: way)
                }
            }.map { moments[$0].second }
        }
    }

    /// Seconds of the matches of the last place of a chain, equal stamps in whatever order.
    private static func chains(_ ways: [[Int]], _ moments: [Moment]) -> [Int] {
        func isReached(_ way: ArraySlice<Int>, _ index: Int, _ least: Int) -> Bool {
            guard moments[index].source == way.last, moments[index].second >= least else { return false }
            let rest = way.dropLast()
            guard !rest.isEmpty else { return true }
            return moments.indices.contains { earlier in
                earlier != index && moments[earlier].second <= moments[index].second
                    && isReached(rest, earlier, least)
            }
        }
        return moments.indices.flatMap { last in
            ways.filter { isReached($0[...], last, moments[last].second - span) }.map { _ in
                moments[last].second
            }
        }
    }

    @Test(
        arguments: [
            (nil, [[0, 1, 2]]), ("r0 and (r1 or r2)", [[0, 1], [0, 2]]),
        ] as [(String?, [[Int]])]
    )
    func `ordered rules match in their order only`(_ condition: String?, _ ways: [[Int]]) throws {
        let rule = try Self.rule(.temporalOrdered, sources: 3, condition: condition)
        try Self.compare(rule, sources: 3) { Self.chains(ways, $0) }
    }

    @Test func `what must not follow is waited for`() throws {
        let rule = try Self.rule(.temporal, sources: 2, condition: "r0 and not r1")
        try Self.compare(rule, sources: 2) { moments in
            moments.indices.filter { index in
                moments[index].source == 0
                    && !moments.contains {
                        $0.source == 1 && $0.second >= moments[index].second
                            && $0.second <= moments[index].second + Self.span
                    }
            }.map { moments[$0].second + Self.span }
        }
    }

    @Test func `what must not come before is known at once`() throws {
        let rule = try Self.rule(.temporalOrdered, sources: 2, condition: "r1 and not r0")
        try Self.compare(rule, sources: 2) { moments in
            moments.indices.filter { index in
                moments[index].source == 1
                    && !Self.window(moments, index).dropLast().contains { $0.source == 0 }
            }.map { moments[$0].second }
        }
    }

    @Test func `two rules without a third are decided when the window of the first closes`() throws {
        let rule = try Self.rule(.temporal, sources: 3, condition: "r0 and r1 and not r2")
        try Self.compare(rule, sources: 3) { moments in
            moments.indices.filter { index in
                let first = moments[index]
                let within = moments.indices.filter {
                    moments[$0].second >= first.second && moments[$0].second <= first.second + Self.span
                }
                let others = Set(within.filter { $0 != index }.map { moments[$0].source })
                return first.source != 2 && others.contains(1 - first.source) && !others.contains(2)
            }.map { moments[$0].second + Self.span }
        }
    }
}
