// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import GRDB

/// Adding what was counted to what is stored.
extension ReadModels {
    static func add(_ counters: SourceCounters, _ database: Database) throws {
        let name = StoredText.encode(counters.name)
        let hasRecords = counters.records > 0
        try execute(
            database,
            """
            INSERT INTO source VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT (name) DO UPDATE SET
                listener = CASE WHEN ?4 > 0 THEN excluded.listener ELSE listener END,
                peer = CASE WHEN ?4 > 0 THEN excluded.peer ELSE peer END,
                records = records + excluded.records, undecoded = undecoded + excluded.undecoded,
                raw_bytes = raw_bytes + excluded.raw_bytes,
                first_event = min(ifnull(first_event, ?7), ifnull(?7, first_event)),
                last_event = max(ifnull(last_event, ?8), ifnull(?8, last_event)),
                last_received = ifnull(excluded.last_received, last_received),
                skew = ifnull(excluded.skew, skew)
            """,
            [
                name, StoredText.encode(counters.listener), StoredText.encode(counters.peer),
                counters.records,
                counters.undecoded, counters.rawBytes, counters.firstEvent.column, counters.lastEvent.column,
                hasRecords ? counters.lastReceived.column : nil, counters.skew,
            ]
        )
        for (bit, count) in counters.issues.enumerated() where count > 0 {
            try add(count, of: ParseIssues.codes[bit], kind: CountKind.issue, source: name, database)
        }
        // Sorted so that one update always writes in one order.
        for (decoder, count) in counters.decoders.sorted(by: { $0.key < $1.key }) where count > 0 {
            try add(count, of: StoredText.encode(decoder), kind: CountKind.decoder, source: name, database)
        }
    }

    /// What a row of `source_count` counts.
    enum CountKind {
        static let issue = "issue"
        static let decoder = "decoder"
    }

    private static func add(
        _ count: Int64,
        of name: String,
        kind: String,
        source: String,
        _ database: Database
    ) throws {
        try execute(
            database,
            """
            INSERT INTO source_count VALUES (?, ?, ?, ?)
            ON CONFLICT (source, kind, name) DO UPDATE SET count = count + excluded.count
            """,
            [source, kind, name, count]
        )
    }

    static func replace(_ inventory: [DeviceDefinition], _ database: Database) throws {
        try execute(database, "DELETE FROM device", [])
        for device in inventory {
            try execute(
                database,
                "INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    StoredText.encode(device.asset), StoredText.encode(device.hostName),
                    StoredText.encode(device.manufacturer), StoredText.encode(device.model),
                    StoredText.encode(device.deviceType), StoredText.encode(device.zone),
                    StoredText.encode(device.location), StoredText.encode(device.owner),
                    StoredText.encode(device.version), StoredText.encode(device.status),
                    device.isLifeCritical,
                ]
            )
        }
    }

    static func add(_ counters: DeviceCounters, _ database: Database) throws {
        let asset = StoredText.encode(counters.asset)
        let sql = "SELECT asset, \(seenColumns) FROM device_seen WHERE asset = ?"
        var sum = DeviceCounters(asset: counters.asset)
        if let row = try Row.fetchOne(database.cachedStatement(sql: sql), arguments: [asset]) {
            sum = seen(row, from: 0) ?? sum
        }
        sum.merge(counters)
        try execute(
            database,
            "INSERT OR REPLACE INTO device_seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                asset, sum.records, sum.firstSeen.column, sum.lastSeen.column,
                sum.version.map { StoredText.encode($0.text) }, sum.version?.time.column,
                sum.version?.offset.column, sum.skew,
            ]
        )
    }

    /// The columns that ``seen(_:from:)`` reads after the asset.
    static let seenColumns = "records, first_seen, last_seen, version, version_time, version_offset, skew"

    /// The counters whose asset stands in column `start`; nil where it is NULL.
    static func seen(_ row: Row, from start: Int) -> DeviceCounters? {
        guard let asset = row[start] as String? else { return nil }
        var counters = DeviceCounters(asset: StoredText.decode(asset))
        counters.records = row.integer(start + 1)
        counters.firstSeen = row.time(start + 2)
        counters.lastSeen = row.time(start + 3)
        if let text = row[start + 4] as String?, let offset = row[start + 6] as Int64? {
            counters.version = DeviceCounters.Version(
                text: StoredText.decode(text),
                time: row.time(start + 5),
                offset: Offset(column: offset)
            )
        }
        counters.skew = row[start + 7] as Int64?
        return counters
    }
}
