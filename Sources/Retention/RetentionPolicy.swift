// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import QueryEngine
public import SiteFiles

/// Decides how long a record is kept, by its events.
///
/// The first rule that fits an event counts for it; a record is kept for as long as the longest of its events
/// wants. A record without events is of the class `unclassified`.
public struct RetentionPolicy: Sendable {
    /// The rules, in order.
    public let rules: [Configuration.RetentionRule]

    /// A policy of `rules`.
    public init(_ rules: [Configuration.RetentionRule]) { self.rules = rules }

    /// Shortest time that any record is kept, in nanoseconds; nil when nothing is ever removed.
    public var shortest: Int64? { rules.compactMap(\.keepNanoseconds).min() }

    /// The rule by which a record with these events is removed last, by number; nil when it is kept for ever.
    ///
    /// `resolver` says which zones events concern; it is asked only where a rule names one.
    func rule(
        for events: Range<Int>,
        in batch: EventBatch,
        _ resolver: any EntityResolver
    ) -> Int? {
        guard !events.isEmpty else { return rule(.unclassified, zones: { [] }) }
        var longest: (rule: Int, keep: Int64)?
        for index in events {
            let zones = { RetentionPolicy.zones(of: index, in: batch, resolver) }
            guard let number = rule(batch.events[index].eventClass, zones: zones),
                let keep = rules[number].keepNanoseconds
            else { return nil }
            if keep > longest?.keep ?? 0 { longest = (number, keep) }
        }
        return longest?.rule
    }

    private func rule(_ eventClass: EventClass, zones: () -> Set<String>) -> Int? {
        let found = rules.firstIndex { rule in
            guard rule.eventClass == nil || rule.eventClass == eventClass else { return false }
            guard let zone = rule.zone else { return true }
            return zones().contains(zone)
        }
        return found.flatMap { rules[$0].keepNanoseconds == nil ? nil : $0 }
    }

    private static func zones(
        of index: Int,
        in batch: EventBatch,
        _ resolver: any EntityResolver
    ) -> Set<String> {
        var zones = Set(resolver.participants(of: index, in: batch).map(\.zone))
        for field in FieldID.addresses {
            if let address = batch.address(field, in: index), let zone = resolver.zone(of: address) {
                zones.insert(zone)
            }
        }
        return zones
    }
}
