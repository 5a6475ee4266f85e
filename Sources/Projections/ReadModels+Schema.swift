// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import GRDB

/// The tables. Times are nanoseconds since 1970 in UTC, NULL where absent; lists are ``StoredText`` lists.
///
/// `decoders` and `issues` of a source are lists of a name and a count in turn, an issue by its bit number: a
/// row for each would take as much as all other tables together.
extension ReadModels {
    static func createTables(_ database: Database) throws {
        for statement in tables { try database.execute(sql: statement) }
    }

    /// Drops every table of the file, whatever format it has.
    static func dropTables(_ database: Database) throws {
        let names = try String.fetchAll(
            database,
            sql:
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
        )
        for name in names {
            try database.execute(
                sql: "DROP TABLE \"\(name.split(separator: "\"").joined(separator: "\"\""))\""
            )
        }
    }

    /// Created in this order.
    ///
    /// STRICT: a value of the wrong type is an error, not a surprise.
    private static let tables = [
        """
        CREATE TABLE checkpoint (
            id INTEGER PRIMARY KEY CHECK (id = 1), records_offset INTEGER NOT NULL,
            journal_offset INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE incident (
            id TEXT PRIMARY KEY, state TEXT NOT NULL, severity INTEGER NOT NULL, risk INTEGER NOT NULL,
            title TEXT NOT NULL, first_time INTEGER, last_time INTEGER, is_provisional INTEGER NOT NULL,
            rules TEXT, classes TEXT NOT NULL, devices TEXT, users TEXT, merged TEXT, absences TEXT,
            why_joined TEXT, closures TEXT NOT NULL, assignee TEXT NOT NULL,
            json TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX incident_by_time ON incident (first_time, id)",
        """
        CREATE TABLE incident_key (
            kind TEXT NOT NULL, value TEXT NOT NULL COLLATE NOCASE, incident TEXT NOT NULL,
            PRIMARY KEY (kind, value, incident)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX incident_key_by_incident ON incident_key (incident)",
        """
        CREATE TABLE entry (
            incident TEXT NOT NULL, position INTEGER NOT NULL, record_offset INTEGER NOT NULL,
            ordinal INTEGER NOT NULL, time INTEGER, uncertainty INTEGER NOT NULL, device_time INTEGER,
            class INTEGER NOT NULL, role INTEGER NOT NULL, device TEXT NOT NULL, zone_path TEXT NOT NULL,
            summary TEXT NOT NULL, rules TEXT,
            PRIMARY KEY (incident, position)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE alert (
            incident TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, rule TEXT NOT NULL,
            title TEXT NOT NULL, level INTEGER NOT NULL, is_review INTEGER NOT NULL,
            is_provisional INTEGER NOT NULL, is_lower_bound INTEGER NOT NULL, key TEXT, first_time INTEGER,
            last_time INTEGER, count INTEGER NOT NULL,
            cause INTEGER NOT NULL, assets TEXT, users TEXT, addresses TEXT, artefacts TEXT, sessions TEXT,
            join_window INTEGER NOT NULL, tags TEXT, absences TEXT, author TEXT NOT NULL,
            license TEXT NOT NULL, reference_list TEXT, event_order INTEGER NOT NULL,
            coverage_gap TEXT NOT NULL, suppressed_by TEXT, suppressing_act INTEGER,
            PRIMARY KEY (incident, id)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE witness (
            incident TEXT NOT NULL, alert TEXT NOT NULL, position INTEGER NOT NULL,
            record_offset INTEGER NOT NULL, ordinal INTEGER NOT NULL, time INTEGER,
            uncertainty INTEGER NOT NULL, class INTEGER NOT NULL, content_hash INTEGER NOT NULL, assets TEXT,
            copies TEXT,
            PRIMARY KEY (incident, alert, position)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE source (
            name TEXT PRIMARY KEY, listener TEXT NOT NULL, peer TEXT NOT NULL, records INTEGER NOT NULL,
            undecoded INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, first_event INTEGER, last_event INTEGER,
            last_received INTEGER, skew INTEGER, decoders TEXT, issues TEXT
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE device (
            asset TEXT PRIMARY KEY, host_name TEXT NOT NULL, manufacturer TEXT NOT NULL, model TEXT NOT NULL,
            device_type TEXT NOT NULL, zone TEXT NOT NULL, location TEXT NOT NULL, owner TEXT NOT NULL,
            version TEXT NOT NULL, status TEXT NOT NULL, is_life_critical INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE device_seen (
            asset TEXT PRIMARY KEY, records INTEGER NOT NULL, first_seen INTEGER, last_seen INTEGER,
            version TEXT, version_time INTEGER, version_offset INTEGER, skew INTEGER
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE import (
            sha256 TEXT PRIMARY KEY, file TEXT NOT NULL, state TEXT NOT NULL, begin_offset INTEGER NOT NULL,
            records INTEGER NOT NULL, bytes INTEGER NOT NULL, reference_time INTEGER
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE loss (
            record_offset INTEGER PRIMARY KEY, listener TEXT NOT NULL, count INTEGER NOT NULL,
            from_time INTEGER, through_time INTEGER, reason TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX loss_by_listener ON loss (listener)",
        """
        CREATE TABLE total (
            id INTEGER PRIMARY KEY CHECK (id = 1), records INTEGER NOT NULL, undecoded INTEGER NOT NULL,
            events INTEGER NOT NULL, raw_bytes INTEGER NOT NULL
        ) STRICT
        """,
    ]
}
