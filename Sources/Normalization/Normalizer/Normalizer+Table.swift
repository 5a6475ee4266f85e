// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension Normalizer {
    /// A table in one record: the first row that holds all header names of the decoder names the columns,
    /// every row below it gives one event.
    ///
    /// Rows above the header (titles of a report) give none. At most ``elementCountMax`` rows; the last event
    /// says when there are more. A header that stands alone is remembered for the records behind it.
    mutating func tryTable(
        _ number: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard work.keyed == nil else { return false }
        var reader = TableReader(work.text, decoders.decoders[number].tableForm)
        guard let names = headerRow(number, &reader, bytes) else { return false }
        let saved = work
        var count = 0
        var isAlone = true
        while let row = reader.next(bytes.span) {
            // A row of separators only is a gap between blocks.
            guard row.contains(where: { !$0.range.isEmpty }), row.count > 1 else { continue }
            isAlone = false
            guard count < Normalizer.elementCountMax else {
                events.events[events.events.count - 1].issues.insert(.decodeTruncated)
                break
            }
            work.envelope.time = saved.envelope.time
            if decodeRow(row, names, number, &work, bytes, &events) { count += 1 }
        }
        guard count == 0 else { return true }
        work = saved
        guard isAlone else { return false }
        assembler.tables.begin(tableKey, decoder: number, names, assembler.count)
        emitPart(of: number, &work, bytes, &events)
        return true
    }

    /// The names of the columns, when a row holds all those by which the decoder knows its header.
    private mutating func headerRow(
        _ number: Int,
        _ reader: inout TableReader,
        _ bytes: [UInt8]
    ) -> [[UInt8]]? {
        let wanted = decoders.decoders[number].headerNames.range.map { index in
            Array(decoders.tables.texts[decoders.tables.parts[index].range])
        }
        while let row = reader.next(bytes.span) {
            let cells = row.map { $0.text(bytes.span) }
            guard wanted.allSatisfy(cells.contains) else { continue }
            return cells
        }
        return nil
    }

    /// Makes an event of a row; false if no rule of the decoder wants it.
    mutating func decodeRow(
        _ row: [TableCell],
        _ names: [[UInt8]],
        _ number: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        addRow(row, names, bytes)
        derive(number, &work, bytes)
        guard let rule = firstRule(number, work, bytes) else { return false }
        emit(rule, &work, bytes, &events)
        return true
    }

    /// Makes the cells of a row the values of the record.
    private mutating func addRow(_ row: [TableCell], _ columns: [[UInt8]], _ bytes: [UInt8]) {
        values.removeAll()
        for (cell, name) in zip(row, columns) where !name.isEmpty && !cell.range.isEmpty {
            let start = values.work.count
            values.work.append(contentsOf: name)
            let key = BodyValues.Value(start: Int32(start), end: Int32(values.work.count), isInWork: true)
            var value = standardValue(cell.range)
            if cell.hasEscape {
                let from = values.work.count
                values.work.append(contentsOf: cell.text(bytes.span))
                value = BodyValues.Value(start: Int32(from), end: Int32(values.work.count), isInWork: true)
            }
            values.add(key, value, name: names.number(values.work.span, key.range))
        }
    }
}

/// One cell of a table: where its text lies, without the quotes around it.
struct TableCell {
    var range: Range<Int>
    /// Whether doubled quotes stand for one.
    var hasEscape = false

    /// The text of the cell.
    func text(_ bytes: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            result.append(bytes[index])
            index += hasEscape && bytes[index] == 0x22 ? 2 : 1
        }
        return result
    }
}

/// How the rows of a table are written.
enum TableForm: Sendable {
    /// Commas, and quotes around what holds them.
    case comma
    /// Blanks, with `#Fields:` in front of the names and `-` for nothing.
    case extended
}

/// Reads the rows of a table; quoted cells may hold line ends.
///
/// - Source: RFC 4180; W3C, Extended Log File Format.
struct TableReader {
    /// Whether the last row ended within a quoted cell.
    private(set) var isOpen = false
    private var position: Int
    private let end: Int
    private let separator: UInt8
    private let form: TableForm

    /// Most cells of a row: scanners write fewer than a hundred columns.
    static let cellCountMax = 256

    init(_ range: Range<Int>, _ form: TableForm) {
        position = range.lowerBound
        end = range.upperBound
        separator = form == .comma ? 0x2c : 0x20
        self.form = form
    }

    /// The next row; nil at the end.
    mutating func next(_ bytes: Span<UInt8>) -> [TableCell]? {
        while form == .extended, position < end, bytes[position] == 0x23 {
            // Of the lines that begin with `#` only the one with the names is a row.
            if TableReader.begins(bytes, position..<end, TableReader.fieldsMark) {
                position += TableReader.fieldsMark.count
                while position < end, bytes[position] == 0x20 { position += 1 }
                break
            }
            while position < end, bytes[position] != 0x0a { position += 1 }
            position = min(position + 1, end)
        }
        guard position < end else { return nil }
        var row: [TableCell] = []
        isOpen = false
        while true {
            let cell = cell(bytes)
            if row.count < TableReader.cellCountMax { row.append(cell) }
            guard position < end else { return row }
            let byte = bytes[position]
            position += 1
            if byte == separator {
                // No cell of the extended format is empty: a run of blanks parts two.
                while form == .extended, position < end, bytes[position] == separator { position += 1 }
                continue
            }
            if byte == 0x0d, position < end, bytes[position] == 0x0a { position += 1 }
            return row
        }
    }

    private static let fieldsMark = Array("#Fields:".utf8)

    private static func begins(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard range.count >= text.count else { return false }
        for lane in text.indices where bytes[range.lowerBound + lane] != text[lane] { return false }
        return true
    }

    private mutating func cell(_ bytes: Span<UInt8>) -> TableCell {
        guard position < end, bytes[position] == 0x22 else {
            let start = position
            skipToSeparator(bytes)
            let isNothing = form == .extended && position - start == 1 && bytes[start] == 0x2d
            return TableCell(range: (isNothing ? position : start)..<position)
        }
        position += 1
        var cell = TableCell(range: position..<position)
        isOpen = true
        while position < end {
            if bytes[position] == 0x22 {
                guard position + 1 < end, bytes[position + 1] == 0x22 else {
                    isOpen = false
                    break
                }
                cell.hasEscape = true
                position += 1
            }
            position += 1
        }
        cell.range = cell.range.lowerBound..<min(position, end)
        skipToSeparator(bytes)
        return cell
    }

    private mutating func skipToSeparator(_ bytes: Span<UInt8>) {
        while position < end, bytes[position] != separator, bytes[position] != 0x0a, bytes[position] != 0x0d {
            position += 1
        }
    }
}
