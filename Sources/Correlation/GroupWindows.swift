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
        var value: [UInt8] = []
        if let field = rule.countedField {
            guard let found = candidate.values(field).first else { return nil }
            value = found
        }
        let oldest = time.advanced(by: -rule.definition.timespan)
        // Taken out, so that its entries are changed in place.
        let known = groups.removeValue(forKey: key)
        var group = known ?? Group()
        group.entries.removeAll { $0.candidate.event.time < oldest }
        // A later stage without the one before it can never complete: most successes follow no failures.
        if rule.definition.kind == .temporalOrdered, source > 0,
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
        group.touched = time
        if known == nil, groups.count >= CorrelationBounds.groupCountMax { evict(before: oldest) }
        groups[key] = group
        prune(at: time)
        return verdict(group, key, source)
    }

    /// Forgets groups whose matches have all left the window, whenever the number of groups has doubled.
    private mutating func prune(at time: UTCTime) {
        guard groups.count >= pruneCount, rule.absentSource == nil else { return }
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
        case .eventCount:
            guard rule.definition.regularTolerance == nil else { return regular(group, key) }
            return counted(group, key, group.entries.count)
        case .valueCount: return counted(group, key, Set(group.entries.map(\.value)).count)
        case .temporal: return rule.absentSource == nil ? temporal(group, key) : nil
        case .temporalOrdered: return ordered(group, key, source)
        }
    }

    private func counted(_ group: Group, _ key: [String], _ count: Int) -> Match? {
        let holds = rule.definition.thresholds.allSatisfy { threshold in
            switch threshold.operation {
            case "gt": Double(count) > threshold.value
            case "lt": Double(count) < threshold.value
            case "lte": Double(count) <= threshold.value
            case "eq": Double(count) == threshold.value
            case "neq": Double(count) != threshold.value
            default: Double(count) >= threshold.value
            }
        }
        guard holds else { return nil }
        return match(group, key, group.entries.map(\.candidate), count)
    }

    /// The newest matches lie at equal distances within the tolerance.
    private func regular(_ group: Group, _ key: [String]) -> Match? {
        let wanted = Int(rule.definition.thresholds.first?.value ?? 3)
        var distinct: [Candidate] = []
        for entry in group.entries where distinct.last?.event.time != entry.candidate.event.time {
            distinct.append(entry.candidate)
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

    private func temporal(_ group: Group, _ key: [String]) -> Match? {
        var chosen: [Candidate] = []
        for source in rule.sources.indices {
            guard let entry = group.entries.last(where: { $0.source == source }) else { return nil }
            chosen.append(entry.candidate)
        }
        chosen.sort { $0.event.time < $1.event.time }
        return match(group, key, chosen, chosen.count)
    }

    /// Walks back from the newest match of the last stage; each stage takes the latest event not after the
    /// next one.
    private func ordered(_ group: Group, _ key: [String], _ source: Int) -> Match? {
        guard source == rule.sources.count - 1, var last = group.entries.indices.last else { return nil }
        var chosen = [group.entries[last].candidate]
        for stage in stride(from: source - 1, through: 0, by: -1) {
            let earlier = group.entries.indices.last { index in
                index < last && group.entries[index].source == stage
                    && !GroupWindows.isSame(group.entries[index].candidate, chosen[0])
            }
            guard let earlier else { return nil }
            chosen.insert(group.entries[earlier].candidate, at: 0)
            last = earlier
        }
        return match(group, key, chosen, chosen.count)
    }

    private static func isSame(_ left: Candidate, _ right: Candidate) -> Bool {
        left.event.offset == right.event.offset && left.event.ordinal == right.event.ordinal
    }

    private func match(_ group: Group, _ key: [String], _ candidates: [Candidate], _ count: Int) -> Match {
        Match(key: key, candidates: candidates, count: count, isLowerBound: group.isCapped || evictions > 0)
    }

    /// For `A and not B`: when the first absence is decided; nil if none waits.
    var earliestDeadline: UTCTime? {
        guard let absent = rule.absentSource else { return nil }
        var earliest: UTCTime?
        for group in groups.values {
            for entry in group.entries where entry.source != absent {
                let deadline = entry.candidate.event.time.advanced(by: rule.definition.timespan)
                earliest = min(earliest ?? deadline, deadline)
            }
        }
        return earliest
    }

    /// For `A and not B`: the matches of A whose deadline is not after `time` and that no B answered.
    mutating func expired(through time: UTCTime) -> [Match] {
        guard let absent = rule.absentSource, !groups.isEmpty else { return [] }
        var found: [Match] = []
        for key in groups.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard var group = groups[key] else { continue }
            let due = group.entries.filter {
                $0.source != absent && $0.candidate.event.time.advanced(by: rule.definition.timespan) <= time
            }
            guard !due.isEmpty else { continue }
            for entry in due {
                let answered = group.entries.contains {
                    $0.source == absent && $0.candidate.event.time >= entry.candidate.event.time
                }
                if !answered { found.append(match(group, key, [entry.candidate], 1)) }
            }
            group.entries.removeAll { entry in
                entry.candidate.event.time.advanced(by: rule.definition.timespan) <= time
            }
            groups[key] = group.entries.isEmpty ? nil : group
        }
        return found
    }
}
