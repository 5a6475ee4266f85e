// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Counts of each key in stretches of the day, compared with the same stretch of past days.
///
/// Stretches are those of UTC: the offset of a local clock moves them alike on every day.
struct BaselineCounts: SnapshotResumed, Sendable {
    private struct History: KeyedGroup {
        var touched: UTCTime
        /// Stretch of the key's first event.
        var first: Int64
        /// Stretches with events, ascending.
        var counts: [Count] = []
        /// Witnesses of the newest stretch.
        var recent: [Candidate] = []

        func write(to encoder: SnapshotEncoder) throws {
            encoder.write(touched)
            encoder.write(signed: first)
            try encoder.write(counts)
            try encoder.write(recent)
        }

        static func read(from decoder: SnapshotDecoder) throws -> History {
            History(
                touched: try decoder.time(),
                first: try decoder.signed(),
                counts: try decoder.value(),
                recent: try decoder.value()
            )
        }
    }

    private struct Count: Codable, Sendable {
        var stretch: Int64
        var count: Int
    }

    private let rule: CorrelationRule
    private let baseline: CorrelationExtension.Baseline
    private let stretchesPerDay: Int64
    private var table = GroupTable<History>()

    /// A day, nanoseconds.
    static let day: Int64 = 86_400 * UTCTime.second

    init(rule: CorrelationRule, _ baseline: CorrelationExtension.Baseline) {
        self.rule = rule
        self.baseline = baseline
        stretchesPerDay = BaselineCounts.day / rule.definition.timespan
    }

    func write(to encoder: SnapshotEncoder) throws { try encoder.write(table) }

    mutating func resume(from decoder: SnapshotDecoder) throws { table = try decoder.value() }

    /// Counts a match; returns the verdict when the count stands out now.
    mutating func add(_ candidate: Candidate, _ key: GroupKey) -> GroupWindows.Match? {
        let time = candidate.event.time
        let stretch = BaselineCounts.floor(time.nanoseconds, rule.definition.timespan)
        let reach = stretchesPerDay * Int64(baseline.days)
        var history = table.take(key) ?? History(touched: time, first: stretch)
        history.touched = max(history.touched, time)
        history.counts.removeAll { $0.stretch < stretch - reach }
        if history.counts.last.map({ $0.stretch < stretch }) ?? true {
            history.counts.append(Count(stretch: stretch, count: 0))
            history.recent = []
        }
        var match: GroupWindows.Match?
        if let index = history.counts.firstIndex(where: { $0.stretch == stretch }) {
            history.counts[index].count += 1
            if index == history.counts.count - 1 {
                if history.recent.count < CorrelationBounds.witnessCountMax {
                    history.recent.append(candidate)
                }
                if stands(out: history, stretch) {
                    var witnesses = history.recent
                    if !witnesses.contains(where: { $0 === candidate }) { witnesses.append(candidate) }
                    match = GroupWindows.Match(
                        key: key.parts,
                        candidates: witnesses,
                        count: history.counts[index].count,
                        isLowerBound: table.evictions > 0
                    )
                }
            }
        }
        let span = rule.definition.timespan
        table.put(history, key, after: time.advanced(by: -(reach + 1) * span))
        return match
    }

    private func stands(out history: History, _ stretch: Int64) -> Bool {
        guard let count = history.counts.last?.count, rule.holds(Double(count)) else { return false }
        let days = min(Int64(baseline.days), (stretch - history.first) / stretchesPerDay)
        guard days >= Int64(baseline.leastDays) else { return false }
        let past = (1...days).map { day in
            history.counts.first { $0.stretch == stretch - day * stretchesPerDay }?.count ?? 0
        }
        let usual =
            baseline.measure == .most
            ? Double(past.max() ?? 0) : Double(past.reduce(0, +)) / Double(past.count)
        return Double(count) > baseline.factor * usual
    }

    /// Division that rounds down, also before 1970.
    static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
