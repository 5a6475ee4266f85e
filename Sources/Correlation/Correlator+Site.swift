// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
public import Inventory

/// A site file that comes after the events that it concerns (decision 0045).
extension Correlator {
    /// Brings a changed site into force, also for events that were judged lately.
    ///
    /// Addresses, devices, change records and what follows from them are asked again; what surrounded an
    /// event (service sessions, peers seen before, who reached whom) stays as it was. What matches now is
    /// judged from the oldest remembered state on, and what differs is told as revisions.
    ///
    /// - Parameters:
    ///   - events: judged events that are remembered, in any order.
    ///   - keepsKnown: Whether a device that was known stays: a list of devices says nothing of the past.
    ///   - reason: What came, in words.
    /// - Returns: The events, in the same order, with what they are resolved to now.
    /// - Complexity: O(events + matches since the remembered state).
    public mutating func replace(
        _ site: Site,
        reconsidering events: [JudgedEvent],
        keepsKnown: Bool,
        because reason: String
    ) -> [JudgedEvent] {
        revise()
        replace(site)
        guard !register.isEmpty else { return events }
        var again = events
        var changed: [Candidate] = []
        for index in events.indices {
            guard let new = surroundings.reconsidered(events[index].candidate, keepsKnown: keepsKnown) else {
                continue
            }
            again[index] = JudgedEvent(new)
            changed.append(new)
        }
        var known: Set<EventPlace> = []
        var isChanged = false
        for number in trail.generations.indices {
            var items: [RevisionTrail.Item] = []
            for var item in trail.generations[number].items {
                known.insert(EventPlace(item.candidate))
                if let new = surroundings.reconsidered(item.candidate, keepsKnown: keepsKnown) {
                    isChanged = true
                    item = RevisionTrail.Item(candidate: new, numbers: matches(new))
                }
                if !item.numbers.isEmpty { items.append(item) }
            }
            trail.replaceItems(number, items)
        }
        for candidate in changed where !known.contains(EventPlace(candidate)) {
            let item = RevisionTrail.Item(candidate: candidate.detached, numbers: matches(candidate))
            if !item.numbers.isEmpty, trail.place(item) { isChanged = true }
        }
        if isChanged { goOn(from: 0, because: reason) }
        return again
    }
}

/// Where an event stands in the log.
private struct EventPlace: Hashable {
    var offset: UInt64
    var ordinal: UInt16

    init(_ candidate: Candidate) {
        offset = candidate.event.offset.value
        ordinal = candidate.event.ordinal
    }
}

extension Surroundings {
    /// A judged event in its situation by the register as it is now; nil where nothing of it differs.
    mutating func reconsidered(_ candidate: Candidate, keepsKnown: Bool) -> Candidate? {
        let new = situation(ofJudged: candidate, keepsKnown: keepsKnown)
        guard !new.isSame(as: candidate.situation) else { return nil }
        return candidate.placed(in: new, carrying: candidate.carried)
    }
}

extension Situation {
    /// Whether rules and timelines see no difference.
    fileprivate func isSame(as other: Situation) -> Bool {
        let (own, others) = (Candidate.Place(self), Candidate.Place(other))
        return subject?.id == other.subject?.id && source?.id == other.source?.id
            && target?.id == other.target?.id && claimedHost == other.claimedHost
            && change?.id == other.change?.id && involvedAssets == other.involvedAssets
            && JoinedField.allCases.allSatisfy { own.text($0) == others.text($0) }
    }
}
