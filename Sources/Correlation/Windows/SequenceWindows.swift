// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// State of one ordered correlation: for each key, how far its sequences have come.
///
/// A match of a stage keeps the chain behind it that started last: no other completes where that one does
/// not, so verdicts equal those over all pairs. Equal stamps have no order, so either may come first.
struct SequenceWindows: SnapshotResumed, Sendable {
    /// Matches of one stage and the chain that leads to them.
    final class Link: SnapshotCoded, Sendable {
        let candidates: [Candidate]
        let previous: Link?
        let start: UTCTime

        init(_ candidates: [Candidate], after previous: Link?) {
            self.candidates = candidates
            self.previous = previous
            start = previous?.start ?? candidates[0].event.time
        }

        func write(to encoder: SnapshotEncoder) throws {
            try encoder.write(shared: self) {
                try encoder.write(candidates)
                try encoder.write(optional: previous)
            }
        }

        static func read(from decoder: SnapshotDecoder) throws -> Link {
            try decoder.shared {
                let candidates: [Candidate] = try decoder.value()
                guard !candidates.isEmpty else { throw decoder.damage }
                return Link(candidates, after: try decoder.optional())
            }
        }

        /// Whether an event stands in the chain.
        func contains(_ candidate: Candidate) -> Bool {
            var link: Link? = self
            while let part = link {
                // Earlier stamps cannot be the same event.
                if let last = part.candidates.last, last.event.time < candidate.event.time { return false }
                if part.candidates.contains(where: { $0.isSame(as: candidate) }) { return true }
                link = part.previous
            }
            return false
        }

        /// Events of the chain in order.
        var chain: [Candidate] {
            var found: [Candidate] = []
            var link: Link? = self
            while let part = link {
                found = part.candidates + found
                link = part.previous
            }
            return found
        }
    }

    /// A match of a rule, with the best chain up to it for each stage; nil where none leads there.
    private struct Entry: SnapshotCoded, Sendable {
        var candidate: Candidate
        var source: Int
        var links: [Link?]

        var time: UTCTime { candidate.event.time }

        func write(to encoder: SnapshotEncoder) throws {
            try encoder.write(candidate)
            encoder.write(count: source)
            encoder.write(count: links.count)
            for link in links { try encoder.write(optional: link) }
        }

        static func read(from decoder: SnapshotDecoder) throws -> Entry {
            let candidate = try Candidate.read(from: decoder)
            let source = Int(try decoder.number())
            let count = try decoder.count()
            let links: [Link?] = try (0..<count).map { _ in try decoder.optional() }
            return Entry(candidate: candidate, source: source, links: links)
        }
    }

    /// A complete sequence that waits for what must not follow.
    private struct Waiting: Codable, Sendable {
        var link: Link
        var deadline: UTCTime
    }

    private struct Group: KeyedGroup {
        var entries: [Entry] = []
        var waiting: [Waiting] = []
        /// The event that ended what was before it.
        var end: Candidate?
        var isCapped = false
        var touched = UTCTime.absent
        var isSmall: Bool { entries.count <= CorrelationBounds.packedEntryCountMax && waiting.isEmpty }

        func write(to encoder: SnapshotEncoder) throws {
            try encoder.write(entries)
            try encoder.write(waiting)
            try encoder.write(optional: end)
            encoder.write(isCapped)
            encoder.write(touched)
        }

        static func read(from decoder: SnapshotDecoder) throws -> Group {
            Group(
                entries: try decoder.value(),
                waiting: try decoder.value(),
                end: try decoder.optional(),
                isCapped: try decoder.flag(),
                touched: try decoder.time()
            )
        }
    }

    /// What has the newest stamp and no chain yet: an event of the same stamp may still come before it.
    private struct Tied: Codable, Sendable {
        var entries: [Entry] = []
        var answers: [Candidate] = []
    }

    private let rule: CorrelationRule
    private let sequence: StepSequence
    private var table: GroupTable<Group>
    private var tied: [GroupKey: Tied] = [:]
    private var tiedTime = UTCTime.absent
    /// When groups may be due.
    private(set) var deadlines = DeadlineHeap()

    init(rule: CorrelationRule, sequence: StepSequence) {
        self.rule = rule
        self.sequence = sequence
        table = GroupTable(looseCountMax: rule.decidesAtClose ? .max : rule.looseGroupCountMax)
    }

    func write(to encoder: SnapshotEncoder) throws {
        try encoder.write(table)
        try encoder.write(tied)
        encoder.write(tiedTime)
        try encoder.write(deadlines)
    }

    mutating func resume(from decoder: SnapshotDecoder) throws {
        try table.resume(from: decoder)
        tied = try decoder.value()
        tiedTime = try decoder.time()
        deadlines = try decoder.value()
    }

    /// Takes a match of source number `source`; returns what it completes.
    mutating func add(_ candidate: Candidate, _ source: Int, _ key: GroupKey) -> [GroupWindows.Match] {
        let time = candidate.event.time
        if time != tiedTime {
            tied.removeAll(keepingCapacity: true)
            tiedTime = time
        }
        let oldest = time.advanced(by: -rule.definition.timespan)
        var group = table.take(key) ?? Group()
        group.touched = max(group.touched, time)
        group.entries.removeAll { $0.time < oldest }
        if let end = group.end, !end.isSame(as: candidate) {
            group.entries.removeAll { !$0.candidate.isSame(as: end) }
            tied[key]?.entries.removeAll { !$0.candidate.isSame(as: end) }
            group.end = nil
        }
        if sequence.absence?.source == source { answer(candidate, &group, key) }
        let completed = advance(candidate, source, &group, key, oldest)
        if sequence.until.contains(source) {
            let waits = group.entries + (tied[key]?.entries ?? [])
            if waits.contains(where: { !$0.candidate.isSame(as: candidate) }) { group.end = candidate }
        }
        let matches = conclude(completed, &group, key)
        if !group.entries.isEmpty || !group.waiting.isEmpty || group.end != nil {
            let within = sequence.absence?.within ?? 0
            table.put(group, key, after: time.advanced(by: -max(rule.definition.timespan, within)))
        }
        return matches
    }

    /// Gives `candidate` its places, and those of equal stamp that wait for one; returns what completes.
    private mutating func advance(
        _ candidate: Candidate,
        _ source: Int,
        _ group: inout Group,
        _ key: GroupKey,
        _ oldest: UTCTime
    ) -> [Link] {
        let places = sequence.stages(of: source)
        guard !places.isEmpty else { return [] }
        var tiedEntries = tied[key]?.entries ?? []
        var new = Entry(candidate: candidate, source: source, links: sequence.stages.map { _ in nil })
        var completed: [Link] = []
        var affected = take(improved(new, places, group, oldest), &new, &completed)
        // Runs count events that have no chain of their own.
        let runs = places.filter { sequence.stages[$0].runs > 1 }
        if new.links.contains(where: { $0 != nil }) || !runs.isEmpty {
            group.entries.append(new)
        } else {
            tiedEntries.append(new)
        }
        affected.formUnion(runs)
        while !affected.isEmpty {
            var next: Set<Int> = []
            for index in group.entries.indices.reversed() {
                guard group.entries[index].time == candidate.event.time else { break }
                let wanted = affected.filter { sequence.stages[$0].source == group.entries[index].source }
                guard !wanted.isEmpty else { continue }
                let links = improved(group.entries[index], wanted.sorted(), group, oldest)
                next.formUnion(take(links, &group.entries[index], &completed))
            }
            for index in tiedEntries.indices.reversed() {
                let wanted = affected.filter { sequence.stages[$0].source == tiedEntries[index].source }
                let links = improved(tiedEntries[index], wanted.sorted(), group, oldest)
                guard !links.isEmpty else { continue }
                var entry = tiedEntries.remove(at: index)
                next.formUnion(take(links, &entry, &completed))
                group.entries.append(entry)
            }
            affected = next
        }
        if group.entries.count > CorrelationBounds.matchesPerGroupMax {
            group.entries.removeFirst(group.entries.count - CorrelationBounds.matchesPerGroupMax)
            group.isCapped = true
        }
        if tiedEntries.count > CorrelationBounds.matchesPerGroupMax {
            tiedEntries.removeFirst()
            group.isCapped = true
        }
        if !tiedEntries.isEmpty || tied[key] != nil { tied[key, default: Tied()].entries = tiedEntries }
        return completed
    }

    /// Writes better chains into `entry`, and what completes there for the first time into `completed`.
    ///
    /// - Returns: Stages that may be reached better now.
    private func take(
        _ links: [(stage: Int, link: Link)],
        _ entry: inout Entry,
        _ completed: inout [Link]
    ) -> Set<Int> {
        var next: Set<Int> = []
        for (number, link) in links {
            let isLast = sequence.stages[number].isLast
            if isLast, entry.links[number] == nil { completed.append(link) }
            if !isLast { next.insert(number + 1) }
            entry.links[number] = link
        }
        return next
    }

    /// Chains to `entry` at some stages that start later than those it has.
    private func improved(
        _ entry: Entry,
        _ places: [Int],
        _ group: Group,
        _ oldest: UTCTime
    ) -> [(stage: Int, link: Link)] {
        var found: [(Int, Link)] = []
        for stage in places {
            guard let link = link(to: entry.candidate, stage, group, oldest) else { continue }
            if let known = entry.links[stage], known.start >= link.start { continue }
            found.append((stage, link))
        }
        return found
    }

    /// The chain to `candidate` at a stage that starts last; of equal ones that with the newest neighbour.
    private func link(
        to candidate: Candidate,
        _ number: Int,
        _ group: Group,
        _ oldest: UTCTime
    ) -> Link? {
        let stage = sequence.stages[number]
        let time = candidate.event.time
        guard !stage.isFirst else {
            guard let others = runs(stage, candidate, after: nil, group, oldest) else { return nil }
            return Link(others + [candidate], after: nil)
        }
        var best: Link?
        for entry in group.entries.reversed() {
            guard let link = entry.links[number - 1], link.start >= oldest,
                best.map({ $0.start < link.start }) ?? true, !link.contains(candidate)
            else { continue }
            if let within = stage.within, time > entry.time.advanced(by: within) { continue }
            guard stage.joins.allSatisfy({ $0.holds(candidate, after: entry.candidate) }),
                let others = runs(stage, candidate, after: link, group, oldest)
            else { continue }
            best = Link(others + [candidate], after: link)
        }
        return best
    }

    /// The newest further matches that a stage takes, in order; nil if there are too few.
    private func runs(
        _ stage: StepSequence.Stage,
        _ candidate: Candidate,
        after link: Link?,
        _ group: Group,
        _ oldest: UTCTime
    ) -> [Candidate]? {
        guard stage.runs > 1 else { return [] }
        let earlier = link?.candidates.last
        let from = max(earlier?.event.time ?? oldest, oldest)
        var found: [Candidate] = []
        for entry in group.entries.sorted(by: { $0.time < $1.time }).reversed()
        where found.count < stage.runs - 1 {
            guard entry.source == stage.source, entry.time >= from, !entry.candidate.isSame(as: candidate),
                !(link?.contains(entry.candidate) ?? false)
            else { continue }
            if let earlier, !stage.joins.allSatisfy({ $0.holds(entry.candidate, after: earlier) }) {
                continue
            }
            found.append(entry.candidate)
        }
        return found.count == stage.runs - 1 ? found.reversed() : nil
    }

    // MARK: - What must not follow

    /// An event of the rule that must not follow: what it answers waits no longer.
    private mutating func answer(_ candidate: Candidate, _ group: inout Group, _ key: GroupKey) {
        group.waiting.removeAll { answers(candidate, $0.link) }
        tied[key, default: Tied()].answers.append(candidate)
    }

    private func answers(_ candidate: Candidate, _ link: Link) -> Bool {
        guard let absence = sequence.absence, let last = link.candidates.last,
            candidate.event.time >= last.event.time, !candidate.isSame(as: last)
        else { return false }
        return absence.joins.allSatisfy { $0.holds(candidate, after: last) }
    }

    private mutating func conclude(
        _ completed: [Link],
        _ group: inout Group,
        _ key: GroupKey
    ) -> [GroupWindows.Match] {
        guard let absence = sequence.absence else { return completed.map { match($0, group, key) } }
        for link in completed {
            guard let last = link.candidates.last,
                !(tied[key]?.answers.contains { answers($0, link) } ?? false)
            else { continue }
            let deadline = last.event.time.advanced(by: absence.within)
            deadlines.push(deadline, key)
            group.waiting.append(Waiting(link: link, deadline: deadline))
        }
        if group.waiting.count > CorrelationBounds.matchesPerGroupMax {
            group.waiting.removeFirst(group.waiting.count - CorrelationBounds.matchesPerGroupMax)
            group.isCapped = true
        }
        return []
    }

    private func match(_ link: Link, _ group: Group, _ key: GroupKey) -> GroupWindows.Match {
        let chain = link.chain
        return GroupWindows.Match(
            key: key.parts,
            candidates: chain,
            count: chain.count,
            isLowerBound: group.isCapped || table.evictions > 0,
            order: EventOrder(of: chain)
        )
    }

    /// When the first absence is decided; nil if none waits.
    var earliestDeadline: UTCTime? {
        guard sequence.absence != nil else { return nil }
        return table.groups.values.lazy.flatMap(\.waiting).map(\.deadline).min()
    }

    /// Absences whose deadline has come by `time`.
    mutating func expired(through time: UTCTime, _ coverage: Coverage) -> [GroupWindows.Match] {
        guard let absence = sequence.absence else { return [] }
        var found: [GroupWindows.Match] = []
        for key in deadlines.take(through: time) {
            guard table.groups[key]?.waiting.contains(where: { $0.deadline <= time }) ?? false,
                var group = table.take(key)
            else { continue }
            for waiting in group.waiting where waiting.deadline <= time {
                var match = match(waiting.link, group, key)
                if let last = match.candidates.last {
                    match.absence = coverage.finding(
                        after: last,
                        within: absence.within,
                        silence: absence.silence
                    )
                }
                found.append(match)
            }
            group.waiting.removeAll { $0.deadline <= time }
            guard !group.entries.isEmpty || !group.waiting.isEmpty || group.end != nil else { continue }
            table.put(group, key, after: .absent)
        }
        return found
    }
}
