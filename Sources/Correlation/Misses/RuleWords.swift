// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Parts of rules in words, for answers to why something spoke and why not.
enum RuleWords {
    /// `90 ms`, `12s`, `1h30m`, `3d`: whole units, none left out.
    static func span(_ nanoseconds: Int64) -> String {
        let size = nanoseconds.magnitude
        guard size >= UInt64(UTCTime.second) else {
            return size % 1_000_000 == 0 ? "\(size / 1_000_000) ms" : "\(size) ns"
        }
        let seconds = size / UInt64(UTCTime.second)
        let rest = size % UInt64(UTCTime.second)
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"),
            (seconds % 60, "s"),
        ]
        let text = parts.filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }.joined()
        return rest == 0 ? text : text + " " + span(Int64(rest))
    }

    /// A number without a fraction that says nothing.
    static func number(_ value: Double) -> String {
        value.rounded() == value && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    /// `at least 5`, `more than 3 and at most 8`.
    static func thresholds(_ rule: CorrelationRule) -> String {
        let parts = rule.thresholds.map { threshold in
            let value = number(threshold.value)
            switch threshold.comparison {
            case .greaterThan: return "more than \(value)"
            case .greaterOrEqual: return "at least \(value)"
            case .lessThan: return "less than \(value)"
            case .lessOrEqual: return "at most \(value)"
            case .equal: return "exactly \(value)"
            case .notEqual: return "anything but \(value)"
            }
        }
        return parts.joined(separator: " and ")
    }

    /// A number of what a threshold counts or adds.
    static func amount(_ value: Double, _ rule: CorrelationRule) -> String {
        let noun = measured(rule)
        switch rule.definition.kind {
        case .eventCount, .valueCount, .temporal, .temporalOrdered:
            return "\(number(value)) " + (value == 1 && noun == "events" ? "event" : noun)
        default: return "\(number(value)) as \(noun)"
        }
    }

    /// What a threshold counts or adds, as a noun.
    static func measured(_ rule: CorrelationRule) -> String {
        let fields = rule.definition.countedFields.map { "`\($0.text)`" }.joined(separator: ", ")
        switch rule.definition.kind {
        case .eventCount, .temporal, .temporalOrdered: return "events"
        case .valueCount: return "different values of \(fields)"
        case .valueSum: return "the sum of \(fields)"
        case .valueAverage: return "the mean of \(fields)"
        case .valueMedian: return "the median of \(fields)"
        case .valuePercentile:
            return "the percentile \(number(rule.definition.percentile)) of \(fields)"
        }
    }

    /// What a correlation asks for.
    static func condition(_ rule: CorrelationRule, _ feed: RuleFeed) -> String {
        let span = span(rule.definition.timespan)
        let extras = rule.definition.extras
        var parts: [String] = []
        if let sequence = rule.sequence, extras.sequence != nil || extras.absence != nil {
            parts.append(steps(sequence, feed) + ", all within \(span)")
            if !sequence.until.isEmpty {
                let names = sequence.until.sorted().map { "`\(feed.name(ofSource: $0))`" }
                parts.append("ended by " + names.joined(separator: " or "))
            }
            if let absence = sequence.absence {
                let name = feed.name(ofSource: absence.source)
                parts.append("and no `\(name)` within \(self.span(absence.within)) after it")
            }
        } else if let condition = rule.definition.condition {
            parts.append("`\(condition.text)` within \(span)")
        } else if rule.definition.kind == .temporal || rule.definition.kind == .temporalOrdered {
            let names = rule.sources.indices.map { "`\(feed.name(ofSource: $0))`" }
            let least = rule.thresholds.isEmpty ? "" : " " + thresholds(rule) + " of"
            let order = rule.definition.kind == .temporalOrdered ? "in this order" : "in any order"
            parts.append("\(order)\(least) \(names.joined(separator: ", ")) within \(span)")
        } else if rule.definition.kind == .eventCount || rule.definition.kind == .valueCount {
            parts.append("\(thresholds(rule)) \(measured(rule)) within \(span)")
        } else {
            parts.append("\(measured(rule)) \(thresholds(rule)) within \(span)")
        }
        if let gap = extras.sessionGap { parts.append("neighbours at most \(self.span(gap)) apart") }
        if let tolerance = rule.definition.regularTolerance {
            parts.append("at equal distances within \(number(tolerance)) per cent")
        }
        if let first = extras.firstSeen {
            parts.append("only new " + first.fields.map { "`\($0.text)`" }.joined(separator: ", "))
        }
        if let baseline = extras.baseline {
            let measure = baseline.measure == .mean ? "the mean" : "the greatest count"
            parts.append(
                "over \(number(baseline.factor)) times \(measure) of this stretch of the last "
                    + "\(baseline.days) days"
            )
        }
        return parts.joined(separator: ", ")
    }

    private static func steps(_ sequence: StepSequence, _ feed: RuleFeed) -> String {
        sequence.stages.map { stage in
            var text = "`\(feed.name(ofSource: stage.source))`"
            if stage.runs > 1 { text += " \(stage.runs) times" }
            if let within = stage.within { text += " within \(span(within))" }
            return text
        }.joined(separator: ", then ")
    }
}
