// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension BodyValues {
    /// Adds the leaves of an XML document: text under the path of its element (`Event.System.EventID`),
    /// attributes under `path.@name`.
    ///
    /// An element with a `Name` attribute and a body is called by it, as Windows does with `Data`.
    ///
    /// Prefixes of names are dropped. Document types, and with them entities of one's own, are refused.
    mutating func addXML(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ slots: borrowing NameTable
    ) -> ParseIssues {
        var scanner = XMLLeafScanner(position: range.lowerBound, end: range.upperBound)
        return scanner.run(bytes, &self, slots)
    }
}

private struct XMLLeafScanner {
    var position: Int
    let end: Int
    /// Paths of the open elements, in `work`.
    var paths: [Range<Int>] = []

    init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    mutating func run(
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> ParseIssues {
        while position < end {
            let textStart = position
            position = ByteSearch.first(0x3c, bytes, position..<end)
            if let path = paths.last { addText(bytes, path, textStart..<position, &values, slots) }
            guard position + 1 < end else { break }
            switch bytes[position + 1] {
            case 0x3f: skip(past: 0x3e, bytes)
            case 0x21:
                guard position + 2 < end, bytes[position + 2] == 0x2d else { return .xmlDoctypeRefused }
                skip(past: 0x3e, bytes)
            case 0x2f:
                skip(past: 0x3e, bytes)
                guard paths.popLast() != nil else { return .badXML }
            default:
                guard !values.isFull else {
                    values.isTruncated = true
                    return []
                }
                guard paths.count < BodyValues.depthMax else { return .badXML }
                guard open(bytes, &values, slots) else { return .badXML }
            }
        }
        return paths.isEmpty ? [] : .badXML
    }

    private mutating func skip(past byte: UInt8, _ bytes: Span<UInt8>) {
        position = min(ByteSearch.first(byte, bytes, position..<end) + 1, end)
    }

    private func isNameEnd(_ byte: UInt8) -> Bool {
        byte.isBlank || byte == 0x3e || byte == 0x2f || byte == 0x3d || byte == 0x0a || byte == 0x0d
    }

    private func isName(_ range: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
        for index in range where bytes[index] < 0x80 {
            let byte = bytes[index]
            guard byte.isWordByte || byte == 0x2d || byte == 0x2e else { return false }
        }
        return true
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte.isBlank || byte == 0x0a || byte == 0x0d }

    private mutating func name(_ bytes: Span<UInt8>) -> Range<Int> {
        var start = position
        while position < end, !isNameEnd(bytes[position]) {
            if bytes[position] == 0x3a { start = position + 1 }
            position += 1
        }
        return start..<position
    }

    private mutating func open(
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> Bool {
        position += 1
        let name = name(bytes)
        // `<root@host> logged in` is no element.
        guard !name.isEmpty, isName(name, bytes) else { return false }
        var attributes: [(name: Range<Int>, value: Range<Int>)] = []
        var isClosed = false
        while position < end {
            while position < end, isSpace(bytes[position]) { position += 1 }
            guard position < end else { return false }
            if bytes[position] == 0x3e {
                position += 1
                break
            }
            if bytes[position] == 0x2f {
                isClosed = true
                position += 1
                continue
            }
            let attribute = self.name(bytes)
            guard let value = quoted(bytes), attributes.count < 64 else { return false }
            attributes.append((attribute, value))
        }
        // What closes at once has no text: its name is an attribute as any other (`Provider`).
        let given = isClosed ? nil : attributes.first { isName(bytes, $0.name) }?.value
        let path = joined(paths.last, given ?? name, bytes, &values)
        for attribute in attributes where given == nil || !isName(bytes, attribute.name) {
            add(bytes, path, attribute.name, attribute.value, &values, slots)
        }
        if !isClosed { paths.append(path) }
        return true
    }

    private func isName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count == 4 && bytes[range.lowerBound] == 0x4e && bytes[range.lowerBound + 1] == 0x61
            && bytes[range.lowerBound + 2] == 0x6d && bytes[range.lowerBound + 3] == 0x65
    }

    private mutating func quoted(_ bytes: Span<UInt8>) -> Range<Int>? {
        while position < end, isSpace(bytes[position]) { position += 1 }
        guard position < end, bytes[position] == 0x3d else { return nil }
        position += 1
        while position < end, isSpace(bytes[position]) { position += 1 }
        guard position < end, bytes[position] == 0x22 || bytes[position] == 0x27 else { return nil }
        let quote = bytes[position]
        position += 1
        let start = position
        position = ByteSearch.first(quote, bytes, position..<end)
        guard position < end else { return nil }
        position += 1
        return start..<position - 1
    }

    private func joined(
        _ parent: Range<Int>?,
        _ name: Range<Int>,
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues
    ) -> Range<Int> {
        let start = values.work.count
        if let parent {
            values.repeatWork(parent)
            values.work.append(0x2e)
        }
        values.work.append(bytes, name)
        return start..<values.work.count
    }

    private func add(
        _ bytes: Span<UInt8>,
        _ path: Range<Int>,
        _ attribute: Range<Int>,
        _ value: Range<Int>,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) {
        guard !values.isFull else {
            values.isTruncated = true
            return
        }
        let start = values.work.count
        values.repeatWork(path)
        values.work.append(0x2e)
        values.work.append(0x40)
        values.work.append(bytes, attribute)
        addText(bytes, start..<values.work.count, value, &values, slots)
    }

    private func addText(
        _ bytes: Span<UInt8>,
        _ path: Range<Int>,
        _ text: Range<Int>,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) {
        var start = text.lowerBound
        var stop = text.upperBound
        while start < stop, isSpace(bytes[start]) { start += 1 }
        while stop > start, isSpace(bytes[stop - 1]) { stop -= 1 }
        guard stop > start else { return }
        let key = BodyValues.Value(start: Int32(path.lowerBound), end: Int32(path.upperBound), isInWork: true)
        var value = BodyValues.Value(start: Int32(start), end: Int32(stop), isInWork: false)
        if ByteSearch.first(0x26, bytes, start..<stop) < stop {
            value = resolved(bytes, start..<stop, &values)
        }
        values.add(key, value, name: slots.number(values.work.span, path))
    }

    /// The text with the five entities of XML resolved; others stay as written.
    private func resolved(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ values: inout BodyValues
    ) -> BodyValues.Value {
        let start = values.work.count
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == 0x26, let (byte, length) = entity(bytes, index..<range.upperBound) {
                values.work.append(byte)
                index += length
            } else {
                values.work.append(bytes[index])
                index += 1
            }
        }
        return BodyValues.Value(start: Int32(start), end: Int32(values.work.count), isInWork: true)
    }

    private func entity(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (UInt8, Int)? {
        for (name, byte) in XMLLeafScanner.entities {
            guard range.count >= name.count else { continue }
            var lane = 0
            while lane < name.count, bytes[range.lowerBound + lane] == name[lane] { lane += 1 }
            if lane == name.count { return (byte, lane) }
        }
        return nil
    }

    private static let entities: [([UInt8], UInt8)] = [
        (Array("&amp;".utf8), 0x26), (Array("&lt;".utf8), 0x3c), (Array("&gt;".utf8), 0x3e),
        (Array("&quot;".utf8), 0x22), (Array("&apos;".utf8), 0x27),
    ]
}
