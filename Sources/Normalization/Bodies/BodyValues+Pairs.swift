// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

extension BodyValues {
    /// Adds `key=value` pairs.
    ///
    /// Values may stand in double or single quotes.
    ///
    /// - Parameters:
    ///   - bytes: The record's bytes.
    ///   - range: Where the pairs lie.
    ///   - slots: Names that decoders know.
    ///   - isCommaSeparated: Pairs are parted by `, ` and keys and values may hold blanks, as Cisco ISE does;
    ///     `Key: value` counts as well, as Firepower writes. Otherwise blanks part pairs, and a comma or
    ///     semicolon before the blank is not part of the value.
    /// - Returns: number of pairs that were read.
    @discardableResult
    mutating func addPairs(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable,
        isCommaSeparated: Bool
    ) -> Int {
        var index = range.lowerBound
        var count = 0
        var audit = AuditPairs()
        while index < range.upperBound {
            while index < range.upperBound, isSeparator(bytes[index]) { index += 1 }
            if audit.closes(bytes, range, &index) { continue }
            let keyStart = index
            index = keyEnd(bytes, index..<range.upperBound, isCommaSeparated)
            guard index < range.upperBound, bytes[index] == 0x3d || bytes[index] == 0x3a else { continue }
            var keyEnd = index
            while keyEnd > keyStart, bytes[keyEnd - 1].isBlank { keyEnd -= 1 }
            index += 1
            while isCommaSeparated, index < range.upperBound, bytes[index].isBlank { index += 1 }
            extendKey(bytes, keyStart, &keyEnd, &index, range.upperBound)
            if audit.opens(bytes, range, &index) { continue }
            let isQuoted = index < range.upperBound && (bytes[index] == 0x22 || bytes[index] == 0x27)
            var value = pairValue(bytes, audit.bounds(bytes, range, index), &index, isCommaSeparated)
            guard keyEnd > keyStart else { continue }
            count += 1
            // Of a body that has more pairs than are kept the rest is not read.
            guard !isFull else {
                isTruncated = true
                return count
            }
            audit.note(bytes, keyStart..<keyEnd, value.range)
            if !isQuoted, audit.isEncoded(bytes, keyStart..<keyEnd, value.range) {
                value = decoded(bytes, value.range)
            }
            let key = Value(start: Int32(keyStart), end: Int32(keyEnd), isInWork: false)
            add(key, value, name: slots.number(bytes, keyStart..<keyEnd))
        }
        return count
    }

    /// Whether a colon with a blank behind it begins `range`.
    private func isColonMark(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count > 1 && bytes[range.lowerBound] == 0x3a && bytes[range.lowerBound + 1].isBlank
    }

    /// A vendor attribute holds a pair of its own: `cisco-av-pair=vlan=12` has the key `cisco-av-pair=vlan`.
    private func extendKey(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ keyEnd: inout Int,
        _ index: inout Int,
        _ end: Int
    ) {
        guard keyEnd - start > 7, bytes[keyEnd - 7] == 0x61, bytes[keyEnd - 6] == 0x76,
            bytes[keyEnd - 5] == 0x2d,
            bytes[keyEnd - 4] == 0x70
        else { return }
        var inner = index
        while inner < end, bytes[inner].isWordByte || bytes[inner] == 0x2d { inner += 1 }
        guard inner > index, inner < end, bytes[inner] == 0x3d else { return }
        keyEnd = inner
        index = inner + 1
    }

    /// Hexadecimal digits as the text they stand for; NUL, which parts the words of a command, as a blank.
    private mutating func decoded(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Value {
        let start = work.count
        var index = range.lowerBound
        while index + 1 < range.upperBound {
            let byte = (bytes[index].hexadecimalValue ?? 0) << 4 | (bytes[index + 1].hexadecimalValue ?? 0)
            work.append(byte == 0 ? 0x20 : byte)
            index += 2
        }
        return Value(start: Int32(start), end: Int32(work.count), isInWork: true)
    }

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte.isBlank || byte == 0x2c || byte == 0x3b || byte == 0x0d || byte == 0x0a || byte == 0x1d
    }

    /// Where a key that begins `range` ends: at what parts it from its value, or where a pair ends without
    /// one.
    private func keyEnd(_ bytes: Span<UInt8>, _ range: Range<Int>, _ isCommaSeparated: Bool) -> Int {
        guard isCommaSeparated else {
            return ByteSearch.first(0x3d, or: 0x20, or: 0x09, or: 0x1d, bytes, range)
        }
        var index = ByteSearch.first(0x3d, or: 0x2c, or: 0x3a, bytes, range)
        while index < range.upperBound, bytes[index] == 0x3a, !isColonMark(bytes, index..<range.upperBound) {
            index = ByteSearch.first(0x3d, or: 0x2c, or: 0x3a, bytes, index + 1..<range.upperBound)
        }
        return index
    }

    private func pairValue(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ index: inout Int,
        _ isCommaSeparated: Bool
    ) -> Value {
        if index < range.upperBound, bytes[index] == 0x22 || bytes[index] == 0x27 {
            let quote = bytes[index]
            var close = ByteSearch.first(quote, or: 0x5c, bytes, index + 1..<range.upperBound)
            while close < range.upperBound, bytes[close] == 0x5c {
                let next = min(close + 2, range.upperBound)
                close = ByteSearch.first(quote, or: 0x5c, bytes, next..<range.upperBound)
            }
            if close < range.upperBound {
                let value = Value(start: Int32(index + 1), end: Int32(close), isInWork: false)
                index = close + 1
                return value
            }
        }
        let start = index
        if isCommaSeparated {
            while index < range.upperBound, bytes[index] != 0x2c {
                if bytes[index] == 0x5c, index + 1 < range.upperBound { index += 1 }
                index += 1
            }
        } else {
            index = ByteSearch.first(0x20, or: 0x09, or: 0x1d, bytes, index..<range.upperBound)
        }
        var end = min(index, range.upperBound)
        while end > start, isSeparator(bytes[end - 1]) { end -= 1 }
        return Value(start: Int32(start), end: Int32(end), isInWork: false)
    }

    /// Adds comma-separated values under the slots of `columns`; quotes as in RFC 4180.
    mutating func addColumns(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ numbers: Span<Int32>,
        _ columns: Range<Int>,
        _ slots: borrowing NameTable
    ) {
        var index = range.lowerBound
        var column = columns.lowerBound
        while index <= range.upperBound, column < columns.upperBound {
            var value: Value
            if index < range.upperBound, bytes[index] == 0x22 {
                value = quotedColumn(bytes, range, &index)
                while index < range.upperBound, bytes[index] != 0x2c { index += 1 }
            } else {
                let start = index
                while index < range.upperBound, bytes[index] != 0x2c { index += 1 }
                value = Value(start: Int32(start), end: Int32(index), isInWork: false)
            }
            let number = Int(numbers[column])
            let keyStart = work.count
            slots.append(number, to: &work)
            let key = Value(start: Int32(keyStart), end: Int32(work.count), isInWork: true)
            add(key, value, name: number)
            index += 1
            column += 1
        }
    }

    private mutating func quotedColumn(_ bytes: Span<UInt8>, _ range: Range<Int>, _ index: inout Int) -> Value
    {
        index += 1
        let start = work.count
        while index < range.upperBound {
            if bytes[index] == 0x22 {
                guard index + 1 < range.upperBound, bytes[index + 1] == 0x22 else {
                    index += 1
                    break
                }
                index += 1
            }
            work.append(bytes[index])
            index += 1
        }
        return Value(start: Int32(start), end: Int32(work.count), isInWork: true)
    }
}
