// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A correlation rule ready to run.
struct CorrelationRule: Sendable {
    let definition: CorrelationDefinition
    /// Sources in the order of `rules`: indices into the rule set (detections first, then correlations).
    let sources: [Int]
    /// For each source, the field of each group key.
    let groupFields: [[RuleField]]
    let groupNames: [String]
    /// The same as bytes, each with `=` after it.
    let groupLabels: [[UInt8]]
    /// Fields whose values are counted or added; empty for counts of events and temporal types.
    let countedFields: [RuleField]
    /// Thresholds, all of which must hold.
    let thresholds: [(comparison: Comparison, value: Double)]
    /// For temporal types: the ways in which the condition can hold.
    let terms: [TemporalTerm]
    /// Whether a verdict may wait for its window to close: absences, and thresholds that more events undo.
    let decidesAtClose: Bool
    /// Steps in order, where order is all that is asked for.
    let sequence: StepSequence?
    /// Fields whose new values take part; empty unless `first-seen` is asked.
    let firstSeenFields: [RuleField]
    var raisesAlerts = true
    /// How long after its time a match of a rule below may be known, in nanoseconds: what this rule is given
    /// waits so long, so that it comes in order of time. 0 over rules that decide at once.
    var lag: Int64 = 0
    /// Groups that lie as objects before some are packed.
    var looseGroupCountMax = CorrelationBounds.looseGroupCountMax

    /// How long an episode stays open after its newest evidence.
    var episodeWindow: Int64 { definition.timespan }

    /// How long after the time of its newest event a match of this rule may be known.
    var delay: Int64 {
        guard decidesAtClose else { return lag }
        return lag + (sequence?.absence?.within ?? definition.timespan)
    }

    /// Shortest silence of a source that makes one of its absences unknown; nil without absences.
    var silence: Int64? {
        guard decidesAtClose else { return nil }
        guard let sequence else { return terms.isEmpty ? nil : definition.timespan }
        return sequence.absence?.silence
    }

    /// What of `candidate` is counted or added: each value of the field, of several fields each tuple; nil
    /// when it has none of it, so that it does not take part.
    ///
    /// Values are told apart as those of groups are: as text without case.
    func counted(_ candidate: Candidate) -> [[UInt8]]? {
        guard let first = countedFields.first else { return [] }
        guard definition.kind == .valueCount else {
            let numbers = candidate.values(first).filter { RuleNumber($0) != nil }
            return numbers.isEmpty ? nil : numbers
        }
        guard countedFields.count > 1 else {
            let values = candidate.foldedValues(first)
            return values.isEmpty ? nil : values
        }
        var tuples: [[UInt8]] = [[]]
        for field in countedFields {
            let values = candidate.foldedValues(field)
            // Lengths keep (`a`, `bc`) and (`ab`, `c`) apart.
            tuples = tuples.prefix(CorrelationBounds.tuplesPerEventMax).flatMap { tuple in
                values.map { tuple + Array("\($0.count):".utf8) + $0 }
            }
        }
        return tuples.isEmpty ? nil : Array(tuples.prefix(CorrelationBounds.tuplesPerEventMax))
    }

    /// The number that thresholds are compared with, over what ``counted(_:)`` gave for a window.
    ///
    /// A percentile is the nearest rank: the least value that at least so many per cent of the values do not
    /// exceed. Sums run in ascending order of value, so that arrival decides nothing.
    func measure(_ values: [[UInt8]]) -> Double {
        switch definition.kind {
        case .eventCount, .temporal, .temporalOrdered: return Double(values.count)
        case .valueCount: return Double(Set(values).count)
        case .valueSum: return CorrelationRule.numbers(values).reduce(0, +)
        case .valueAverage:
            return values.isEmpty ? 0 : CorrelationRule.numbers(values).reduce(0, +) / Double(values.count)
        case .valueMedian: return CorrelationRule.rank(50, of: values)
        case .valuePercentile: return CorrelationRule.rank(definition.percentile, of: values)
        }
    }

    /// Whether every threshold holds for `number`.
    func holds(_ number: Double) -> Bool {
        thresholds.allSatisfy { threshold in
            switch threshold.comparison {
            case .greaterThan: number > threshold.value
            case .greaterOrEqual: number >= threshold.value
            case .lessThan: number < threshold.value
            case .lessOrEqual: number <= threshold.value
            case .equal: number == threshold.value
            case .notEqual: number != threshold.value
            }
        }
    }

    private static func numbers(_ values: [[UInt8]]) -> [Double] {
        values.compactMap { RuleNumber($0)?.double }.sorted()
    }

    private static func rank(_ percent: Double, of values: [[UInt8]]) -> Double {
        let numbers = numbers(values)
        guard !numbers.isEmpty else { return 0 }
        let rank = Int((percent / 100 * Double(numbers.count)).rounded(.up))
        return numbers[min(max(rank, 1), numbers.count) - 1]
    }
}
