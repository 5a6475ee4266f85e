// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Inventory

/// An event that was judged, with what it was resolved to at its time: what timelines draw from.
public struct JudgedEvent: Sendable {
    /// Batch that holds its fields.
    public let batch: EventBatch
    /// Index in the batch.
    public let index: Int
    /// Asset that it is about; empty if none.
    public var subject: String
    /// Asset at its source; empty if none.
    public var source: String
    /// Asset at its target; empty if none.
    public var target: String
    /// Zone of its source address; empty if it has none.
    public var sourceZone: String
    /// Zone of its target address; empty if it has none.
    public var targetZone: String
    /// Zone that its asset belongs to; empty if none.
    public var homeZone: String

    init(_ candidate: Candidate) {
        let found = candidate.situation
        batch = candidate.batch
        index = candidate.index
        subject = found.subject?.id ?? ""
        source = found.source?.id ?? ""
        target = found.target?.id ?? ""
        sourceZone = found.sourceZone?.id ?? ""
        targetZone = found.targetZone?.id ?? ""
        homeZone = found.subject?.zone ?? ""
    }

    /// `other` with its fields in `batch`, where it is the only event.
    private init(_ other: JudgedEvent, batch: EventBatch) {
        self.batch = batch
        index = 0
        subject = other.subject
        source = other.source
        target = other.target
        sourceZone = other.sourceZone
        targetZone = other.targetZone
        homeZone = other.homeZone
    }

    /// Header, with the corrected time.
    public var event: Event { batch.events[index] }

    /// The same event in a batch of its own, so that its old neighbours can be forgotten.
    public var detached: JudgedEvent {
        var own = EventBatch()
        own.decoders = batch.decoders
        own.extensionNames = batch.extensionNames
        own.begin(event)
        for entry in batch.fields(of: index) { own.add(entry.field, Array(batch.bytes[entry.range])) }
        return JudgedEvent(self, batch: own)
    }
}

/// A stretch of judgement: the events judged, and the alerts that changed by them.
public struct Judgement: Sendable {
    /// Events in the order of judgement.
    public var judged: [JudgedEvent]
    /// Alerts that were raised or changed, in order of first witness.
    public var alerts: [Alert]
    /// Verdicts that late evidence changed, after those alerts.
    public var revisions: [Revision] = []

    /// Events in every stretch but the last of those taken at once: where they end does not depend on
    /// batches.
    public static let eventCount = 4_096
}
