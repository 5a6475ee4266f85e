// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Digests
import EventModel
import Testing

/// The same events give the same confirmed verdicts, whatever order and batches they come in.
struct InvarianceTests {
    /// Arrival orders that keep within the lateness bound.
    private static func shuffled(
        _ moments: [VerdictSets.Moment],
        _ sets: inout VerdictSets,
        by seconds: Int = VerdictSets.lateness
    ) -> [VerdictSets.Moment] {
        let keyed = moments.map { ($0.second * 100 + sets.next(seconds * 100), $0) }
        return keyed.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Verdicts when events come in random batches with offsets in order of arrival, and the correlator is
    /// copied on the way.
    private static func verdicts(_ arrival: [VerdictSets.Moment], _ sets: inout VerdictSets) -> [String] {
        var places: [Int: Int] = [:]
        for (place, moment) in arrival.enumerated() { places[moment.number] = place }
        var correlator = VerdictSets.correlator()
        var told: [Judgement] = []
        var rest = arrival[...]
        var greatest = 0
        while !rest.isEmpty {
            let batch = Array(rest.prefix(1 + sets.next(4)))
            rest = rest.dropFirst(batch.count)
            greatest = max(greatest, batch.map(\.second).max() ?? 0)
            correlator.admit(VerdictSets.batch(batch) { places[$0.number] ?? 0 })
            if sets.next(3) > 0 { correlator.advance(to: VerdictSets.time(greatest - VerdictSets.lateness)) }
            if sets.next(2) > 0 { told += correlator.takeJudgements() }
            // What would be if nothing more came must leave no trace.
            var ahead = correlator.concluded(at: VerdictSets.time(100))
            if sets.next(4) == 0 { _ = ahead.takeJudgements() }
        }
        correlator.advance(to: VerdictSets.time(100))
        told += correlator.takeJudgements()
        #expect(told.allSatisfy { $0.revisions.isEmpty })
        return VerdictSets.text(VerdictSets.believed(told).values)
    }

    @Test func `arrival within the lateness bound, batches and copies leave no trace in verdicts`() {
        var sets = VerdictSets(seed: 20_261_129)
        var verdictCount = 0
        for _ in 0..<600 {
            let moments = sets.moments()
            let wanted = VerdictSets.inOrder(moments)
            verdictCount += wanted.count
            for _ in 0..<3 {
                let arrival = Self.shuffled(moments, &sets)
                #expect(Self.verdicts(arrival, &sets) == wanted, "\(arrival)")
            }
        }
        #expect(verdictCount > 1_000)
    }

    /// The planted mutant: an engine that judges in the order of arrival.
    @Test func `the harness tells an engine that judges on arrival`() {
        var sets = VerdictSets(seed: 20_261_129)
        let isDifferent = (0..<100).contains { _ in
            let moments = sets.moments()
            var correlator = VerdictSets.correlator()
            var told: [Judgement] = []
            for (place, moment) in Self.shuffled(moments, &sets, by: 20).enumerated() {
                var late = moment
                late.second = place
                correlator.admit(VerdictSets.batch([late]) { $0.number })
                correlator.advance(to: VerdictSets.time(place))
                told += correlator.takeJudgements()
            }
            correlator.advance(to: VerdictSets.time(100))
            told += correlator.takeJudgements()
            return VerdictSets.text(VerdictSets.believed(told).values) != VerdictSets.inOrder(moments)
        }
        #expect(isDifferent)
    }

    /// SHA-256 of the verdicts on 200 sets.
    private static let bytes = "e6ec5bc03732879deb28c5a55e1aec6932142abd0bbe4711f87a0848b8647f59"

    /// Another process has another hash seed, and may have another time zone: its bytes are written here.
    @Test func `neither the hash seed of the process nor its time zone changes a byte`() {
        var sets = VerdictSets(seed: 7)
        var text = ""
        for _ in 0..<200 { text += VerdictSets.inOrder(sets.moments()).joined(separator: "\n") }
        #expect(sha256(Array(text.utf8)).hexadecimal == InvarianceTests.bytes)
    }
}
