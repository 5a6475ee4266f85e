// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel
import GRDB
import Timelines

/// Applying updates: rows and checkpoint in one transaction.
extension ReadModels {
    /// Applies `update` and moves the checkpoint, or does neither.
    ///
    /// - Returns: Whether it was applied; false if all its records were applied before, as after a restart.
    /// - Throws: `integrity` where the update leaves a gap or overlaps the checkpoint in part: it would count
    ///   records twice or not at all. `storage` where the disk refuses. The read models are unchanged then.
    /// - Complexity: O(rows of the update); a changed incident is written whole.
    @discardableResult
    public func apply(_ update: ProjectionUpdate) throws(WardlineError) -> Bool {
        try write { database in
            let stored = try ReadModels.checkpoint(database)
            guard update.base.records == stored.records else {
                guard update.through.records <= stored.records else {
                    throw WardlineError(
                        .integrity,
                        "The read models stand at \(stored) and were given an update from \(update.base) "
                            + "through \(update.through). Run `wardline store rebuild`."
                    )
                }
                return false
            }
            try ReadModels.applyVerdicts(update, database)
            try ReadModels.applyCounters(update, database)
            try ReadModels.execute(
                database,
                "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)",
                [update.through.records.column, update.through.journal.column]
            )
            return true
        }
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
