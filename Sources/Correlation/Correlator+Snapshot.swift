// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// State at an offset, so that a restart does not judge everything again.
extension Correlator: SnapshotResumed {
    /// Whether the state can be written now: nothing waits to be told or revised.
    public var isAtRest: Bool { !trail.hasLate && hasToldAll }

    /// Writes the state; ``isAtRest`` must hold.
    ///
    /// Of the two states that judgement can go back to only the older one is written, with the matches since:
    /// the younger one and the present one follow from them, as in a revision.
    public func write(to encoder: SnapshotEncoder) throws {
        guard isAtRest else { throw SnapshotError.unsupported("verdicts wait to be told") }
        try encoder.write(rules.fingerprints)
        try surroundings.write(to: encoder)
        try coverage.write(to: encoder)
        try encoder.write(pending)
        try trail.write(to: encoder)
        try encoder.write(episodes)
        for time in [latest, watermark] { encoder.write(time) }
        for count in [judgedCount, earlyCount, aloneCount] { encoder.write(count: count) }
    }

    /// Takes the state that was written under the same rules and site.
    public mutating func resume(from decoder: SnapshotDecoder) throws {
        let fingerprints: [String] = try decoder.value()
        guard fingerprints == rules.fingerprints else {
            throw SnapshotError.mismatch("it was made under other rules")
        }
        var known = surroundings
        try known.resume(from: decoder)
        try coverage.resume(from: decoder)
        pending = try decoder.value()
        try trail.resume(from: decoder)
        let believed: Episodes = try decoder.value()
        latest = try decoder.time()
        watermark = try decoder.time()
        judgedCount = Int(try decoder.number())
        earlyCount = Int(try decoder.number())
        aloneCount = Int(try decoder.number())
        judgeAgain(from: 0)
        // What judging again has touched beside the states; numbers of episodes are those that were told.
        episodes = believed
        surroundings = known
    }
}

extension RevisionTrail: SnapshotResumed {
    func write(to encoder: SnapshotEncoder) throws {
        encoder.write(count: generations.count)
        for state in generations[0].states { try state.write(to: encoder) }
        for generation in generations {
            encoder.write(count: generation.serial)
            encoder.write(generation.time)
            try encoder.write(generation.episodes)
            try encoder.write(generation.items)
            try encoder.write(optional: generation.since)
        }
    }

    /// Takes what was written; the states of later generations are made by judging again.
    mutating func resume(from decoder: SnapshotDecoder) throws {
        let count = try decoder.count()
        guard count >= 1, count <= 2 else { throw decoder.damage }
        var states = generations[0].states
        for number in states.indices { try states[number].resume(from: decoder) }
        var resumed: [Generation] = []
        for _ in 0..<count {
            let serial = Int(try decoder.number())
            let time = try decoder.time()
            var generation = Generation(
                serial: serial,
                time: time,
                states: states,
                episodes: try decoder.value()
            )
            generation.items = try decoder.value()
            generation.since = try decoder.optional()
            resumed.append(generation)
        }
        take(resumed)
    }
}
