// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Episodes that are made again, and what differs from those that were believed.
extension Episodes {
    /// Gives episodes that were made again the numbers of those they stand for, and tells what differs.
    ///
    /// - Parameters:
    ///   - old: Episodes as they were believed.
    ///   - base: Episodes at the state from which these were made.
    ///   - serial: Generation of that state.
    mutating func reconcile(
        with old: Episodes,
        from base: Episodes,
        since serial: Int,
        _ reason: String
    ) -> [Revision] {
        var believed: [Int: Alert] = [:]
        var heirs: [Identity: [Int]] = [:]
        for number in old.recent.keys.sorted() {
            guard let entry = old.recent[number], entry.generation >= serial else { continue }
            believed[number] = entry.alert
            if number >= base.count { heirs[entry.identity, default: []].append(number) }
        }
        var numbers: [Int: Int] = [:]
        var next = max(old.count, count)
        for number in recent.keys.sorted() where number >= base.count {
            guard let new = recent[number] else { continue }
            let heir = heirs[new.identity]?.first { candidate in
                believed[candidate]?.sharesEvidence(with: new.alert) ?? false
            }
            if let heir { heirs[new.identity]?.removeAll { $0 == heir } }
            numbers[number] = heir ?? next
            if heir == nil { next += 1 }
        }
        renumber(numbers)
        count = next
        let started = Dictionary(base.open.values.map { ($0.episode, $0) }) { first, _ in first }
        return differences(believed, started, old, since: serial, reason)
    }

    private mutating func renumber(_ numbers: [Int: Int]) {
        var renumbered: [Int: Recent] = [:]
        for (number, entry) in recent {
            var entry = entry
            entry.alert.episode = numbers[number] ?? number
            renumbered[entry.alert.episode] = entry
        }
        recent = renumbered
        open = open.mapValues { alert in
            var alert = alert
            alert.episode = numbers[alert.episode] ?? alert.episode
            return alert
        }
    }

    private mutating func differences(
        _ believed: [Int: Alert],
        _ started: [Int: Alert],
        _ old: Episodes,
        since serial: Int,
        _ reason: String
    ) -> [Revision] {
        var found: [Revision] = []
        changed = old.changed
        for number in Set(believed.keys).union(recent.keys).sorted() {
            let was = believed[number] ?? started[number]
            let now = recent[number]?.alert ?? started[number]
            guard was != now else { continue }
            changed[number] = nil
            if let now {
                found.append(Revision(kind: was == nil ? .confirmed : .amended, alert: now, reason: reason))
            } else if let was {
                found.append(Revision(kind: .retracted, alert: was, reason: reason))
            }
        }
        for (number, entry) in old.recent where entry.generation < serial && recent[number] == nil {
            recent[number] = entry
        }
        return found
    }
}

extension Alert {
    /// Whether some event is a witness of both.
    fileprivate func sharesEvidence(with other: Alert) -> Bool {
        let known = Set(evidence.map { [$0.offset.value, UInt64($0.ordinal)] })
        return other.evidence.contains { known.contains([$0.offset.value, UInt64($0.ordinal)]) }
    }
}
