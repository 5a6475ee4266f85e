// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Rows under headings, columns as wide as their widest cell.
///
/// Cells are escaped here.
struct TextTable {
    /// A column.
    struct Column {
        var title: String
        var alignRight = false
        /// Shrinks first when the table is wider than the terminal.
        var isElastic = false
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row of as many cells as there are columns; cells may hold device text.
    mutating func add(_ cells: [String]) {
        rows.append(columns.indices.map { $0 < cells.count ? TerminalText.escaped(cells[$0]) : "" })
    }

    /// The lines, headings first.
    ///
    /// `width` cuts elastic columns so that lines fit; nil cuts nothing.
    func lines(width: Int?, palette: Palette) -> [String] {
        var widths = columns.indices.map { index in
            rows.reduce(TerminalText.width(columns[index].title)) { max($0, TerminalText.width($1[index])) }
        }
        if let width { shrink(&widths, to: width) }
        let heading = line(columns.map(\.title), widths)
        return [palette.paint(heading, .strong)] + rows.map { line($0, widths) }
    }

    private func shrink(_ widths: inout [Int], to width: Int) {
        let least = 8
        for index in columns.indices.reversed() where columns[index].isElastic {
            let excess = widths.reduce(0, +) + 2 * (columns.count - 1) - width
            if excess > 0 { widths[index] = max(min(widths[index], least), widths[index] - excess) }
        }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for index in columns.indices {
            if index > 0 { line += "  " }
            line += TerminalText.fitted(cells[index], widths[index], alignRight: columns[index].alignRight)
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
