// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// What the keys under `wardline:` of a correlation add to Sigma's language (docs/rules.md).
public struct CorrelationExtension: Hashable, Sendable {
    /// Steps that follow each other.
    public struct Sequence: Hashable, Sendable {
        /// The steps in order, at least one.
        public var steps: [Step]
        /// Rules whose match ends every sequence of its key that is not complete.
        public var until: [RuleText]

        /// Makes a sequence.
        public init(steps: [Step], until: [RuleText]) {
            self.steps = steps
            self.until = until
        }
    }

    /// One step of a sequence.
    public struct Step: Hashable, Sendable {
        /// Id or name of the rule that matches here.
        public var rule: RuleText
        /// Matches of the rule that the step takes, 1...``CorrelationBounds/runCountMax``.
        public var runs: Int
        /// Longest time from the end of the step before to the end of this one, nanoseconds; nil if only the
        /// time span bounds it.
        public var within: Int64?
        /// What must be equal to a field of the step before.
        public var joins: [Join]

        /// Makes a step.
        public init(rule: RuleText, runs: Int = 1, within: Int64? = nil, joins: [Join] = []) {
            self.rule = rule
            self.runs = runs
            self.within = within
            self.joins = joins
        }
    }

    /// A field that must equal a field of the step before.
    public struct Join: Hashable, Sendable {
        /// Field of this step.
        public var field: RuleText
        /// Field of the step before.
        public var earlier: RuleText

        /// Makes a join.
        public init(field: RuleText, earlier: RuleText) {
            self.field = field
            self.earlier = earlier
        }
    }

    /// A rule that must not match within a time after the last step.
    public struct Absence: Hashable, Sendable {
        /// The rule.
        public var rule: RuleText
        /// The deadline after the last step, nanoseconds; nil for the time span.
        public var within: Int64?
        /// Longest time that the source may be silent before the deadline, nanoseconds; nil for the whole
        /// of it, so that one further event of the source is enough.
        public var silence: Int64?
        /// What must be equal to a field of the last step.
        public var joins: [Join]

        /// Makes an absence.
        public init(rule: RuleText, within: Int64?, silence: Int64?, joins: [Join]) {
            self.rule = rule
            self.within = within
            self.silence = silence
            self.joins = joins
        }
    }

    /// Only what is new for its key takes part.
    public struct FirstSeen: Hashable, Sendable {
        /// Fields whose values, together, are new or known.
        public var fields: [RuleText]
        /// How long everything of a key is learned and nothing is new, nanoseconds, from its first event.
        public var learning: Int64
        /// After which time a value that was not seen is new again, nanoseconds; nil for never.
        public var forgetting: Int64?

        /// Makes one.
        public init(fields: [RuleText], learning: Int64, forgetting: Int64?) {
            self.fields = fields
            self.learning = learning
            self.forgetting = forgetting
        }
    }

    /// A count compared with the same stretch of past days.
    public struct Baseline: Hashable, Sendable {
        /// What past days are compared by.
        public enum Measure: String, Hashable, Sendable, CaseIterable {
            /// Their mean, days without events included.
            case mean
            /// Their greatest count.
            case most = "max"
        }

        /// Days looked at, 1...``CorrelationBounds/baselineDayCountMax``.
        public var days: Int
        /// Days that must be known before there is a verdict, 1...`days`.
        public var leastDays: Int
        /// How many times the measure the count must exceed.
        public var factor: Double
        /// What past days are compared by.
        public var measure: Measure

        /// Makes one.
        public init(days: Int, leastDays: Int, factor: Double, measure: Measure) {
            self.days = days
            self.leastDays = leastDays
            self.factor = factor
            self.measure = measure
        }
    }

    /// `wardline.sequence`.
    public var sequence: Sequence?
    /// `wardline.absence`.
    public var absence: Absence?
    /// `wardline.gap` of `wardline.window: session`: longest time between neighbours of a session,
    /// nanoseconds; nil for the sliding window.
    public var sessionGap: Int64?
    /// `wardline.first-seen`.
    public var firstSeen: FirstSeen?
    /// `wardline.baseline`.
    public var baseline: Baseline?

    /// Nothing beyond Sigma.
    public init() {}

    /// Rules that sequence and absence name, each once, in order.
    var references: [RuleText] {
        var found: [RuleText] = []
        let all =
            (sequence?.steps.map(\.rule) ?? []) + (sequence?.until ?? []) + [absence?.rule].compactMap { $0 }
        for name in all where !found.contains(where: { $0.text == name.text }) { found.append(name) }
        return found
    }
}
