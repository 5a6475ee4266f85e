// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A set of rows of a block.
struct RowSet: Hashable {
    private var words: [UInt64]
    /// Rows of the block.
    let rowCount: Int

    /// None, or all, of `rowCount` rows.
    init(rowCount: Int, isFull: Bool = false) {
        self.rowCount = rowCount
        words = [UInt64](repeating: isFull ? .max : 0, count: (rowCount + 63) / 64)
        if isFull, rowCount % 64 > 0 { words[words.count - 1] = 1 << UInt64(rowCount % 64) - 1 }
    }

    /// Whether no row is in it.
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// Number of rows in it.
    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    func contains(_ row: Int) -> Bool { words[row >> 6] & 1 << UInt64(row & 63) != 0 }

    mutating func insert(_ row: Int) { words[row >> 6] |= 1 << UInt64(row & 63) }

    mutating func formUnion(_ other: RowSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    mutating func formIntersection(_ other: RowSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    /// The rows in it, rising.
    var rows: [Int32] {
        var rows: [Int32] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                rows.append(Int32(index << 6 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return rows
    }
}
