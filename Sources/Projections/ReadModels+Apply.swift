// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel
import GRDB
import Synchronization
import Timelines

/// Applying updates: rows and checkpoint in one transaction.
extension ReadModels {
    /// Applies `update` and moves the checkpoint, or does neither.
    ///
    /// A judge that starts again from offset zero, as after a restart, hands over stretches that were applied
    /// before and may cut them elsewhere. Those are applied to read models beside, in memory, which replace
    /// the stored rows in one transaction once they have come as far; until then readers see the stored rows.
    ///
    /// - Returns: Whether the stored rows changed.
    /// - Throws: `integrity` where the update leaves a gap or starts between zero and the checkpoint and ends
    ///   beyond it: it would count records twice or not at all. `storage` where the disk refuses. The stored
    ///   rows are unchanged then.
    /// - Complexity: O(rows of the update), and O(all rows) once when a judge has caught up.
    @discardableResult
    public func apply(_ update: ProjectionUpdate) throws(WardlineError) -> Bool {
        let stored = try checkpoint()
        if update.base.records == stored.records {
            rebuild.withLock { $0 = nil }
            try write { try ReadModels.apply(update, $0) }
            return true
        }
        if update.base.records == .zero {
            let fresh = try ReadModels()
            rebuild.withLock { $0 = fresh }
        }
        if let beside = rebuild.withLock({ $0 }), try beside.checkpoint().records == update.base.records {
            try beside.apply(update)
            guard update.through.records >= stored.records else { return false }
            try requireWriting()
            try beside.replaceContent(of: self)
            rebuild.withLock { $0 = nil }
            return true
        }
        guard update.through.records <= stored.records else {
            throw WardlineError(
                .integrity,
                "The read models stand at \(stored) and were given an update from \(update.base) "
                    + "through \(update.through). Run `wardline store rebuild`."
            )
        }
        return false
    }

    private static func apply(_ update: ProjectionUpdate, _ database: Database) throws {
        try applyVerdicts(update, database)
        try applyCounters(update, database)
        try execute(
            database,
            "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)",
            [update.through.records.column, update.through.journal.column]
        )
    }

    private static func applyVerdicts(_ update: ProjectionUpdate, _ database: Database) throws {
        for id in update.removedIncidents { try remove(incident: id, database) }
        for incident in update.incidents { try put(incident, database) }
        for id in update.removedReviews { try remove(alert: id, owner: reviewOwner, database) }
        for review in update.reviews {
            try remove(alert: review.id, owner: reviewOwner, database)
            try put(review, owner: reviewOwner, position: 0, database)
        }
    }

    private static func applyCounters(_ update: ProjectionUpdate, _ database: Database) throws {
        for source in update.sources { try add(source, database) }
        if let inventory = update.inventory { try replace(inventory, database) }
        for device in update.devices { try add(device, database) }
        for row in update.imports {
            try execute(
                database,
                "INSERT OR REPLACE INTO import VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    row.sha256, StoredText.encode(row.file), row.state.rawValue, row.begin.column,
                    row.records,
                    row.bytes, row.referenceTime.column,
                ]
            )
        }
        for row in update.losses {
            try execute(
                database,
                "INSERT OR REPLACE INTO loss VALUES (?, ?, ?, ?, ?, ?)",
                [
                    row.offset.column, StoredText.encode(row.listener), row.count, row.from.column,
                    row.through.column, StoredText.encode(row.reason),
                ]
            )
        }
        let totals = update.totals
        guard totals != ProjectionTotals() else { return }
        try execute(
            database,
            """
            INSERT INTO total VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
                records = records + excluded.records, undecoded = undecoded + excluded.undecoded,
                events = events + excluded.events, raw_bytes = raw_bytes + excluded.raw_bytes
            """,
            [totals.records, totals.undecoded, totals.events, totals.rawBytes]
        )
    }

    /// Runs a prepared statement with bound values; text in `sql` is always ours.
    static func execute(
        _ database: Database,
        _ sql: String,
        _ values: [(any DatabaseValueConvertible)?]
    ) throws {
        try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }
}
