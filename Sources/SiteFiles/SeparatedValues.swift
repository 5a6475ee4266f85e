// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A value of a CSV file with its place.
struct SeparatedCell: Hashable {
    var text: String
    var line: Int
    var column: Int
}

/// Comma-separated values after RFC 4180: quoted fields with doubled quotes, CRLF or LF, a byte order mark is
/// skipped.
///
/// A line whose first character beside blanks is `#` is a remark to its end, whatever it holds; a value that
/// begins so is quoted.
struct SeparatedValues {
    /// Names of the first line.
    private(set) var header: [SeparatedCell] = []
    /// The other lines that are not empty.
    private(set) var rows: [[SeparatedCell]] = []

    /// Most rows of a file: 1,048,576 of some 200 bytes.
    static let rowCountMax = 1_048_576

    /// Reads a whole file.
    init(_ bytes: [UInt8], file: String) throws(SiteFilesError) {
        var reader = SeparatedReader(bytes: bytes, file: file)
        while let row = try reader.row() {
            if row.count == 1, row[0].text.isEmpty { continue }
            if header.isEmpty {
                header = row
            } else {
                guard rows.count < SeparatedValues.rowCountMax else {
                    throw SiteFilesError(
                        file: file,
                        line: row[0].line,
                        column: 1,
                        what: "the file has more than \(SeparatedValues.rowCountMax) rows",
                        remedy: "split it"
                    )
                }
                rows.append(row)
            }
        }
        guard !header.isEmpty else {
            throw SiteFilesError(
                file: file,
                line: 1,
                column: 1,
                what: "the file is empty",
                remedy: "its first line names the columns"
            )
        }
    }
}

private struct SeparatedReader {
    let bytes: [UInt8]
    let file: String
    private var position = 0
    private var line = 1
    private var column = 1

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    /// Passes over remarks.
    private mutating func skipRemarks() {
        while true {
            var next = position
            while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x09 { next += 1 }
            guard next < bytes.count, bytes[next] == 0x23 else { return }
            while next < bytes.count, bytes[next] != 0x0a, bytes[next] != 0x0d { next += 1 }
            if next + 1 < bytes.count, bytes[next] == 0x0d, bytes[next + 1] == 0x0a { next += 1 }
            position = min(next + 1, bytes.count)
            line += 1
        }
    }

    /// The next line's cells; nil at the end.
    mutating func row() throws(SiteFilesError) -> [SeparatedCell]? {
        skipRemarks()
        guard position < bytes.count else { return nil }
        var cells: [SeparatedCell] = []
        while true {
            cells.append(try cell())
            guard position < bytes.count else { return cells }
            let end = bytes[position]
            advance()
            if end == 0x2c { continue }
            if end == 0x0d, position < bytes.count, bytes[position] == 0x0a { advance() }
            line += 1
            column = 1
            return cells
        }
    }

    private mutating func advance() {
        position += 1
        column += 1
    }

    private mutating func cell() throws(SiteFilesError) -> SeparatedCell {
        let (startLine, startColumn) = (line, column)
        var text: [UInt8] = []
        if position < bytes.count, bytes[position] == 0x22 {
            try quoted(into: &text)
        } else {
            while position < bytes.count, ![0x2c, 0x0a, 0x0d].contains(bytes[position]) {
                text.append(bytes[position])
                advance()
            }
        }
        guard let valid = String(validating: text, as: UTF8.self) else {
            throw SiteFilesError(
                file: file,
                line: startLine,
                column: startColumn,
                what: "the value is not UTF-8",
                remedy: "save the file as UTF-8"
            )
        }
        return SeparatedCell(text: trimmed(valid), line: startLine, column: startColumn)
    }

    private mutating func quoted(into text: inout [UInt8]) throws(SiteFilesError) {
        let (startLine, startColumn) = (line, column)
        advance()
        while position < bytes.count {
            let byte = bytes[position]
            advance()
            if byte == 0x22 {
                guard position < bytes.count, bytes[position] == 0x22 else {
                    guard position == bytes.count || [0x2c, 0x0a, 0x0d].contains(bytes[position]) else {
                        break
                    }
                    return
                }
                advance()
            } else if byte == 0x0a {
                line += 1
                column = 1
            }
            text.append(byte)
        }
        throw SiteFilesError(
            file: file,
            line: startLine,
            column: startColumn,
            what: "a quoted value does not end before a comma or line end",
            remedy: "close the quote; a quote inside a value is written twice"
        )
    }
}

/// Text without blanks at its ends.
func trimmed(_ text: String) -> String {
    let isBlank = { (character: Character) in character == " " || character == "\t" || character == "\u{a0}" }
    var part = Substring(text)
    while let first = part.first, isBlank(first) { part.removeFirst() }
    while let last = part.last, isBlank(last) { part.removeLast() }
    return String(part)
}
