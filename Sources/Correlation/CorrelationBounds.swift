// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Named limits of the engine: value, unit, reason, and what is seen at the limit.
public enum CorrelationBounds {
    /// Groups a rule keeps: 65,536 keys of some 200 bytes.
    ///
    /// Beyond it the group that was touched longest ago goes, evictions are counted, and later alerts of the
    /// rule say that they are lower bounds.
    public static let groupCountMax = 65_536

    /// Matches kept in one group: enough for every shipped threshold; beyond it the oldest goes and counts
    /// become lower bounds.
    public static let matchesPerGroupMax = 1_024

    /// Events at most that share a batch with one that is kept for hours: 8 of some 250 bytes.
    ///
    /// One of a larger batch is copied into a batch of its own, which costs more than judging it.
    public static let neighbourCountMax = 8

    /// Matches that wait in one rule over rules that decide when their windows close: 65,536.
    ///
    /// Beyond it the oldest are taken at once.
    public static let laggingCountMax = 65_536

    /// Matches between two states that judgement can go back to: 16,384, some 20 ms of judging again.
    ///
    /// What comes before the older state is judged alone.
    public static let revisionMatchCount = 16_384

    /// Event time between two such states: one hour; what comes up to an hour late is revised for certain,
    /// unless matches are too many.
    public static let revisionNanoseconds: Int64 = 3_600 * 1_000_000_000

    /// Late matches that wait for one revision: 1,024.
    public static let lateCountMax = 1_024

    /// Event time for which late matches are gathered before verdicts are made again: ten seconds.
    public static let lateNanoseconds: Int64 = 10 * 1_000_000_000

    /// Tuples of one event that a `value_count` of several fields counts: 64, more than devices name.
    static let tuplesPerEventMax = 64

    /// Matches that one step of a sequence may ask for: 256 (what evidence keeps).
    public static let runCountMax = 256

    /// Steps of a sequence: 16; each costs a reference per kept match.
    public static let stepCountMax = 16

    /// Keys of which a `first-seen` rule knows values: 16,384.
    ///
    /// Beyond it those touched longest ago go and learn anew, which leaves verdicts out: they become lower
    /// bounds.
    public static let firstSeenKeyCountMax = 16_384

    /// Values known of one key: 1,024 of 16 bytes.
    ///
    /// Further ones are not reported, and verdicts become lower bounds.
    public static let firstSeenValueCountMax = 1_024

    /// Past days that a baseline looks at: 31, so 744 counts of a key at hours.
    public static let baselineDayCountMax = 31

    /// Sources whose silence is known: 65,536.
    ///
    /// Beyond it an absence on a further source is unknown.
    public static let coverageSourceCountMax = 65_536

    /// Groups of one rule that lie as objects before the older half of them is packed: 4,096 of some 1,300
    /// bytes.
    public static let looseGroupCountMax = 4_096

    /// Events at most in a group that is packed: 4, so that touching it again costs a few microseconds.
    public static let packedEntryCountMax = 4

    /// Stretches in which one source was heard: 64, each as long as no silence that matters parts it.
    ///
    /// The oldest goes; an absence that reaches back before it is unknown.
    public static let coverageStretchCountMax = 64

    /// Losses remembered: 1,024.
    ///
    /// The oldest goes; an absence that reaches back before it is unknown.
    public static let coverageLossCountMax = 1_024

    /// Correlations that may stand on each other: 4.
    ///
    /// One match runs through all of them at once; a deeper rule is refused when it is read.
    public static let levelCountMax = 4

    /// Witnesses kept in one alert: as many of the first and of the newest.
    ///
    /// What lies between is counted; beyond it an event that is older than the newest witness counts no more,
    /// so that the count is a lower bound.
    public static let witnessCountMax = 256

    /// Events that wait for the watermark: 262,144 of some 300 bytes.
    ///
    /// Beyond it the oldest are decided at once.
    public static let pendingCountMax = 262_144

    /// Peers remembered as seen: 1,048,576 hashes.
    ///
    /// Beyond it the set starts anew, which is counted.
    public static let peerCountMax = 1_048_576

    /// Longest time that a suspect device's reach counts: five minutes (rule R4).
    public static let reachNanoseconds: Int64 = 300 * 1_000_000_000

    /// How long a device stays suspect after an alert of level high: four hours, the join window.
    public static let suspicionNanoseconds: Int64 = 4 * 3_600 * 1_000_000_000

    /// Longest service session without a stop: twelve hours, a long maintenance shift.
    public static let bracketNanoseconds: Int64 = 12 * 3_600 * 1_000_000_000
}
