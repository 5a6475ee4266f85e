// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Text of XML with its references resolved.
public enum XMLText {
    /// Longest reference that is looked for; the longest there is has 8 digits.
    private static let referenceLengthMax = 12

    /// Whether the text at `range` has references.
    public static func hasReferences(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] == 0x26 { return true }
        return false
    }

    /// Appends the text at `range` to `text`; references that nobody knows stay as they are written.
    public static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to text: inout [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == 0x26, let (scalar, length) = reference(bytes, index..<range.upperBound) {
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                index += length
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
    }

    /// The reference that begins `range`: what it stands for, and its length.
    private static func reference(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (Unicode.Scalar, Int)? {
        let first = range.lowerBound
        let limit = min(range.upperBound, first + referenceLengthMax)
        var close = first + 1
        while close < limit, bytes[close] != 0x3b { close += 1 }
        guard close < limit, close > first + 1 else { return nil }
        let length = close + 1 - first
        guard bytes[first + 1] == 0x23 else {
            let name = (first + 1..<close).reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
            switch name {
            case 0x6c74: return ("<", length)
            case 0x6774: return (">", length)
            case 0x616d70: return ("&", length)
            case 0x7175_6f74: return ("\"", length)
            case 0x6170_6f73: return ("'", length)
            default: return nil
            }
        }
        let isHexadecimal = bytes[first + 2].folded == 0x78
        var value: UInt32 = 0
        let start = isHexadecimal ? first + 3 : first + 2
        guard start < close else { return nil }
        for index in start..<close {
            guard let digit = bytes[index].hexadecimalValue, isHexadecimal || digit < 10 else { return nil }
            value = value &* (isHexadecimal ? 16 : 10) &+ UInt32(digit)
        }
        return Unicode.Scalar(value).map { ($0, length) }
    }
}
