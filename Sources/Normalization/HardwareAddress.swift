// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// A 48-bit hardware address in any of its written forms.
enum HardwareAddress {
    /// Length of the address at the start of `range`; nil if there is none.
    ///
    /// Forms: `aa:bb:cc:dd:ee:ff`, the same with `-`, `aabb.ccdd.eeff`, `aabbccddeeff`.
    static func length(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        var digits = 0
        var separator: UInt8 = 0
        var group = 0
        var groupLength = 0
        while index < range.upperBound, digits < 12 {
            let byte = bytes[index]
            if byte.hexadecimalValue != nil {
                digits += 1
                group += 1
            } else {
                guard byte == 0x3a || byte == 0x2d || byte == 0x2e, separator == 0 || byte == separator else {
                    break
                }
                if separator == 0 {
                    separator = byte
                    groupLength = group
                    guard groupLength == (byte == 0x2e ? 4 : 2) else { return nil }
                }
                guard group == groupLength else { return nil }
                group = 0
            }
            index += 1
        }
        guard digits == 12, separator == 0 || group == groupLength else { return nil }
        if index < range.upperBound, bytes[index].hexadecimalValue != nil { return nil }
        return index - range.lowerBound
    }

    /// Appends the address at `range` to `output` as `aa:bb:cc:dd:ee:ff`; false (nothing appended) if it is
    /// none.
    static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]) -> Bool {
        guard length(bytes, range) == range.count else { return false }
        var digits = 0
        for index in range where bytes[index].hexadecimalValue != nil {
            if digits > 0, digits % 2 == 0 { output.append(0x3a) }
            output.append(bytes[index].folded)
            digits += 1
        }
        return true
    }
}
