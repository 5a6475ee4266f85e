// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The fewest events of an alert that make its rule's condition true.
///
/// Found by letting the rule judge ever fewer of the alert's events: without any one of those that are left
/// it does not hold. Where that cannot be shown, all events of the alert are kept and ``note`` says why.
public struct MinimalWitness: Sendable {
    /// One event, and what it is for the rule.
    public struct Part: Sendable {
        /// The event.
        public var witness: Witness
        /// Rules below a correlation that it matches; empty for a detection and where it is not known.
        public var matches: [String]

        /// Makes a part.
        public init(witness: Witness, matches: [String]) {
            self.witness = witness
            self.matches = matches
        }
    }

    /// The compiled rule: part of the alert's identity.
    public var fingerprint: String
    /// Whether the alert's id follows from this very rule.
    public var isProven: Bool
    /// `detection`, or the type of the correlation.
    public var kind: String
    /// What the rule asks for, in words.
    public var condition: String
    /// Whether it asks for something that must not come.
    public var asksAbsence: Bool
    /// Events in order of time.
    public var parts: [Part]
    /// Whether every event is needed.
    public var isMinimal: Bool
    /// Why nothing was left out, where nothing was.
    public var note = ""

    /// Number of the rule in `rules` that raised an alert; nil if none of that name is there.
    ///
    /// - Parameter alert: with the digest of its first witness.
    /// - Returns: the number in ``RuleSet/headers``, and whether the alert's id follows from that rule.
    public static func rule(of alert: Alert, in rules: RuleSet) -> (number: Int, isProven: Bool)? {
        let names = rules.headers.indices.filter { rules.headers[$0].reference == alert.rule }
        let prints = rules.fingerprints
        for number in names where Episodes.identify(alert, prints[number]) == alert.id {
            return (number, true)
        }
        return names.first.map { ($0, false) }
    }

    /// Finds it.
    ///
    /// - Parameters:
    ///   - alert: with the digests of its witnesses.
    ///   - rule: what ``rule(of:in:)`` gave.
    ///   - judged: its events as they were judged; others are passed over.
    /// - Complexity: O(n log n) judgements of up to n events, n at most 256.
    public static func find(
        _ alert: Alert,
        _ rule: (number: Int, isProven: Bool),
        in rules: RuleSet,
        judged: [JudgedEvent]
    ) -> MinimalWitness {
        let feed = RuleFeed(rule.number, of: rules)
        var places: [[UInt64]: Int] = [:]
        for (index, witness) in alert.evidence.enumerated() {
            places[[witness.offset.value, UInt64(witness.ordinal)]] = index
        }
        var candidates: [Candidate] = []
        for event in judged where places[[event.event.offset.value, UInt64(event.event.ordinal)]] != nil {
            candidates.append(event.candidate)
        }
        candidates.sort { $0.isJudged(before: $1) }
        let search = WitnessSearch(feed: feed, candidates: candidates)
        let correlation = feed.correlation
        var found = MinimalWitness(
            fingerprint: rules.fingerprints[rule.number],
            isProven: rule.isProven,
            kind: correlation?.definition.kind.rawValue ?? "detection",
            condition: correlation.map { RuleWords.condition($0, feed) } ?? "one event that matches",
            asksAbsence: correlation?.silence != nil,
            parts: alert.evidence.map { Part(witness: $0, matches: []) },
            isMinimal: false
        )
        if candidates.count < alert.evidence.count {
            found.note = "some of its events cannot be read or decode to others now"
            return found
        }
        switch search.run() {
        case .whole(let reason): found.note = reason
        case .minimal(let chosen):
            found.isMinimal = true
            found.parts = chosen.compactMap { candidate in
                places[[candidate.event.offset.value, UInt64(candidate.event.ordinal)]].map { place in
                    Part(witness: alert.evidence[place], matches: search.names(candidate))
                }
            }
        }
        return found
    }
}

/// Looks for the fewest events of an alert that its rule still holds for.
private struct WitnessSearch {
    enum Answer {
        case minimal([Candidate])
        case whole(String)
    }

    private let feed: RuleFeed
    private let candidates: [Candidate]
    /// For each candidate the bases that it matches.
    private let matched: [[Int]]

    init(feed: RuleFeed, candidates: [Candidate]) {
        self.feed = feed
        self.candidates = candidates
        // Every event of a rule over a single detection matches that, whatever the site says today.
        let only = feed.correlation?.sources.count == 1 && feed.bases.count == 1 ? feed.bases : nil
        let isDirect = feed.correlation?.sources.first == feed.bases.first
        matched = candidates.map { candidate in
            if let only, isDirect { return only }
            return feed.bases.filter { feed.rules.detections[$0].matches(candidate) }
        }
    }

    func names(_ candidate: Candidate) -> [String] {
        guard feed.correlation != nil, let index = candidates.firstIndex(where: { $0 === candidate }) else {
            return []
        }
        return matched[index].map { feed.rules.headers[$0].reference }
    }

    func run() -> Answer {
        guard let rule = feed.correlation else { return detection() }
        if rule.definition.extras.baseline != nil {
            return .whole("it is compared with past days, so every event of the stretch counts")
        }
        if isMoved(rule) {
            return .whole("further events can undo the condition, so every event of the window counts")
        }
        guard holds(candidates) else {
            return .whole("the condition rests on what an earlier alert or the site said at the time")
        }
        return .minimal(reduced(shortest(), rule))
    }

    /// A match of its own is enough; a verdict that was fed back is none.
    private func detection() -> Answer {
        let number = feed.number
        if let index = matched.firstIndex(where: { $0.contains(number) }) {
            return .minimal([candidates[index]])
        }
        guard let first = candidates.first,
            let actions = feed.rules.detections[number].actions, !actions.contains(.securityAlert)
        else { return .whole("it rests on an earlier alert, whose events these are") }
        return .minimal([first])
    }

    /// Whether further events can lower the number that is compared, or be too many.
    private func isMoved(_ rule: CorrelationRule) -> Bool {
        guard rule.terms.isEmpty, rule.sequence == nil else { return false }
        switch rule.definition.kind {
        case .eventCount, .valueCount, .valueSum, .temporal, .temporalOrdered: return rule.decidesAtClose
        case .valueAverage, .valueMedian, .valuePercentile: return true
        }
    }

    /// The first events, in order, for which the condition holds.
    private func shortest() -> [Candidate] {
        var low = 1
        var high = candidates.count
        while low < high {
            let middle = (low + high) / 2
            if holds(Array(candidates.prefix(middle))) { high = middle } else { low = middle + 1 }
        }
        return holds(Array(candidates.prefix(high))) ? Array(candidates.prefix(high)) : candidates
    }

    /// Leaves out what is not needed: the smallest of a sum first, else the oldest first.
    private func reduced(_ all: [Candidate], _ rule: CorrelationRule) -> [Candidate] {
        var kept = all
        var order = all
        if rule.definition.kind == .valueSum {
            func value(_ candidate: Candidate) -> Double {
                (rule.counted(candidate) ?? []).reduce(0) { $0 + (RuleNumber($1)?.double ?? 0) }
            }
            order.sort { (value($0), $1.event.time) < (value($1), $0.event.time) }
        }
        for candidate in order {
            let fewer = kept.filter { $0 !== candidate }
            if !fewer.isEmpty, holds(fewer) { kept = fewer }
        }
        return kept
    }

    /// Whether the rule alone speaks of these events, whatever is new or known.
    private func holds(_ subset: [Candidate]) -> Bool {
        guard let rule = feed.correlation else { return false }
        var part = RuleFeed(feed.number, of: feed.rules)
        for candidate in subset {
            guard let index = candidates.firstIndex(where: { $0 === candidate }) else { continue }
            for base in matched[index] { part.take(candidate, matching: base) }
        }
        let key = GroupKey()
        let end = UTCTime(nanoseconds: .max)
        if let sequence = rule.sequence {
            var windows = SequenceWindows(rule: rule, sequence: sequence)
            for item in part.items where !windows.add(item.candidate, item.source, key).isEmpty {
                return true
            }
            return !windows.expired(through: end, Coverage()).isEmpty
        }
        var windows = GroupWindows(rule: rule)
        for item in part.items where windows.add(item.candidate, item.source, key) != nil { return true }
        return !windows.expired(through: end, Coverage()).isEmpty
    }
}
