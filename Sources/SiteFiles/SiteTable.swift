// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A CSV file of the site, row by row, by the names of its columns.
struct SiteTable {
    let file: String
    /// Columns that nothing reads.
    private(set) var warnings: [String] = []
    private let rows: [[SeparatedCell]]
    private var columns: [String: Int] = [:]
    private var number = -1

    init(_ bytes: [UInt8], file: String, needed: [String], known: [String]) throws(SiteFilesError) {
        let values = try SeparatedValues(bytes, file: file)
        self.file = file
        rows = values.rows
        for (index, cell) in values.header.enumerated() {
            let name = cell.text.lowercased()
            guard columns[name] == nil else {
                throw SiteFilesError(
                    file: file,
                    line: cell.line,
                    column: cell.column,
                    what: "the column '\(name)' is there twice",
                    remedy: "remove one"
                )
            }
            columns[name] = index
            guard !needed.contains(name), !known.contains(name) else { continue }
            warnings.append("\(file):\(cell.line):\(cell.column): the column '\(name)' is not read")
        }
        for name in needed where columns[name] == nil {
            throw SiteFilesError(
                file: file,
                line: 1,
                column: 1,
                what: "the column '\(name)' is missing",
                remedy: "name it in the first line"
            )
        }
    }

    /// Goes to the next row; false at the end.
    mutating func next() throws(SiteFilesError) -> Bool {
        number += 1
        guard number < rows.count else { return false }
        let row = rows[number]
        guard row.count <= columns.count else {
            let extra = row[columns.count]
            throw SiteFilesError(
                file: file,
                line: extra.line,
                column: extra.column,
                what: "the row has \(row.count) values for \(columns.count) columns",
                remedy: "quote values that hold commas"
            )
        }
        return true
    }

    private func cell(_ name: String) -> SeparatedCell? {
        guard let column = columns[name], column < rows[number].count else { return nil }
        return rows[number][column]
    }

    /// The value of a column; empty if it has none.
    func text(_ name: String) -> String { cell(name)?.text ?? "" }

    /// The values of a column that may hold several, separated by semicolons, bars or blanks of any kind:
    /// also tabs, and line ends in a quoted value.
    func list(_ name: String) -> [String] {
        text(name).split { $0 == ";" || $0 == "|" || $0.isWhitespace }.map(String.init)
    }

    /// The value of a column that must have one.
    func needed(_ name: String) throws(SiteFilesError) -> String {
        let value = text(name)
        guard !value.isEmpty else {
            throw error(name, "the row has no '\(name)'", "fill it in or remove the row")
        }
        return value
    }

    /// `Y`, `yes`, `true`, `1` or their opposites; empty is no.
    func truth(_ name: String) throws(SiteFilesError) -> Bool {
        switch text(name).lowercased() {
        case "y", "yes", "true", "1": return true
        case "", "n", "no", "false", "0", "unknown", "n/a", "-": return false
        default: throw error(name, "'\(text(name))' is neither yes nor no", "write Y or N")
        }
    }

    /// A time; nil if the column is empty.
    func time(_ name: String) throws(SiteFilesError) -> UTCTime? {
        let value = text(name)
        guard !value.isEmpty else { return nil }
        guard let time = UTCTime(rfc3339: value) ?? UTCTime(rfc3339: value + "T00:00:00Z") else {
            throw error(name, "'\(value)' is no time", "write RFC 3339, 2026-10-05T04:00:00Z")
        }
        return time
    }

    /// An error at a column of this row.
    func error(_ name: String, _ what: String, _ remedy: String) -> SiteFilesError {
        let place = cell(name) ?? rows[number].first
        return SiteFilesError(
            file: file,
            line: place?.line ?? 0,
            column: place?.column ?? 0,
            what: what,
            remedy: remedy
        )
    }
}
