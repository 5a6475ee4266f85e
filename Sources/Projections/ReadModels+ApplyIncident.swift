// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import GRDB
import Timelines

/// Writing incidents, alerts and timelines.
extension ReadModels {
    /// The value of `alert.incident` for reviews, which belong to no incident.
    static let reviewOwner = ""

    /// What a row of `incident_key` finds an incident by.
    enum KeyKind {
        static let device = "device"
        static let user = "user"
        static let merged = "merged"
    }

    static func remove(incident id: String, _ database: Database) throws {
        let stored = StoredText.encode(id)
        for sql in [
            "DELETE FROM incident WHERE id = ?", "DELETE FROM incident_key WHERE incident = ?",
            "DELETE FROM entry WHERE incident = ?", "DELETE FROM alert WHERE incident = ?",
            "DELETE FROM witness WHERE incident = ?",
        ] {
            try execute(database, sql, [stored])
        }
    }

    static func put(_ incident: Incident, _ database: Database) throws {
        try remove(incident: incident.id, database)
        let id = StoredText.encode(incident.id)
        try execute(
            database,
            "INSERT INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                id, incident.state.rawValue, Int64(incident.severity.rawValue), Int64(incident.risk),
                StoredText.encode(incident.title), incident.first.column, incident.last.column,
                incident.isProvisional, StoredText.encode(incident.rules),
                incident.classes.map(\.name).joined(separator: " "), StoredText.encode(incident.devices),
                StoredText.encode(incident.users), StoredText.encode(incident.mergedIDs),
                StoredText.encode(incident.absences), StoredText.encode(incident.whyJoined),
                incident.json.line,
            ]
        )
        for (kind, values) in [
            (KeyKind.device, incident.devices), (KeyKind.user, incident.users),
            (KeyKind.merged, incident.mergedIDs),
        ] {
            for value in values {
                try execute(
                    database,
                    "INSERT OR IGNORE INTO incident_key VALUES (?, ?, ?)",
                    [kind, StoredText.encode(value), id]
                )
            }
        }
        for (position, entry) in incident.entries.enumerated() {
            try put(entry, incident: id, position: position, database)
        }
        for (position, alert) in incident.alerts.enumerated() {
            try put(alert, owner: id, position: position, database)
        }
    }

    private static func put(
        _ entry: TimelineEntry,
        incident: String,
        position: Int,
        _ database: Database
    ) throws {
        try execute(
            database,
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                incident, Int64(position), entry.offset.column, Int64(entry.ordinal), entry.time.column,
                entry.uncertainty, entry.deviceTime.column, Int64(entry.eventClass.rawValue),
                Int64(entry.role.rawValue), StoredText.encode(entry.device),
                StoredText.encode(entry.zonePath),
                StoredText.encode(entry.summary), StoredText.encode(entry.rules),
            ]
        )
    }

    static func remove(alerts owner: String, id: String, _ database: Database) throws {
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
                (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
