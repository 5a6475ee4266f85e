// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension BodyValues {
    /// Longest path of an element or attribute: longer ones are no names but data.
    static let pathLengthMaxBytes = 512

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
        var reader = XMLLeafReader(XMLScanner(range))
        return reader.run(bytes, &self, slots)
    }
}

private struct XMLLeafReader {
    var scanner: XMLScanner
    /// Paths of the open elements, in `work`.
    var paths: [Range<Int>] = []

    init(_ scanner: XMLScanner) { self.scanner = scanner }

    mutating func run(
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> ParseIssues {
        while true {
            switch scanner.next(bytes) {
            case .open(let name): guard open(bytes, name, &values, slots) else { return .decodeTruncated }
            case .close: paths.removeLast()
            case .text(let range):
                if let path = paths.last { addText(bytes, path, range, &values, slots, isLiteral: false) }
            case .literal(let range):
                if let path = paths.last { addText(bytes, path, range, &values, slots, isLiteral: true) }
            case .end: return []
            case .fault(let fault): return fault.issues
            }
        }
    }

    private mutating func open(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> Bool {
        // What closes at once has no text: its name is an attribute as any other (`Provider`).
        let given = scanner.isEmptyElement ? nil : scanner.attributes.first { isName(bytes, $0.name) }?.value
        guard let path = joined(paths.last, given ?? name, bytes, &values) else { return false }
        for attribute in scanner.attributes where given == nil || !isName(bytes, attribute.name) {
            guard add(bytes, path, attribute, &values, slots) else { return false }
        }
        paths.append(path)
        return true
    }

    private func isName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count == 4 && bytes[range.lowerBound] == 0x4e && bytes[range.lowerBound + 1] == 0x61
            && bytes[range.lowerBound + 2] == 0x6d && bytes[range.lowerBound + 3] == 0x65
    }

    /// The path of an element in `work`; nil at a bound.
    private func joined(
        _ parent: Range<Int>?,
        _ name: Range<Int>,
        _ bytes: Span<UInt8>,
        _ values: inout BodyValues
    ) -> Range<Int>? {
        let length = (parent?.count ?? 0) + 1 + name.count
        guard length <= BodyValues.pathLengthMaxBytes, values.work.count < BodyValues.workSizeMaxBytes else {
            return nil
        }
        let start = values.work.count
        if let parent {
            for index in parent { values.work.append(values.work[index]) }
            values.work.append(0x2e)
        }
        for index in name { values.work.append(bytes[index]) }
        return start..<values.work.count
    }

    private func add(
        _ bytes: Span<UInt8>,
        _ path: Range<Int>,
        _ attribute: XMLScanner.Attribute,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable
    ) -> Bool {
        let length = path.count + 2 + attribute.name.count
        guard length <= BodyValues.pathLengthMaxBytes, values.work.count < BodyValues.workSizeMaxBytes else {
            return false
        }
        let start = values.work.count
        for index in path { values.work.append(values.work[index]) }
        values.work.append(contentsOf: [0x2e, 0x40])
        for index in attribute.name { values.work.append(bytes[index]) }
        addText(bytes, start..<values.work.count, attribute.value, &values, slots, isLiteral: false)
        return true
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte.isBlank || byte == 0x0a || byte == 0x0d }

    private func addText(
        _ bytes: Span<UInt8>,
        _ path: Range<Int>,
        _ text: Range<Int>,
        _ values: inout BodyValues,
        _ slots: borrowing NameTable,
        isLiteral: Bool
    ) {
        var start = text.lowerBound
        var stop = text.upperBound
        while start < stop, isSpace(bytes[start]) { start += 1 }
        while stop > start, isSpace(bytes[stop - 1]) { stop -= 1 }
        guard stop > start else { return }
        let key = BodyValues.Value(start: Int32(path.lowerBound), end: Int32(path.upperBound), isInWork: true)
        var value = BodyValues.Value(start: Int32(start), end: Int32(stop), isInWork: false)
        if !isLiteral, XMLText.hasReferences(bytes, start..<stop) {
            let first = values.work.count
            XMLText.append(bytes, start..<stop, to: &values.work)
            value = BodyValues.Value(start: Int32(first), end: Int32(values.work.count), isInWork: true)
        }
        values.add(key, value, slot: slots.number(values.work.span, path))
    }
}
