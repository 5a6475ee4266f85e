// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Why text is not a JSON value of ours.
///
/// Positions count bytes from 0.
public enum JSONParsingError: Error, Hashable, Sendable {
    /// The text ends inside a value.
    case truncated(position: Int)
    /// This byte cannot stand here.
    case unexpected(position: Int)
    /// Bytes that are not UTF-8, or half of a surrogate pair, in the string that starts here.
    case badText(position: Int)
    /// An object has two members of one name; the second starts here.
    case duplicateName(position: Int)
    /// More than ``JSONValue/depthMax`` arrays and objects inside one another.
    case tooDeep(position: Int)
}

extension JSONValue {
    /// Most arrays and objects inside one another: bounds the stack.
    ///
    /// Ours nest four deep.
    public static let depthMax = 64

    /// Parses one JSON value (RFC 8259) and nothing but white space around it.
    ///
    /// For facts, control records and files of expectations. Strict: names of an object are unique, text is
    /// UTF-8. Numbers that are no `Int64` (fractions, exponents, more digits) are kept as text, digit for
    /// digit.
    ///
    /// - Throws: ``JSONParsingError`` with the position of the first byte that does not fit.
    /// - Complexity: O(bytes), with one copy of them.
    public init(parsing text: Span<UInt8>) throws(JSONParsingError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        for index in text.indices { bytes.append(text[index]) }
        var parser = JSONValueParser(bytes: bytes)
        self = try parser.document()
    }

    /// Parses one JSON value from text.
    ///
    /// See ``init(parsing:)-(Span<UInt8>)``.
    public init(parsing text: String) throws(JSONParsingError) {
        var parser = JSONValueParser(bytes: Array(text.utf8))
        self = try parser.document()
    }
}

/// Recursive descent over bytes.
///
/// A value ends where the next one may begin; nothing is skipped but white space.
private struct JSONValueParser {
    let bytes: [UInt8]
    var position = 0
    var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONParsingError) -> JSONValue {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw .unexpected(position: position) }
        return value
    }

    private mutating func value() throws(JSONParsingError) -> JSONValue {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object() throws(JSONParsingError) -> JSONValue {
        try descend()
        var members: [JSONValue.Member] = []
        var names: Set<[UInt8]> = []
        var isFirst = true
        while try !ends(with: UInt8(ascii: "}"), isFirst: isFirst) {
            skipSpace()
            let start = position
            let name = try string()
            // Compared by bytes: text that is only canonically equal is another name.
            guard names.insert(Array(name.utf8)).inserted else { throw .duplicateName(position: start) }
            skipSpace()
            try take(UInt8(ascii: ":"))
            members.append(JSONValue.Member(name, try value()))
            isFirst = false
        }
        depth -= 1
        return .object(members)
    }

    private mutating func array() throws(JSONParsingError) -> JSONValue {
        try descend()
        var values: [JSONValue] = []
        while try !ends(with: UInt8(ascii: "]"), isFirst: values.isEmpty) { values.append(try value()) }
        depth -= 1
        return .array(values)
    }

    /// Enters the array or object whose bracket is next.
    private mutating func descend() throws(JSONParsingError) {
        depth += 1
        guard depth <= JSONValue.depthMax else { throw .tooDeep(position: position) }
        position += 1
    }

    /// Takes the closing bracket, or the comma before another element.
    private mutating func ends(with bracket: UInt8, isFirst: Bool) throws(JSONParsingError) -> Bool {
        skipSpace()
        if try peek() == bracket {
            position += 1
            return true
        }
        if !isFirst { try take(UInt8(ascii: ",")) }
        return false
    }

    private mutating func string() throws(JSONParsingError) -> String {
        let start = position
        try take(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let valid = String(validating: text, as: UTF8.self) else {
                    throw .badText(position: start)
                }
                return valid
            case UInt8(ascii: "\\"): text.append(contentsOf: try escaped(in: start))
            case 0..<0x20: throw .unexpected(position: position - 1)
            default: text.append(byte)
            }
        }
    }

    /// The UTF-8 of what stands after a backslash.
    private mutating func escaped(in start: Int) throws(JSONParsingError) -> [UInt8] {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): break
        default: throw .unexpected(position: position - 1)
        }
        var code = try fourDigits()
        if code >> 10 == 0x36 {
            guard try peek() == UInt8(ascii: "\\") else { throw .badText(position: start) }
            position += 1
            guard try peek() == UInt8(ascii: "u") else { throw .badText(position: start) }
            position += 1
            let low = try fourDigits()
            guard low >> 10 == 0x37 else { throw .badText(position: start) }
            code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
        }
        guard let scalar = Unicode.Scalar(code) else { throw .badText(position: start) }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func fourDigits() throws(JSONParsingError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw .unexpected(position: position)
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    private mutating func number() throws(JSONParsingError) -> JSONValue {
        let start = position
        if try peek() == UInt8(ascii: "-") { position += 1 }
        if try peek() == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            let sign = try peek()
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        // "-0" is an integer to Int64 and would come back as "0".
        guard let integer = Int64(text), text != "-0" else { return .text(text) }
        return .integer(integer)
    }

    /// One digit or more.
    private mutating func digits() throws(JSONParsingError) {
        guard (0x30...0x39).contains(try peek()) else { throw .unexpected(position: position) }
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONParsingError) -> JSONValue
    {
        for byte in word.description.utf8 { try take(byte) }
        return value
    }

    private mutating func take(_ byte: UInt8) throws(JSONParsingError) {
        guard try peek() == byte else { throw .unexpected(position: position) }
        position += 1
    }

    private func peek() throws(JSONParsingError) -> UInt8 {
        guard position < bytes.count else { throw .truncated(position: position) }
        return bytes[position]
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
}
