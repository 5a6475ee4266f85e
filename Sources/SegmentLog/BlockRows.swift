// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Stored records with their events: those of a part that a condition could not rule out.
public struct StoredRows: Sendable {
    /// The records, in offset order.
    public var records: RecordBatch
    /// The offsets of the records.
    public var offsets: OffsetList
    /// Their events; nil when none are stored.
    public var events: EventBatch?
    /// Whether the filters of the block ruled all of it out.
    public var isRuledOut = false
}

/// Offsets of the records of a batch, rising.
public struct OffsetList: Hashable, Sendable {
    private let base: Offset
    /// Rows counted from the base; nil for all.
    private let rows: [Int32]?

    /// All from `base` on, or the rows after it.
    init(base: Offset, rows: [Int32]? = nil) {
        self.base = base
        self.rows = rows
    }

    /// One after another from `base` on.
    public static func consecutive(from base: Offset) -> OffsetList { OffsetList(base: base) }

    /// Which record of the batch has that offset, among the first `count`; nil if none.
    public func index(of offset: Offset, count: Int) -> Int? {
        guard offset >= base, offset.value - base.value <= UInt64(Int32.max) else { return nil }
        let row = Int(offset.value - base.value)
        guard let rows else { return row < count ? row : nil }
        var (low, high) = (0, min(count, rows.count))
        while low < high {
            let middle = (low + high) / 2
            if Int(rows[middle]) < row { low = middle + 1 } else { high = middle }
        }
        return low < min(count, rows.count) && Int(rows[low]) == row ? low : nil
    }
}

/// The columns of a block while its rows are chosen.
struct BlockRows {
    var records: RecordColumnsDecoder
    var events: EventColumnsDecoder
    /// Whether addresses are written in one way only.
    var hasUsualAddresses = false

    /// Of so many rows one is few: 32.
    private static let fewShare = 32

    /// The rows that satisfy `condition`, and perhaps more; nil for all.
    mutating func rows(_ condition: RowCondition) throws(ByteReaderError) -> RowSet? {
        switch condition {
        case .everything: return nil
        case .all(let conditions):
            var found: RowSet?
            for condition in conditions {
                // Few rows are read sooner than all columns are searched once more.
                if let found, condition.textCount > 0, found.count <= records.count / BlockRows.fewShare {
                    return found
                }
                guard let rows = try rows(condition) else { continue }
                if found == nil { found = rows } else { found?.formIntersection(rows) }
                if found?.isEmpty ?? false { return found }
            }
            return found
        case .any(let conditions):
            var found = RowSet(rowCount: records.count)
            for condition in conditions {
                guard let rows = try rows(condition) else { return nil }
                found.formUnion(rows)
            }
            return found
        case .text(let text):
            guard let text = FoldedText(text) else { return nil }
            var found = try records.rows(holding: text)
            found.formUnion(try events.rows(holding: text))
            return found
        case .value(_, .text(let text)): return try rows(.text(text))
        case .value(_, .address(let address)):
            return hasUsualAddresses ? try rows(.text(Array(address.description.utf8))) : nil
        case .header(let part, let values): return events.rows(part, in: values)
        case .decoder(let decoders): return events.rows(of: decoders)
        }
    }
}
