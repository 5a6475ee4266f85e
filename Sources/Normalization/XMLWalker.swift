// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Walks XML text element by element: no document types, no entities but the five of XML and numeric ones.
///
/// Tolerant where senders are: byte order marks, lying encodings, prefixes, and text after the end do not
/// matter.
struct XMLWalker {
    /// What was met.
    enum Step {
        case open(name: String, attributes: [String: String])
        case close(name: String)
        case text(String)
        case end(isBroken: Bool)
    }

    /// Elements inside one another.
    static let depthMax = 16
    /// Attributes of one element.
    static let attributeCountMax = 64

    private let bytes: [UInt8]
    private var position: Int
    private var open: [String] = []
    private var closing: String?
    private var isDone = false

    /// Walks `bytes` from `position` on.
    init(_ bytes: [UInt8], from position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// The next thing in the text; after the root element closes, the end.
    mutating func next() -> Step {
        if let name = closing {
            closing = nil
            return close(name)
        }
        while position < bytes.count, !isDone {
            if bytes[position] != 0x3c {
                let start = position
                while position < bytes.count, bytes[position] != 0x3c { position += 1 }
                guard !open.isEmpty else { continue }
                return .text(decoded(bytes[start..<position]))
            }
            guard position + 1 < bytes.count else { return .end(isBroken: true) }
            switch bytes[position + 1] {
            case 0x3f: if !skip(past: "?>") { return .end(isBroken: true) }
            case 0x21:
                guard bytes[position...].starts(with: Array("<!--".utf8)), skip(past: "-->") else {
                    return .end(isBroken: true)
                }
            case 0x2f:
                position += 2
                let name = readName()
                guard skip(past: ">"), open.last == name else { return .end(isBroken: true) }
                return close(name)
            default: return openElement()
            }
        }
        return .end(isBroken: !isDone)
    }

    private mutating func close(_ name: String) -> Step {
        open.removeLast()
        isDone = open.isEmpty
        return .close(name: name)
    }

    private mutating func skip(past mark: String) -> Bool {
        let wanted = Array(mark.utf8)
        while position < bytes.count {
            if bytes[position...].starts(with: wanted) {
                position += wanted.count
                return true
            }
            position += 1
        }
        return false
    }

    /// A name without its prefix.
    private mutating func readName() -> String {
        var start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte <= 0x20 || byte == 0x3e || byte == 0x2f || byte == 0x3d { break }
            if byte == 0x3a { start = position + 1 }
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    private mutating func openElement() -> Step {
        position += 1
        let name = readName()
        guard !name.isEmpty, open.count < XMLWalker.depthMax else { return .end(isBroken: true) }
        var attributes: [String: String] = [:]
        while true {
            skipBlanks()
            guard position < bytes.count else { return .end(isBroken: true) }
            if bytes[position] == 0x3e {
                position += 1
                break
            }
            if bytes[position] == 0x2f {
                guard position + 1 < bytes.count, bytes[position + 1] == 0x3e else {
                    return .end(isBroken: true)
                }
                position += 2
                closing = name
                break
            }
            guard let (key, value) = attribute(), attributes.count < XMLWalker.attributeCountMax else {
                return .end(isBroken: true)
            }
            if attributes[key] == nil { attributes[key] = value }
        }
        open.append(name)
        return .open(name: name, attributes: attributes)
    }

    private mutating func attribute() -> (String, String)? {
        let key = readName()
        skipBlanks()
        guard !key.isEmpty, position < bytes.count, bytes[position] == 0x3d else { return nil }
        position += 1
        skipBlanks()
        guard position < bytes.count, bytes[position] == 0x22 || bytes[position] == 0x27 else { return nil }
        let quote = bytes[position]
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote { position += 1 }
        guard position < bytes.count else { return nil }
        position += 1
        return (key, decoded(bytes[start..<position - 1]))
    }

    /// Text with its references resolved; unknown ones stay as they are.
    private func decoded(_ part: ArraySlice<UInt8>) -> String {
        guard part.contains(0x26) else { return String(decoding: part, as: UTF8.self) }
        let names: [String: String] = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        var text = ""
        var rest = part
        while let mark = rest.firstIndex(of: 0x26) {
            text += String(decoding: rest[..<mark], as: UTF8.self)
            rest = rest[mark...]
            guard let end = rest.prefix(12).firstIndex(of: 0x3b) else {
                text += "&"
                rest = rest.dropFirst()
                continue
            }
            let name = String(decoding: rest[(mark + 1)..<end], as: UTF8.self)
            text += names[name] ?? XMLWalker.character(name) ?? "&\(name);"
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: rest, as: UTF8.self)
    }

    private static func character(_ name: String) -> String? {
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }
}
