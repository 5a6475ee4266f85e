// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Headers of tables whose rows come one by one, by who sends them, and rows that a line end within a cell
/// cut in pieces.
///
/// Like all that ``RecordAssembler`` knows it is a function of the last records alone: a row further than
/// ``RecordAssembler/lookBackCountMax`` behind its header is a line that nobody knows. See decision 0034.
struct TableLines: Sendable {
    /// Longest header that is remembered: a hundred names of scanners take 3 KiB.
    static let headerSizeMaxBytes = 8_192
    /// Pieces of one row; what scanners print into a cell rarely has more lines.
    static let pieceCountMax = 256
    /// Rows that wait for pieces; beyond it the oldest is given up.
    static let openCountMax = 256

    /// A row of which the last cell is not closed.
    struct OpenRow: Sendable {
        /// The header of its first record, then the row.
        var text: [UInt8]
        /// Where the row begins in `text`.
        var start: Int
        var offsets: [Offset]
        var pieceCount = 1
        var isTruncated = false
        /// Count of records at its first piece.
        var first: UInt64
        /// Time of its newest piece.
        var clock: UTCTime
    }

    /// What the header of a table says.
    struct Table: Sendable {
        var decoder: Int
        var names: [[UInt8]]
        /// Count of records at the header.
        var first: UInt64
        var open: OpenRow?
    }

    private var tables: [UInt64: Table] = [:]

    /// Whether no header is remembered.
    var isEmpty: Bool { tables.isEmpty }

    /// Remembers the header of a table.
    mutating func begin(_ key: UInt64, decoder: Int, _ names: [[UInt8]], _ count: UInt64) {
        guard names.reduce(0, { $0 + $1.count }) <= TableLines.headerSizeMaxBytes else { return }
        tables[key] = Table(decoder: decoder, names: names, first: count)
        guard tables.count > 2 * RecordAssembler.lookBackCountMax else { return }
        // Only what no row within reach can need is given up.
        tables = tables.filter { RecordAssembler.isWithinReach($0.value.first, count) }
    }

    /// The table of a source; one out of reach is forgotten.
    mutating func table(_ key: UInt64, _ count: UInt64) -> Table? {
        guard let found = tables[key] else { return nil }
        guard RecordAssembler.isWithinReach(found.first, count) else {
            tables[key] = nil
            return nil
        }
        return found
    }

    /// Sets or ends the open row of a source.
    mutating func setOpen(_ row: OpenRow?, _ key: UInt64) {
        tables[key]?.open = row
        guard row != nil else { return }
        let open = tables.filter { $0.value.open != nil }
        guard open.count > TableLines.openCountMax else { return }
        let oldest = open.min { ($0.value.open?.first ?? 0, $0.key) < ($1.value.open?.first ?? 0, $1.key) }
        if let oldest { tables[oldest.key]?.open = nil }
    }
}
