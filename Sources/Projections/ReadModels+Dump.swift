// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import GRDB

/// The content as text, to compare one build of the read models with another.
extension ReadModels {
    /// Every row of every table, tables by name and rows by primary key: `table: {"column":value,...}`.
    ///
    /// Equal content gives equal dumps, whatever the order of updates, page layout or SQLite version.
    public func orderedDump() throws(WardlineError) -> [String] {
        try read { database in
            let names = try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
            return try names.flatMap { try ReadModels.dump($0, database) }
        }
    }

    private static func dump(_ table: String, _ database: Database) throws -> [String] {
        let keys = try database.primaryKey(table).columns.map { "\"\($0)\"" }.joined(separator: ", ")
        return try Row.fetchAll(database, sql: "SELECT * FROM \"\(table)\" ORDER BY \(keys)").map { row in
            let members = row.map { column, value in JSONValue.Member(column, json(value)) }
            return table + ": " + JSONValue.object(members).line
        }
    }

    private static func json(_ value: DatabaseValue) -> JSONValue {
        switch value.storage {
        case .null: .null
        case .int64(let integer): .integer(integer)
        case .string(let text): .text(StoredText.decode(text))
        // The schema has neither; STRICT tables refuse them.
        case .double(let number): .text("\(number)")
        case .blob: .text("blob")
        }
    }
}
