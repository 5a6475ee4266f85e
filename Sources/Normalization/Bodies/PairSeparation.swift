// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

extension PairSeparation {
    /// What parts the pairs of `range`: commas or blanks where either may.
    func chosen(_ bytes: Span<UInt8>, _ range: Range<Int>) -> PairSeparation {
        guard self == .either else { return self }
        var index = ByteSearch.first(0x3d, bytes, range) + 1
        guard index < range.upperBound else { return .blank }
        if bytes[index] == 0x22 { index = ByteSearch.first(0x22, bytes, index + 1..<range.upperBound) + 1 }
        while index < range.upperBound, bytes[index] != 0x2c {
            guard !bytes[index].isBlank else { return .blank }
            index += 1
        }
        let key = index + 1
        index = key
        while index < range.upperBound, bytes[index].isWordByte { index += 1 }
        return index > key && index < range.upperBound && bytes[index] == 0x3d ? .comma : .blank
    }
}

extension BodyValues {
    /// Adds pairs that semicolons or bars part: `[action:"Drop"; proto:"6"]`, `time=1|action=Drop|proto=6`.
    ///
    /// The key ends at the first colon or equals sign, the value at its closing quote or where the next pair
    /// is parted from it.
    ///
    /// - Returns: number of pairs that were read.
    mutating func addMarkedPairs(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable
    ) -> Int {
        var index = range.lowerBound
        var count = 0
        while index < range.upperBound {
            let mark = ByteSearch.first(0x3a, or: 0x3d, or: 0x3b, or: 0x7c, bytes, index..<range.upperBound)
            guard mark < range.upperBound else { break }
            guard bytes[mark] == 0x3a || bytes[mark] == 0x3d else {
                index = mark + 1
                continue
            }
            var keyStart = mark
            while keyStart > index, bytes[keyStart - 1].isWordByte || bytes[keyStart - 1] == 0x2d {
                keyStart -= 1
            }
            index = mark + 1
            // Values of several lines have two colons.
            if index < range.upperBound, bytes[index] == 0x3a { index += 1 }
            let value = markedValue(bytes, range, &index)
            guard keyStart < mark else { continue }
            count += 1
            guard !isFull else {
                isTruncated = true
                return count
            }
            let key = Value(start: Int32(keyStart), end: Int32(mark), isInWork: false)
            add(key, value, name: slots.number(bytes, keyStart..<mark))
        }
        return count
    }

    /// The value at `index`, which moves behind it.
    private func markedValue(_ bytes: Span<UInt8>, _ range: Range<Int>, _ index: inout Int) -> Value {
        if index < range.upperBound, bytes[index] == 0x22 {
            var close = ByteSearch.first(0x22, or: 0x5c, bytes, index + 1..<range.upperBound)
            while close < range.upperBound, bytes[close] == 0x5c {
                close = ByteSearch.first(
                    0x22,
                    or: 0x5c,
                    bytes,
                    min(close + 2, range.upperBound)..<range.upperBound
                )
            }
            if close < range.upperBound {
                let value = Value(start: Int32(index + 1), end: Int32(close), isInWork: false)
                index = close + 1
                return value
            }
        }
        let start = index
        index = ByteSearch.first(0x3b, or: 0x7c, bytes, index..<range.upperBound)
        var end = index
        while end > start, bytes[end - 1].isBlank || bytes[end - 1] == 0x5d { end -= 1 }
        return Value(start: Int32(start), end: Int32(end), isInWork: false)
    }
}
