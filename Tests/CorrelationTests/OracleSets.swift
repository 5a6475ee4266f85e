// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Correlation

/// A match of a rule in a random set of events.
struct OracleMoment {
    /// Number of the rule that it matches.
    var source: Int
    /// When.
    var second: Int
    /// Value of the field that groups.
    var key: Int
    /// Value of the field that a later step is joined by.
    var left: Int
    /// Value of the field that an earlier step is joined by.
    var right: Int
}

/// Random sets of events, run through the engine and compared with what a definition says of them.
enum OracleSets {
    static let position = RulePosition(file: "rule.yml", line: 1, column: 1)
    static let second = UTCTime.second

    static func text(_ text: String) -> RuleText { RuleText(text, position) }

    /// A correlation over the rules `r0`, `r1` and so on, grouped by `k`.
    static func rule(
        _ kind: CorrelationDefinition.Kind,
        sources: Int,
        span: Int,
        thresholds: [(String, Double)] = [],
        counted: [String] = [],
        _ change: (inout CorrelationExtension) -> Void = { _ in }
    ) throws -> CorrelationRule {
        let names = (0..<sources).map { "r\($0)" }
        var definition = CorrelationDefinition(
            header: RuleHeader(title: "t", position: position),
            kind: kind,
            rules: names.map(text),
            groupBy: [text("k")],
            aliases: [],
            timespan: Int64(span) * second,
            thresholds: thresholds.map { .init(operation: $0.0, value: $0.1) },
            countedFields: counted.map(text),
            percentile: 50,
            condition: nil,
            generatesBase: false,
            regularTolerance: nil,
            regularMinimum: 0,
            position: position,
            fingerprint: "f"
        )
        change(&definition.extras)
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        return try CorrelationRule(compiling: definition, numbers: numbers)
    }

    /// At most fourteen moments, a random number of seconds apart that is at least `gap`.
    static func random(_ state: inout UInt64, sources: Int, gap: Int = 0, most: Int = 5) -> [OracleMoment] {
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        var second = 0
        return (0..<(1 + next(14))).map { _ in
            second += gap + next(most)
            return OracleMoment(
                source: next(sources),
                second: second,
                key: next(5) / 4,
                left: next(2),
                right: next(2)
            )
        }
    }

    static func candidate(_ moment: OracleMoment, _ offset: Int) -> Candidate {
        var batch = EventBatch()
        batch.extensionNames = ["ext.k", "ext.left", "ext.right"]
        let time = UTCTime(nanoseconds: Int64(1_000_000 + moment.second) * second)
        batch.begin(Event(offset: Offset(UInt64(offset)), time: time, logTime: time))
        for (number, value) in [moment.key, moment.left, moment.right].enumerated() {
            batch.add(FieldID(rawValue: FieldID.firstExtension + UInt16(number)), String(value))
        }
        return Candidate(batch: batch, index: 0)
    }

    /// The rule with every group packed as soon as it rests.
    static func packing(_ rule: CorrelationRule) -> CorrelationRule {
        var packing = rule
        packing.looseGroupCountMax = 0
        return packing
    }

    /// The state as it is after a restart.
    static func restarted(_ state: CorrelationState, _ rule: CorrelationRule) throws -> CorrelationState {
        let encoder = SnapshotEncoder()
        try state.write(to: encoder)
        var fresh = CorrelationState(rule: rule)
        let decoder = SnapshotDecoder(encoder.bytes)
        try fresh.resume(from: decoder)
        #expect(decoder.isAtEnd)
        return fresh
    }

    /// Second of the last event of each match, ascending.
    ///
    /// - Parameter restarts: Whether the state is written and read after each event.
    static func found(
        _ rule: CorrelationRule,
        _ moments: [OracleMoment],
        restarts: Bool = false
    ) throws -> [Int] {
        var state = CorrelationState(rule: rule)
        var matches: [GroupWindows.Match] = []
        for (offset, moment) in moments.enumerated() {
            let candidate = candidate(moment, offset)
            matches += state.expired(through: candidate.event.time.advanced(by: -1), Coverage())
            // A sequence may complete at an event of equal stamp that came before.
            matches += state.add(candidate, from: moment.source)
            if restarts { state = try restarted(state, rule) }
        }
        matches += state.expired(through: UTCTime(nanoseconds: .max / 2), Coverage())
        return matches.compactMap { match in
            match.candidates.map { Int($0.event.time.nanoseconds / second) - 1_000_000 }.max()
        }.sorted()
    }

    /// Runs `count` sets through `rule` and through a planted mutant of it: the rule must never differ from
    /// what is expected, the mutant must.
    static func compare(
        _ rule: CorrelationRule,
        mutant: CorrelationRule,
        sources: Int,
        gap: Int = 0,
        most: Int = 5,
        count: Int = 500,
        expected: ([OracleMoment]) throws -> [Int]
    ) throws {
        let packed = packing(rule)
        var state: UInt64 = 20_261_128
        var matchCount = 0
        var caughtCount = 0
        for _ in 0..<count {
            let moments = random(&state, sources: sources, gap: gap, most: most)
            let wanted = try expected(moments).sorted()
            #expect(try found(rule, moments) == wanted, "\(moments)")
            #expect(try found(packed, moments, restarts: true) == wanted, "packed: \(moments)")
            matchCount += wanted.count
            if try found(mutant, moments) != wanted { caughtCount += 1 }
        }
        #expect(matchCount > 20)
        #expect(caughtCount > 0)
    }
}
