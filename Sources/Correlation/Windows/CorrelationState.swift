// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// State of one correlation rule, of the kind that the rule needs.
struct CorrelationState: SnapshotResumed, Sendable {
    private let rule: CorrelationRule
    private var windows: GroupWindows
    private var sequence: SequenceWindows?
    private var firstSeen: FirstSeenMemory?
    private var baseline: BaselineCounts?
    /// Matches that wait until no rule below can give an earlier one, in order of time.
    private var lagging: [Lagging] = []
    /// No verdict that waits is due before it; nil if none waits.
    ///
    /// Stored, because it is asked for at every event, and asking a state for more copies it.
    private(set) var nextDue: UTCTime?
    private let isDelayed: Bool

    private struct Lagging: Codable, Sendable {
        var candidate: Candidate
        var source: Int
    }

    init(rule: CorrelationRule) {
        self.rule = rule
        isDelayed = rule.delay > 0
        windows = GroupWindows(rule: rule)
        sequence = rule.sequence.map { SequenceWindows(rule: rule, sequence: $0) }
        firstSeen = rule.definition.extras.firstSeen.map { FirstSeenMemory(fields: rule.firstSeenFields, $0) }
        baseline = rule.definition.extras.baseline.map { BaselineCounts(rule: rule, $0) }
    }

    func write(to encoder: SnapshotEncoder) throws {
        try windows.write(to: encoder)
        try sequence?.write(to: encoder)
        try firstSeen?.write(to: encoder)
        try baseline?.write(to: encoder)
        if rule.lag > 0 { try encoder.write(lagging) }
    }

    mutating func resume(from decoder: SnapshotDecoder) throws {
        try windows.resume(from: decoder)
        try sequence?.resume(from: decoder)
        try firstSeen?.resume(from: decoder)
        try baseline?.resume(from: decoder)
        if rule.lag > 0 { lagging = try decoder.value() }
        noteDue()
    }

    /// Takes a match of source number `source`; returns what its conditions say now, in order of key.
    ///
    /// Over rules that decide late it is taken in ``expired(through:_:)``, in its place.
    mutating func add(_ candidate: Candidate, from source: Int) -> [GroupWindows.Match] {
        defer { noteDue() }
        guard rule.lag > 0 else { return take(candidate, from: source) }
        let place = lagging.lastIndex { $0.candidate.event.time <= candidate.event.time }.map { $0 + 1 } ?? 0
        lagging.insert(Lagging(candidate: candidate, source: source), at: place)
        guard lagging.count > CorrelationBounds.laggingCountMax else { return [] }
        let oldest = lagging.removeFirst()
        return take(oldest.candidate, from: oldest.source)
    }

    private mutating func take(_ candidate: Candidate, from source: Int) -> [GroupWindows.Match] {
        var matches: [GroupWindows.Match] = []
        switch rule.keys(of: candidate, source) {
        case .none: break
        case .one(let key): take(candidate, source, key, &matches)
        case .several(let keys): for key in keys { take(candidate, source, key, &matches) }
        }
        return matches
    }

    private mutating func take(
        _ candidate: Candidate,
        _ source: Int,
        _ key: GroupKey,
        _ matches: inout [GroupWindows.Match]
    ) {
        if let isNew = firstSeen?.isNew(candidate, key), !isNew { return }
        if sequence != nil {
            matches += sequence?.add(candidate, source, key) ?? []
        } else if baseline != nil {
            if let match = baseline?.add(candidate, key) { matches.append(match) }
        } else if var match = windows.add(candidate, source, key) {
            if firstSeen?.isCapped ?? false { match.isLowerBound = true }
            matches.append(match)
        }
    }

    /// When the first verdict is due that waits for its window to close; nil if none waits.
    var earliestDeadline: UTCTime? { due(sequence?.earliestDeadline ?? windows.earliestDeadline) }

    private mutating func noteDue() {
        guard isDelayed else { return }
        nextDue = due(sequence == nil ? windows.deadlines.first : sequence?.deadlines.first)
    }

    private func due(_ own: UTCTime?) -> UTCTime? {
        guard let lagging = lagging.first?.candidate.event.time else { return own?.advanced(by: rule.lag) }
        return min(own ?? lagging, lagging).advanced(by: rule.lag)
    }

    /// Verdicts whose window has closed by `time`: absences, and thresholds that more events could undo.
    mutating func expired(through time: UTCTime, _ coverage: Coverage) -> [GroupWindows.Match] {
        defer { noteDue() }
        guard rule.lag > 0 else { return closed(through: time, coverage) }
        let limit = time.advanced(by: -rule.lag)
        let count = lagging.firstIndex { $0.candidate.event.time > limit } ?? lagging.count
        var found: [GroupWindows.Match] = []
        for item in lagging.prefix(count) {
            found += closed(through: item.candidate.event.time.advanced(by: -1), coverage)
            found += take(item.candidate, from: item.source)
        }
        lagging.removeFirst(count)
        return found + closed(through: limit, coverage)
    }

    private mutating func closed(through time: UTCTime, _ coverage: Coverage) -> [GroupWindows.Match] {
        guard rule.decidesAtClose else { return [] }
        if sequence != nil { return sequence?.expired(through: time, coverage) ?? [] }
        return windows.expired(through: time, coverage)
    }
}

extension CorrelationRule {
    /// Group keys of a match: one for each combination of values; none when a field is missing.
    func keys(of candidate: Candidate, _ source: Int) -> GroupKeys {
        let fields = groupFields[source]
        if let keys = GroupKey.only(groupLabels, { _ = candidate.has(fields[$0], where: $1) }) { return keys }
        var keys = [GroupKey()]
        for (name, field) in zip(groupLabels, fields) {
            let values = candidate.values(field)
            guard !values.isEmpty else { return .none }
            var longer: [GroupKey] = []
            for key in keys {
                for value in values.prefix(8) {
                    let next = key.adding(name, value.span)
                    if values.count == 1 || !longer.contains(next) { longer.append(next) }
                }
            }
            keys = longer
        }
        return .several(keys)
    }
}
