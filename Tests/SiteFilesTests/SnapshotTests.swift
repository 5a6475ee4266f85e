// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import Testing

/// A correlator that is written to a snapshot and read again goes on as if nothing had happened.
struct SnapshotTests {
    /// What is told when events come in `arrival` order; at each step `between` may put another correlator in
    /// the place of the one that runs.
    private static func told(
        _ arrival: [VerdictSets.Moment],
        _ between: (inout Correlator) throws -> Void
    ) rethrows -> [Judgement] {
        var correlator = VerdictSets.correlator()
        var told: [Judgement] = []
        var greatest = 0
        for moment in arrival {
            greatest = max(greatest, moment.second)
            correlator.admit(VerdictSets.batch([moment]) { $0.number })
            correlator.advance(to: VerdictSets.time(greatest - VerdictSets.lateness))
            told += correlator.takeJudgements()
            if correlator.isAtRest { try between(&correlator) }
        }
        correlator.advance(to: VerdictSets.time(100))
        correlator.revise()
        return told + correlator.takeJudgements()
    }

    private static func bytes(of correlator: Correlator) throws -> [UInt8] {
        let encoder = SnapshotEncoder()
        try correlator.write(to: encoder)
        return encoder.bytes
    }

    private static func resumed(_ bytes: [UInt8]) throws -> Correlator {
        var fresh = VerdictSets.correlator()
        let decoder = SnapshotDecoder(bytes)
        try fresh.resume(from: decoder)
        #expect(decoder.isAtEnd)
        return fresh
    }

    /// All that was told, in order, with what is of the run.
    private static func text(_ judgements: [Judgement]) -> [String] {
        judgements.flatMap { judgement in
            judgement.alerts.map { "\($0.episode) \(VerdictSets.text([$0]))" }
                + judgement.revisions.map { revision in
                    "\(revision.kind) \(revision.alert.episode) \(VerdictSets.text([revision.alert])) "
                        + revision.reason
                }
        }
    }

    @Test func `a snapshot at any event leaves no trace in what is told`() throws {
        var sets = VerdictSets(seed: 20_261_130)
        var (snapshots, verdicts, caught) = (0, 0, 0)
        for _ in 0..<700 {
            let moments = sets.moments()
            var arrival = moments
            // Some stay within the lateness bound, some are revised.
            if sets.next(2) == 0 {
                for index in arrival.indices { arrival.swapAt(index, sets.next(arrival.count)) }
            }
            let wanted = Self.text(Self.told(arrival) { _ in })
            let found = try Self.told(arrival) { correlator in
                guard sets.next(3) > 0 else { return }
                snapshots += 1
                correlator = try Self.resumed(try Self.bytes(of: correlator))
            }
            #expect(Self.text(found) == wanted, "\(arrival)")
            verdicts += wanted.count
            // The planted mutant: a restart that remembers nothing.
            let forgetful = Self.told(arrival) { $0 = VerdictSets.correlator() }
            if Self.text(forgetful) != wanted { caught += 1 }
        }
        #expect(snapshots > 2_000 && verdicts > 2_000 && caught > 300)
    }

    @Test func `two correlators that go on from one snapshot write the same state again`() throws {
        var sets = VerdictSets(seed: 5)
        for _ in 0..<20 {
            var counts: [Int] = []
            _ = try Self.told(sets.moments()) { correlator in
                let bytes = try Self.bytes(of: correlator)
                let again = try Self.bytes(of: try Self.resumed(bytes))
                // Tables have no order of their own, so the bytes may lie elsewhere, and are as many.
                counts.append(bytes.count - again.count)
            }
            #expect(counts.allSatisfy { $0 == 0 }, "\(counts)")
        }
    }

    @Test func `a snapshot that ends too early is refused at every length`() throws {
        var sets = VerdictSets(seed: 11)
        var last: [UInt8] = []
        _ = try Self.told(sets.moments() + sets.moments()) { last = try Self.bytes(of: $0) }
        #expect(last.count > 500)
        for length in last.indices {
            #expect(throws: (any Error).self, "\(length) of \(last.count)") {
                var fresh = VerdictSets.correlator()
                try fresh.resume(from: SnapshotDecoder(Array(last[..<length])))
            }
        }
    }

    @Test func `a state in pieces reads as in one`() throws {
        let correlator = VerdictSets.correlator()
        var pieces: [[UInt8]] = []
        let encoder = SnapshotEncoder { pieces.append($0) }
        let text = String(repeating: "0123456789abcdef", count: 8_192)
        for number in 0..<40 {
            encoder.write("\(number)" + text)
            encoder.write(number: UInt64(number))
        }
        try correlator.write(to: encoder)
        encoder.finish()
        #expect(pieces.count >= 4)
        let count = pieces.reduce(0) { $0 + $1.count }
        func read(_ pieces: [[UInt8]]) throws {
            var left = pieces[...]
            let decoder = SnapshotDecoder(count: count) { left.popFirst() }
            for number in 0..<40 {
                #expect(try decoder.text() == "\(number)" + text)
                #expect(try decoder.number() == UInt64(number))
            }
            var fresh = VerdictSets.correlator()
            try fresh.resume(from: decoder)
            #expect(decoder.isAtEnd)
        }
        try read(pieces)
        #expect(throws: (any Error).self) { try read(pieces.dropLast()) }
    }

    @Test func `a snapshot that was made under other rules is refused`() throws {
        let bytes = try Self.bytes(of: VerdictSets.correlator())
        #expect(throws: SnapshotError.mismatch("it was made under other rules")) {
            var other = Correlator(rules: RuleSet.compile([]).rules, register: AssetRegister())
            try other.resume(from: SnapshotDecoder(bytes))
        }
    }
}
