// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension UInt8 {
    /// ASCII lower case of this byte; other bytes as they are.
    @inlinable public var folded: UInt8 { self >= 0x41 && self <= 0x5a ? self | 0x20 : self }

    /// Whether this is an ASCII digit.
    @inlinable public var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    /// Whether this is an ASCII letter or digit, or part of a UTF-8 sequence: what words are made of.
    @inlinable public var isWordByte: Bool {
        isDigit || (folded >= 0x61 && folded <= 0x7a) || self == 0x5f || self >= 0x80
    }

    /// Whether this is a space or a tab.
    @inlinable public var isBlank: Bool { self == 0x20 || self == 0x09 }

    /// Value of a hexadecimal digit.
    @inlinable public var hexadecimalValue: UInt8? {
        if isDigit { return self - 0x30 }
        let lower = folded
        return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : nil
    }
}

/// Tells whether bytes are text.
public enum UTF8Check {
    /// Whether the bytes at `range` are well-formed UTF-8: no overlong form, no surrogate, nothing cut off.
    ///
    /// Source: RFC 3629 section 4. O(bytes).
    public static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            if byte < 0x80 { continue }
            let following: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xbf
            switch byte {
            case 0xc2...0xdf: following = 1
            case 0xe0...0xef:
                following = 2
                if byte == 0xe0 { low = 0xa0 }
                if byte == 0xed { high = 0x9f }
            case 0xf0...0xf4:
                following = 3
                if byte == 0xf0 { low = 0x90 }
                if byte == 0xf4 { high = 0x8f }
            default: return false
            }
            guard range.upperBound - index >= following, bytes[index] >= low, bytes[index] <= high else {
                return false
            }
            for next in index + 1..<index + following where bytes[next] & 0xc0 != 0x80 { return false }
            index += following
        }
        return true
    }
}
