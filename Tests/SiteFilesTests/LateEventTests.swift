// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Testing

/// Late events revise: what is believed at the end is what judging everything in order says.
struct LateEventTests {
    /// What is told when events come in `arrival` order while the watermark moves behind them.
    private static func told(_ arrival: [VerdictSets.Moment]) -> [Judgement] {
        var correlator = VerdictSets.correlator()
        var told: [Judgement] = []
        var greatest = 0
        for moment in arrival {
            greatest = max(greatest, moment.second)
            correlator.admit(VerdictSets.batch([moment]) { $0.number })
            correlator.advance(to: VerdictSets.time(greatest - VerdictSets.lateness))
            told += correlator.takeJudgements()
        }
        correlator.advance(to: VerdictSets.time(100))
        correlator.revise()
        return told + correlator.takeJudgements()
    }

    @Test func `what is believed at the end is what judging everything in order says`() {
        var sets = VerdictSets(seed: 20_261_128)
        var counts: [Revision.Kind: Int] = [:]
        var caughtCount = 0
        for _ in 0..<1_500 {
            let moments = sets.moments()
            var arrival = moments
            for index in arrival.indices { arrival.swapAt(index, sets.next(arrival.count)) }
            let told = Self.told(arrival)
            let wanted = VerdictSets.inOrder(moments)
            let found = VerdictSets.text(VerdictSets.believed(told).values)
            #expect(found == wanted, "\(arrival)")
            for revision in told.flatMap(\.revisions) { counts[revision.kind, default: 0] += 1 }
            // The planted mutant: a reader that passes revisions over believes something else.
            let deaf = VerdictSets.believed(told, heedingRevisions: false)
            if VerdictSets.text(deaf.values) != wanted { caughtCount += 1 }
        }
        #expect(caughtCount > 100)
        for kind in Revision.Kind.allCases { #expect(counts[kind, default: 0] > 100, "\(kind)") }
    }

    private static func moment(_ number: Int, _ second: Int, _ kind: String) -> VerdictSets.Moment {
        VerdictSets.Moment(number: number, second: second, kind: kind, host: "pump", value: 0)
    }

    /// Rules with the kind of their revision, for events that came in this order.
    private static func revisions(_ arrival: [VerdictSets.Moment]) -> [String: Revision] {
        let found = told(arrival).flatMap(\.revisions)
        return Dictionary(found.map { ($0.alert.rule, $0) }) { _, last in last }
    }

    @Test func `an answer that comes late takes the absence back and says why`() throws {
        let found = Self.revisions([
            Self.moment(0, 1, "b"), Self.moment(1, 25, "x"), Self.moment(7, 3, "c"), Self.moment(3, 40, "x"),
        ])
        let missing = try #require(found["missing"])
        #expect(missing.kind == .retracted)
        #expect(missing.reason == "late evidence at offset 7")
    }

    @Test func `a step that comes late completes its sequence, and one more event amends a count`() throws {
        let found = Self.revisions([
            Self.moment(0, 3, "b"), Self.moment(1, 4, "b"), Self.moment(2, 5, "b"), Self.moment(3, 25, "x"),
            Self.moment(4, 2, "a"), Self.moment(5, 40, "x"),
        ])
        #expect(found["steps"]?.kind == .confirmed)
        #expect(found["count"]?.kind == .amended)
        #expect(found["count"]?.alert.count == 4)
    }

    @Test func `what waits when other rules come into force is judged by those that saw it`() {
        var correlator = VerdictSets.correlator()
        for moment in [Self.moment(0, 3, "b"), Self.moment(1, 25, "x"), Self.moment(2, 2, "a")] {
            correlator.admit(VerdictSets.batch([moment]) { $0.number })
            correlator.advance(to: VerdictSets.time(20))
        }
        correlator.replace(RuleSet.compile([]).rules)
        correlator.advance(to: VerdictSets.time(60))
        let revised = correlator.takeJudgements().flatMap(\.revisions)
        #expect(revised.contains { $0.alert.rule == "steps" && $0.kind == .confirmed })
    }

    @Test func `an event from before all that is remembered is judged alone`() {
        var correlator = VerdictSets.correlator()
        let moments = [0, 2, 4, 6].map { Self.moment($0, $0 * 3_600, "a") }
        for moment in moments {
            correlator.admit(VerdictSets.batch([moment]) { $0.number })
            correlator.advance(to: VerdictSets.time(moment.second))
        }
        #expect(correlator.aloneCount == 0)
        correlator.admit(VerdictSets.batch([Self.moment(9, 5, "a")]) { $0.number })
        correlator.advance(to: VerdictSets.time(7 * 3_600))
        #expect(correlator.aloneCount == 1)
        #expect(correlator.takeJudgements().allSatisfy { $0.revisions.isEmpty })
    }
}
