// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import GRDB

/// Adding what was counted to what is stored.
extension ReadModels {
    static func add(_ counters: SourceCounters, _ database: Database) throws {
        let name = StoredText.encode(counters.name)
        let sql = "SELECT \(sourceColumns) FROM source WHERE name = ?"
        var sum = SourceCounters(name: counters.name)
        if let row = try Row.fetchOne(database.cachedStatement(sql: sql), arguments: [name]) {
            sum = source(row)
        }
        sum.merge(counters)
        try execute(
            database,
            "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                name, StoredText.encode(sum.listener), StoredText.encode(sum.peer), sum.records,
                sum.undecoded,
                sum.rawBytes, sum.firstEvent.column, sum.lastEvent.column, sum.lastReceived.column, sum.skew,
                StoredText.encode(
                    sum.decoders.filter { $0.value > 0 }.sorted { $0.key < $1.key }
                        .flatMap { [$0.key, String($0.value)] }
                ),
                StoredText.encode(
                    sum.issues.indices.filter { sum.issues[$0] > 0 }
                        .flatMap { [String($0), String(sum.issues[$0])] }
                ),
            ]
        )
    }

    /// The columns that ``source(_:)`` reads.
    static let sourceColumns = """
        name, listener, peer, records, undecoded, raw_bytes, first_event, last_event, last_received, skew,
        decoders, issues
        """

    /// The counters of a row of `source`.
    static func source(_ row: Row) -> SourceCounters {
        var counters = SourceCounters(name: row.text(0), listener: row.text(1), peer: row.text(2))
        counters.records = row.integer(3)
        counters.undecoded = row.integer(4)
        counters.rawBytes = row.integer(5)
        counters.firstEvent = row.time(6)
        counters.lastEvent = row.time(7)
        counters.lastReceived = row.time(8)
        counters.skew = row[9] as Int64?
        for (name, count) in pairs(row.texts(10)) { counters.decoders[name] = count }
        for (bit, count) in pairs(row.texts(11)) {
            if let bit = Int(bit), counters.issues.indices.contains(bit) { counters.issues[bit] = count }
        }
        return counters
    }

    /// A list of names, each followed by how often it was found.
    private static func pairs(_ list: [String]) -> [(String, Int64)] {
        stride(from: 0, to: list.count - 1, by: 2).compactMap { index in
            Int64(list[index + 1]).map { (list[index], $0) }
        }
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
