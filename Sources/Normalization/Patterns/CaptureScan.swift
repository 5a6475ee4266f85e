// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Result of scanning one typed value: where the value lies and where scanning goes on.
struct CaptureScan {
    var value: Range<Int>
    var next: Int

    init(value: Range<Int>, next: Int) {
        self.value = value
        self.next = next
    }

    private init?(_ range: Range<Int>, upTo end: Int) {
        guard end > range.lowerBound else { return nil }
        self.init(value: range.lowerBound..<end, next: end)
    }

    /// A run without blanks that ends before any byte of `stop`.
    @inline(__always)
    static func word(_ bytes: Span<UInt8>, _ range: Range<Int>, _ stop: ByteSet) -> CaptureScan? {
        var index = range.lowerBound
        while index < range.upperBound, !bytes[index].isGap, !stop[bytes[index]] { index += 1 }
        return CaptureScan(range, upTo: index)
    }

    /// The value of `type` at the start of `range`; nil if there is none.
    static func scan(_ type: CaptureType, _ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        switch type {
        case .int: integer(bytes, range)
        case .u16: port(bytes, range)
        case .hex: hexadecimal(bytes, range)
        case .ip4: address4(bytes, range)
        case .ip6: address6(bytes, range)
        case .ip: address4(bytes, range) ?? address6(bytes, range)
        case .mac: hardware(bytes, range)
        case .host: CaptureScan(range, upTo: run(bytes, range, hostBytes))
        case .quoted: quoted(bytes, range)
        case .time: time(bytes, range)
        case .uuid: uuid(bytes, range)
        case .version: version(bytes, range)
        case .word: word(bytes, range, ByteSet())
        case .rpmname: before(0x2d, 2, bytes, range)
        case .rpmversion: before(0x2e, 1, bytes, range)
        case .kv, .json, .rest, .until: CaptureScan(value: trimmed(bytes, range), next: range.upperBound)
        }
    }

    private static let hostBytes = ByteSet(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_".utf8
    )
    private static let versionBytes = ByteSet(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+:~_-^".utf8
    )
    private static let addressBytes = ByteSet("0123456789abcdefABCDEF:.".utf8)
    private static let timeBytes = ByteSet("0123456789-/:.,+TZtz".utf8)

    private static func run(_ bytes: Span<UInt8>, _ range: Range<Int>, _ set: ByteSet) -> Int {
        var index = range.lowerBound
        while index < range.upperBound, set[bytes[index]] { index += 1 }
        return index
    }

    /// A run with a digit; a mark at its end belongs to the sentence around it.
    private static func version(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        var end = run(bytes, range, versionBytes)
        while end > range.lowerBound, !bytes[end - 1].isWordByte { end -= 1 }
        var index = range.lowerBound
        while index < end, !bytes[index].isDigit { index += 1 }
        return index < end ? CaptureScan(range, upTo: end) : nil
    }

    /// The part of the word before the `count`th `mark` from its right.
    private static func before(
        _ mark: UInt8,
        _ count: Int,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> CaptureScan? {
        guard let whole = word(bytes, range, ByteSet()) else { return nil }
        var index = whole.next
        var left = count
        while left > 0 {
            index -= 1
            guard index > range.lowerBound else { return nil }
            if bytes[index] == mark { left -= 1 }
        }
        return CaptureScan(range, upTo: index)
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1].isGap { end -= 1 }
        return range.lowerBound..<end
    }

    private static func integer(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        var index = range.lowerBound
        if index < range.upperBound, bytes[index] == 0x2d || bytes[index] == 0x2b { index += 1 }
        let digits = index
        while index < range.upperBound, bytes[index].isDigit { index += 1 }
        return index > digits ? CaptureScan(range, upTo: index) : nil
    }

    private static func port(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        var value = 0
        var index = range.lowerBound
        while index < range.upperBound, bytes[index].isDigit {
            value = value * 10 + Int(bytes[index] - 0x30)
            guard value <= 65_535 else { return nil }
            index += 1
        }
        return CaptureScan(range, upTo: index)
    }

    private static func hexadecimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        var index = range.lowerBound
        if range.count > 2, bytes[index] == 0x30, bytes[index + 1].folded == 0x78 { index += 2 }
        let digits = index
        while index < range.upperBound, bytes[index].hexadecimalValue != nil { index += 1 }
        return index > digits ? CaptureScan(range, upTo: index) : nil
    }

    /// Four decimal numbers of at most 255 parted by full stops, and the position behind them.
    ///
    /// A fourth full stop ends a sentence, not an address; a longer number is none.
    static func dotted(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (address: UInt32, end: Int)? {
        var index = range.lowerBound
        let end = range.upperBound
        var address: UInt32 = 0
        for group in 0..<4 {
            let first = index
            var value: UInt32 = 0
            while index < end, index - first < 4, bytes[index].isDigit {
                value = value * 10 + UInt32(bytes[index] - 0x30)
                index += 1
            }
            guard index > first, index - first <= 3, value <= 255 else { return nil }
            address = address << 8 | value
            guard group < 3 else { break }
            guard index < end, bytes[index] == 0x2e else { return nil }
            index += 1
        }
        return (address, index)
    }

    private static func address4(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        guard let found = dotted(bytes, range) else { return nil }
        return CaptureScan(range, upTo: found.end)
    }

    private static func address6(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        var index = range.lowerBound
        var colons = 0
        while index < range.upperBound, index - range.lowerBound < 46, addressBytes[bytes[index]] {
            if bytes[index] == 0x3a { colons += 1 }
            index += 1
        }
        guard colons >= 2 else { return nil }
        // A colon or full stop after the address belongs to the sentence.
        while index > range.lowerBound {
            if let address = IPAddress(bytes, range.lowerBound..<index) {
                let mapped = address.v4 != nil && bytes[range.lowerBound] == 0x3a
                let start = mapped ? lastColon(bytes, range.lowerBound..<index) + 1 : range.lowerBound
                let isDotted = mapped && address4(bytes, start..<index) != nil
                let end = zoneEnd(bytes, index..<range.upperBound)
                return CaptureScan(value: (isDotted ? start : range.lowerBound)..<index, next: end)
            }
            let last = bytes[index - 1]
            guard last == 0x3a || last == 0x2e else { return nil }
            index -= 1
        }
        return nil
    }

    private static func lastColon(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.upperBound - 1
        while index > range.lowerBound, bytes[index] != 0x3a { index -= 1 }
        return index
    }

    private static func zoneEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        guard !range.isEmpty, bytes[range.lowerBound] == 0x25 else { return range.lowerBound }
        return run(bytes, range.lowerBound + 1..<range.upperBound, hostBytes)
    }

    private static func hardware(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        HardwareAddress.length(bytes, range).flatMap { CaptureScan(range, upTo: range.lowerBound + $0) }
    }

    private static func quoted(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        guard !range.isEmpty, bytes[range.lowerBound] == 0x22 else { return nil }
        var index = range.lowerBound + 1
        while index < range.upperBound {
            if bytes[index] == 0x5c {
                index += 1
            } else if bytes[index] == 0x22 {
                return CaptureScan(value: range.lowerBound + 1..<index, next: index + 1)
            }
            index += 1
        }
        return nil
    }

    /// `2026-10-05 04:00:00.123+02:00`, `2026-10-05T04:00:00Z` or `04:00:00`.
    private static func time(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        var index = run(bytes, range, timeBytes)
        let hasTime = index - range.lowerBound > 10
        if !hasTime, index - range.lowerBound >= 8, index + 1 < range.upperBound, bytes[index] == 0x20,
            bytes[index + 1].isDigit
        {
            index = run(bytes, index + 1..<range.upperBound, timeBytes)
        }
        while index > range.lowerBound, bytes[index - 1] == 0x3a || bytes[index - 1] == 0x2c { index -= 1 }
        guard !range.isEmpty, bytes[range.lowerBound].isDigit else { return nil }
        return CaptureScan(range, upTo: index)
    }

    private static func uuid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> CaptureScan? {
        guard range.count >= 36 else { return nil }
        for lane in 0..<36 {
            let byte = bytes[range.lowerBound + lane]
            let isDash = lane == 8 || lane == 13 || lane == 18 || lane == 23
            guard isDash ? byte == 0x2d : byte.hexadecimalValue != nil else { return nil }
        }
        return CaptureScan(range, upTo: range.lowerBound + 36)
    }
}

extension UInt8 {
    /// Whether this is a space, a tab or part of the end of a line: one message may have several lines.
    @inline(__always)
    var isGap: Bool { self == 0x20 || self == 0x09 || self == 0x0a || self == 0x0d }
}
