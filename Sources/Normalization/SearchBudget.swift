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

    /// Bytes that may still be looked at.
    private(set) var left = bytesMax

    /// Whether nothing is left.
    var isSpent: Bool { left <= 0 }

    /// Takes what a search cost.
    @inline(__always)
    mutating func spend(_ bytes: Int, comparisons: Int) {
        left -= bytes + comparisons * SearchBudget.comparisonCost
    }
}
