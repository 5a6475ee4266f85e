// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The group that came nearest to a correlation, and what it lacks.
///
/// Looks at what feeds the rule, not at its state: at most ``CorrelationBounds/matchesPerGroupMax`` matches
/// of a window count, as in judgement.
struct CorrelationMiss {
    /// How near one group came.
    struct Finding {
        /// 0...1.
        var share: Double
        var events: [Candidate]
        var reasons: [String]
    }

    private let rule: CorrelationRule
    private let feed: RuleFeed
    private var groups: [GroupKey: [RuleFeed.Item]] = [:]
    private var order: [GroupKey] = []
    /// Fields of the group that matches lacked, with how many matches.
    private var keyless: [(rule: String, field: String, count: Int)] = []
    private var knownCount = 0
    private let itemCount: Int

    init(_ rule: CorrelationRule, _ feed: RuleFeed) {
        self.rule = rule
        self.feed = feed
        let items = feed.items
        itemCount = items.count
        var memory = rule.definition.extras.firstSeen.map {
            FirstSeenMemory(fields: rule.firstSeenFields, $0)
        }
        for item in items {
            let keys = rule.keys(of: item.candidate, item.source).all
            if keys.isEmpty { noteKeyless(item) }
            for key in keys {
                if let isNew = memory?.isNew(item.candidate, key), !isNew {
                    knownCount += 1
                    continue
                }
                if groups[key] == nil { order.append(key) }
                groups[key, default: []].append(item)
            }
        }
    }

    private mutating func noteKeyless(_ item: RuleFeed.Item) {
        let name = feed.name(ofSource: item.source)
        let fields = zip(rule.groupNames, rule.groupFields[item.source])
        guard let missing = fields.first(where: { item.candidate.values($0.1).isEmpty }) else { return }
        if let place = keyless.firstIndex(where: { $0.rule == name && $0.field == missing.0 }) {
            keyless[place].count += 1
        } else {
            keyless.append((name, missing.0, 1))
        }
    }

    /// The nearest group; nil where no source has a match.
    func result() -> NearMiss? {
        guard itemCount > 0 else { return nil }
        var best: (key: GroupKey, finding: Finding)?
        for key in order {
            guard let items = groups[key] else { continue }
            let finding = finding(items)
            if let best, best.finding.share >= finding.share { continue }
            best = (key, finding)
        }
        var reasons = best?.finding.reasons ?? []
        for lack in keyless {
            reasons.append(
                "\(lack.count) matches of `\(lack.rule)` have no `\(lack.field)` and belong to no group"
            )
        }
        if knownCount > 0 {
            reasons.append("\(knownCount) matches were left out: learned, or known before")
        }
        var miss = NearMiss(offset: nil, reasons: reasons)
        miss.events = best?.finding.events.map(\.witness) ?? []
        miss.group = best?.key.parts ?? []
        miss.share = best?.finding.share ?? 0
        miss.isNear = true
        return miss
    }

    private func finding(_ items: [RuleFeed.Item]) -> Finding {
        if let sequence = rule.sequence { return SequenceMiss(rule, sequence, feed, items).finding() }
        return rule.terms.isEmpty ? measured(items) : temporal(items)
    }

    // MARK: - Counts, sums and so on

    private struct Value {
        var candidate: Candidate
        var values: [[UInt8]]
    }

    private func measured(_ items: [RuleFeed.Item]) -> Finding {
        var distinct: [Candidate] = []
        for item in items {
            if let last = distinct.last, last.counts(with: item.candidate) { continue }
            distinct.append(item.candidate)
        }
        let values = distinct.compactMap { candidate in
            rule.counted(candidate).map { Value(candidate: candidate, values: $0) }
        }
        let noun = RuleWords.measured(rule)
        guard !values.isEmpty else {
            return Finding(
                share: 0,
                events: Array(distinct.prefix(8)),
                reasons: ["none of \(distinct.count) matches has what is asked for: \(noun)"]
            )
        }
        var best: (share: Double, number: Double, window: ArraySlice<Value>)?
        for window in windows(values) {
            let number = measure(window)
            let share = nearness(number)
            if let best, best.share >= share { continue }
            best = (share, number, window)
        }
        guard let (share, number, window) = best else { return Finding(share: 0, events: [], reasons: []) }
        let wanted = RuleWords.thresholds(rule)
        let span = RuleWords.span(rule.definition.timespan)
        var reasons: [String] = []
        if rule.holds(number) {
            reasons.append("\(RuleWords.amount(number, rule)) within \(span), and \(wanted) is reached")
            reasons += furtherTests(window)
        } else {
            reasons.append(
                "\(RuleWords.amount(number, rule)) within \(span); \(wanted) is asked for"
                    + shortfall(number)
            )
            reasons += spread(values)
        }
        let lacking = distinct.count - values.count
        if lacking > 0 { reasons.append("\(lacking) matches do not have it and do not count") }
        return Finding(
            share: min(share, 0.999),
            events: window.suffix(CorrelationBounds.witnessCountMax).map(\.candidate),
            reasons: reasons
        )
    }

    private func measure(_ window: ArraySlice<Value>) -> Double {
        rule.definition.kind == .eventCount ? Double(window.count) : rule.measure(window.flatMap(\.values))
    }

    /// The longest windows: each ends where the next match would not fit any more.
    private func windows(_ values: [Value]) -> [ArraySlice<Value>] {
        var found: [ArraySlice<Value>] = []
        var start = 0
        for index in values.indices {
            let isLast = index == values.count - 1
            let next = isLast ? nil : values[index + 1].candidate.event.time
            let fits = next.map { holds($0, after: index, from: start, values) } ?? false
            if fits { continue }
            found.append(values[max(start, index + 1 - CorrelationBounds.matchesPerGroupMax)...index])
            guard let next else { continue }
            if rule.definition.extras.sessionGap != nil {
                start = index + 1
            } else {
                while values[start].candidate.event.time < next.advanced(by: -rule.definition.timespan) {
                    start += 1
                }
            }
        }
        return found
    }

    private func holds(_ time: UTCTime, after index: Int, from start: Int, _ values: [Value]) -> Bool {
        let isInSpan = values[start].candidate.event.time.advanced(by: rule.definition.timespan) >= time
        guard let gap = rule.definition.extras.sessionGap else { return isInSpan }
        return isInSpan && values[index].candidate.event.time.advanced(by: gap) >= time
    }

    /// The number from which the thresholds hold; nil where there is none.
    private var needed: Double? {
        guard rule.thresholds.count == 1, let threshold = rule.thresholds.first else { return nil }
        switch threshold.comparison {
        case .greaterOrEqual: return threshold.value.rounded(.up)
        case .greaterThan: return threshold.value.rounded(.down) + 1
        default: return nil
        }
    }

    private func nearness(_ number: Double) -> Double {
        guard !rule.holds(number) else { return 1 }
        if let needed, needed > 0, number >= 0 { return min(0.99, number / needed) }
        let distances = rule.thresholds.map { abs($0.value - number) / (abs($0.value) + 1) }
        return 1 / (1 + (distances.max() ?? 1))
    }

    private var isCount: Bool {
        rule.definition.kind == .eventCount || rule.definition.kind == .valueCount
    }

    private func shortfall(_ number: Double) -> String {
        guard let needed, needed > number, isCount else { return "" }
        return ": \(RuleWords.number(needed - number)) short"
    }

    /// Where the group as a whole has enough: how much too far they lie apart.
    private func spread(_ values: [Value]) -> [String] {
        guard let needed, isCount, needed <= Double(values.count), let shortest = shortest(values, needed)
        else { return [] }
        if let gap = rule.definition.extras.sessionGap {
            return [
                "\(RuleWords.number(needed)) come within \(RuleWords.span(shortest)), in sessions that "
                    + "gaps of more than \(RuleWords.span(gap)) part"
            ]
        }
        guard shortest > rule.definition.timespan else { return [] }
        let over = shortest - rule.definition.timespan
        return [
            "\(RuleWords.number(needed)) come within \(RuleWords.span(shortest)) at the nearest: "
                + "\(RuleWords.span(over)) longer than the window"
        ]
    }

    /// The shortest time in which a number of events or different values came.
    private func shortest(_ values: [Value], _ needed: Double) -> Int64? {
        var counts: [[UInt8]: Int] = [:]
        var start = 0
        var best: Int64?
        let isDistinct = rule.definition.kind == .valueCount
        for index in values.indices {
            for value in values[index].values { counts[value, default: 0] += 1 }
            while isDistinct ? Double(counts.count) >= needed : Double(index - start + 1) >= needed {
                let span =
                    values[index].candidate.event.time.nanoseconds
                    - values[start].candidate.event.time.nanoseconds
                best = min(best ?? span, span)
                for value in values[start].values {
                    counts[value] = counts[value].flatMap { $0 > 1 ? $0 - 1 : nil }
                }
                start += 1
            }
        }
        return best
    }

    /// What else must hold where the number does.
    private func furtherTests(_ window: ArraySlice<Value>) -> [String] {
        var reasons: [String] = []
        if let tolerance = rule.definition.regularTolerance {
            let times = window.map(\.candidate.event.time.nanoseconds)
            let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
            if let least = gaps.min(), let most = gaps.max() {
                reasons.append(
                    "the distances are \(RuleWords.span(least)) to \(RuleWords.span(most)); at most "
                        + "\(RuleWords.number(tolerance)) per cent of difference and at least "
                        + "\(RuleWords.span(rule.definition.regularMinimum)) are asked for"
                )
            }
        }
        if let baseline = rule.definition.extras.baseline {
            reasons.append(
                "the count is not above the past days, or fewer than \(baseline.leastDays) days are known"
            )
        }
        return reasons
    }

    // MARK: - Rules that must all match

    private func temporal(_ items: [RuleFeed.Item]) -> Finding {
        var best: Finding?
        for term in rule.terms {
            let finding = temporal(items, term)
            if let best, best.share >= finding.share { continue }
            best = finding
        }
        return best ?? Finding(share: 0, events: [], reasons: [])
    }

    private func temporal(_ items: [RuleFeed.Item], _ term: TemporalTerm) -> Finding {
        var best: (found: [Int: RuleFeed.Item], end: UTCTime)?
        var newest: [Int: RuleFeed.Item] = [:]
        for item in items where term.present.contains(item.source) {
            newest[item.source] = item
            let oldest = item.candidate.event.time.advanced(by: -rule.definition.timespan)
            let found = newest.filter { $0.value.candidate.event.time >= oldest }
            if let best, best.found.count >= found.count { continue }
            best = (found, item.candidate.event.time)
        }
        let count = best?.found.count ?? 0
        let total = term.present.count
        let events = (best?.found.values.map(\.candidate) ?? []).sorted { $0.isJudged(before: $1) }
        let span = RuleWords.span(rule.definition.timespan)
        var reasons = ["\(count) of \(total) rules matched within \(span)"]
        for place in term.present where best?.found[place] == nil {
            reasons.append(missing(place, items, best?.end ?? .absent))
        }
        if count == total {
            reasons += forbidden(items, term, events)
            if rule.definition.kind == .temporalOrdered {
                reasons.append("in order, each after the one before, they did not come")
            }
        }
        let share = (Double(count) + (count == total ? 0.5 : 0)) / (Double(total) + 1)
        return Finding(share: share, events: events, reasons: reasons)
    }

    /// Whether a rule did not match at all, or only too far away.
    private func missing(_ place: Int, _ items: [RuleFeed.Item], _ end: UTCTime) -> String {
        let name = "`\(feed.name(ofSource: place))`"
        let distances = items.filter { $0.source == place }.map { item in
            (item, abs(item.candidate.event.time.nanoseconds - end.nanoseconds))
        }
        guard let (item, distance) = distances.min(by: { $0.1 < $1.1 }) else {
            return "\(name) did not match for this group"
        }
        let over = distance - rule.definition.timespan
        return "\(name) matched at #\(item.candidate.event.offset), \(RuleWords.span(distance)) away"
            + (over > 0 ? ": \(RuleWords.span(over)) outside the window" : "")
    }

    private func forbidden(
        _ items: [RuleFeed.Item],
        _ term: TemporalTerm,
        _ events: [Candidate]
    ) -> [String] {
        guard let first = events.first?.event.time else { return [] }
        let close = first.advanced(by: rule.definition.timespan)
        return term.absent.compactMap { place in
            let hit = items.first { item in
                let time = item.candidate.event.time
                return item.source == place && time >= first && time <= close
            }
            guard let hit else { return nil }
            let after = hit.candidate.event.time.nanoseconds - first.nanoseconds
            return
                "`\(feed.name(ofSource: place))` must not match and did, at #\(hit.candidate.event.offset), "
                + "\(RuleWords.span(after)) after the first"
        }
    }
}
