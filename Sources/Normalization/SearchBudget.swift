// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// What looking for texts anywhere in one record may still cost.
///
/// A decoder has up to some hundred texts that it looks for, each in all of the line: without a bound a line
/// of 64 KiB takes milliseconds. Ordinary records take a tenth of it.
struct SearchBudget: Sendable {
    /// Bytes that are looked at for one record.
    ///
    /// When they are spent, further texts count as absent and the record says `decode_truncated`.
    static let bytesMax = 1 << 20
    /// What a place at which a text may begin costs, in bytes looked at.
    static let comparisonCost = 64

    /// Length of a record from which on what its search may cost grows with it: what carries many is as many.
    static let longRecordBytes = 65_536

    /// Bytes that may still be looked at.
    private(set) var left = bytesMax
    /// What was looked at so far.
    private(set) var spent = 0

    /// What looking for texts in a record of that many bytes may cost.
    init(_ length: Int = 0) {
        left = SearchBudget.bytesMax * max(1, length / SearchBudget.longRecordBytes)
    }

    /// Whether nothing is left.
    var isSpent: Bool { left <= 0 }

    /// Takes what a search cost.
    @inline(__always)
    mutating func spend(_ bytes: Int, comparisons: Int) {
        let cost = bytes + comparisons * SearchBudget.comparisonCost
        left -= cost
        spent += cost
    }
}
