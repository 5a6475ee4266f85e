// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Order of texts in which runs of digits count by their number: `8.9` before `8.10`, `pump-2` before
/// `pump-10`.
///
/// ASCII case is ignored. A `v` before a leading digit is skipped, as in `v8.3`.
enum NaturalOrder {
    /// Negative, zero or positive; nil where one side starts with a digit and the other does not.
    static func compare(
        _ left: [UInt8],
        _ leftRange: Range<Int>,
        _ right: [UInt8],
        _ rightRange: Range<Int>
    ) -> Int? {
        if let sign = compareNumbers(left, leftRange, right, rightRange) { return sign }
        var first = start(left, leftRange)
        var second = start(right, rightRange)
        let leftIsNumber = first < leftRange.upperBound && isDigit(left[first])
        let rightIsNumber = second < rightRange.upperBound && isDigit(right[second])
        guard leftIsNumber == rightIsNumber else { return nil }
        while first < leftRange.upperBound, second < rightRange.upperBound {
            if isDigit(left[first]), isDigit(right[second]) {
                let sign = compareDigits(
                    left,
                    &first,
                    leftRange.upperBound,
                    right,
                    &second,
                    rightRange.upperBound
                )
                if sign != 0 { return sign }
                continue
            }
            let one = ByteFolding.folded(left[first])
            let other = ByteFolding.folded(right[second])
            if one != other { return one < other ? -1 : 1 }
            first += 1
            second += 1
        }
        return (leftRange.upperBound - first).signum() - (rightRange.upperBound - second).signum()
    }

    /// Compares two numbers by value where they are no versions: one has no point, or one has a sign or an
    /// exponent; nil for anything else.
    private static func compareNumbers(
        _ left: [UInt8],
        _ leftRange: Range<Int>,
        _ right: [UInt8],
        _ rightRange: Range<Int>
    ) -> Int? {
        guard let one = Shape(left, leftRange), let other = Shape(right, rightRange) else { return nil }
        guard one.isNoVersion || other.isNoVersion || one.hasPoint != other.hasPoint else { return nil }
        guard let first = Double(String(decoding: left[leftRange], as: UTF8.self)),
            let second = Double(String(decoding: right[rightRange], as: UTF8.self))
        else { return nil }
        return first == second ? 0 : first < second ? -1 : 1
    }

    /// How a decimal number is written: digits with at most one point, perhaps a sign and an exponent.
    private struct Shape {
        var hasPoint = false
        var isNoVersion = false

        init?(_ bytes: [UInt8], _ range: Range<Int>) {
            var digitCount = 0
            for index in range {
                switch bytes[index] {
                case 0x30...0x39: digitCount += 1
                case 0x2e where !hasPoint && !isExponent(bytes, range, before: index): hasPoint = true
                case 0x2b, 0x2d:
                    guard index == range.lowerBound || bytes[index - 1] | 0x20 == 0x65 else { return nil }
                    isNoVersion = true
                case 0x45, 0x65:
                    guard digitCount > 0, !isExponent(bytes, range, before: index) else { return nil }
                    isNoVersion = true
                default: return nil
                }
            }
            guard digitCount > 0 else { return nil }
        }

        private func isExponent(_ bytes: [UInt8], _ range: Range<Int>, before end: Int) -> Bool {
            bytes[range.lowerBound..<end].contains { $0 | 0x20 == 0x65 }
        }
    }

    private static func start(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        let isVersion =
            range.count >= 2 && ByteFolding.folded(bytes[range.lowerBound]) == UInt8(ascii: "v")
            && isDigit(bytes[range.lowerBound + 1])
        return isVersion ? range.lowerBound + 1 : range.lowerBound
    }

    /// Compares two runs of digits of any length by value and moves both positions past them.
    private static func compareDigits(
        _ left: [UInt8],
        _ first: inout Int,
        _ leftEnd: Int,
        _ right: [UInt8],
        _ second: inout Int,
        _ rightEnd: Int
    ) -> Int {
        while first < leftEnd, left[first] == 0x30 { first += 1 }
        while second < rightEnd, right[second] == 0x30 { second += 1 }
        let leftStart = first
        let rightStart = second
        while first < leftEnd, isDigit(left[first]) { first += 1 }
        while second < rightEnd, isDigit(right[second]) { second += 1 }
        let lengths = (first - leftStart) - (second - rightStart)
        if lengths != 0 { return lengths.signum() }
        for index in 0..<first - leftStart where left[leftStart + index] != right[rightStart + index] {
            return left[leftStart + index] < right[rightStart + index] ? -1 : 1
        }
        return 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
