// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What the texts of a column have in common; each question stops at the first text that has not.
struct TextShape {
    private let bytes: [UInt8]
    private let slots: [RecordShapes.Slot]

    init(_ values: TextValues) {
        bytes = values.bytes
        slots = values.slots
    }

    /// Whether all have one length.
    var isEven: Bool { slots.allSatisfy { $0.length == slots[0].length } }

    /// The texts as numbers, and whether one has a zero before other digits; nil unless all are decimal
    /// digits below 9 x 10^18.
    func decimals() -> (numbers: [Int64], hasLeadingZero: Bool)? {
        let span = bytes.span
        guard slots[0].length > 0, span[Int(slots[0].start)] &- 0x30 < 10 else { return nil }
        var numbers: [Int64] = []
        var hasLeadingZero = false
        for slot in slots {
            let range = slot.range
            guard range.count >= 1, range.count < 19 || range.count == 19 && span[range.lowerBound] < 0x39
            else {
                return nil
            }
            var value: Int64 = 0
            for index in range {
                let digit = span[index] &- 0x30
                guard digit < 10 else { return nil }
                value = value &* 10 &+ Int64(digit)
            }
            if span[range.lowerBound] == 0x30, range.count > 1 { hasLeadingZero = true }
            if numbers.isEmpty { numbers.reserveCapacity(slots.count) }
            numbers.append(value)
        }
        return (numbers, hasLeadingZero)
    }

    /// The texts as numbers, nil unless `number` reads all of them.
    func numbers(_ number: (Span<UInt8>, Range<Int>) -> Int64?) -> [Int64]? {
        let span = bytes.span
        guard number(span, slots[0].range) != nil else { return nil }
        var numbers: [Int64] = []
        numbers.reserveCapacity(slots.count)
        for slot in slots {
            guard let value = number(span, slot.range) else { return nil }
            numbers.append(value)
        }
        return numbers
    }

    /// Which hexadecimal digits occur.
    enum Digits {
        case decimal
        case lower
        case upper
    }

    /// Which hexadecimal digits occur, nil unless all have digits of one case at the same places and the same
    /// other bytes between.
    func hexadecimalDigits() -> Digits? {
        let first = slots[0].range
        let span = bytes.span
        guard first.count >= 4, first.count <= TextColumn.patternLengthMax else { return nil }
        var hasUpper = false
        var hasLower = false
        for slot in slots {
            guard slot.length == slots[0].length else { return nil }
            for lane in 0..<first.count {
                let byte = span[Int(slot.start) + lane]
                let other = span[first.lowerBound + lane]
                if TextShape.nibble(byte) < 16 {
                    guard TextShape.nibble(other) < 16 else { return nil }
                    if byte >= 0x61 { hasLower = true } else if byte >= 0x41 { hasUpper = true }
                } else if byte != other {
                    return nil
                }
            }
        }
        guard !hasUpper || !hasLower else { return nil }
        return hasUpper ? .upper : hasLower ? .lower : .decimal
    }

    /// The bytes between runs of letters and digits, nil unless all have the same ones.
    func separators() -> [UInt8]? {
        let span = bytes.span
        var found: [UInt8] = []
        for index in slots[0].range where !TextShape.isInner(span[index]) {
            guard found.count < TextColumn.partCountMax - 1 else { return nil }
            found.append(span[index])
        }
        guard !found.isEmpty else { return nil }
        for slot in slots {
            var number = 0
            for index in slot.range where !TextShape.isInner(span[index]) {
                guard number < found.count, found[number] == span[index] else { return nil }
                number += 1
            }
            guard number == found.count else { return nil }
        }
        return found
    }

    /// Whether a byte belongs to a part.
    static func isInner(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte >= 0x80
    }

    /// 0...15, or more for other bytes.
    static func nibble(_ byte: UInt8) -> UInt8 {
        if byte &- 0x30 < 10 { return byte - 0x30 }
        let lower = byte | 0x20
        return lower &- 0x61 < 6 ? lower - 0x61 + 10 : 255
    }

    /// The number of a canonical dotted address.
    static func address(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard range.count >= 7, range.count <= 15 else { return nil }
        var value: Int64 = 0
        var part = 0
        var digits = 0
        var parts = 0
        for index in range {
            let byte = bytes[index]
            if byte == 0x2e {
                guard digits > 0 else { return nil }
                value = value << 8 | Int64(part)
                parts += 1
                part = 0
                digits = 0
            } else {
                guard byte &- 0x30 < 10, digits == 0 || part > 0 else { return nil }
                part = part * 10 + Int(byte - 0x30)
                digits += 1
                guard part < 256 else { return nil }
            }
        }
        return parts == 3 && digits > 0 ? value << 8 | Int64(part) : nil
    }

    /// Seconds of `hh:mm:ss`.
    static func clock(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard range.count == 8, bytes[range.lowerBound + 2] == 0x3a, bytes[range.lowerBound + 5] == 0x3a
        else {
            return nil
        }
        var value: Int64 = 0
        for (place, limit) in [(0, 24), (3, 60), (6, 60)] as [(Int, Int64)] {
            let tens = bytes[range.lowerBound + place] &- 0x30
            let ones = bytes[range.lowerBound + place + 1] &- 0x30
            guard tens < 10, ones < 10 else { return nil }
            let part = Int64(tens) * 10 + Int64(ones)
            guard part < limit else { return nil }
            value = value * 60 + part
        }
        return value
    }
}
