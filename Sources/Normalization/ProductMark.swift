// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Finds CEF and LEEF where a header does not lead to them.
enum ProductMark {
    /// Bytes of a record that are searched: a stamp, a host and a tag are shorter.
    static let searchMaxBytes = 256

    /// The first byte of `CEF:` or `LEEF:` with a version behind it, or of a message whose mark was lost
    /// (`0|Vendor|Product|...`); nil if there is none.
    static func start(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard range.count > 16 else { return nil }
        if bytes[range.lowerBound].isDigit, bytes[range.lowerBound + 1] == 0x7c {
            return isWhole(bytes, range, bars: 6) ? range.lowerBound : nil
        }
        if isBareLEEF(bytes, range) { return isWhole(bytes, range, bars: 5) ? range.lowerBound : nil }
        let end = min(range.upperBound, range.lowerBound + searchMaxBytes) - 6
        var index = range.lowerBound
        while index < end {
            defer { index += 1 }
            guard bytes[index] == 0x45, bytes[index + 1] == 0x46, bytes[index + 2] == 0x3a else { continue }
            var next = index + 3
            while next < range.upperBound, bytes[next].isBlank { next += 1 }
            guard next < range.upperBound, bytes[next].isDigit else { continue }
            let first = index - range.lowerBound
            if first >= 1, bytes[index - 1] == 0x43 { return index - 1 }
            if first >= 2, bytes[index - 1] == 0x45, bytes[index - 2] == 0x4c { return index - 2 }
        }
        return nil
    }

    /// Whether the bars of a header are there (the last of CEF may be lost), and a pair behind them.
    private static func isWhole(_ bytes: Span<UInt8>, _ range: Range<Int>, bars count: Int) -> Bool {
        var bars = 0
        for index in range {
            if bytes[index] == 0x7c { bars += 1 }
            if bytes[index] == 0x3d { return bars >= count }
        }
        return false
    }

    /// Whether `range` begins with the version of a LEEF message whose mark was lost (`1.0|Vendor|...`).
    static func isBareLEEF(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let at = range.lowerBound
        return range.count > 16 && (bytes[at] == 0x31 || bytes[at] == 0x32) && bytes[at + 1] == 0x2e
            && bytes[at + 2] == 0x30 && bytes[at + 3] == 0x7c
    }

    /// Whether a tab stands at `index` as relays write it: `#011`.
    @inline(__always)
    static func isWrittenTab(_ bytes: Span<UInt8>, _ index: Int, _ end: Int) -> Bool {
        bytes[index] == 0x23 && index + 3 < end && bytes[index + 1] == 0x30 && bytes[index + 2] == 0x31
            && bytes[index + 3] == 0x31
    }

    /// Stands for a tab that a relay wrote as `#011`: NUL, which no sender names.
    static let writtenTab: UInt8 = 0

    /// What parts the pairs of a LEEF message that names no delimiter: a tab, or what senders put instead.
    static func delimiter(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt8 {
        var other: UInt8 = 0x09
        var equals = 0
        var hasBlank = false
        for index in range {
            switch bytes[index] {
            case 0x09: return 0x09
            case 0x23 where isWrittenTab(bytes, index, range.upperBound): return writtenTab
            case 0x7c, 0x5e: if other == 0x09 { other = bytes[index] }
            case 0x3d: equals += 1
            case 0x20: hasBlank = true
            default: break
            }
        }
        return other == 0x09 && hasBlank && equals > 1 ? 0x20 : other
    }
}
