// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Digests
public import EventModel
import Inventory
import Normalization
public import Platform
public import Projections
import Timelines
import WireFormats

/// Correlates durable records and their events: the one way from the log to verdicts, live, in `ingest` and
/// in `replay`.
///
/// A fold over the `records` stream from its start: equal records give equal verdicts, however they are cut.
public struct Judge: RecordJudge {
    /// First offset that was not judged.
    public internal(set) var next = Offset.zero
    /// Hash of the record before ``next``; nil before the first.
    var mark: UInt64?

    var firstDecoder: LogDecoder
    var content: JudgeContent
    var correlator: Correlator
    var clocks = SourceClocks()
    var counters = JudgeCounters()
    var sequences = SourceSequences()
    var board = IncidentBoard()
    var journal: JournalMemory
    /// The import that runs; nil outside of imports.
    var imported: OpenImport?
    /// The file that was begun last and has not ended.
    var begun: ImportRow?
    /// Event time up to which live records are decided.
    var watermark = UTCTime.absent
    /// Log time of the newest record.
    var lastLogTime = UTCTime.absent
    /// Greatest corrected time of live events.
    var latestLive = UTCTime.absent
    var facts: [JSONValue] = []
    var update = ProjectionUpdate(base: .zero, through: .zero)
    /// First offset after what retention removed.
    var removedEnd = Offset.zero
    private var sinceDrawn = 0

    /// Records between two drawings of incidents while no pause comes: about a second of full load.
    private static let drawCount = 262_144

    /// Opens the judge of a store; it starts at the log's beginning.
    ///
    /// - Throws: `storage` or `integrity` when key or journal cannot be read.
    public init(store: StorePaths, storage: any LogStorage) throws(WardlineError) {
        try self.init(store, storage, siteKey: try StoreKey.open(store, storage: storage))
    }

    /// Opens the judge of a store that is not written to: a missing site key is not made.
    public init(reading store: StorePaths, storage: any LogStorage) throws(WardlineError) {
        try self.init(store, storage, siteKey: StoreKey.reading(store, storage: storage))
    }

    private init(
        _ store: StorePaths,
        _ storage: any LogStorage,
        siteKey: SiteKey
    ) throws(WardlineError) {
        let sets = StoreSets(store: store, storage: storage)
        firstDecoder = LogDecoder(sets: sets, siteKey: siteKey)
        content = JudgeContent(sets: sets)
        correlator = Correlator(rules: content.rules, register: AssetRegister())
        journal = try JournalMemory(store, storage)
    }

    /// Log time at which a tick decides something if nothing arrives before; nil if nothing waits.
    public var deadline: UTCTime? {
        guard imported == nil, let due = correlator.due else { return nil }
        return max(due, lastLogTime).advanced(by: content.lateness)
    }

    /// Decodes ahead of this judge, from the log's beginning.
    public func decoder() -> any RecordDecoder { firstDecoder }

    /// Judges durable records; their first offset is not before ``next``.
    public mutating func process(_ decoded: DecodedRecords) throws(WardlineError) -> EventBatch {
        var events = EventBatch()
        var runs = decoded.runs[...]
        let (records, base) = (decoded.records, decoded.base)
        var index = 0
        while index < records.count {
            if let run = runs.first, run.rows.lowerBound == index {
                runs = runs.dropFirst()
                index = run.rows.upperBound
                var found = run.events
                judge(&found, records, base)
                if events.events.isEmpty { events = found } else { events.append(found) }
            } else {
                control(records, index, base.advanced(by: index))
                for refused in decoded.refused where refused.row == index {
                    note(refused.reasons.map(VerdictFacts.refused))
                }
                index += 1
            }
        }
        next = decoded.end
        if let last = records.rows.last {
            lastLogTime = max(lastLogTime, last.logTime)
            mark = JudgeSnapshot.mark(records, records.count - 1)
        }
        note(board.take(known(correlator.takeJudgements())))
        sinceDrawn += records.count
        // Nothing is decided before an import ends, and what it holds would be judged each time.
        if sinceDrawn >= Judge.drawCount, imported == nil { settle() }
        return events
    }

    /// Adds facts for the journal.
    mutating func note(_ found: [JSONValue]) { facts += journal.news(found, at: next) }

    /// Facts for the journal since the last call.
    public mutating func takeFacts() -> [JSONValue] {
        defer { facts = [] }
        return facts
    }

    /// Changes of the read models up to `through`; nil if there are none.
    public mutating func takeUpdate(through: Offset) -> ProjectionUpdate? {
        counters.move(into: &update)
        update.through.records = through
        guard !update.isEmpty || update.through != update.base else { return nil }
        defer { update = ProjectionUpdate(base: update.through, through: update.through) }
        return update
    }

    /// Gives provisional verdicts and draws the timelines of all records so far.
    public mutating func settle() {
        sinceDrawn = 0
        var ahead = correlator
        if let imported {
            var rest = imported
            for events in rest.release(correcting: content.correctsClocks) { ahead.admit(events) }
            ahead.advance(to: max(rest.latest, latestLive))
        } else {
            ahead.advance(to: latestLive)
        }
        ahead.revise()
        let changes = board.draw(known(ahead.takeJudgements()), ahead.register)
        note(changes.facts)
        facts += journal.catchUp(at: next)
        publish(changes)
    }

    /// Without alerts from before what retention removed that the journal does not know.
    ///
    /// All of that was judged while it was whole: what follows now that some is missing, such as a stop that
    /// cannot be found, did not happen.
    func known(_ judgements: [Judgement]) -> [Judgement] {
        guard removedEnd > .zero else { return judgements }
        return judgements.map { judgement in
            var judgement = judgement
            judgement.alerts.removeAll { alert in
                let first = alert.evidence.map(\.offset).min() ?? alert.cause
                return first < removedEnd && !journal.knows(alert: alert.id)
            }
            judgement.revisions.removeAll { revision in
                let first = revision.alert.evidence.map(\.offset).min() ?? revision.alert.cause
                return first < removedEnd && !journal.knows(alert: revision.alert.id)
            }
            return judgement
        }
    }

    private mutating func publish(_ changes: IncidentBoard.Changes) {
        update.incidents = replaced(
            update.incidents,
            by: changes.incidents,
            removing: changes.removedIncidents,
            \.id
        )
        update.removedIncidents += changes.removedIncidents
        update.reviews = replaced(update.reviews, by: changes.reviews, removing: changes.removedReviews, \.id)
        update.removedReviews += changes.removedReviews
    }

    /// Rows that wait for the next update, the newest of each id.
    private func replaced<Row>(
        _ old: [Row],
        by new: [Row],
        removing removed: [String],
        _ id: (Row) -> String
    ) -> [Row] {
        let gone = Set(new.map(id) + removed)
        return old.filter { !gone.contains(id($0)) } + new
    }
}
