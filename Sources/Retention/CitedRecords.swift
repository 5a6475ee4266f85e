// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections
public import QueryEngine
import WireFormats

/// Records that conclusions rest on: they stay, whatever a policy says.
///
/// The log is judged again from its start when a store is opened. With these records kept, that comes to the
/// verdicts that the journal holds already.
public struct CitedRecords: Sendable {
    private var offsets: Set<UInt64> = []
    /// Stretches of which a verdict counted more records than it names.
    private var ranges: [ClosedRange<UInt64>] = []

    /// Nothing yet.
    public init() {}

    /// What the journal's alerts and all incidents and reviews of a store cite.
    public init(_ store: StoreReader, _ models: ReadModels) throws(WardlineError) {
        var filter = IncidentFilter()
        filter.hasDetail = true
        for incident in try models.incidents(filter) { insert(incident.citedOffsets) }
        for alert in try models.reviews() { insert(alert.citedOffsets) }
        var found = CitedRecords()
        try store.forEachJournalEntry { _, bytes in
            if let fact = try? JSONValue(parsing: bytes.span) { found.insert(fact) }
        }
        offsets.formUnion(found.offsets)
        ranges = found.ranges
    }

    /// Whether something is concluded from the record at `offset`.
    public func contains(_ offset: Offset) -> Bool {
        offsets.contains(offset.value) || ranges.contains { $0.contains(offset.value) }
    }

    /// Adds offsets.
    public mutating func insert(_ more: [UInt64]) { offsets.formUnion(more) }

    /// Adds what a fact of the journal about an alert cites.
    mutating func insert(_ fact: JSONValue) {
        guard let name = fact["fact"]?.text, name.hasPrefix("alert.") else { return }
        let evidence = (fact["evidence"]?.elements ?? []).compactMap {
            $0.integer.flatMap { UInt64(exactly: $0) }
        }
        let cause = fact["cause"]?.integer.flatMap { UInt64(exactly: $0) }
        let all = evidence + [cause].compactMap { $0 }
        offsets.formUnion(all)
        if let count = fact["count"]?.integer, count > evidence.count, let least = all.min(),
            let greatest = all.max()
        {
            ranges.append(least...greatest)
        }
    }
}
