// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Inventory

/// An event that was judged, with what it was resolved to at its time: what timelines draw from.
public struct JudgedEvent: Codable, Sendable {
    let candidate: Candidate

    init(_ candidate: Candidate) { self.candidate = candidate }

    /// Batch that holds its fields.
    public var batch: EventBatch { candidate.batch }
    /// Index in the batch.
    public var index: Int { candidate.index }
    /// Header, with the corrected time.
    public var event: Event { candidate.event }
    /// Asset that it is about, or the claimed host where the site names none; empty if neither.
    public var subject: String { candidate.situation.subject?.id ?? candidate.situation.claimedHost }
    /// Asset at its source; empty if none.
    public var source: String { candidate.situation.source?.id ?? "" }
    /// Asset at its target; empty if none.
    public var target: String { candidate.situation.target?.id ?? "" }
    /// Zone of its source address; empty if it has none.
    public var sourceZone: String { candidate.situation.sourceZone?.id ?? "" }
    /// Zone of its target address; empty if it has none.
    public var targetZone: String { candidate.situation.targetZone?.id ?? "" }
    /// Whether it is a flow that a conduit of the site allows.
    public var isAllowedFlow: Bool { candidate.situation.verdict == .allowed }
    /// Zone that its asset belongs to; empty if none.
    public var homeZone: String { candidate.situation.subject?.zone ?? "" }

    /// The same event in a batch of its own, so that its old neighbours can be forgotten.
    public var detached: JudgedEvent {
        var own = EventBatch()
        own.decoders = batch.decoders
        own.extensionNames = batch.extensionNames
        own.begin(event)
        for entry in batch.fields(of: index) { own.add(entry.field, Array(batch.bytes[entry.range])) }
        return JudgedEvent(Candidate(batch: own, index: 0, situation: candidate.situation))
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
