// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// How far the sequences of one group came, and what kept the next step from being taken.
struct SequenceMiss {
    private let rule: CorrelationRule
    private let sequence: StepSequence
    private let feed: RuleFeed
    /// Newest matches of the group in the order of judgement.
    private let items: [RuleFeed.Item]

    /// A step that was reached: the events up to it.
    private struct Chain {
        /// Places among the items, in order.
        var places: [Int]
        /// Place of the newest match.
        var last: Int
        var start: UTCTime
    }

    init(
        _ rule: CorrelationRule,
        _ sequence: StepSequence,
        _ feed: RuleFeed,
        _ items: [RuleFeed.Item]
    ) {
        self.rule = rule
        self.sequence = sequence
        self.feed = feed
        self.items = items.suffix(CorrelationBounds.matchesPerGroupMax)
    }

    func finding() -> CorrelationMiss.Finding {
        var best: CorrelationMiss.Finding?
        for way in ways {
            let finding = finding(way)
            if let best, best.share >= finding.share { continue }
            best = finding
        }
        return best ?? CorrelationMiss.Finding(share: 0, events: [], reasons: [])
    }

    /// The ways in which it can complete.
    private var ways: [[StepSequence.Stage]] {
        var found: [[StepSequence.Stage]] = []
        for stage in sequence.stages {
            if stage.isFirst || found.isEmpty { found.append([]) }
            found[found.count - 1].append(stage)
        }
        return found
    }

    private func finding(_ way: [StepSequence.Stage]) -> CorrelationMiss.Finding {
        var reached: [[Chain]] = []
        for (number, stage) in way.enumerated() {
            let chains = number == 0 ? begin(stage) : follow(stage, reached[number - 1])
            if chains.isEmpty { break }
            reached.append(chains)
        }
        let chain = reached.last?.max { ($0.start, $0.last) < ($1.start, $1.last) }
        let events = chain?.places.map { items[$0].candidate } ?? []
        let total = way.count + (sequence.absence == nil ? 0 : 1)
        let share = Double(reached.count) / Double(total + 1)
        var reasons = ["\(reached.count) of \(way.count) steps were taken"]
        if reached.count < way.count {
            reasons.append(obstacle(way[reached.count], reached.count, reached.last ?? []))
        } else if let chain, let absence = sequence.absence {
            reasons.append(answer(to: chain, absence))
        }
        return CorrelationMiss.Finding(share: share, events: events, reasons: reasons)
    }

    private func time(_ place: Int) -> UTCTime { items[place].candidate.event.time }

    private func matches(_ stage: StepSequence.Stage) -> [Int] {
        items.indices.filter { items[$0].source == stage.source }
    }

    // MARK: - Taking steps

    private func begin(_ stage: StepSequence.Stage) -> [Chain] {
        matches(stage).compactMap { last in
            guard let runs = runs(stage, last, after: nil) else { return nil }
            return Chain(places: runs, last: last, start: time(runs.first ?? last))
        }
    }

    private func follow(_ stage: StepSequence.Stage, _ earlier: [Chain]) -> [Chain] {
        matches(stage).compactMap { place in
            var best: Chain?
            for chain in earlier where obstacles(stage, place, after: chain).isEmpty {
                guard let runs = runs(stage, place, after: chain) else { continue }
                if let best, best.start >= chain.start { continue }
                best = Chain(places: chain.places + runs, last: place, start: chain.start)
            }
            return best
        }
    }

    /// The newest matches that a step takes, the last at `last`; nil if there are too few.
    private func runs(_ stage: StepSequence.Stage, _ last: Int, after chain: Chain?) -> [Int]? {
        guard stage.runs > 1 else { return [last] }
        let oldest = time(last).advanced(by: -rule.definition.timespan)
        let from = max(chain.map { time($0.last) } ?? oldest, oldest)
        let all = matches(stage).filter { place in
            place <= last && time(place) >= from && !(chain?.places.contains(place) ?? false)
                && !isEnded(from: place, to: last)
        }
        return all.count >= stage.runs ? Array(all.suffix(stage.runs)) : nil
    }

    // MARK: - What is in the way

    /// Why the match at `place` does not follow `chain`; empty if it does.
    private func obstacles(_ stage: StepSequence.Stage, _ place: Int, after chain: Chain) -> [String] {
        let candidate = items[place].candidate
        let here = "#\(candidate.event.offset)"
        let distance = time(place).nanoseconds - time(chain.last).nanoseconds
        if chain.places.contains(where: { items[$0].candidate.isSame(as: candidate) }) {
            return ["\(here) is taken by an earlier step already"]
        }
        guard distance >= 0 else {
            return ["\(here) came \(RuleWords.span(distance)) before the step before"]
        }
        var found: [String] = []
        if let within = stage.within, distance > within {
            found.append(
                "\(here) came \(RuleWords.span(distance)) after the step before: "
                    + "\(RuleWords.span(distance - within)) more than its bound of \(RuleWords.span(within))"
            )
        }
        let whole = time(place).nanoseconds - chain.start.nanoseconds
        if whole > rule.definition.timespan {
            found.append(
                "\(here) came \(RuleWords.span(whole)) after the first event: "
                    + "\(RuleWords.span(whole - rule.definition.timespan)) outside the window"
            )
        }
        for join in stage.joins where !join.holds(candidate, after: items[chain.last].candidate) {
            found.append(
                "\(here) does not join: it has \(shown(join.field, candidate)), the step before has "
                    + shown(join.earlier, items[chain.last].candidate)
            )
        }
        if let end = self.end(from: chain.places.first ?? chain.last, to: place) {
            found.append(
                "`\(feed.name(ofSource: items[end].source))` at #\(items[end].candidate.event.offset) "
                    + "ended the sequence before \(here)"
            )
        }
        return found
    }

    private func shown(_ field: RuleField, _ candidate: Candidate) -> String {
        let values = candidate.values(field).prefix(3)
            .map { NearMiss.shortened(String(decoding: $0, as: UTF8.self)) }
        let text = values.isEmpty ? "nothing" : values.joined(separator: ", ")
        return "\(text) in `\(field.shownName)`"
    }

    /// The first match that ends what began at one place before it gets to another; nil if none does.
    private func end(from first: Int, to last: Int) -> Int? {
        guard !sequence.until.isEmpty, first < last else { return nil }
        return (first..<last).first { place in
            sequence.until.contains(items[place].source)
                && !items[place].candidate.isSame(as: items[last].candidate)
                && !items[place].candidate.isSame(as: items[first].candidate)
        }
    }

    private func isEnded(from first: Int, to last: Int) -> Bool { end(from: first, to: last) != nil }

    /// What kept a step from being taken, by the match that came nearest to it.
    private func obstacle(_ stage: StepSequence.Stage, _ number: Int, _ earlier: [Chain]) -> String {
        let name = "step \(number + 1), `\(feed.name(ofSource: stage.source))`"
        let all = matches(stage)
        guard !all.isEmpty else { return "\(name): did not match for this group" }
        guard !earlier.isEmpty else { return "\(name): \(all.count) of \(stage.runs) matches" }
        var best: (reasons: [String], distance: UInt64)?
        for chain in earlier.suffix(64) {
            for place in all {
                var reasons = obstacles(stage, place, after: chain)
                if reasons.isEmpty { reasons = ["fewer than \(stage.runs) matches after the step before"] }
                let distance = (time(place).nanoseconds &- time(chain.last).nanoseconds).magnitude
                if let best, (best.reasons.count, best.distance) <= (reasons.count, distance) { continue }
                best = (reasons, distance)
            }
        }
        return "\(name): " + (best?.reasons.joined(separator: "; ") ?? "did not match")
    }

    /// What came that must not.
    private func answer(to chain: Chain, _ absence: StepSequence.Absence) -> String {
        let name = "`\(feed.name(ofSource: absence.source))`"
        let last = items[chain.last].candidate
        let hit = items.first { item in
            let distance = item.candidate.event.time.nanoseconds - last.event.time.nanoseconds
            return item.source == absence.source && distance >= 0 && distance <= absence.within
                && !item.candidate.isSame(as: last)
                && absence.joins.allSatisfy { $0.holds(item.candidate, after: last) }
        }
        guard let hit else { return "\(name) did not come, but its deadline lies beyond what was judged" }
        let after = hit.candidate.event.time.nanoseconds - last.event.time.nanoseconds
        return "\(name) must not come and did, at #\(hit.candidate.event.offset), "
            + "\(RuleWords.span(after)) after the last step (deadline \(RuleWords.span(absence.within)))"
    }
}
