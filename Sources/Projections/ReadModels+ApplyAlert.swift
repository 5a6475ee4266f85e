// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import GRDB

/// Writing alerts and their evidence.
extension ReadModels {
    /// Writes `alerts` in place of those stored for `owner`; equal ones stay.
    static func put(_ alerts: [Alert], owner: String, _ database: Database) throws {
        let stored = try self.alerts(owner: owner, database)
        func isKept(_ position: Int) -> Bool {
            position < min(stored.count, alerts.count) && stored[position] == alerts[position]
        }
        for (position, alert) in stored.enumerated() where !isKept(position) {
            try remove(alert: alert.id, owner: owner, database)
        }
        for (position, alert) in alerts.enumerated() where !isKept(position) {
            try put(alert, owner: owner, position: position, database)
        }
    }

    static func remove(alert id: String, owner: String, _ database: Database) throws {
        let stored = StoredText.encode(id)
        try execute(database, "DELETE FROM alert WHERE incident = ? AND id = ?", [owner, stored])
        try execute(database, "DELETE FROM witness WHERE incident = ? AND alert = ?", [owner, stored])
    }

    static func put(_ alert: Alert, owner: String, position: Int, _ database: Database) throws {
        let id = StoredText.encode(alert.id)
        try execute(
            database,
            """
            INSERT INTO alert VALUES
                (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                    ?)
            """,
            [
                owner, id, Int64(position), StoredText.encode(alert.rule), StoredText.encode(alert.title),
                Int64(alert.level.rawValue), alert.isReview, alert.isProvisional, alert.isLowerBound,
                StoredText.encode(alert.key), alert.first.column, alert.last.column, Int64(alert.count),
                alert.cause.column, StoredText.encode(alert.assets), StoredText.encode(alert.users),
                StoredText.encode(alert.addresses), StoredText.encode(alert.artefacts),
                StoredText.encode(alert.sessions), alert.joinWindow, StoredText.encode(alert.tags),
                StoredText.encode(alert.absences), StoredText.encode(alert.attribution.author),
                StoredText.encode(alert.attribution.license), StoredText.encode(alert.attribution.references),
                Int64(alert.order?.rawValue ?? 0), StoredText.encode(alert.coverageGap),
                alert.suppression.map { StoredText.encode($0.incident) }, alert.suppression?.act.column,
            ]
        )
        for (position, witness) in alert.evidence.enumerated() {
            try execute(
                database,
                "INSERT INTO witness VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    owner, id, Int64(position), witness.offset.column, Int64(witness.ordinal),
                    witness.time.column,
                    witness.uncertainty, Int64(witness.eventClass.rawValue),
                    Int64(bitPattern: witness.contentHash),
                    StoredText.encode(witness.assets), StoredText.encode(witness.copies),
                ]
            )
        }
    }
}
