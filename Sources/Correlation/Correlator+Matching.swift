// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension Correlator {
    /// Takes an event of which it is known which detections match it; events come in order of time.
    mutating func feed(_ candidate: Candidate, matching numbers: [Int]) {
        expire(through: candidate.event.time.advanced(by: -1))
        for number in numbers { feed(number, candidate, depth: 0) }
    }

    /// Every alert so far, when nothing further will come.
    mutating func takeAllAlerts() -> [Alert] {
        // A verdict at the close of one window may open another one.
        for _ in 0...CorrelationBounds.levelCountMax { expire(through: UTCTime(nanoseconds: .max)) }
        return takeJudgements().flatMap(\.alerts)
    }
}
