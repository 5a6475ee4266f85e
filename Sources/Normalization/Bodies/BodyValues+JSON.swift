// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension BodyValues {
    /// Most objects and arrays inside one another; deeper parts stay in the raw bytes only.
    static let jsonDepthMax = 64

    /// Adds the leaves of the JSON object at `range`; keys of nested objects are joined by full stops,
    /// elements of arrays carry the key of their array.
    ///
    /// `null` gives no leaf. Strict in what it calls JSON (RFC 8259), lenient in what it keeps: what came
    /// before
    /// a fault stays, and so does a word that is no value. Of two members of one name both are kept, and the
    /// last counts.
    ///
    /// - Returns: what was odd; `badJSON` when the text is not JSON, `notAnObject` when it is something else.
    mutating func addJSON(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable
    ) -> ParseIssues {
        var scanner = JSONLeafScanner(position: range.lowerBound, end: range.upperBound)
        scanner.skipBlanks(bytes)
        let isObject = scanner.position < range.upperBound && bytes[scanner.position] == 0x7b
        let nothing = Value(start: 0, end: 0, isInWork: true)
        if !scanner.value(bytes, nothing, 0, -1, &self, slots) { scanner.issues.insert(.badJSON) }
        scanner.skipBlanks(bytes)
        if scanner.position < range.upperBound { scanner.issues.insert(.badJSON) }
        if !isObject {
            removeLeaves()
            scanner.issues.insert(.notAnObject)
        }
        return scanner.issues
    }
}

/// Walks JSON once and hands leaves over as it goes.
private struct JSONLeafScanner {
    var position: Int
    let end: Int
    var issues: ParseIssues = []

    init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while position < end {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            position += 1
        }
    }

    /// Reads an object; `prefix` is its key in `work`, empty at the top.
    mutating func object(
        _ bytes: Span<UInt8>,
        _ prefix: Range<Int>,
        _ depth: Int,
        _ element: Int,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> Bool {
        position += 1
        skipBlanks(bytes)
        if position < end, bytes[position] == 0x7d {
            position += 1
            return true
        }
        var names = MemberNames(first: values.memberCount)
        defer { values.memberCount = names.first }
        while position < end {
            skipBlanks(bytes)
            guard let name = string(bytes, &values) else { return false }
            let isDouble = names.note(name, bytes, &values)
            skipBlanks(bytes)
            guard position < end, bytes[position] == 0x3a else { return false }
            position += 1
            let key = joined(prefix, name, bytes, &values)
            let leaf = values.leaves.count
            guard value(bytes, key, depth + 1, element, &values, slots) else { return false }
            if isDouble {
                issues.insert(.duplicateKey)
                values.supersede(by: leaf)
            }
            skipBlanks(bytes)
            guard position < end else { return false }
            let separator = bytes[position]
            position += 1
            if separator == 0x7d { return true }
            guard separator == 0x2c else { return false }
        }
        return false
    }

    private mutating func array(
        _ bytes: Span<UInt8>,
        _ key: BodyValues.Value,
        _ depth: Int,
        _ element: Int,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> Bool {
        let start = position
        position += 1
        let isExploded =
            element < 0 && values.explodeSlot >= 0 && slot(key, bytes, values, slots) == values.explodeSlot
        skipBlanks(bytes)
        if position < end, bytes[position] == 0x5d {
            position += 1
            return true
        }
        if depth == 1, position < end, bytes[position] == 0x7b { values.noteObjects(at: start) }
        while position < end {
            let number = isExploded ? values.elementCount : element
            let first = values.leaves.count
            guard value(bytes, key, depth + 1, number, &values, slots) else { return false }
            if isExploded { values.elementCount += 1 }
            if JSONLeafScanner.pairSizes.contains(values.leaves.count - first) {
                addNamed(bytes, key, first, number, &values, slots)
            }
            skipBlanks(bytes)
            guard position < end else { return false }
            let separator = bytes[position]
            position += 1
            if separator == 0x5d { return true }
            guard separator == 0x2c else { return false }
        }
        return false
    }

    /// Members under which collectors and buses keep the object of somebody else.
    private static let wrappers = [
        "event", "detail", "jsonpayload", "protopayload", "data", "message", "body", "log", "record",
        "payload",
        "_source", "result",
    ].map { Array($0.utf8) }

    /// Leaves of an object that gives a name and a value, and perhaps says of what type it is.
    private static let pairSizes = 2...3
    private static let nameKeys = ["name", "@name", "key", "@key"].map { Array($0.utf8) }
    private static let valueKeys = ["value", "@value", "#text", "content", "text", "_", "$"].map {
        Array($0.utf8)
    }

    /// Adds what an element of an array names by a member: `"Data":[{"Name":"User","Value":"ada"}]` holds
    /// `Data.User`.
    private func addNamed(
        _ bytes: Span<UInt8>,
        _ array: BodyValues.Value,
        _ first: Int,
        _ element: Int,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) {
        let prefixCount = array.range.isEmpty ? 0 : array.range.count + 1
        var name: BodyValues.Value?
        var value: BodyValues.Value?
        for leaf in values.leaves[first...] {
            let key = leaf.key.range.dropFirst(prefixCount)
            func isOne(of names: [[UInt8]]) -> Bool {
                leaf.key.isInWork
                    ? JSONLeafScanner.isOne(of: names, values.work.span, key)
                    : JSONLeafScanner.isOne(of: names, bytes, key)
            }
            if isOne(of: JSONLeafScanner.nameKeys) {
                name = leaf.value
            } else if isOne(of: JSONLeafScanner.valueKeys) {
                value = leaf.value
            }
        }
        guard let name, let value, !name.range.isEmpty, name.range.count <= Normalizer.keyLengthMaxBytes
        else { return }
        let lead = values.leaves[first].key
        let prefix = lead.range.prefix(max(0, prefixCount - 1))
        let key = joined(lead.isInWork ? prefix : 0..<0, name, bytes, &values)
        add(key, value, bytes, element, &values, slots)
    }

    private static func isOne(of names: [[UInt8]], _ text: Span<UInt8>, _ key: Range<Int>) -> Bool {
        for name in names where name.count == key.count {
            var lane = 0
            while lane < name.count, text[key.lowerBound + lane].folded == name[lane] { lane += 1 }
            if lane == name.count { return true }
        }
        return false
    }

    mutating func value(
        _ bytes: Span<UInt8>,
        _ key: BodyValues.Value,
        _ depth: Int,
        _ element: Int,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> Bool {
        skipBlanks(bytes)
        guard position < end else { return false }
        if depth >= BodyValues.jsonDepthMax, bytes[position] == 0x7b || bytes[position] == 0x5b {
            issues.insert(.jsonTooDeep)
            return skipContainer(bytes)
        }
        switch bytes[position] {
        case 0x7b:
            let prefix = key.isInWork ? key.range : copied(key, bytes, &values)
            if depth == 1, JSONLeafScanner.isOne(of: JSONLeafScanner.wrappers, values.work.span, prefix) {
                values.noteWrapped(at: position)
            }
            return object(bytes, prefix, depth, element, &values, slots)
        case 0x5b: return array(bytes, key, depth, element, &values, slots)
        case 0x22:
            guard let text = string(bytes, &values) else { return false }
            add(key, text, bytes, element, &values, slots)
            return true
        default:
            let start = position
            while position < end, isScalarByte(bytes[position]) { position += 1 }
            guard position > start else { return false }
            let word = JSONScalar(bytes, start..<position)
            if word.isFaulty { issues.insert(.badJSON) }
            if word.isInexact { issues.insert(.numberAsText) }
            if !word.isNull {
                let text = BodyValues.Value(start: Int32(start), end: Int32(position), isInWork: false)
                add(key, text, bytes, element, &values, slots)
            }
            return true
        }
    }

    /// Adds a leaf; the name of one that is not kept is not looked up.
    @inline(__always)
    private func add(
        _ key: BodyValues.Value,
        _ text: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ element: Int,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) {
        guard !values.isFull else {
            values.isTruncated = true
            return
        }
        values.add(key, text, name: slot(key, bytes, values, slots), element: element)
    }

    private func isScalarByte(_ byte: UInt8) -> Bool {
        byte.isDigit || byte == 0x2d || byte == 0x2b || byte == 0x2e
            || (byte.folded >= 0x61 && byte.folded <= 0x7a)
    }

    /// Steps over an object or array without reading it; false if it does not end.
    private mutating func skipContainer(_ bytes: Span<UInt8>) -> Bool {
        guard let last = JSONElements.containerEnd(bytes, position..<end) else { return false }
        position = last
        return true
    }

    private func slot(
        _ key: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: borrowing BodyValues,
        _ slots: borrowing NameTable
    ) -> Int? {
        key.isInWork ? slots.number(values.work.span, key.range) : slots.number(bytes, key.range)
    }

    private func copied(
        _ key: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues
    ) -> Range<Int> {
        let start = values.work.count
        values.work.append(bytes, key.range)
        return start..<values.work.count
    }

    /// `prefix.name` in `work`, or the name alone where there is no prefix.
    private func joined(
        _ prefix: Range<Int>,
        _ name: BodyValues.Value,
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues
    ) -> BodyValues.Value {
        guard !prefix.isEmpty, values.work.count < BodyValues.workSizeMaxBytes else { return name }
        let start = values.work.count
        values.repeatWork(prefix)
        values.work.append(0x2e)
        if name.isInWork { values.repeatWork(name.range) } else { values.work.append(bytes, name.range) }
        return BodyValues.Value(start: Int32(start), end: Int32(values.work.count), isInWork: true)
    }

    /// Reads a string; its text lies in the record, or in `work` when it has escapes.
    private mutating func string(_ bytes: Span<UInt8>, _ values: inout BodyValues) -> BodyValues.Value? {
        guard position < end, bytes[position] == 0x22 else { return nil }
        position += 1
        let start = position
        var isHigh = skipText(bytes)
        guard position < end else { return nil }
        if bytes[position] == 0x22 {
            if isHigh, !UTF8Check.isValid(bytes, start..<position) { issues.insert(.badUTF8) }
            position += 1
            return BodyValues.Value(start: Int32(start), end: Int32(position - 1), isInWork: false)
        }
        let workStart = values.work.count
        values.work.append(bytes, start..<position)
        while position < end {
            let byte = bytes[position]
            position += 1
            if byte == 0x22 {
                if isHigh, !UTF8Check.isValid(bytes, start..<position - 1) { issues.insert(.badUTF8) }
                return BodyValues.Value(
                    start: Int32(workStart),
                    end: Int32(values.work.count),
                    isInWork: true
                )
            }
            if byte == 0x5c {
                guard escape(bytes, &values) else { return nil }
            } else {
                position -= 1
                let first = position
                if skipText(bytes) { isHigh = true }
                values.work.append(bytes, first..<position)
            }
        }
        return nil
    }

    /// Steps to the quotation mark or backslash that ends a part of a string, and notes control characters.
    ///
    /// - Returns: Whether a byte of the part is no ASCII.
    @inline(__always)
    private mutating func skipText(_ bytes: Span<UInt8>) -> Bool {
        let part = ByteSearch.textEnd(bytes, position..<end)
        position = part.end
        if part.hasControl { issues.insert(.badJSON) }
        return part.isHigh
    }

    private mutating func escape(_ bytes: Span<UInt8>, _ values: inout BodyValues) -> Bool {
        guard position < end else { return false }
        let byte = bytes[position]
        position += 1
        switch byte {
        case 0x6e: values.work.append(0x0a)
        case 0x74: values.work.append(0x09)
        case 0x72: values.work.append(0x0d)
        case 0x62: values.work.append(0x08)
        case 0x66: values.work.append(0x0c)
        case 0x75: return unicode(bytes, &values)
        case 0x22, 0x5c, 0x2f: values.work.append(byte)
        default:
            issues.insert(.badJSON)
            values.work.append(byte)
        }
        return true
    }

    private mutating func unicode(_ bytes: Span<UInt8>, _ values: inout BodyValues) -> Bool {
        guard var code = codeUnit(bytes) else { return false }
        if code & 0xfc00 == 0xd800, position + 1 < end, bytes[position] == 0x5c, bytes[position + 1] == 0x75 {
            let saved = position
            position += 2
            if let low = codeUnit(bytes), low & 0xfc00 == 0xdc00 {
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            } else {
                position = saved
            }
        }
        guard let scalar = Unicode.Scalar(code) else {
            issues.insert(.loneSurrogate)
            values.work.append(contentsOf: [0xef, 0xbf, 0xbd])
            return true
        }
        values.work.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return true
    }

    private mutating func codeUnit(_ bytes: Span<UInt8>) -> UInt32? {
        guard end - position >= 4 else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = bytes[position].hexadecimalValue else { return nil }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
