// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Looks for the nearest miss of one rule while events go by in the order of judgement.
///
/// Verdicts that are fed back as events are not among them.
public struct MissSearch: Sendable {
    /// Most events kept that a base of the rule matches: 262,144, some 300 bytes each.
    ///
    /// Later ones are counted in ``skippedCount`` and not looked at.
    public static let matchCountMax = 262_144

    /// Number of the rule in ``RuleSet/headers``.
    public let number: Int
    /// Title, level, author and so on.
    public let header: RuleHeader
    /// Whether it raises alerts of its own.
    public let raisesAlerts: Bool
    /// What the rule asks for, in words.
    public let condition: String
    /// Events looked at.
    public private(set) var eventCount = 0
    /// Events that the rule, or one that it stands on, matches.
    public private(set) var matchCount = 0
    /// Events that were left out because too many match.
    public private(set) var skippedCount = 0

    private let rules: RuleSet
    private var feed: RuleFeed
    private var misses: [DetectionMiss]
    private var taken: Set<[UInt64]> = []

    /// Prepares for a rule by name, else id, else title; nil if `rules` has none such.
    public init?(_ rule: String, in rules: RuleSet) {
        let headers = rules.headers
        let found =
            headers.firstIndex { $0.name == rule } ?? headers.firstIndex { $0.id == rule }
            ?? headers.firstIndex { $0.title == rule }
        guard let number = found, !rule.isEmpty else { return nil }
        self.number = number
        self.rules = rules
        header = headers[number]
        let feed = RuleFeed(number, of: rules)
        self.feed = feed
        misses = feed.bases.map { DetectionMiss(rules.detections[$0]) }
        raisesAlerts = feed.correlation?.raisesAlerts ?? rules.detections[number].raisesAlerts
        condition = feed.correlation.map { RuleWords.condition($0, feed) } ?? "one event that matches"
    }

    /// Names of the rules that correlate this one.
    public var readers: [String] {
        rules.feeds[number].map { rules.correlations[$0.correlation].definition.header.reference }
    }

    /// Takes the next event.
    public mutating func take(_ event: JudgedEvent) { take(event.candidate) }

    mutating func take(_ candidate: Candidate) {
        eventCount += 1
        var isMatch = false
        for (place, base) in feed.bases.enumerated() {
            guard rules.detections[base].matches(candidate) else {
                misses[place].take(candidate)
                continue
            }
            isMatch = true
            guard taken.count < MissSearch.matchCountMax else {
                skippedCount += 1
                continue
            }
            feed.take(candidate, matching: base)
        }
        guard isMatch else { return }
        matchCount += 1
        if taken.count < MissSearch.matchCountMax {
            taken.insert([candidate.event.offset.value, UInt64(candidate.event.ordinal)])
        }
    }

    /// Whether an alert rests on an event that was taken.
    public func concerns(_ alert: Alert) -> Bool {
        alert.evidence.contains { taken.contains([$0.offset.value, UInt64($0.ordinal)]) }
    }

    /// The nearest miss.
    public func result() -> NearMiss {
        guard eventCount > 0 else { return NearMiss(offset: nil, reasons: ["there is no event"]) }
        guard let correlation = feed.correlation else {
            guard let match = feed.matched[number]?.first else {
                return misses.first?.result() ?? NearMiss(offset: nil, reasons: ["there is no event"])
            }
            var miss = NearMiss(
                offset: match.event.offset,
                reasons: ["it matches, but no alert of the rule's own is raised"]
            )
            miss.events = [match.witness]
            miss.share = 1
            miss.isNear = true
            return miss
        }
        guard var miss = CorrelationMiss(correlation, feed).result() else { return withoutMatches() }
        let found = Set(feed.items.map(\.source))
        for place in correlation.wantedSources where !found.contains(place) {
            guard let below = below(correlation.sources[place]) else { continue }
            let name = feed.name(ofSource: place)
            miss.reasons += below.reasons.map { "nearest to `\(name)`: \($0)" }
            guard miss.events.isEmpty else { continue }
            miss.events = below.events
            miss.tests = below.tests
            if !below.group.isEmpty { miss.group = below.group }
        }
        return miss
    }

    /// The nearest miss of a rule that the correlation stands on; nil where nothing is known of it.
    private func below(_ source: Int) -> NearMiss? {
        guard source >= rules.detections.count else {
            return feed.bases.firstIndex(of: source).flatMap { misses[$0].result() }
        }
        let rule = rules.correlations[source - rules.detections.count]
        return CorrelationMiss(rule, feed.part(source)).result()
    }

    /// No source of the correlation has a match: the nearest of its bases.
    private func withoutMatches() -> NearMiss {
        var best = NearMiss(offset: nil, reasons: [])
        var reasons: [String] = []
        for (place, base) in feed.bases.enumerated() {
            let name = rules.headers[base].reference
            let count = feed.matched[base]?.count ?? 0
            reasons.append("`\(name)` matches \(count) of \(eventCount) events")
            guard count == 0, let miss = misses[place].result() else { continue }
            let isBetter =
                best.events.isEmpty || miss.isNear && !best.isNear
                || miss.isNear == best.isNear && miss.share > best.share
            guard isBetter else { continue }
            best = miss
            best.reasons = miss.reasons.map { "nearest to `\(name)`: \($0)" }
        }
        best.isNear = best.isNear || matchCount > 0
        best.offset = nil
        best.reasons = reasons + best.reasons
        return best
    }
}

extension CorrelationRule {
    /// Places of the sources that must match, each once, in order.
    fileprivate var wantedSources: [Int] {
        if let sequence { return Set(sequence.stages.map(\.source)).sorted() }
        return terms.isEmpty ? Array(sources.indices) : Set(terms.flatMap(\.present)).sorted()
    }
}
