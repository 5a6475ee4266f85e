// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Walks XML text element by element: no document types, no entities but the five of XML and numeric ones.
///
/// Tolerant where senders are: byte order marks, lying encodings, prefixes, and text after the end do not
/// matter. Its storage is reused from text to text; every call is given the same bytes.
struct XMLWalker: Sendable {
    /// What was met; names are without their prefix.
    enum Step: Sendable {
        case open(name: Range<Int>)
        case close(name: Range<Int>)
        case text(Range<Int>)
        case end(isBroken: Bool)
    }

    /// Elements inside one another.
    static let depthMax = 16
    /// Attributes of one element.
    static let attributeCountMax = 64

    /// Attributes of the element that was opened last, as they are written.
    private(set) var attributes: [(name: Range<Int>, value: Range<Int>)] = []
    private var position = 0
    private var end = 0
    private var open: [Range<Int>] = []
    private var closing: Range<Int>?
    private var isDone = false

    /// Starts to walk `range`.
    mutating func begin(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
        open.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        closing = nil
        isDone = false
    }

    /// The next thing in the text; after the root element closes, the end.
    mutating func next(_ bytes: Span<UInt8>) -> Step {
        if let name = closing {
            closing = nil
            return close(name)
        }
        while position < end, !isDone {
            if bytes[position] != 0x3c {
                let start = position
                position = ByteSearch.first(0x3c, bytes, position..<end)
                guard !open.isEmpty else { continue }
                return .text(start..<position)
            }
            guard position + 1 < end else { return .end(isBroken: true) }
            switch bytes[position + 1] {
            case 0x3f: if !skip(past: XMLWalker.instructionEnd, bytes) { return .end(isBroken: true) }
            case 0x21:
                guard stands(XMLWalker.commentStart, bytes), skip(past: XMLWalker.commentEnd, bytes) else {
                    return .end(isBroken: true)
                }
            case 0x2f:
                position += 2
                let name = readName(bytes)
                guard skip(past: XMLWalker.tagEnd, bytes), let last = open.last, isSame(last, name, bytes)
                else { return .end(isBroken: true) }
                return close(name)
            default: return openElement(bytes)
            }
        }
        return .end(isBroken: !isDone)
    }

    private static let instructionEnd = Array("?>".utf8)
    private static let commentStart = Array("<!--".utf8)
    private static let commentEnd = Array("-->".utf8)
    private static let tagEnd = Array(">".utf8)

    private func isSame(_ name: Range<Int>, _ other: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
        name.count == other.count
            && ByteSearch.isEqual(bytes, name.lowerBound, bytes, other.lowerBound, name.count)
    }

    private mutating func close(_ name: Range<Int>) -> Step {
        open.removeLast()
        isDone = open.isEmpty
        return .close(name: name)
    }

    private func stands(_ mark: [UInt8], _ bytes: Span<UInt8>) -> Bool {
        end - position >= mark.count && ByteSearch.isEqual(bytes, position, mark.span, 0, mark.count)
    }

    private mutating func skip(past mark: [UInt8], _ bytes: Span<UInt8>) -> Bool {
        guard let found = ByteSearch.first(of: mark.span, bytes, position..<end) else {
            position = end
            return false
        }
        position = found + mark.count
        return true
    }

    /// A name without its prefix.
    private mutating func readName(_ bytes: Span<UInt8>) -> Range<Int> {
        var start = position
        while position < end {
            let byte = bytes[position]
            if byte <= 0x20 || byte == 0x3e || byte == 0x2f || byte == 0x3d { break }
            if byte == 0x3a { start = position + 1 }
            position += 1
        }
        return start..<position
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while position < end, bytes[position] <= 0x20 { position += 1 }
    }

    private mutating func openElement(_ bytes: Span<UInt8>) -> Step {
        position += 1
        let name = readName(bytes)
        guard !name.isEmpty, open.count < XMLWalker.depthMax else { return .end(isBroken: true) }
        attributes.removeAll(keepingCapacity: true)
        while true {
            skipBlanks(bytes)
            guard position < end else { return .end(isBroken: true) }
            if bytes[position] == 0x3e {
                position += 1
                break
            }
            if bytes[position] == 0x2f {
                guard position + 1 < end, bytes[position + 1] == 0x3e else { return .end(isBroken: true) }
                position += 2
                closing = name
                break
            }
            guard let attribute = attribute(bytes), attributes.count < XMLWalker.attributeCountMax else {
                return .end(isBroken: true)
            }
            attributes.append(attribute)
        }
        open.append(name)
        return .open(name: name)
    }

    private mutating func attribute(_ bytes: Span<UInt8>) -> (name: Range<Int>, value: Range<Int>)? {
        let key = readName(bytes)
        skipBlanks(bytes)
        guard !key.isEmpty, position < end, bytes[position] == 0x3d else { return nil }
        position += 1
        skipBlanks(bytes)
        guard position < end, bytes[position] == 0x22 || bytes[position] == 0x27 else { return nil }
        let quote = bytes[position]
        position += 1
        let start = position
        position = ByteSearch.first(quote, bytes, position..<end)
        guard position < end else { return nil }
        position += 1
        return (key, start..<position - 1)
    }

    /// Text with its references resolved; unknown ones stay as they are.
    static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        if ByteSearch.first(0x26, bytes, range) == range.upperBound {
            return String(decoding: bytes, range)
        }
        let names: [String: String] = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        var text = ""
        var index = range.lowerBound
        while index < range.upperBound {
            let mark = ByteSearch.first(0x26, bytes, index..<range.upperBound)
            text += String(decoding: bytes, index..<mark)
            guard mark < range.upperBound else { break }
            let limit = min(range.upperBound, mark + 12)
            let stop = ByteSearch.first(0x3b, bytes, mark..<limit)
            guard stop < limit else {
                text += "&"
                index = mark + 1
                continue
            }
            let name = String(decoding: bytes, mark + 1..<stop)
            text += names[name] ?? XMLWalker.character(name) ?? "&\(name);"
            index = stop + 1
        }
        return text
    }

    private static func character(_ name: String) -> String? {
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }
}
