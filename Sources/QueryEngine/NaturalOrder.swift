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
