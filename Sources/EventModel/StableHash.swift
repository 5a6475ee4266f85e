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
        combineRest(bytes, range)
    }

    /// The hashes of four ranges, each as ``combine(_:_:)`` into a new hash gives it.
    ///
    /// Each step of a hash waits for the one before it; four hashes wait side by side.
    public static func values(
        _ bytes: Span<UInt8>,
        _ ranges: (Range<Int>, Range<Int>, Range<Int>, Range<Int>)
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        var hashes = (StableHash(), StableHash(), StableHash(), StableHash())
        hashes.0.combine(UInt64(ranges.0.count))
        hashes.1.combine(UInt64(ranges.1.count))
        hashes.2.combine(UInt64(ranges.2.count))
        hashes.3.combine(UInt64(ranges.3.count))
        var shared = 0
        let shortest = min(ranges.0.count, ranges.1.count, ranges.2.count, ranges.3.count)
        while shared + 8 <= shortest {
            hashes.0.combine(bytes.word(at: ranges.0.lowerBound + shared))
            hashes.1.combine(bytes.word(at: ranges.1.lowerBound + shared))
            hashes.2.combine(bytes.word(at: ranges.2.lowerBound + shared))
            hashes.3.combine(bytes.word(at: ranges.3.lowerBound + shared))
            shared += 8
        }
        hashes.0.combineRest(bytes, ranges.0.lowerBound + shared..<ranges.0.upperBound)
        hashes.1.combineRest(bytes, ranges.1.lowerBound + shared..<ranges.1.upperBound)
        hashes.2.combineRest(bytes, ranges.2.lowerBound + shared..<ranges.2.upperBound)
        hashes.3.combineRest(bytes, ranges.3.lowerBound + shared..<ranges.3.upperBound)
        return (hashes.0.value, hashes.1.value, hashes.2.value, hashes.3.value)
    }

    /// Mixes the bytes of `range` without their number.
    private mutating func combineRest(_ bytes: Span<UInt8>, _ range: Range<Int>) {
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
