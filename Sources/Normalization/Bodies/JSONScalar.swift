// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// A JSON value without quotes: a number, `true`, `false`, `null`, or a word that is none of them.
struct JSONScalar {
    /// Whether it is `null`.
    private(set) var isNull = false
    /// Whether it is no JSON.
    private(set) var isFaulty = false
    /// Whether it is a number that a double does not hold.
    private(set) var isInexact = false

    /// Decimal digits that a double always holds.
    private static let exactDigitCount = 15
    /// Greatest integer up to which a double holds all.
    private static let exactMax: UInt64 = 1 << 53

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let first = bytes[range.lowerBound]
        guard first.isDigit || first == 0x2d else {
            isNull = JSONScalar.equals(bytes, range, (0x6e, 0x75, 0x6c, 0x6c))
            isFaulty = !isNull && !JSONScalar.isBoolean(bytes, range)
            return
        }
        readNumber(bytes, range)
    }

    private static func isBoolean(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if range.count == 4 { return equals(bytes, range, (0x74, 0x72, 0x75, 0x65)) }
        return range.count == 5 && bytes[range.lowerBound] == 0x66
            && equals(bytes, range.lowerBound + 1..<range.upperBound, (0x61, 0x6c, 0x73, 0x65))
    }

    private static func equals(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ word: (UInt8, UInt8, UInt8, UInt8)
    ) -> Bool {
        range.count == 4 && bytes[range.lowerBound] == word.0 && bytes[range.lowerBound + 1] == word.1
            && bytes[range.lowerBound + 2] == word.2 && bytes[range.lowerBound + 3] == word.3
    }

    /// `-` or nothing, digits without a leading zero, a fraction, an exponent.
    private mutating func readNumber(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let end = range.upperBound
        var index = range.lowerBound
        if bytes[index] == 0x2d { index += 1 }
        let whole = index
        var value: UInt64 = 0
        while index < end, bytes[index].isDigit {
            value = value &* 10 &+ UInt64(bytes[index] - 0x30)
            index += 1
        }
        isFaulty = index == whole || index - whole > 1 && bytes[whole] == 0x30
        var digits = index - whole
        var power = 1.0
        if index < end, bytes[index] == 0x2e {
            index += 1
            let start = index
            while index < end, bytes[index].isDigit {
                value = value &* 10 &+ UInt64(bytes[index] - 0x30)
                power *= 10
                index += 1
            }
            if index == start { isFaulty = true }
            digits += index - start
        }
        // 17 digits do not overflow. Where doubles lie closer than the last digit, each number has its own.
        if index == end, digits <= 17, value <= JSONScalar.exactMax,
            power == 1 || (Double(value) / power).ulp * power < 1
        {
            return
        }
        let hasExponent = index < end && bytes[index].folded == 0x65
        if hasExponent {
            index += 1
            if index < end, bytes[index] == 0x2b || bytes[index] == 0x2d { index += 1 }
            let start = index
            while index < end, bytes[index].isDigit { index += 1 }
            if index == start { isFaulty = true }
        }
        if index < end { isFaulty = true }
        if !isFaulty, digits > JSONScalar.exactDigitCount || hasExponent {
            isInexact = !JSONScalar.isHeld(bytes, range)
        }
    }

    /// Longest number that is compared with its double; a longer one is called inexact.
    private static let comparedLengthMax = 64

    /// Whether the double nearest the number, written shortest, is the number again.
    private static func isHeld(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= comparedLengthMax else { return false }
        var text: [UInt8] = []
        for index in range { text.append(bytes[index]) }
        guard let double = Double(String(decoding: text, as: UTF8.self)), double.isFinite else {
            return false
        }
        return parts(text) == parts(Array(double.description.utf8))
    }

    /// The digits without zeros at either end, and the power of ten of the last of them.
    private static func parts(_ text: [UInt8]) -> [Int] {
        var digits: [Int] = []
        var power = 0
        var isFraction = false
        var rest = text[...]
        while let byte = rest.popFirst(), byte.folded != 0x65 {
            if byte == 0x2e { isFraction = true }
            guard byte.isDigit else { continue }
            digits.append(Int(byte - 0x30))
            if isFraction { power -= 1 }
        }
        power += Int(String(decoding: rest, as: UTF8.self)) ?? 0
        while digits.last == 0 {
            digits.removeLast()
            power += 1
        }
        let significant = digits.drop { $0 == 0 }
        return significant.isEmpty ? [] : [power] + significant
    }
}

/// Tells members of one object apart.
///
/// Names are compared only where their lengths and some letters agree.
struct MemberNames {
    /// Place of the object's first name among those of the open objects.
    let first: Int
    private var seen: UInt64 = 0

    /// Names compared in one record: beyond it a hostile object of thousands of like names would take the
    /// time
    /// of many records, and doubles go unnoticed, which `decode_truncated` says.
    static let comparisonCountMax = 8_192
    /// Names looked at for their lengths alone.
    static let lookCountMax = 65_536

    init(first: Int) { self.first = first }

    /// Notes a name; whether the object has it already.
    @inline(__always)
    mutating func note(
        _ name: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues
    ) -> Bool {
        let bit = MemberNames.bit(name, bytes, values)
        let isPossible = seen & bit != 0
        seen |= bit
        values.noteMember(name)
        return isPossible && MemberNames.isKnown(name, first, bytes, &values)
    }

    /// Whether the newest name stands among those of its object before it.
    @inline(never)
    private static func isKnown(
        _ name: BodyValues.Value,
        _ first: Int,
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues
    ) -> Bool {
        guard values.comparisonCount <= MemberNames.comparisonCountMax,
            values.lookCount <= MemberNames.lookCountMax
        else {
            values.isTruncated = true
            return false
        }
        values.lookCount += values.memberCount - first
        for place in first..<values.memberCount - 1
        where values.memberNames[place].range.count == name.range.count {
            values.comparisonCount += 1
            guard values.comparisonCount <= MemberNames.comparisonCountMax else {
                values.isTruncated = true
                return false
            }
            if MemberNames.equal(values.memberNames[place], name, bytes, values) { return true }
        }
        return false
    }

    /// A bit that equal names share.
    @inline(__always)
    private static func bit(
        _ name: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: borrowing BodyValues
    ) -> UInt64 {
        name.isInWork ? bit(values.work.span, name.range) : bit(bytes, name.range)
    }

    @inline(__always)
    private static func bit(_ bytes: Span<UInt8>, _ name: Range<Int>) -> UInt64 {
        let count = name.count
        guard count > 0 else { return 1 }
        let first = Int(bytes[name.lowerBound]) &* 7
        let middle = Int(bytes[name.lowerBound + count / 2]) &* 13
        return 1 << UInt64((count &* 31 &+ first &+ middle &+ Int(bytes[name.upperBound - 1])) & 63)
    }

    private static func equal(
        _ left: BodyValues.Value,
        _ right: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: borrowing BodyValues
    ) -> Bool {
        if left.isInWork {
            return right.isInWork
                ? equal(values.work.span, left, values.work.span, right)
                : equal(values.work.span, left, bytes, right)
        }
        return right.isInWork
            ? equal(bytes, left, values.work.span, right) : equal(bytes, left, bytes, right)
    }

    @inline(__always)
    private static func equal(
        _ bytes: Span<UInt8>,
        _ left: BodyValues.Value,
        _ other: Span<UInt8>,
        _ right: BodyValues.Value
    ) -> Bool {
        ByteSearch.isEqual(bytes, Int(left.start), other, Int(right.start), left.range.count)
    }
}
