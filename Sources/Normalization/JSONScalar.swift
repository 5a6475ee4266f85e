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
    private static let words = ["true", "false", "null"].map { Array($0.utf8) }

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let first = bytes[range.lowerBound]
        guard first.isDigit || first == 0x2d else {
            isNull = first == 0x6e && JSONScalar.equals(bytes, range, JSONScalar.words[2])
            isFaulty = !isNull && !JSONScalar.words.contains { JSONScalar.equals(bytes, range, $0) }
            return
        }
        readNumber(bytes, range)
    }

    private static func equals(_ bytes: Span<UInt8>, _ range: Range<Int>, _ word: [UInt8]) -> Bool {
        guard range.count == word.count else { return false }
        for lane in word.indices where bytes[range.lowerBound + lane] != word[lane] { return false }
        return true
    }

    /// `-` or nothing, digits without a leading zero, a fraction, an exponent.
    private mutating func readNumber(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let end = range.upperBound
        var index = range.lowerBound
        if bytes[index] == 0x2d { index += 1 }
        let whole = index
        while index < end, bytes[index].isDigit { index += 1 }
        isFaulty = index == whole || index - whole > 1 && bytes[whole] == 0x30
        var digits = index - whole
        if index < end, bytes[index] == 0x2e {
            index += 1
            let start = index
            while index < end, bytes[index].isDigit { index += 1 }
            if index == start { isFaulty = true }
            digits += index - start
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

    init(first: Int) { self.first = first }

    /// Notes a name; whether the object has it already.
    mutating func note(
        _ name: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues
    ) -> Bool {
        let bit = MemberNames.bit(name, bytes, values)
        defer {
            seen |= bit
            values.memberNames.append(name)
        }
        guard seen & bit != 0 else { return false }
        for place in first..<values.memberNames.count
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

    private static func byte(
        _ value: BodyValues.Value,
        _ lane: Int,
        _ bytes: Span<UInt8>,
        _ values: borrowing BodyValues
    ) -> UInt8 {
        let index = Int(value.start) + lane
        return value.isInWork ? values.work[index] : bytes[index]
    }

    private static func bit(
        _ name: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: borrowing BodyValues
    ) -> UInt64 {
        let count = name.range.count
        guard count > 0 else { return 1 }
        let sum =
            count &* 31 &+ Int(byte(name, 0, bytes, values)) &* 7 &+ Int(byte(name, count / 2, bytes, values))
            &* 13
            &+ Int(byte(name, count - 1, bytes, values))
        return 1 << UInt64(sum & 63)
    }

    private static func equal(
        _ left: BodyValues.Value,
        _ right: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: borrowing BodyValues
    ) -> Bool {
        for lane in 0..<left.range.count
        where byte(left, lane, bytes, values) != byte(right, lane, bytes, values) {
            return false
        }
        return true
    }
}
