// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Header of a CEF or LEEF message.
struct ProductHeader {
    /// Vendor and product, where they lie in the record.
    var vendor = 0..<0
    var product = 0..<0
    /// First byte of the extension.
    var extensionStart = 0
    var isLEEF = false
}

extension BodyValues {
    /// Adds the header fields (`cef.vendor`, `cef.product`, `cef.version`, `cef.id`, `cef.name`,
    /// `cef.severity`; LEEF the same with its own) and the pairs of a CEF or LEEF message at `range`.
    ///
    /// - Returns: nil when it is neither.
    mutating func addProductMessage(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable
    ) -> ProductHeader? {
        guard range.count > 5 else { return nil }
        let at = range.lowerBound
        let isCEF =
            bytes[at] == 0x43 && bytes[at + 1] == 0x45 && bytes[at + 2] == 0x46 && bytes[at + 3] == 0x3a
        let isMarked =
            bytes[at] == 0x4c && bytes[at + 1] == 0x45 && bytes[at + 2] == 0x45 && bytes[at + 3] == 0x46
            && bytes[at + 4] == 0x3a
        let isLEEF = isMarked || ProductMark.isBareLEEF(bytes, range)
        let isBare = bytes[at].isDigit && bytes[at + 1] == 0x7c
        guard isCEF || isLEEF || isBare else { return nil }
        var index = at + (isMarked ? 5 : isCEF ? 4 : 0)
        while index < range.upperBound, bytes[index].isBlank { index += 1 }
        let isSecond = index < range.upperBound && bytes[index] == 0x32
        var header = ProductHeader(isLEEF: isLEEF)
        let names = isLEEF ? ProductNames.leef : ProductNames.cef
        for (number, name) in names.enumerated() {
            let start = index
            while index < range.upperBound, bytes[index] != 0x7c {
                index += bytes[index] == 0x5c && index + 1 < range.upperBound ? 2 : 1
            }
            index = min(index, range.upperBound)
            if number == 1 { header.vendor = start..<index }
            if number == 2 { header.product = start..<index }
            if !name.isEmpty { addConstant(name, bytes, start..<index, slots) }
            index = min(index + 1, range.upperBound)
        }
        header.extensionStart = index
        if isLEEF {
            var delimiter = isSecond ? leefDelimiter(bytes, &index, range.upperBound) : 0x09
            if delimiter == 0x09 { delimiter = ProductMark.delimiter(bytes, index..<range.upperBound) }
            if delimiter == 0x20 {
                addExtension(bytes, index..<range.upperBound, slots)
            } else {
                addDelimited(bytes, index..<range.upperBound, delimiter, slots)
            }
        } else {
            addExtension(bytes, index..<range.upperBound, slots)
        }
        return header
    }

    private mutating func addConstant(
        _ name: String,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable
    ) {
        let start = work.count
        work.append(contentsOf: name.utf8)
        let key = Value(start: Int32(start), end: Int32(work.count), isInWork: true)
        var value = Value(start: Int32(range.lowerBound), end: Int32(range.upperBound), isInWork: false)
        var hasEscape = false
        for index in range where bytes[index] == 0x5c { hasEscape = true }
        if hasEscape {
            let first = work.count
            var index = range.lowerBound
            while index < range.upperBound {
                let isEscape =
                    bytes[index] == 0x5c && index + 1 < range.upperBound
                    && (bytes[index + 1] == 0x5c || bytes[index + 1] == 0x7c)
                if isEscape { index += 1 }
                work.append(bytes[index])
                index += 1
            }
            value = Value(start: Int32(first), end: Int32(work.count), isInWork: true)
        }
        add(key, value, name: slots.number(work.span, key.range))
    }

    /// LEEF 2.0: one character, or `x09` or `0x09`, then `|`; empty means a tab.
    ///
    /// Some senders leave the part out.
    private func leefDelimiter(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) -> UInt8 {
        var close = index
        while close < end, close - index <= 4, bytes[close] != 0x7c { close += 1 }
        guard close < end, bytes[close] == 0x7c else { return 0x09 }
        let count = close - index
        defer { index = close + 1 }
        if count == 0 { return 0x09 }
        if count == 1 { return bytes[index] }
        guard let high = bytes[close - 2].hexadecimalValue, let low = bytes[close - 1].hexadecimalValue else {
            return 0x09
        }
        return high << 4 | low
    }

    private mutating func addDelimited(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ delimiter: UInt8,
        _ slots: borrowing NameTable
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            var width = 1
            while index < range.upperBound {
                if delimiter != ProductMark.writtenTab {
                    guard bytes[index] != delimiter else { break }
                } else if ProductMark.isWrittenTab(bytes, index, range.upperBound) {
                    width = 4
                    break
                }
                index += 1
            }
            var equals = start
            while equals < index, bytes[equals] != 0x3d { equals += 1 }
            if equals > start, equals < index {
                guard !isFull else {
                    isTruncated = true
                    return
                }
                let key = Value(start: Int32(start), end: Int32(equals), isInWork: false)
                let value = Value(start: Int32(equals + 1), end: Int32(index), isInWork: false)
                add(key, value, name: slots.number(bytes, key.range))
            }
            index += width
        }
    }

    /// CEF extension: a key stands directly before an unescaped `=`, its value runs to the blank before the
    /// next key.
    private mutating func addExtension(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable
    ) {
        var key: Range<Int>?
        var valueStart = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == 0x5c {
                index += 2
                continue
            }
            if bytes[index] == 0x3d {
                var start = index
                while start > valueStart, isKeyByte(bytes[start - 1]) { start -= 1 }
                let isKey = start < index && (start == range.lowerBound || bytes[start - 1].isBlank)
                if isKey {
                    if let key { addUnescaped(bytes, key, valueStart..<start, slots) }
                    key = start..<index
                    valueStart = index + 1
                }
            }
            index += 1
        }
        if let key { addUnescaped(bytes, key, valueStart..<range.upperBound, slots) }
        applyLabels(bytes, slots)
    }

    private func isKeyByte(_ byte: UInt8) -> Bool {
        byte.isDigit || (byte.folded >= 0x61 && byte.folded <= 0x7a) || byte == 0x5f || byte == 0x2e
            || byte == 0x2d
            || byte == 0x5b || byte == 0x5d
    }

    private mutating func addUnescaped(
        _ bytes: Span<UInt8>,
        _ key: Range<Int>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable
    ) {
        guard !isFull else {
            isTruncated = true
            return
        }
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, bytes[start].isBlank { start += 1 }
        while end > start, bytes[end - 1].isBlank || bytes[end - 1] == 0x0d { end -= 1 }
        // A bar at the very end closes the line, as it does the header.
        if end > start + 1, bytes[end - 1] == 0x7c, bytes[end - 2].isBlank {
            end -= 1
            while end > start, bytes[end - 1].isBlank { end -= 1 }
        }
        if end - start > 1, bytes[start] == 0x22, bytes[end - 1] == 0x22 {
            start += 1
            end -= 1
        }
        let named = Value(start: Int32(key.lowerBound), end: Int32(key.upperBound), isInWork: false)
        var value = Value(start: Int32(start), end: Int32(end), isInWork: false)
        var hasEscape = false
        for index in start..<end where bytes[index] == 0x5c { hasEscape = true }
        if hasEscape {
            let workStart = work.count
            var index = start
            while index < end {
                let escaped = index + 1 < end ? ProductNames.escaped(bytes, index) : nil
                work.append(escaped ?? bytes[index])
                index += escaped == nil ? 1 : 2
            }
            value = Value(start: Int32(workStart), end: Int32(work.count), isInWork: true)
        }
        add(named, value, name: slots.number(bytes, key))
    }

    /// Gives `cs1` the name that `cs1Label` states: both for the slots and for `ext.*`.
    private mutating func applyLabels(_ bytes: Span<UInt8>, _ slots: borrowing NameTable) {
        for index in leaves.indices {
            let key = leaves[index].key
            let label = leaves[index].value
            guard !key.isInWork, key.range.count > 5, !label.isInWork, !label.range.isEmpty,
                ProductNames.isLabel(bytes, key.range)
            else { continue }
            let base = key.range.lowerBound..<key.range.upperBound - 5
            for other in leaves.indices where !leaves[other].key.isInWork {
                guard ProductNames.equal(bytes, leaves[other].key.range, base) else { continue }
                rename(other, to: label)
                if let slot = slots.number(bytes, label.range) { set(slot, leaves[other].value) }
            }
        }
    }
}

/// Names of the header fields by position, and label keys.
private enum ProductNames {
    static let cef = ["", "cef.vendor", "cef.product", "cef.version", "cef.id", "cef.name", "cef.severity"]
    static let leef = ["", "cef.vendor", "cef.product", "cef.version", "cef.id"]

    /// What the escape at `index` of an extension stands for; nil when it is none, as in `CORP\bob`.
    ///
    /// CEF knows `\=`, `\\`, `\n` and `\r`; senders write `\|` as in the header.
    static func escaped(_ bytes: Span<UInt8>, _ index: Int) -> UInt8? {
        guard bytes[index] == 0x5c else { return nil }
        switch bytes[index + 1] {
        case 0x3d, 0x5c, 0x7c: return bytes[index + 1]
        case 0x6e: return 0x0a
        case 0x72: return 0x0d
        default: return nil
        }
    }

    static func isLabel(_ bytes: Span<UInt8>, _ key: Range<Int>) -> Bool {
        let word: [UInt8] = [0x4c, 0x61, 0x62, 0x65, 0x6c]
        for lane in 0..<5 where bytes[key.upperBound - 5 + lane] != word[lane] { return false }
        return true
    }

    static func equal(_ bytes: Span<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for lane in 0..<left.count where bytes[left.lowerBound + lane] != bytes[right.lowerBound + lane] {
            return false
        }
        return true
    }
}
