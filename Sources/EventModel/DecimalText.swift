// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Numbers as decimal digits, written eight at a time.
public enum DecimalText {
    /// Bytes after the start of a text that ``write(_:digits:into:at:)`` may touch.
    public static let roomBytes = 32

    /// The digits of a number below 10^8 with zeros before it, the first in the lowest byte.
    @inlinable
    public static func word(_ number: UInt64) -> UInt64 {
        // Halves of four digits, then quarters of two, then digits, each beside the others in one word.
        let high = number / 10_000
        let halves = high | (number &- high &* 10_000) << 32
        let hundreds = ((halves &* 10_486) >> 20) & 0x0000_007f_0000_007f
        let quarters = hundreds | (halves &- hundreds &* 100) << 16
        let tens = ((quarters &* 103) >> 10) & 0x000f_000f_000f_000f
        let digits = tens | (quarters &- tens &* 10) << 8
        return digits | 0x3030_3030_3030_3030
    }

    /// Digits of a number, at least 1.
    @inlinable
    public static func length(_ number: UInt64) -> Int {
        if number < 10 { return 1 }
        // 1233 / 4096 is the logarithm of two to the base of ten, near enough for 64 bits.
        let guess = ((64 - number.leadingZeroBitCount) * 1_233) >> 12
        return guess + (number >= power(guess) ? 1 : 0)
    }

    /// Ten to the power of 0...19.
    @inlinable
    public static func power(_ exponent: Int) -> UInt64 { powers[exponent] }

    @usableFromInline static let powers: InlineArray<20, UInt64> = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
        10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000,
        1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000,
        1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]

    /// Writes a number with zeros before it up to `digits`, at most 19; gives the length.
    ///
    /// There must be ``roomBytes`` at `position`; traps when there are not.
    public static func write(
        _ number: UInt64,
        digits: Int,
        into target: inout MutableSpan<UInt8>,
        at position: Int
    ) -> Int {
        let length = max(digits, self.length(number))
        if length <= 8 {
            target.store(word(number) >> UInt64(64 - 8 * length), at: position)
            return length
        }
        let (rest, low) = number.quotientAndRemainder(dividingBy: 100_000_000)
        let before = length - 8
        if before <= 8 {
            target.store(word(rest) >> UInt64(64 - 8 * before), at: position)
        } else {
            let (first, middle) = rest.quotientAndRemainder(dividingBy: 100_000_000)
            target.store(word(first) >> UInt64(64 - 8 * (before - 8)), at: position)
            target.store(word(middle), at: position + before - 8)
        }
        target.store(word(low), at: position + before)
        return length
    }
}
