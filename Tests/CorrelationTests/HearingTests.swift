// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import Correlation

/// What was heard of many events at once, against each event told by itself.
struct HearingTests {
    private static let start = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second)

    private static func candidate(_ host: String, at time: UTCTime) -> Candidate {
        var batch = EventBatch()
        batch.begin(Event(offset: .zero, time: time, logTime: time))
        batch.add(.hostName, host)
        return Candidate(batch: batch, index: 0)
    }

    /// Questions about absences that gathered hearing answers otherwise than hearing event by event, of all.
    ///
    /// `shift` moves what is gathered.
    private static func differences(shift: Int64 = 0) -> (count: Int, asked: Int) {
        var (count, asked) = (0, 0)
        for seed in 0..<60 {
            var random = SeededGenerator(seed: UInt64(seed))
            // More hosts than the table has room for at first.
            let hosts = (0..<(seed % 10 == 0 ? 700 : 5)).map { "host-\($0)" }
            let silence = Int64.random(in: 4...300, using: &random) * UTCTime.second
            var (told, gathered) = (Coverage(), Coverage())
            told.serve(silence)
            gathered.serve(silence)
            var clock: Int64 = 0
            for _ in 0..<4 {
                var hearing = Hearing(resolution: gathered.resolution ?? 0)
                for _ in 0..<400 {
                    clock += Int64.random(in: 0...20, using: &random)
                    let late = Int.random(in: 0..<5, using: &random) == 0
                    let seconds = late ? clock - Int64.random(in: 0...200, using: &random) : clock
                    let time = start.advanced(by: seconds * UTCTime.second)
                    let host = Array((hosts.randomElement(using: &random) ?? "").utf8)
                    _ = told.hear(Coverage.source(host: host.span), at: time, listener: nil)
                    hearing.note(host: host.span, at: time.advanced(by: shift))
                }
                gathered.hear(hearing)
            }
            for _ in 0..<40 {
                let seconds = Int64.random(in: (clock / 2)...clock, using: &random)
                let event = candidate(
                    hosts.randomElement(using: &random) ?? "",
                    at: start.advanced(by: seconds * UTCTime.second)
                )
                let within = Int64.random(in: 30...600, using: &random) * UTCTime.second
                asked += 1
                let answers = [told, gathered].map {
                    $0.finding(after: event, within: within, silence: silence)
                }
                if answers[0] != answers[1] { count += 1 }
            }
        }
        return (count, asked)
    }

    @Test func `hearing that is gathered says what hearing event by event says`() {
        let found = Self.differences()
        #expect(found.asked == 2_400)
        #expect(found.count == 0)
    }

    /// The planted mutant: what is gathered a minute off answers otherwise.
    @Test func `hearing at other times is found out`() {
        #expect(Self.differences(shift: 60 * UTCTime.second).count > 50)
    }
}
