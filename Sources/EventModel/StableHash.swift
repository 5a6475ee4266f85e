// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A 64-bit hash that is the same on every machine and in every run: it orders equal times and finds equal
/// payloads.
///
/// Not cryptographic and never evidence; alert identities use SHA-256. Algorithm: 8-byte little-endian words
/// folded by multiply and xor-shift (as in splitmix64), the length mixed in first, the tail padded with
/// zeros.
public struct StableHash: Sendable {
    private var state: UInt64

    /// Starts from `seed`.
    public init(seed: UInt64 = 0x9e37_79b9_7f4a_7c15) {
        state = seed
    }

    /// Mixes one word.
    public mutating func combine(_ word: UInt64) {
        var mixed = (state ^ word) &* 0xbf58_476d_1ce4_e5b9
        mixed ^= mixed >> 29
        mixed &*= 0x94d0_49bb_1331_11eb
        state = mixed ^ mixed >> 32
    }

    /// Mixes the bytes of `range`.
    public mutating func combine(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        combine(UInt64(range.count))
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            combine(bytes.word(at: index))
            index += 8
        }
        if index < range.upperBound { combine(bytes.word(at: index, range.upperBound - index)) }
    }

    /// Mixes the bytes of `range`, ASCII letters in lower case: values that differ in case only are equal.
    public mutating func combineFolded(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        combine(UInt64(range.count))
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            combine(ByteFolding.folded(bytes.word(at: index)))
            index += 8
        }
        if index < range.upperBound {
            combine(ByteFolding.folded(bytes.word(at: index, range.upperBound - index)))
        }
    }

    /// Mixes text as UTF-8.
    public mutating func combine(_ text: String) {
        let bytes = Array(text.utf8)
        combine(bytes.span, 0..<bytes.count)
    }

    /// The hash of all that was mixed.
    public var value: UInt64 { state }
}
