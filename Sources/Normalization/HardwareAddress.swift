// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// A 48-bit hardware address in any of its written forms.
enum HardwareAddress {
    /// Length of the address at the start of `range`; nil if there is none.
    ///
    /// Forms: `aa:bb:cc:dd:ee:ff`, the same with `-`, `a:b:cc:d:ee:f` without leading zeros,
    /// `aabb.ccdd.eeff`, `aabbccddeeff`.
    static func length(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        var digits = 0
        while index < range.upperBound, digits < 13, bytes[index].hexadecimalValue != nil {
            index += 1
            digits += 1
        }
        if digits == 12 { return index - range.lowerBound }
        guard index < range.upperBound else { return nil }
        switch bytes[index] {
        case 0x2e: return grouped(bytes, range, groups: 3, digits: 4...4)
        case 0x2d: return grouped(bytes, range, groups: 6, digits: 2...2)
        case 0x3a: return grouped(bytes, range, groups: 6, digits: 1...2)
        default: return nil
        }
    }

    /// The same for groups of `digits`, parted by what stands behind the first.
    private static func grouped(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        groups: Int,
        digits: ClosedRange<Int>
    ) -> Int? {
        var index = range.lowerBound
        var separator: UInt8 = 0
        for group in 0..<groups {
            if group > 0 {
                guard index < range.upperBound else { return nil }
                if group == 1 { separator = bytes[index] }
                guard bytes[index] == separator else { return nil }
                index += 1
            }
            let first = index
            while index < range.upperBound, bytes[index].hexadecimalValue != nil { index += 1 }
            guard digits.contains(index - first) else { return nil }
        }
        return index - range.lowerBound
    }

    /// Appends the address at `range` to `output` as `aa:bb:cc:dd:ee:ff`; false (nothing appended) if it is
    /// none.
    static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]) -> Bool {
        guard length(bytes, range) == range.count else { return false }
        let isColon = range.contains { bytes[$0] == 0x3a }
        var digits = 0
        for index in range where bytes[index].hexadecimalValue != nil {
            if digits > 0, digits % 2 == 0 { output.append(0x3a) }
            // A group of one digit has lost its zero.
            let isFirst = index == range.lowerBound || bytes[index - 1] == 0x3a
            let isLast = index + 1 == range.upperBound || bytes[index + 1] == 0x3a
            if isColon, isFirst, isLast {
                output.append(0x30)
                digits += 1
            }
            output.append(bytes[index].folded)
            digits += 1
        }
        return true
    }
}
