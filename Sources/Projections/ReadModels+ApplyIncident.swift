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

    /// Writes `incident` in place of what is stored under its id.
    ///
    /// Alerts and entries that are stored already stay: an incident grows record by record.
    static func put(_ incident: Incident, _ database: Database) throws {
        let id = StoredText.encode(incident.id)
        try execute(
            database,
            "INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                id, incident.state.rawValue, Int64(incident.severity.rawValue), Int64(incident.risk),
                StoredText.encode(incident.title), incident.first.column, incident.last.column,
                incident.isProvisional, StoredText.encode(incident.rules),
                incident.classes.map(\.name).joined(separator: " "), StoredText.encode(incident.devices),
                StoredText.encode(incident.users), StoredText.encode(incident.mergedIDs),
                StoredText.encode(incident.absences), StoredText.encode(incident.whyJoined),
                StoredText.encode(incident.closures.line), StoredText.encode(incident.remarks.assignee),
                incident.json.line,
            ]
        )
        try execute(database, "DELETE FROM incident_key WHERE incident = ?", [id])
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
        try put(incident.entries, incident: id, database)
        try put(incident.alerts, owner: id, database)
    }

    private static func put(_ entries: [TimelineEntry], incident: String, _ database: Database) throws {
        let stored = try self.entries(of: incident, database)
        for (position, entry) in entries.enumerated()
        where position >= stored.count || stored[position] != entry {
            try put(entry, incident: incident, position: position, database)
        }
        guard stored.count > entries.count else { return }
        try execute(
            database,
            "DELETE FROM entry WHERE incident = ? AND position >= ?",
            [incident, Int64(entries.count)]
        )
    }

    private static func put(
        _ entry: TimelineEntry,
        incident: String,
        position: Int,
        _ database: Database
    ) throws {
        try execute(
            database,
            "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                incident, Int64(position), entry.offset.column, Int64(entry.ordinal), entry.time.column,
                entry.uncertainty, entry.deviceTime.column, Int64(entry.eventClass.rawValue),
                Int64(entry.role.rawValue), StoredText.encode(entry.device),
                StoredText.encode(entry.zonePath),
                StoredText.encode(entry.summary), StoredText.encode(entry.rules),
            ]
        )
    }
}
