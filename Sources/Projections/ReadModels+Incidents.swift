// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel
import GRDB
import Timelines

/// Questions about incidents and reviews. Every value is bound; no text of a caller becomes SQL.
extension ReadModels {
    /// Incidents that fit `filter`, oldest first by first entry, then id.
    public func incidents(
        _ filter: IncidentFilter = IncidentFilter()
    ) throws(WardlineError) -> [StoredIncident] {
        try read { database in
            let query = ReadModels.query(for: filter)
            let rows = try Row.fetchAll(database, sql: query.sql, arguments: StatementArguments(query.values))
            return try rows.reversed().map { row in
                var found = ReadModels.incident(row)
                if filter.hasDetail { try ReadModels.addDetail(&found, database) }
                return found
            }
        }
    }

    /// The incident with that id, or that swallowed it, or that alone begins with `id`; with detail.
    ///
    /// A whole id wins over prefixes. Compared without regard to ASCII case.
    public func incident(_ id: String) throws(WardlineError) -> IncidentLookup {
        try read { database in
            let wanted = StoredText.encode(id)
            let exact = try String.fetchAll(
                database,
                sql: """
                    SELECT id FROM incident WHERE id = ?1 COLLATE NOCASE
                    UNION SELECT incident FROM incident_key WHERE kind = ?2 AND value = ?1 ORDER BY 1
                    """,
                arguments: [wanted, KeyKind.merged]
            )
            var ids = exact
            if ids.isEmpty && !wanted.isEmpty {
                ids = try String.fetchAll(
                    database,
                    sql: """
                        SELECT id FROM incident WHERE id LIKE ?1 ESCAPE '\\'
                        UNION SELECT incident FROM incident_key WHERE kind = ?2 AND value LIKE ?1 ESCAPE '\\'
                        ORDER BY 1 LIMIT ?3
                        """,
                    arguments: [
                        ReadModels.prefixPattern(wanted), KeyKind.merged, ReadModels.candidateCountMax,
                    ]
                )
            }
            guard ids.count <= 1 else { return .ambiguous(ids.map { StoredText.decode($0) }) }
            let sql = "SELECT \(ReadModels.incidentColumns) FROM incident WHERE id = ?"
            guard let only = ids.first, let row = try Row.fetchOne(database, sql: sql, arguments: [only])
            else {
                return .missing
            }
            var found = ReadModels.incident(row)
            try ReadModels.addDetail(&found, database)
            return .found(found)
        }
    }

    /// Findings for people to look at that are no incident, oldest first, then by id.
    public func reviews(since: UTCTime? = nil, until: UTCTime? = nil) throws(WardlineError) -> [Alert] {
        try read { database in
            try ReadModels.alerts(owner: ReadModels.reviewOwner, database)
                .filter { review in
                    (since.map { review.last >= $0 } ?? true) && (until.map { review.first < $0 } ?? true)
                }
                .sorted { ($0.first, $0.id) < ($1.first, $1.id) }
        }
    }

    /// Alerts that benign closes keep from opening an incident.
    public func silentCount() throws(WardlineError) -> Int64 {
        try read { database in
            let sql = "SELECT count(*) FROM alert WHERE incident = ? AND suppressed_by IS NOT NULL"
            return try Int64.fetchOne(database, sql: sql, arguments: [ReadModels.reviewOwner]) ?? 0
        }
    }

    private static let incidentColumns = """
        id, state, severity, risk, title, first_time, last_time, is_provisional, rules, classes, devices,
        users, merged, absences, why_joined, json, closures, assignee
        """

    /// Newest first, so that a limit keeps the newest; callers turn the answer round.
    private static func query(
        for filter: IncidentFilter
    ) -> (sql: String, values: [(any DatabaseValueConvertible)?]) {
        var conditions: [String] = []
        var values: [(any DatabaseValueConvertible)?] = []
        func require(_ condition: String, _ bound: [(any DatabaseValueConvertible)?]) {
            conditions.append(condition)
            values += bound
        }
        let hasKey =
            "EXISTS (SELECT 1 FROM incident_key k WHERE k.incident = incident.id AND k.kind = ? AND k.value"
        if let since = filter.since { require("last_time >= ?", [since.nanoseconds]) }
        if let until = filter.until { require("first_time < ?", [until.nanoseconds]) }
        if let severity = filter.severity { require("severity >= ?", [Int64(severity.rawValue)]) }
        if !filter.states.isEmpty {
            let places = Array(repeating: "?", count: filter.states.count).joined(separator: ", ")
            require("state IN (\(places))", filter.states.map(\.rawValue))
        }
        if let device = filter.device {
            require(hasKey + " = ?)", [KeyKind.device, StoredText.encode(device)])
        }
        if let user = filter.user { require(hasKey + " = ?)", [KeyKind.user, StoredText.encode(user)]) }
        if let assignee = filter.assignee {
            require("assignee = ? COLLATE NOCASE", [StoredText.encode(assignee)])
        }
        if let prefix = filter.idPrefix {
            let pattern = prefixPattern(StoredText.encode(prefix))
            require(
                "(id LIKE ? ESCAPE '\\' OR \(hasKey) LIKE ? ESCAPE '\\'))",
                [pattern, KeyKind.merged, pattern]
            )
        }
        var sql = "SELECT \(incidentColumns) FROM incident"
        if !conditions.isEmpty { sql += " WHERE " + conditions.joined(separator: " AND ") }
        sql += " ORDER BY first_time DESC, id DESC"
        if let limit = filter.limit {
            sql += " LIMIT ?"
            values.append(Int64(max(0, limit)))
        }
        return (sql, values)
    }

    /// A LIKE pattern for "begins with `prefix`", its signs taken literally.
    private static func prefixPattern(_ prefix: String) -> String {
        var pattern = ""
        for scalar in prefix.unicodeScalars {
            if scalar == "\\" || scalar == "%" || scalar == "_" { pattern += "\\" }
            pattern.unicodeScalars.append(scalar)
        }
        return pattern + "%"
    }

    private static func incident(_ row: Row) -> StoredIncident {
        StoredIncident(
            id: row.text(0),
            mergedIDs: row.texts(12),
            state: IncidentState(rawValue: row.text(1)) ?? .new,
            severity: level(row.integer(2)),
            risk: Int(row.integer(3)),
            title: row.text(4),
            first: row.time(5),
            last: row.time(6),
            isProvisional: row.flag(7),
            rules: row.texts(8),
            classes: row.text(9).split(separator: " ").compactMap { EventClass(name: String($0)) },
            devices: row.texts(10),
            users: row.texts(11),
            absences: row.texts(13),
            whyJoined: row.texts(14),
            closures: [IncidentClosure](line: row.text(16)),
            assignee: row.text(17),
            alerts: [],
            entries: [],
            json: row[15] as String
        )
    }
}
