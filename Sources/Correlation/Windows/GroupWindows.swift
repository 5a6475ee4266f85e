// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// State of one correlation rule: matches per group key within its window, sliding over event time.
///
/// The window is closed at both ends and anchored at the first event of the match.
struct GroupWindows: SnapshotResumed, Sendable {
    /// A condition that came true.
    struct Match: Sendable {
        var key: [String]
        var candidates: [Candidate]
        var count: Int
        var isLowerBound: Bool
        /// How sure the order of the candidates is; nil where order does not matter.
        var order: EventOrder?
        /// What is known of what must not have come; nil where nothing was asked.
        var absence: AbsenceFinding?
    }

    private struct Entry: SnapshotCoded, Sendable {
        var candidate: Candidate
        var source: Int
        /// What is counted or added; empty where events are.
        var values: [[UInt8]]

        func write(to encoder: SnapshotEncoder) throws {
            try candidate.write(to: encoder)
            encoder.write(count: source)
            encoder.write(count: values.count)
            for value in values { encoder.write(value) }
        }

        static func read(from decoder: SnapshotDecoder) throws -> Entry {
            let candidate = try Candidate.read(from: decoder)
            let source = Int(try decoder.number())
            let count = try decoder.count()
            var values: [[UInt8]] = []
            for _ in 0..<count { values.append(try decoder.bytes()) }
            return Entry(candidate: candidate, source: source, values: values)
        }
    }

    private struct Group: KeyedGroup {
        var entries: [Entry] = []
        var isCapped = false
        var touched = UTCTime.absent
        var isSmall: Bool { entries.count <= CorrelationBounds.packedEntryCountMax }

        func write(to encoder: SnapshotEncoder) throws {
            encoder.write(count: entries.count)
            for entry in entries { try entry.write(to: encoder) }
            encoder.write(isCapped)
            encoder.write(touched)
        }

        static func read(from decoder: SnapshotDecoder) throws -> Group {
            let count = try decoder.count()
            var group = Group()
            group.entries.reserveCapacity(count)
            for _ in 0..<count { group.entries.append(try Entry.read(from: decoder)) }
            group.isCapped = try decoder.flag()
            group.touched = try decoder.time()
            return group
        }
    }

    private let rule: CorrelationRule
    private var table: GroupTable<Group>
    /// When groups may be due.
    private(set) var deadlines = DeadlineHeap()

    init(rule: CorrelationRule) {
        self.rule = rule
        // Where windows are decided as they close, all of them are looked at.
        table = GroupTable(looseCountMax: rule.decidesAtClose ? .max : rule.looseGroupCountMax)
    }

    func write(to encoder: SnapshotEncoder) throws {
        try encoder.write(table)
        try encoder.write(deadlines)
    }

    mutating func resume(from decoder: SnapshotDecoder) throws {
        try table.resume(from: decoder)
        deadlines = try decoder.value()
    }

    /// Takes a match of source number `source`; returns the correlation's match when its condition holds now.
    mutating func add(_ candidate: Candidate, _ source: Int, _ key: GroupKey) -> Match? {
        let time = candidate.event.time
        guard let values = rule.counted(candidate) else { return nil }
        let oldest = time.advanced(by: -rule.definition.timespan)
        var group = table.take(key) ?? Group()
        trim(&group, oldest, time)
        // An event counts once, however many of the rules match it; verdicts that are fed on count each.
        if rule.terms.isEmpty, let last = group.entries.last?.candidate, last.counts(with: candidate) {
            table.put(group, key, after: oldest)
            return nil
        }
        group.entries.append(Entry(candidate: candidate, source: source, values: values))
        if group.entries.count > CorrelationBounds.matchesPerGroupMax {
            group.entries.removeFirst()
            group.isCapped = true
        }
        if rule.decidesAtClose {
            let close = closes(group) ?? time.advanced(by: rule.definition.timespan)
            deadlines.push(close, key)
        }
        group.touched = max(group.touched, time)
        table.put(group, key, after: oldest)
        return verdict(group, key, source)
    }

    /// Removes what has left the window that ends at `time`, or the session that is over by then.
    private func trim(_ group: inout Group, _ oldest: UTCTime, _ time: UTCTime) {
        guard let gap = rule.definition.extras.sessionGap else {
            group.entries.removeAll { $0.candidate.event.time < oldest }
            return
        }
        guard let first = group.entries.first?.candidate.event.time,
            let last = group.entries.last?.candidate.event.time
        else { return }
        if time > last.advanced(by: gap) || first < oldest { group.entries = [] }
    }

    /// When the session of a group is over if nothing more comes; nil without sessions.
    private func closes(_ group: Group) -> UTCTime? {
        guard let gap = rule.definition.extras.sessionGap, let first = group.entries.first,
            let last = group.entries.last
        else { return nil }
        return min(close(of: first), last.candidate.event.time.advanced(by: gap))
    }

    private func verdict(_ group: Group, _ key: GroupKey, _ source: Int) -> Match? {
        switch rule.definition.kind {
        case .temporal: return temporal(group, key, source)
        case .temporalOrdered: return ordered(group, key, source)
        default:
            guard rule.definition.regularTolerance == nil else { return regular(group, key) }
            return rule.decidesAtClose ? nil : measured(group, key, group.entries[...])
        }
    }

    /// The window's count, sum and so on, if the thresholds hold for it.
    private func measured(_ group: Group, _ key: GroupKey, _ entries: ArraySlice<Entry>) -> Match? {
        let isEventCount = rule.definition.kind == .eventCount
        let measure = isEventCount ? Double(entries.count) : rule.measure(entries.flatMap(\.values))
        guard rule.holds(measure) else { return nil }
        let isCount = rule.definition.kind == .valueCount
        return match(group, key, entries.map(\.candidate), isCount ? Int(measure) : entries.count)
    }

    /// The newest matches lie at equal distances within the tolerance: those of the newest one's witness, or
    /// those of all.
    ///
    /// Two witnesses of one contact log it at its start and at its end; together they would look irregular.
    private func regular(_ group: Group, _ key: GroupKey) -> Match? {
        guard let newest = group.entries.last?.candidate else { return nil }
        let own = group.entries.map(\.candidate).filter { $0.reporter == newest.reporter }
        if let match = regular(own, group, key) { return match }
        return own.count == group.entries.count ? nil : regular(group.entries.map(\.candidate), group, key)
    }

    private func regular(_ candidates: [Candidate], _ group: Group, _ key: GroupKey) -> Match? {
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
    private func temporal(_ group: Group, _ key: GroupKey, _ source: Int) -> Match? {
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
    private func ordered(_ group: Group, _ key: GroupKey, _ source: Int) -> Match? {
        for term in rule.terms where term.present.last == source && !term.waits(inOrder: true) {
            if let chosen = chain(group, term) {
                var found = match(group, key, chosen, chosen.count)
                found.order = EventOrder(of: chosen)
                return found
            }
        }
        return nil
    }

    private func chain(_ group: Group, _ term: TemporalTerm) -> [Candidate]? {
        guard var last = group.entries.indices.last else { return nil }
        var chosen = [group.entries[last].candidate]
        for stage in term.present.dropLast().reversed() {
            let earlier = group.entries.indices.last { index in
                index < last && group.entries[index].source == stage
                    && !group.entries[index].candidate.isSame(as: chosen[0])
            }
            guard let earlier else { return nil }
            chosen.insert(group.entries[earlier].candidate, at: 0)
            last = earlier
        }
        let before = term.absentBefore(inOrder: true)
        return group.entries[..<last].contains { before.contains($0.source) } ? nil : chosen
    }

    private func match(_ group: Group, _ key: GroupKey, _ candidates: [Candidate], _ count: Int) -> Match {
        Match(
            key: key.parts,
            candidates: candidates,
            count: count,
            isLowerBound: group.isCapped || table.evictions > 0
        )
    }

    /// When the first verdict is due that waits for its window to close; nil if none waits.
    var earliestDeadline: UTCTime? {
        guard rule.decidesAtClose else { return nil }
        var earliest: UTCTime?
        for group in table.groups.values {
            if let close = closes(group) {
                earliest = min(earliest ?? close, close)
                continue
            }
            for entry in group.entries where opensWindow(entry) {
                earliest = min(earliest ?? close(of: entry), close(of: entry))
            }
        }
        return earliest
    }

    /// Verdicts whose window has closed by `time`: absences, and thresholds that more events could undo.
    mutating func expired(through time: UTCTime, _ coverage: Coverage) -> [Match] {
        guard rule.decidesAtClose else { return [] }
        var found: [Match] = []
        for key in deadlines.take(through: time) {
            guard let waiting = table.groups[key], isDue(waiting, time), var group = table.take(key) else {
                continue
            }
            if rule.terms.isEmpty {
                found += closedWindows(&group, key, time)
            } else {
                for index in group.entries.indices where close(of: group.entries[index]) <= time {
                    if let match = unanswered(group, key, index, coverage) { found.append(match) }
                }
                group.entries.removeAll { close(of: $0) <= time }
            }
            if !group.entries.isEmpty { table.put(group, key, after: .absent) }
        }
        return found
    }

    private func dueTime(of group: Group) -> UTCTime? {
        closes(group) ?? group.entries.map { close(of: $0) }.min()
    }

    private func isDue(_ group: Group, _ time: UTCTime) -> Bool {
        dueTime(of: group).map { $0 <= time } ?? false
    }

    private func close(of entry: Entry) -> UTCTime {
        entry.candidate.event.time.advanced(by: rule.definition.timespan)
    }

    private func opensWindow(_ entry: Entry) -> Bool {
        rule.terms.isEmpty || rule.terms.contains { $0.present.contains(entry.source) }
    }

    /// Windows follow each other: one opens with the first match that no earlier one holds.
    private func closedWindows(_ group: inout Group, _ key: GroupKey, _ time: UTCTime) -> [Match] {
        var found: [Match] = []
        // What came late stands behind what it precedes.
        group.entries.sort { $0.candidate.event.time < $1.candidate.event.time }
        if closes(group) != nil {
            let entries = group.entries
            group.entries = []
            return measured(group, key, entries[...]).map { [$0] } ?? []
        }
        while let first = group.entries.first, close(of: first) <= time {
            let count = group.entries.count { $0.candidate.event.time <= close(of: first) }
            if let match = measured(group, key, group.entries.prefix(count)) { found.append(match) }
            group.entries.removeFirst(count)
        }
        return found
    }

    /// The match that entry `index` opens, when the rest came within its window and nothing that must not.
    private func unanswered(
        _ group: Group,
        _ key: GroupKey,
        _ index: Int,
        _ coverage: Coverage
    ) -> Match? {
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
            var found = match(group, key, chosen, chosen.count)
            if isOrdered { found.order = EventOrder(of: chosen) }
            let span = rule.definition.timespan
            found.absence = coverage.finding(after: first.candidate, within: span, silence: span)
            return found
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
                entry.source == wanted && !chosen.contains { $0.isSame(as: entry.candidate) }
            }
            guard let index else { return nil }
            chosen.append(rest[index].candidate)
            rest = rest[(index + 1)...]
        }
        return chosen
    }
}
