// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Letters of ASCII without regard to case; other bytes as they are.
public enum ByteFolding {
    /// Lower case of an ASCII letter.
    public static func folded(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }

    /// Lower case of the ASCII letters among the eight bytes of `word`.
    @inlinable
    public static func folded(_ word: UInt64) -> UInt64 {
        let lanes: UInt64 = 0x0101_0101_0101_0101
        let low = word & (lanes &* 0x7f)
        // The highest bit of a lane: at least `A`, and more than `Z`.
        let fromA = low &+ (lanes &* (0x80 - 0x41))
        let afterZ = low &+ (lanes &* (0x7f - 0x5a))
        let upper = fromA & ~afterZ & ~word & (lanes &* 0x80)
        return word | upper >> 2
    }

    /// Whether there is no byte but of ASCII.
    public static func isASCII(_ bytes: Span<UInt8>) -> Bool {
        var all: UInt8 = 0
        for index in bytes.indices { all |= bytes[index] }
        return all < 0x80
    }
}
