// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A set of rules by number, one bit each.
struct RuleBits: Hashable, Sendable {
    private var words: [UInt64]

    /// None, or all, of `count` rules.
    init(count: Int, isFull: Bool = false) {
        words = [UInt64](repeating: isFull ? .max : 0, count: (count + 63) / 64)
        if isFull, count % 64 > 0 { words[words.count - 1] = 1 << UInt64(count % 64) - 1 }
    }

    /// Whether no rule is in it.
    var isEmpty: Bool {
        for word in words where word != 0 { return false }
        return true
    }

    func contains(_ number: Int) -> Bool { words[number >> 6] & 1 << UInt64(number & 63) != 0 }

    mutating func insert(_ number: Int) { words[number >> 6] |= 1 << UInt64(number & 63) }

    mutating func formUnion(_ other: RuleBits) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    mutating func formIntersection(_ other: RuleBits) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    mutating func subtract(_ other: RuleBits) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// Becomes a copy of `other`, in the same storage.
    mutating func replace(by other: RuleBits) {
        for index in words.indices { words[index] = other.words[index] }
    }

    /// Whether a rule is in both.
    func intersects(_ other: RuleBits) -> Bool {
        for index in words.indices where words[index] & other.words[index] != 0 { return true }
        return false
    }

    /// Calls `body` with each rule in it, rising.
    func forEach(_ body: (Int) -> Void) {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(index << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }
}
