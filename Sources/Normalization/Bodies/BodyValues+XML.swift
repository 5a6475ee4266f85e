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
        xml.begin(range)
        paths.removeAll(keepingCapacity: true)
        while true {
            switch xml.next(bytes) {
            case .open(let name):
                guard open(bytes, name, slots) else {
                    isTruncated = true
                    return []
                }
            case .close: paths.removeLast()
            case .text(let range): addText(bytes, range, slots, isLiteral: false)
            case .literal(let range): addText(bytes, range, slots, isLiteral: true)
            case .end: return []
            case .fault(let fault): return fault.issues
            }
        }
    }

    /// Notes that an element begins, and its attributes; false at a bound.
    private mutating func open(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ slots: borrowing NameTable
    ) -> Bool {
        // What closes at once has no text: its name is an attribute as any other (`Provider`).
        var given: Range<Int>?
        if !xml.isEmptyElement, !isProvider(bytes, name) {
            for attribute in xml.attributes where given == nil && isName(bytes, attribute.name) {
                given = attribute.value
            }
        }
        guard let path = joined(bytes, given ?? name) else { return false }
        for index in xml.attributes.indices {
            let attribute = xml.attributes[index]
            if given != nil, isName(bytes, attribute.name) { continue }
            guard add(bytes, path, attribute, slots) else { return false }
        }
        paths.append(path)
        return true
    }

    /// Windows calls the source of an event by a name, closed by a tag of its own or not.
    private func isProvider(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        let text: StaticString = "Provider"
        guard name.count == text.utf8CodeUnitCount else { return false }
        return zip(name, "Provider".utf8).allSatisfy { bytes[$0] == $1 }
    }

    private func isName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count == 4 && bytes[range.lowerBound] == 0x4e && bytes[range.lowerBound + 1] == 0x61
            && bytes[range.lowerBound + 2] == 0x6d && bytes[range.lowerBound + 3] == 0x65
    }

    /// The path of an element in `work`; nil at a bound.
    private mutating func joined(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Range<Int>? {
        let parent = paths.last
        let length = (parent?.count ?? 0) + 1 + name.count
        guard length <= BodyValues.pathLengthMaxBytes, !isFull else { return nil }
        let start = work.count
        if let parent {
            repeatWork(parent)
            work.append(0x2e)
        }
        work.append(bytes, name)
        return start..<work.count
    }

    private mutating func add(
        _ bytes: Span<UInt8>,
        _ path: Range<Int>,
        _ attribute: XMLScanner.Attribute,
        _ slots: borrowing NameTable
    ) -> Bool {
        let length = path.count + 2 + attribute.name.count
        guard length <= BodyValues.pathLengthMaxBytes, !isFull else { return false }
        let start = work.count
        repeatWork(path)
        work.append(0x2e)
        work.append(0x40)
        work.append(bytes, attribute.name)
        addText(bytes, start..<work.count, attribute.value, slots, isLiteral: false)
        return true
    }

    /// Adds text of the innermost open element.
    private mutating func addText(
        _ bytes: Span<UInt8>,
        _ text: Range<Int>,
        _ slots: borrowing NameTable,
        isLiteral: Bool
    ) {
        if let path = paths.last { addText(bytes, path, text, slots, isLiteral: isLiteral) }
    }

    private mutating func addText(
        _ bytes: Span<UInt8>,
        _ path: Range<Int>,
        _ text: Range<Int>,
        _ slots: borrowing NameTable,
        isLiteral: Bool
    ) {
        var start = text.lowerBound
        var stop = text.upperBound
        while start < stop, isSpace(bytes[start]) { start += 1 }
        while stop > start, isSpace(bytes[stop - 1]) { stop -= 1 }
        guard stop > start else { return }
        let key = Value(start: Int32(path.lowerBound), end: Int32(path.upperBound), isInWork: true)
        var value = Value(start: Int32(start), end: Int32(stop), isInWork: false)
        if !isLiteral, XMLText.hasReferences(bytes, start..<stop) {
            let first = work.count
            XMLText.append(bytes, start..<stop, to: &work)
            value = Value(start: Int32(first), end: Int32(work.count), isInWork: true)
        }
        add(key, value, name: slots.number(work.span, path))
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte.isBlank || byte == 0x0a || byte == 0x0d }
}

extension XMLFault {
    /// What the event says of it.
    var issues: ParseIssues {
        switch self {
        case .malformed: .badXML
        case .documentType: .xmlDoctypeRefused
        case .bound: .decodeTruncated
        }
    }
}
