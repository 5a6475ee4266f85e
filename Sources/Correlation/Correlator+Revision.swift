// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Late events: verdicts are made again from a remembered state, and the differences are told.
extension Correlator {
    /// Judges the late events that wait in their places, now.
    ///
    /// - Complexity: O(matches since the remembered state), at most twice
    ///   ``CorrelationBounds/revisionMatchCount``.
    public mutating func revise() {
        guard let (first, reason) = trail.takeLate() else { return }
        goOn(from: first, because: reason)
    }

    /// Judges again what is remembered, from the state of a generation on, and tells what differs.
    mutating func goOn(from first: Int, because reason: String) {
        let old = episodes
        let start = trail.generations[first]
        judgeAgain(from: first)
        revisions += episodes.reconcile(
            with: old,
            from: start.episodes,
            since: start.serial,
            reason
        )
    }

    /// Makes states and episodes again from a remembered state and the matches since.
    mutating func judgeAgain(from first: Int) {
        let start = trail.generations[first]
        states = start.states
        episodes = start.episodes
        episodes.generation = start.serial
        for number in first..<trail.generations.count {
            if number > first {
                expire(through: trail.generations[number].time.advanced(by: -1))
                trail.correct(number, states, episodes)
                episodes.generation = trail.generations[number].serial
            }
            for item in trail.generations[number].items {
                expire(through: item.candidate.event.time.advanced(by: -1))
                apply(item.numbers, item.candidate, depth: 0)
            }
        }
        if latest.isPresent { expire(through: latest.advanced(by: -1)) }
        if watermark.isPresent { expire(through: watermark) }
    }
}
