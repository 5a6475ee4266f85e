// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// State of one correlation rule: matches per group key within its window, sliding over event time.
///
/// The window is closed at both ends and anchored at the first event of the match.
struct GroupWindows: Sendable {
    /// A condition that came true.
    struct Match: Sendable {
        var key: [String]
        var candidates: [Candidate]
        var count: Int
        var isLowerBound: Bool
    }

    private struct Entry: Sendable {
        var candidate: Candidate
        var source: Int
        var value: [UInt8]
    }

    private struct Group: Sendable {
        var entries: [Entry] = []
        var isCapped = false
        var touched = UTCTime.absent
    }

    private let rule: CorrelationRule
    private var groups: [[String]: Group] = [:]
    private var evictions = 0
    private var pruneCount = GroupWindows.pruneCountMin
    /// No window closes before it; may be too early, never too late.
    private var nextClose: UTCTime?

    init(rule: CorrelationRule) {
        self.rule = rule
    }

    /// Takes a match of source number `source`; returns the correlation's match when its condition holds now.
    mutating func add(_ candidate: Candidate, from source: Int) -> Match? {
        var matches: [Match] = []
        for key in keys(candidate, source) {
            if let match = add(candidate, source, key) { matches.append(match) }
        }
        return matches.first
    }

    /// Group keys of a candidate: one for each combination of values; none when a field is missing.
    private func keys(_ candidate: Candidate, _ source: Int) -> [[String]] {
        var keys: [[String]] = [[]]
        for (name, field) in zip(rule.groupNames, rule.groupFields[source]) {
            let values = candidate.values(field).prefix(8)
            keys = keys.flatMap { key in
                values.map { key + [name + "=" + String(decoding: $0, as: UTF8.self).lowercased()] }
            }
        }
        return keys
    }

    private mutating func add(_ candidate: Candidate, _ source: Int, _ key: [String]) -> Match? {
        let time = candidate.event.time
        guard let value = rule.counted(candidate) else { return nil }
        let oldest = time.advanced(by: -rule.definition.timespan)
        // Taken out, so that its entries are changed in place.
        let known = groups.removeValue(forKey: key)
        var group = known ?? Group()
        group.entries.removeAll { $0.candidate.event.time < oldest }
        // A later stage without the one before it can never complete: most successes follow no failures.
        if rule.isChain, source > 0,
            !group.entries.contains(where: { $0.source == source - 1 })
        {
            if !group.entries.isEmpty { groups[key] = group }
            return nil
        }
        group.entries.append(Entry(candidate: candidate, source: source, value: value))
        if group.entries.count > CorrelationBounds.matchesPerGroupMax {
            group.entries.removeFirst()
            group.isCapped = true
        }
        if rule.decidesAtClose {
            let close = time.advanced(by: rule.definition.timespan)
            nextClose = min(nextClose ?? close, close)
        }
        group.touched = time
        if known == nil, groups.count >= CorrelationBounds.groupCountMax { evict(before: oldest) }
        groups[key] = group
        prune(at: time)
        return verdict(group, key, source)
    }

    /// Forgets groups whose matches have all left the window, whenever the number of groups has doubled.
    private mutating func prune(at time: UTCTime) {
        guard groups.count >= pruneCount, !rule.decidesAtClose else { return }
        let oldest = time.advanced(by: -rule.definition.timespan)
        groups = groups.filter { $0.value.touched >= oldest }
        pruneCount = max(GroupWindows.pruneCountMin, groups.count * 2)
    }

    /// Groups that are kept without a look at their age.
    private static let pruneCountMin = 256

    private mutating func evict(before oldest: UTCTime) {
        let before = groups.count
        groups = groups.filter { $0.value.touched >= oldest }
        guard groups.count >= CorrelationBounds.groupCountMax else { return }
        let cut = groups.map { ($0.value.touched, $0.key.joined(separator: "\u{1f}")) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(CorrelationBounds.groupCountMax / 4)
        let gone = Set(cut.map(\.1))
        groups = groups.filter { !gone.contains($0.key.joined(separator: "\u{1f}")) }
        evictions += before - groups.count
    }

    private func verdict(_ group: Group, _ key: [String], _ source: Int) -> Match? {
        switch rule.definition.kind {
        case .temporal: return temporal(group, key, source)
        case .temporalOrdered: return ordered(group, key, source)
        default:
            guard rule.definition.regularTolerance == nil else { return regular(group, key) }
            return rule.decidesAtClose ? nil : measured(group, key, group.entries[...])
        }
    }

    /// The window's count, sum and so on, if the thresholds hold for it.
    private func measured(_ group: Group, _ key: [String], _ entries: ArraySlice<Entry>) -> Match? {
        let isEventCount = rule.definition.kind == .eventCount
        let measure = isEventCount ? Double(entries.count) : rule.measure(entries.map(\.value))
        guard rule.holds(measure) else { return nil }
        let isCount = rule.definition.kind == .valueCount
        return match(group, key, entries.map(\.candidate), isCount ? Int(measure) : entries.count)
    }

    /// The newest matches lie at equal distances within the tolerance: those of the newest one's witness, or
    /// those of all.
    ///
    /// Two witnesses of one contact log it at its start and at its end; together they would look irregular.
    private func regular(_ group: Group, _ key: [String]) -> Match? {
        guard let newest = group.entries.last?.candidate else { return nil }
        let own = group.entries.map(\.candidate).filter { $0.reporter == newest.reporter }
        if let match = regular(own, group, key) { return match }
        return own.count == group.entries.count ? nil : regular(group.entries.map(\.candidate), group, key)
    }

    private func regular(_ candidates: [Candidate], _ group: Group, _ key: [String]) -> Match? {
        let wanted = Int(rule.definition.thresholds.first?.value ?? 3)
        var distinct: [Candidate] = []
        for candidate in candidates {
            // What is nearer than the shortest period is the same contact, retried or seen twice.
            if let last = distinct.last,
                candidate.event.time < last.event.time.advanced(by: rule.definition.regularMinimum)
            {
                continue
            }
            distinct.append(candidate)
        }
        guard wanted >= 3, distinct.count >= wanted, let tolerance = rule.definition.regularTolerance else {
            return nil
        }
        let newest = Array(distinct.suffix(wanted))
        var gaps: [Int64] = []
        for index in 1..<newest.count {
            gaps.append(newest[index].event.time.nanoseconds - newest[index - 1].event.time.nanoseconds)
        }
        guard let least = gaps.min(), let most = gaps.max(), least >= rule.definition.regularMinimum,
            Double(most - least) <= Double(most) * tolerance / 100
        else { return nil }
        return match(group, key, newest, distinct.count)
    }

    /// The first way in which the condition holds now, each rule with its newest match.
    private func temporal(_ group: Group, _ key: [String], _ source: Int) -> Match? {
        for term in rule.terms where term.absent.isEmpty && term.present.contains(source) {
            var chosen: [Candidate] = []
            for wanted in term.present {
                guard let entry = group.entries.last(where: { $0.source == wanted }) else { break }
                chosen.append(entry.candidate)
            }
            guard chosen.count == term.present.count else { continue }
            chosen.sort { $0.event.time < $1.event.time }
            return match(group, key, chosen, chosen.count)
        }
        return nil
    }

    /// Walks back from the newest match of the last stage; each stage takes the latest event not after the
    /// next one.
    private func ordered(_ group: Group, _ key: [String], _ source: Int) -> Match? {
        for term in rule.terms where term.present.last == source && !term.waits(inOrder: true) {
            if let chosen = chain(group, term) { return match(group, key, chosen, chosen.count) }
        }
        return nil
    }

    private func chain(_ group: Group, _ term: TemporalTerm) -> [Candidate]? {
        guard var last = group.entries.indices.last else { return nil }
        var chosen = [group.entries[last].candidate]
        for stage in term.present.dropLast().reversed() {
            let earlier = group.entries.indices.last { index in
                index < last && group.entries[index].source == stage
                    && !GroupWindows.isSame(group.entries[index].candidate, chosen[0])
            }
            guard let earlier else { return nil }
            chosen.insert(group.entries[earlier].candidate, at: 0)
            last = earlier
        }
        let before = term.absentBefore(inOrder: true)
        return group.entries[..<last].contains { before.contains($0.source) } ? nil : chosen
    }

    private static func isSame(_ left: Candidate, _ right: Candidate) -> Bool {
        left.event.offset == right.event.offset && left.event.ordinal == right.event.ordinal
    }

    private func match(_ group: Group, _ key: [String], _ candidates: [Candidate], _ count: Int) -> Match {
        Match(key: key, candidates: candidates, count: count, isLowerBound: group.isCapped || evictions > 0)
    }

    /// When the first verdict is due that waits for its window to close; nil if none waits.
    var earliestDeadline: UTCTime? {
        guard rule.decidesAtClose else { return nil }
        var earliest: UTCTime?
        for group in groups.values {
            for entry in group.entries where opensWindow(entry) {
                earliest = min(earliest ?? close(of: entry), close(of: entry))
            }
        }
        return earliest
    }

    /// Verdicts whose window has closed by `time`: absences, and thresholds that more events could undo.
    mutating func expired(through time: UTCTime) -> [Match] {
        guard rule.decidesAtClose, let nextClose, nextClose <= time else { return [] }
        var found: [Match] = []
        for key in groups.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard var group = groups[key], group.entries.contains(where: { close(of: $0) <= time }) else {
                continue
            }
            if rule.terms.isEmpty {
                found += closedWindows(&group, key, time)
            } else {
                for index in group.entries.indices where close(of: group.entries[index]) <= time {
                    if let match = unanswered(group, key, index) { found.append(match) }
                }
                group.entries.removeAll { close(of: $0) <= time }
            }
            groups[key] = group.entries.isEmpty ? nil : group
        }
        self.nextClose = groups.values.flatMap(\.entries).map { close(of: $0) }.min()
        return found
    }

    private func close(of entry: Entry) -> UTCTime {
        entry.candidate.event.time.advanced(by: rule.definition.timespan)
    }

    private func opensWindow(_ entry: Entry) -> Bool {
        rule.terms.isEmpty || rule.terms.contains { $0.present.contains(entry.source) }
    }

    /// Windows follow each other: one opens with the first match that no earlier one holds.
    private func closedWindows(_ group: inout Group, _ key: [String], _ time: UTCTime) -> [Match] {
        var found: [Match] = []
        // What came late stands behind what it precedes.
        group.entries.sort { $0.candidate.event.time < $1.candidate.event.time }
        while let first = group.entries.first, close(of: first) <= time {
            let count = group.entries.count { $0.candidate.event.time <= close(of: first) }
            if let match = measured(group, key, group.entries.prefix(count)) { found.append(match) }
            group.entries.removeFirst(count)
        }
        return found
    }

    /// The match that entry `index` opens, when the rest came within its window and nothing that must not.
    private func unanswered(_ group: Group, _ key: [String], _ index: Int) -> Match? {
        let isOrdered = rule.definition.kind == .temporalOrdered
        let first = group.entries[index]
        let window = group.entries.filter {
            $0.candidate.event.time >= first.candidate.event.time
                && $0.candidate.event.time <= close(of: first)
        }
        for term in rule.terms where term.waits(inOrder: isOrdered) && term.present.contains(first.source) {
            let after = term.absentAfter(inOrder: isOrdered)
            guard !window.contains(where: { after.contains($0.source) }),
                let chosen = following(first, window, term, isOrdered)
            else { continue }
            return match(group, key, chosen, chosen.count)
        }
        return nil
    }

    /// The earliest matches of a term's rules in a window that `first` opens; nil when one is missing.
    private func following(
        _ first: Entry,
        _ window: [Entry],
        _ term: TemporalTerm,
        _ isOrdered: Bool
    ) -> [Candidate]? {
        guard isOrdered else {
            var chosen = [first.candidate]
            for wanted in term.present where wanted != first.source {
                guard let entry = window.first(where: { $0.source == wanted }) else { return nil }
                chosen.append(entry.candidate)
            }
            return chosen.sorted { $0.event.time < $1.event.time }
        }
        guard term.present.first == first.source else { return nil }
        var chosen: [Candidate] = []
        var rest = window[...]
        for wanted in term.present {
            let index = rest.firstIndex { entry in
                entry.source == wanted && !chosen.contains { GroupWindows.isSame($0, entry.candidate) }
            }
            guard let index else { return nil }
            chosen.append(rest[index].candidate)
            rest = rest[(index + 1)...]
        }
        return chosen
    }
}
