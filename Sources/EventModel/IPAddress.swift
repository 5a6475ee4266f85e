// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// An IPv4 or IPv6 address.
///
/// IPv4 is kept as its IPv4-mapped form (::ffff:0:0/96), so both families share one order.
public struct IPAddress: Hashable, Comparable, Codable, Sendable {
    /// Upper 64 bits in network order.
    public var high: UInt64
    /// Lower 64 bits in network order.
    public var low: UInt64

    /// Wraps the two halves of a 128-bit address.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address in host order, such as `0x7f000001` for 127.0.0.1.
    public init(v4: UInt32) {
        self.init(high: 0, low: 0xffff_0000_0000 | UInt64(v4))
    }

    /// The IPv4 address in host order, when this is one.
    public var v4: UInt32? {
        high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
    }

    /// Orders numerically; IPv4 lies together.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// Whether the address is loopback (127.0.0.0/8 or ::1).
    public var isLoopback: Bool {
        if let v4 { return v4 >> 24 == 127 }
        return high == 0 && low == 1
    }

    /// Whether the address is in private, link-local, shared, loopback or unique-local space (RFC 1918, 3927,
    /// 4193, 6598).
    public var isPrivate: Bool {
        guard let v4 else { return isLoopback || high >> 57 == 0x7e || high >> 54 == 0x3fa }
        return v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 || v4 >> 16 == 0xa9fe
            || v4 >> 22 == 0x191 || v4 >> 24 == 127
    }

    /// Whether the address is multicast or the limited broadcast.
    public var isMulticast: Bool {
        guard let v4 else { return high >> 56 == 0xff }
        return v4 >> 28 == 0xe || v4 == .max
    }
}

extension IPAddress {
    /// Parses dotted IPv4 (no leading zeros beyond one digit group of three) or RFC 4291 IPv6, the whole
    /// span.
    ///
    /// A zone suffix (`%eth0`) is ignored. Allocation free.
    public init?(_ text: Span<UInt8>) {
        self.init(text, 0..<text.count)
    }

    /// Parses the bytes of `range` within `text`.
    public init?(_ text: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty, range.count <= 64 else { return nil }
        if let v4 = IPAddress.parseV4(text, range) {
            self.init(v4: v4)
            return
        }
        guard let parsed = IPAddress.parseV6(text, range) else { return nil }
        self = parsed
    }

    /// Parses text.
    public init?(_ text: String) {
        // No address begins otherwise; most texts that are asked about are names.
        guard let first = text.utf8.first, first == 0x3a || Character(Unicode.Scalar(first)).isHexDigit else {
            return nil
        }
        let bytes = Array(text.utf8)
        self.init(bytes.span)
    }

    private static func parseV4(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
        var result: UInt32 = 0
        var groups = 0
        var value: UInt32 = 0
        var digits = 0
        guard range.count >= 7, range.count <= 15 else { return nil }
        for index in range {
            let byte = text[index]
            if byte >= 0x30, byte <= 0x39 {
                value = value * 10 + UInt32(byte - 0x30)
                digits += 1
                guard digits <= 3, value <= 255 else { return nil }
            } else if byte == 0x2e {
                guard digits > 0, groups < 3 else { return nil }
                result = result << 8 | value
                groups += 1
                value = 0
                digits = 0
            } else {
                return nil
            }
        }
        guard groups == 3, digits > 0 else { return nil }
        return result << 8 | value
    }

    private static func parseV6(_ text: Span<UInt8>, _ whole: Range<Int>) -> IPAddress? {
        var end = whole.upperBound
        for index in whole where text[index] == 0x25 {
            end = index
            break
        }
        var groups: (UInt64, UInt64) = (0, 0)
        var tail: (UInt64, UInt64) = (0, 0)
        var headCount = 0
        var tailCount = 0
        var compressed = false
        var index = whole.lowerBound
        guard end - index >= 2 else { return nil }
        if text[index] == 0x3a {
            guard text[index + 1] == 0x3a else { return nil }
            compressed = true
            index += 2
        }
        while index < end {
            var value: UInt64 = 0
            var digits = 0
            let start = index
            while index < end, let nibble = hexadecimal(text[index]) {
                value = value << 4 | UInt64(nibble)
                digits += 1
                index += 1
                guard digits <= 4 else { break }
            }
            if index < end, text[index] == 0x2e {
                guard let v4 = parseV4(text, start..<end) else { return nil }
                push(UInt64(v4 >> 16), compressed, &groups, &tail, &headCount, &tailCount)
                push(UInt64(v4 & 0xffff), compressed, &groups, &tail, &headCount, &tailCount)
                index = end
                break
            }
            guard digits > 0, digits <= 4, headCount + tailCount < 8 else { return nil }
            push(value, compressed, &groups, &tail, &headCount, &tailCount)
            guard index < end else { break }
            guard text[index] == 0x3a else { return nil }
            index += 1
            guard index < end else { return nil }
            if text[index] == 0x3a {
                guard !compressed else { return nil }
                compressed = true
                index += 1
            }
        }
        let count = headCount + tailCount
        guard compressed ? count < 8 : count == 8 else { return nil }
        guard compressed else { return IPAddress(high: groups.0, low: groups.1) }
        let head = shiftedLeft(groups, by: (8 - headCount) * 16)
        return IPAddress(high: head.0 | tail.0, low: head.1 | tail.1)
    }

    private static func push(
        _ value: UInt64,
        _ toTail: Bool,
        _ head: inout (UInt64, UInt64),
        _ tail: inout (UInt64, UInt64),
        _ headCount: inout Int,
        _ tailCount: inout Int
    ) {
        if toTail {
            tail = (tail.0 << 16 | tail.1 >> 48, tail.1 << 16 | value)
            tailCount += 1
        } else {
            head = (head.0 << 16 | head.1 >> 48, head.1 << 16 | value)
            headCount += 1
        }
    }

    private static func shiftedLeft(_ value: (UInt64, UInt64), by bits: Int) -> (UInt64, UInt64) {
        switch bits {
        case 0: value
        case 1..<64: (value.0 << bits | value.1 >> (64 - bits), value.1 << bits)
        case 64..<128: (value.1 << (bits - 64), 0)
        default: (0, 0)
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }
}

extension IPAddress {
    /// Calls `body` with the text of the address, as ``description`` has it; allocates nothing for IPv4.
    public func withText<Answer>(_ body: (Span<UInt8>) -> Answer) -> Answer {
        guard let v4 else { return body(description.utf8Span.span) }
        // Digits one by one, the dots stand already: nearly every key and timeline asks for it.
        var text = InlineArray<15, UInt8>(repeating: 0x2e)
        var count = 0
        for shift in stride(from: 24 as UInt32, through: 0, by: -8) {
            let part = UInt8(truncatingIfNeeded: v4 >> shift)
            if shift < 24 { count += 1 }
            if part >= 100 {
                text[count] = 0x30 + part / 100
                count += 1
            }
            if part >= 10 {
                text[count] = 0x30 + part / 10 % 10
                count += 1
            }
            text[count] = 0x30 + part % 10
            count += 1
        }
        return body(text.span.extracting(0..<count))
    }

    private static func string(_ text: Span<UInt8>) -> String {
        guard let text = try? UTF8Span(validating: text) else { return "" }
        return String(copying: text)
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal for IPv4; RFC 5952 for IPv6.
    public var description: String {
        if v4 != nil { return withText(IPAddress.string) }
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64((3 - index % 4) * 16))
        }
        var best = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > 1, end - index > best.count { best = index..<end }
            index = max(end, index + 1)
        }
        let text = { (part: Range<Int>) in part.map { String(groups[$0], radix: 16) }.joined(separator: ":") }
        guard !best.isEmpty else { return text(0..<8) }
        return text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }
}

/// An address prefix such as 10.20.0.0/16 or 2001:db8::/32.
public struct IPPrefix: Hashable, Codable, Sendable, CustomStringConvertible {
    /// First address of the prefix.
    public var base: IPAddress
    /// Length in bits of the 128-bit form: IPv4 /16 is 112.
    public var length: Int

    /// Parses `ADDRESS` or `ADDRESS/BITS`; host bits set are refused (returns nil).
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        // `::ffff:0:0/96` counts the bits of the long form.
        let isLong = address.v4 == nil || parts[0].utf8.contains(0x3a)
        let extra = isLong ? 0 : 96
        var bits = 128 - extra
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...bits).contains(given) else { return nil }
            bits = given
        }
        base = address
        length = bits + extra
        guard contains(address), address == IPPrefix.masked(address, length) else { return nil }
    }

    /// Whether all addresses inside are of IPv4.
    public var isV4: Bool { base.v4 != nil && length >= 96 }

    /// Whether `address` lies inside.
    public func contains(_ address: IPAddress) -> Bool {
        IPPrefix.masked(address, length) == IPPrefix.masked(base, length)
    }

    /// The address, if it is the only one inside.
    public var onlyAddress: IPAddress? { length == 128 ? base : nil }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        let high = length >= 64 ? UInt64.max : length == 0 ? 0 : ~(UInt64.max >> UInt64(length))
        let low = length >= 128 ? UInt64.max : length <= 64 ? 0 : ~(UInt64.max >> UInt64(length - 64))
        return IPAddress(high: address.high & high, low: address.low & low)
    }

    /// `ADDRESS/BITS` in the family's own length.
    public var description: String { "\(base)/\(base.v4 == nil ? length : length - 96)" }
}
