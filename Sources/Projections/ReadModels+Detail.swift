// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel
import GRDB
import Timelines

/// Rules that cite one event in the timeline of an incident.
public struct Citation: Hashable, Sendable {
    /// The record of the event.
    public let offset: Offset
    /// Which of the record's events.
    public let ordinal: UInt16
    /// Ids of rules.
    public let rules: [String]
}

/// Reading alerts, witnesses and timeline entries back.
extension ReadModels {
    static func addDetail(_ incident: inout StoredIncident, _ database: Database) throws {
        let id = StoredText.encode(incident.id)
        incident.alerts = try alerts(owner: id, database)
        incident.entries = try entries(of: id, database)
    }

    /// The timeline of the incident whose stored id is `incident`.
    static func entries(of incident: String, _ database: Database) throws -> [TimelineEntry] {
        let sql = """
            SELECT record_offset, ordinal, time, uncertainty, device_time, class, role, device, zone_path,
                summary, rules
            FROM entry WHERE incident = ? ORDER BY position
            """
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [incident]).map { row in
            TimelineEntry(
                offset: row.offset(0),
                ordinal: UInt16(truncatingIfNeeded: row.integer(1)),
                time: row.time(2),
                uncertainty: row.integer(3),
                deviceTime: row.time(4),
                eventClass: eventClass(row.integer(5)),
                role: EntryRole(rawValue: UInt8(truncatingIfNeeded: row.integer(6))) ?? .context,
                device: row.text(7),
                zonePath: row.text(8),
                summary: row.text(9),
                rules: row.texts(10)
            )
        }
    }

    /// The events that rules cite in timelines of incidents, in no order; as ``incidents(_:)`` with detail
    /// gives them, without reading the rest.
    public func citations() throws(WardlineError) -> [Citation] {
        try read { database in
            let sql = "SELECT record_offset, ordinal, rules FROM entry WHERE rules IS NOT NULL"
            return try Row.fetchAll(database, sql: sql).map { row in
                Citation(
                    offset: row.offset(0),
                    ordinal: UInt16(truncatingIfNeeded: row.integer(1)),
                    rules: row.texts(2)
                )
            }
        }
    }

    static func alerts(owner: String, _ database: Database) throws -> [Alert] {
        let sql = """
            SELECT id, rule, title, level, is_review, is_provisional, is_lower_bound, key, first_time,
                last_time, count, cause, assets, users, addresses, artefacts, sessions, join_window, tags,
                absences, author, license, reference_list, event_order, coverage_gap,
                suppressed_by, suppressing_act
            FROM alert WHERE incident = ? ORDER BY position, id
            """
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [owner]).map { row in
            let evidence = try witnesses(owner: owner, alert: row[0] as String, database)
            var alert = Alert(
                id: row.text(0),
                rule: row.text(1),
                title: row.text(2),
                level: level(row.integer(3)),
                isReview: row.flag(4),
                isProvisional: row.flag(5),
                isLowerBound: row.flag(6),
                key: row.texts(7),
                first: row.time(8),
                last: row.time(9),
                count: Int(row.integer(10)),
                cause: row.offset(11),
                assets: row.texts(12),
                users: row.texts(13),
                addresses: row.texts(14),
                artefacts: row.texts(15),
                sessions: row.texts(16),
                joinWindow: row.integer(17),
                tags: row.texts(18),
                absences: row.texts(19),
                evidence: evidence,
                attribution: Alert.Attribution(
                    author: row.text(20),
                    license: row.text(21),
                    references: row.texts(22)
                )
            )
            alert.order = UInt8(exactly: row.integer(23)).flatMap { EventOrder(rawValue: $0) }
            alert.coverageGap = row.text(24)
            if let incident = row[25] as String? {
                alert.suppression = Alert.Suppression(
                    incident: StoredText.decode(incident),
                    act: row.offset(26)
                )
            }
            return alert
        }
    }

    private static func witnesses(owner: String, alert: String, _ database: Database) throws -> [Witness] {
        let sql = """
            SELECT record_offset, ordinal, time, uncertainty, class, content_hash, assets, copies
            FROM witness WHERE incident = ? AND alert = ? ORDER BY position
            """
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [owner, alert]).map { row in
            Witness(
                offset: row.offset(0),
                ordinal: UInt16(truncatingIfNeeded: row.integer(1)),
                time: row.time(2),
                uncertainty: row.integer(3),
                eventClass: eventClass(row.integer(4)),
                contentHash: UInt64(bitPattern: row.integer(5)),
                assets: row.texts(6),
                copies: StoredText.decode(offsets: row[7] as String?)
            )
        }
    }

    /// The level of a column.
    ///
    /// Only our own values are stored, so the lowest stands for what cannot be.
    static func level(_ column: Int64) -> Level {
        Level(rawValue: UInt8(truncatingIfNeeded: column)) ?? .informational
    }

    private static func eventClass(_ column: Int64) -> EventClass {
        EventClass(rawValue: UInt8(truncatingIfNeeded: column)) ?? .unclassified
    }
}
