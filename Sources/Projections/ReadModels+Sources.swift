// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import GRDB

/// Questions about sources, devices, imports, losses and totals.
extension ReadModels {
    /// Event time of the newest judged event of any source; nil before the first.
    public func newestEventTime() throws(WardlineError) -> UTCTime? {
        try read { database in
            try Int64.fetchOne(database, sql: "SELECT max(last_event) FROM source")
                .map { UTCTime(nanoseconds: $0) }
        }
    }

    /// Every source, by name.
    public func sources() throws(WardlineError) -> [StoredSource] {
        try read { database in
            let sql = """
                SELECT \(ReadModels.sourceColumns),
                    ifnull((SELECT sum(count) FROM loss
                        WHERE loss.listener IN (source.listener, source.name)), 0)
                FROM source ORDER BY name
                """
            return try Row.fetchAll(database, sql: sql).map { row in
                let found = ReadModels.source(row)
                let issues = found.issues.enumerated().map { (ParseIssues.codes[$0.offset], $0.element) }
                return StoredSource(
                    name: found.name,
                    listener: found.listener,
                    peer: found.peer,
                    records: found.records,
                    undecoded: found.undecoded,
                    rawBytes: found.rawBytes,
                    decoders: ReadModels.counts(found.decoders.map { ($0.key, $0.value) }),
                    issues: ReadModels.counts(issues),
                    firstEvent: found.firstEvent,
                    lastEvent: found.lastEvent,
                    lastReceived: found.lastReceived,
                    skew: found.skew,
                    losses: row.integer(12)
                )
            }
        }
    }

    /// What was found at all, most first, then by name.
    private static func counts(_ found: [(name: String, count: Int64)]) -> [StoredSource.Count] {
        found.filter { $0.count > 0 }
            .sorted { $0.count != $1.count ? $0.count > $1.count : $0.name < $1.name }
            .map { StoredSource.Count(name: $0.name, count: $0.count) }
    }

    /// Every device of the inventory, and every one that was seen without being listed; by asset id.
    public func devices() throws(WardlineError) -> [StoredDevice] {
        try read { database in
            let seenSQL = "SELECT asset, \(ReadModels.seenColumns) FROM device_seen"
            var seen: [String: DeviceCounters] = [:]
            for row in try Row.fetchAll(database, sql: seenSQL) {
                if let counters = ReadModels.seen(row, from: 0) { seen[counters.asset] = counters }
            }
            let sql = """
                SELECT asset, host_name, manufacturer, model, device_type, zone, location, owner, version,
                    status, is_life_critical
                FROM device
                """
            var devices = try Row.fetchAll(database, sql: sql).map { row in
                let definition = DeviceDefinition(
                    asset: row.text(0),
                    hostName: row.text(1),
                    manufacturer: row.text(2),
                    model: row.text(3),
                    deviceType: row.text(4),
                    zone: row.text(5),
                    location: row.text(6),
                    owner: row.text(7),
                    version: row.text(8),
                    status: row.text(9),
                    isLifeCritical: row.flag(10)
                )
                let counters = seen.removeValue(forKey: definition.asset)
                return StoredDevice(
                    definition: definition,
                    isListed: true,
                    seen: counters ?? DeviceCounters(asset: definition.asset)
                )
            }
            for counters in seen.values {
                devices.append(
                    StoredDevice(
                        definition: DeviceDefinition(asset: counters.asset),
                        isListed: false,
                        seen: counters
                    )
                )
            }
            return devices.sorted { $0.definition.asset < $1.definition.asset }
        }
    }

    /// Every import, in the order in which they began.
    public func imports() throws(WardlineError) -> [ImportRow] {
        try read { database in
            let sql = """
                SELECT sha256, file, state, begin_offset, records, bytes, reference_time FROM import
                ORDER BY begin_offset, sha256
                """
            return try Row.fetchAll(database, sql: sql).map { row in
                ImportRow(
                    sha256: row.text(0),
                    file: row.text(1),
                    state: ImportRow.State(rawValue: row.text(2)) ?? .started,
                    begin: row.offset(3),
                    records: row.integer(4),
                    bytes: row.integer(5),
                    referenceTime: row.time(6)
                )
            }
        }
    }

    /// Every loss, in log order.
    public func losses() throws(WardlineError) -> [LossRow] {
        try read { database in
            let sql = """
                SELECT record_offset, listener, count, from_time, through_time, reason FROM loss
                ORDER BY record_offset
                """
            return try Row.fetchAll(database, sql: sql).map { row in
                LossRow(
                    offset: row.offset(0),
                    listener: row.text(1),
                    count: row.integer(2),
                    from: row.time(3),
                    through: row.time(4),
                    reason: row.text(5)
                )
            }
        }
    }

    /// Sums over the store.
    public func totals() throws(WardlineError) -> ProjectionTotals {
        try read { database in
            let sql = "SELECT records, undecoded, events, raw_bytes FROM total WHERE id = 1"
            guard let row = try Row.fetchOne(database, sql: sql) else { return ProjectionTotals() }
            return ProjectionTotals(
                records: row.integer(0),
                undecoded: row.integer(1),
                events: row.integer(2),
                rawBytes: row.integer(3)
            )
        }
    }
}
