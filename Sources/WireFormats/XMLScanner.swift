// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Why XML is read no further.
public enum XMLFault: Hashable, Sendable {
    /// It is not well formed.
    case malformed
    /// A document type declaration, which could define entities: refused, not read.
    case documentType
    /// More elements inside one another, more attributes, or more bytes than the bounds.
    case bound
}

/// Goes through XML once, part by part, and keeps nothing of it but the names of the open elements.
///
/// No document types, no entities but the five of XML and numeric ones, no external anything. Tolerant where
/// senders are: byte order marks, declarations that lie, and text around the root do not matter. Prefixes are
/// dropped from names. Source: XML 1.0, sections 2 and 3.
public struct XMLScanner: Sendable {
    /// What was met.
    public enum Part: Hashable, Sendable {
        /// An element begins; its attributes are in ``XMLScanner/attributes``.
        case open(name: Range<Int>)
        /// An element ends.
        case close(name: Range<Int>)
        /// Text with references.
        case text(Range<Int>)
        /// Text without references (CDATA).
        case literal(Range<Int>)
        /// The root element has ended.
        case end
        /// It is read no further.
        case fault(XMLFault)
    }

    /// An attribute: its name without prefix, and its value with references.
    public struct Attribute: Hashable, Sendable {
        /// The name.
        public var name: Range<Int>
        /// The value, without its quotes.
        public var value: Range<Int>
    }

    /// Most elements inside one another; ATNA nests 5 deep, Windows events 6.
    public static let depthMax = 32
    /// Most attributes of one element; ATNA has at most 8.
    public static let attributeCountMax = 64
    /// Most bytes of one document; what is larger stays in the raw bytes only.
    public static let sizeMaxBytes = 1_048_576

    /// Attributes of the element that was opened last.
    public private(set) var attributes: [Attribute] = []
    /// Whether the element that was opened last closes at once, and so has no text.
    public var isEmptyElement: Bool { isClosing }
    private var position = 0
    private var end = 0
    private var names: [(whole: Range<Int>, local: Range<Int>)] = []
    private var isClosing = false
    private var isDone = false
    private var fault: XMLFault?

    /// A scanner of nothing yet.
    public init() {}

    /// Begins with the XML at `range`; the storage is reused.
    public mutating func begin(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
        attributes.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        isClosing = false
        isDone = false
        fault = range.count > XMLScanner.sizeMaxBytes ? .bound : nil
    }

    /// The next part; the end and a fault come again and again.
    public mutating func next(_ bytes: Span<UInt8>) -> Part {
        if let fault { return .fault(fault) }
        if isClosing {
            isClosing = false
            return close()
        }
        while position < end, !isDone {
            if bytes[position] != 0x3c {
                let start = position
                while position < end, bytes[position] != 0x3c { position += 1 }
                if names.isEmpty { continue }
                return .text(start..<position)
            }
            guard position + 1 < end else { return fail(.malformed) }
            switch bytes[position + 1] {
            case 0x3f: if !skip(bytes, past: XMLMarks.instructionEnd) { return fail(.malformed) }
            case 0x21:
                if stands(bytes, XMLMarks.comment) {
                    position += XMLMarks.comment.count
                    if !skip(bytes, past: XMLMarks.commentEnd) { return fail(.malformed) }
                } else if stands(bytes, XMLMarks.literal), !names.isEmpty {
                    let start = position + XMLMarks.literal.count
                    guard skip(bytes, past: XMLMarks.literalEnd) else { return fail(.malformed) }
                    return .literal(start..<max(start, position - XMLMarks.literalEnd.count))
                } else {
                    return fail(stands(bytes, XMLMarks.documentType) ? .documentType : .malformed)
                }
            case 0x2f: return closeElement(bytes)
            default: return openElement(bytes)
            }
        }
        return isDone ? .end : fail(.malformed)
    }

    private mutating func fail(_ reason: XMLFault) -> Part {
        fault = reason
        return .fault(reason)
    }

    private mutating func close() -> Part {
        let name = names.removeLast().local
        isDone = names.isEmpty
        return .close(name: name)
    }

    private mutating func closeElement(_ bytes: Span<UInt8>) -> Part {
        position += 2
        let name = readName(bytes)
        skipBlanks(bytes)
        guard position < end, bytes[position] == 0x3e, let open = names.last,
            equal(bytes, open.whole, name.whole)
        else { return fail(.malformed) }
        position += 1
        return close()
    }

    private mutating func openElement(_ bytes: Span<UInt8>) -> Part {
        position += 1
        let name = readName(bytes)
        guard isElementName(bytes, name.local) else { return fail(.malformed) }
        guard names.count < XMLScanner.depthMax else { return fail(.bound) }
        attributes.removeAll(keepingCapacity: true)
        while true {
            let gap = position
            skipBlanks(bytes)
            guard position < end else { return fail(.malformed) }
            if bytes[position] == 0x3e {
                position += 1
                break
            }
            if bytes[position] == 0x2f {
                guard position + 1 < end, bytes[position + 1] == 0x3e else { return fail(.malformed) }
                position += 2
                isClosing = true
                break
            }
            guard position > gap, let attribute = readAttribute(bytes) else { return fail(.malformed) }
            guard attributes.count < XMLScanner.attributeCountMax else { return fail(.bound) }
            attributes.append(attribute)
        }
        names.append(name)
        return .open(name: name.local)
    }

    private mutating func readAttribute(_ bytes: Span<UInt8>) -> Attribute? {
        let name = readName(bytes)
        skipBlanks(bytes)
        guard !name.local.isEmpty, position < end, bytes[position] == 0x3d else { return nil }
        position += 1
        skipBlanks(bytes)
        guard position < end, bytes[position] == 0x22 || bytes[position] == 0x27 else { return nil }
        let quote = bytes[position]
        position += 1
        let start = position
        while position < end, bytes[position] != quote {
            if bytes[position] == 0x3c { return nil }
            position += 1
        }
        guard position < end else { return nil }
        position += 1
        return Attribute(name: name.local, value: start..<position - 1)
    }

    private mutating func readName(_ bytes: Span<UInt8>) -> (whole: Range<Int>, local: Range<Int>) {
        let first = position
        var start = position
        while position < end {
            let byte = bytes[position]
            if byte <= 0x20 || byte == 0x3e || byte == 0x2f || byte == 0x3d || byte == 0x3c || byte == 0x22 {
                break
            }
            if byte == 0x3a { start = position + 1 }
            position += 1
        }
        return (first..<position, start..<position)
    }

    /// `<root@host> logged in` is no element.
    private func isElementName(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        guard let first = name.first, !bytes[first].isDigit else { return false }
        for index in name where bytes[index] < 0x80 {
            let byte = bytes[index]
            guard byte.isWordByte || byte == 0x2d || byte == 0x2e else { return false }
        }
        return true
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while position < end, bytes[position] <= 0x20 { position += 1 }
    }

    private func stands(_ bytes: Span<UInt8>, _ mark: [UInt8]) -> Bool {
        guard end - position >= mark.count else { return false }
        for lane in mark.indices where bytes[position + lane] != mark[lane] { return false }
        return true
    }

    private mutating func skip(_ bytes: Span<UInt8>, past mark: [UInt8]) -> Bool {
        while position < end {
            if bytes[position] == mark[0], stands(bytes, mark) {
                position += mark.count
                return true
            }
            position += 1
        }
        return false
    }

    private func equal(_ bytes: Span<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for lane in 0..<left.count where bytes[left.lowerBound + lane] != bytes[right.lowerBound + lane] {
            return false
        }
        return true
    }
}

/// What stands between the elements of XML.
private enum XMLMarks {
    static let instructionEnd = Array("?>".utf8)
    static let comment = Array("<!--".utf8)
    static let commentEnd = Array("-->".utf8)
    static let literal = Array("<![CDATA[".utf8)
    static let literalEnd = Array("]]>".utf8)
    static let documentType = Array("<!DOCTYPE".utf8)
}
