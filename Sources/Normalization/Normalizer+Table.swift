// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension Normalizer {
    /// A whole table in one record: the first row that holds all header names of the decoder names the
    /// columns, every row below it gives one event.
    ///
    /// Rows above the header (titles of a report) give none. At most ``elementCountMax`` rows; the last event
    /// says when there are more.
    mutating func tryTable(
        _ number: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard work.keyed == nil else { return false }
        let wanted = decoders.decoders[number].headerNames.range.map { index in
            Array(decoders.tables.texts[decoders.tables.parts[index].range])
        }
        var reader = TableReader(work.text)
        var names: [[UInt8]] = []
        while names.isEmpty {
            guard let row = reader.next(bytes.span) else { return false }
            let cells = row.map { $0.text(bytes.span) }
            if wanted.allSatisfy(cells.contains) { names = cells }
        }
        let saved = work
        var count = 0
        while let row = reader.next(bytes.span) {
            // A row of separators only is a gap between blocks.
            guard row.contains(where: { !$0.range.isEmpty }), row.count > 1 else { continue }
            guard count < Normalizer.elementCountMax else {
                events.events[events.events.count - 1].issues.insert(.decodeTruncated)
                break
            }
            work.envelope.time = saved.envelope.time
            addRow(row, names, bytes)
            derive(number, &work, bytes)
            guard let rule = firstRule(number, work, bytes) else { continue }
            emit(rule, &work, bytes, &events)
            count += 1
        }
        if count == 0 { work = saved }
        return count > 0
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

/// Reads the rows of comma-separated values; quoted cells may hold line ends.
///
/// - Source: RFC 4180.
struct TableReader {
    private var position: Int
    private let end: Int

    /// Most cells of a row: scanners write fewer than a hundred columns.
    static let cellCountMax = 256

    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next row; nil at the end.
    mutating func next(_ bytes: Span<UInt8>) -> [TableCell]? {
        guard position < end else { return nil }
        var row: [TableCell] = []
        while true {
            let cell = cell(bytes)
            if row.count < TableReader.cellCountMax { row.append(cell) }
            guard position < end else { return row }
            let byte = bytes[position]
            position += 1
            if byte == 0x2c { continue }
            if byte == 0x0d, position < end, bytes[position] == 0x0a { position += 1 }
            return row
        }
    }

    private mutating func cell(_ bytes: Span<UInt8>) -> TableCell {
        guard position < end, bytes[position] == 0x22 else {
            let start = position
            skipToSeparator(bytes)
            return TableCell(range: start..<position)
        }
        position += 1
        var cell = TableCell(range: position..<position)
        while position < end {
            if bytes[position] == 0x22 {
                guard position + 1 < end, bytes[position + 1] == 0x22 else { break }
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
        while position < end, bytes[position] != 0x2c, bytes[position] != 0x0a, bytes[position] != 0x0d {
            position += 1
        }
    }
}
