// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import GRDB

/// How the file is opened, told from other files, and made ready.
extension ReadModels {
    /// Marks the file as ours: `application_id`, ASCII `WRDL`.
    private static let applicationID: Int32 = 0x5752_444C

    static func connect(path: String, mode: Mode) throws(WardlineError) -> (queue: DatabaseQueue, mode: Mode)
    {
        switch mode {
        case .memory:
            return (
                try guarding("open memory") { try DatabaseQueue(configuration: configuration(mode)) }, mode
            )
        case .readWrite:
            return (try open(uri(path), mode, path: path), mode)
        case .immutable:
            return (try open(uri(path) + "?immutable=1", mode, path: path), mode)
        case .readOnly:
            do {
                let queue = try open(uri(path) + "?mode=ro", mode, path: path)
                // The first read tells whether SQLite gets the side files that it needs.
                try guarding("read \(path)") { _ = try queue.read { try String.fetchOne($0, sql: probe) } }
                return (queue, mode)
            } catch  where error.code == .storage {
                return (try open(uri(path) + "?immutable=1", .immutable, path: path), .immutable)
            }
        }
    }

    /// Any statement that makes SQLite read the file.
    private static let probe = "SELECT name FROM sqlite_schema LIMIT 1"

    private static func open(
        _ address: String,
        _ mode: Mode,
        path: String
    ) throws(WardlineError) -> DatabaseQueue {
        try guarding("open the read models at \(path)") {
            try DatabaseQueue(path: address, configuration: configuration(mode))
        }
    }

    private static func configuration(_ mode: Mode) -> Configuration {
        var configuration = Configuration()
        configuration.label = "wardline.projections"
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.readonly = mode == .readOnly || mode == .immutable
        // WAL with synchronous NORMAL: power loss may lose the newest transactions, never mix them; the
        // checkpoint in the file says where to go on.
        configuration.journalMode = mode == .readWrite ? .wal : .default
        let isReading = configuration.readonly
        configuration.prepareDatabase { database in
            // SQLITE_DBCONFIG_DEFENSIVE has no pragma and GRDB no door to it; these are what can be had.
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
            if isReading { try database.execute(sql: "PRAGMA query_only = ON") }
        }
        return configuration
    }

    /// A `file:` address with every byte that means something in it encoded, so that no path is read as
    /// options.
    private static func uri(_ path: String) -> String {
        var address = "file:"
        for byte in path.utf8 {
            let isPlain =
                byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5A || byte >= 0x61 && byte <= 0x7A
            if isPlain || byte == 0x2F || byte == 0x2E || byte == 0x2D || byte == 0x5F {
                address.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                address += byte < 16 ? "%0" : "%"
                address += String(byte, radix: 16)
            }
        }
        return address
    }

    /// Makes the tables, or empties a file of another format.
    static func prepare(_ queue: DatabaseQueue, path: String) throws(WardlineError) -> Condition {
        try guarding("prepare the read models at \(path)") {
            try queue.write { database in
                let found = try identity(database)
                if found.version == formatVersion && found.application == applicationID {
                    return .kept
                }
                let isNew = found.version == 0 && found.tables == 0
                try dropTables(database)
                try createTables(database)
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(formatVersion)")
                return isNew
                    ? .created
                    : .emptied(reason: "format \(found.version) was found, this build uses \(formatVersion)")
            }
        }
    }

    /// Refuses a file that this build cannot read.
    static func check(_ queue: DatabaseQueue, path: String) throws(WardlineError) {
        let found = try guarding("read the read models at \(path)") { try queue.read { try identity($0) } }
        guard found.version == formatVersion, found.application == applicationID else {
            throw WardlineError(
                .input,
                "The read models have format \(found.version) and this build reads \(formatVersion): "
                    + "start the daemon or run `wardline store rebuild`, which fold them from the log again.",
                location: path
            )
        }
    }

    private static func identity(
        _ database: Database
    ) throws -> (version: Int, application: Int32, tables: Int) {
        (
            try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
            try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
            try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        )
    }
}
