// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Cuts a query into words, quoted phrases and operators.
struct QueryScanner {
    let text: String
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position >= bytes.count }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func advance() { position += 1 }

    func error(_ position: Int, _ message: String, hint: String = "") -> QueryError {
        QueryError(text, at: position, message, hint: hint)
    }

    mutating func skipSpace() {
        while let byte = peek, QueryScanner.isSpace(byte) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// Bytes that end a word unless a backslash stands before them.
    private static func endsWord(_ byte: UInt8) -> Bool {
        isSpace(byte)
            || [
                UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""), UInt8(ascii: "]"),
                UInt8(ascii: "}"),
            ].contains(byte)
    }

    /// Whether `keyword` stands here as a word of its own, after any space.
    func sees(_ keyword: String) -> Bool { afterKeyword(keyword) != nil }

    mutating func takeKeyword(_ keyword: String) -> Bool {
        guard let next = afterKeyword(keyword) else { return false }
        position = next
        return true
    }

    private func afterKeyword(_ keyword: String) -> Int? {
        var index = position
        while index < bytes.count, QueryScanner.isSpace(bytes[index]) { index += 1 }
        let letters = Array(keyword.utf8)
        guard index + letters.count <= bytes.count else { return nil }
        for (place, letter) in letters.enumerated() where bytes[index + place] | 0x20 != letter { return nil }
        index += letters.count
        guard index < bytes.count else { return index }
        return QueryScanner.isSpace(bytes[index]) || bytes[index] == UInt8(ascii: "(")
            || bytes[index] == UInt8(ascii: ")") || bytes[index] == UInt8(ascii: "\"") ? index : nil
    }

    mutating func expect(_ byte: UInt8, opened: Int) throws(QueryError) {
        skipSpace()
        guard peek == byte else {
            throw error(opened, "`(` is not closed", hint: "add `)`, or quote it: \"(\"")
        }
        advance()
    }

    /// A phrase in double quotes; `\"` and `\\` stand for themselves.
    mutating func quoted() throws(QueryError) -> QueryText {
        let start = position
        advance()
        var pieces: [QueryText.Piece] = []
        while let byte = peek {
            advance()
            if byte == UInt8(ascii: "\"") {
                return QueryText(pieces: pieces, position: start, isQuoted: true)
            }
            if byte == UInt8(ascii: "\\"), let next = peek, next == UInt8(ascii: "\"") || next == byte {
                pieces.append(.byte(next))
                advance()
            } else {
                pieces.append(.byte(byte))
            }
        }
        throw error(start, "the quotation is not closed", hint: "add `\"`")
    }

    /// A word up to white space, a bracket or a quote; `*` and `?` are wildcards, `\` takes a byte literally.
    mutating func word() throws(QueryError) -> QueryText {
        let start = position
        var pieces: [QueryText.Piece] = []
        while let byte = peek, !QueryScanner.endsWord(byte) {
            advance()
            switch byte {
            case UInt8(ascii: "\\"):
                guard let next = peek else {
                    throw error(start, "nothing follows the backslash", hint: "write \\\\ for a backslash")
                }
                pieces.append(.byte(next))
                advance()
            case UInt8(ascii: "*"): if pieces.last != .run { pieces.append(.run) }
            case UInt8(ascii: "?"): pieces.append(.one)
            default: pieces.append(.byte(byte))
            }
        }
        if position == start, let byte = peek {
            throw error(
                start,
                "`\(String(decoding: [byte], as: UTF8.self))` cannot stand here",
                hint: "quote it, or put a backslash before it"
            )
        }
        return QueryText(pieces: pieces, position: start, isQuoted: false)
    }

    /// The field name that stands here before `:` or an operator (which is not taken); nil when none does.
    ///
    /// Addresses with colons (`fe80::1`, `00:1b:21:aa:bb:cc`) and `host:port` words starting with a digit are
    /// words.
    mutating func fieldName() -> String? {
        var end = position
        while end < bytes.count, QueryScanner.isNameByte(bytes[end], first: end == position) { end += 1 }
        guard end > position else { return nil }
        var next = end
        while next < bytes.count, QueryScanner.isSpace(bytes[next]) { next += 1 }
        guard next < bytes.count else { return nil }
        switch bytes[next] {
        case UInt8(ascii: ":"):
            guard next == end, !looksLikeAddress() else { return nil }
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "="): break
        case UInt8(ascii: "!"):
            guard next + 1 < bytes.count, bytes[next + 1] == UInt8(ascii: "=") else { return nil }
        default: return nil
        }
        let name = String(decoding: bytes[position..<end], as: UTF8.self)
        position = next
        return name
    }

    /// Moves to the `:` or the operator that follows a field name here, past blanks before an operator; false
    /// where neither does.
    mutating func seesTest() -> Bool {
        if peek == UInt8(ascii: ":") { return true }
        var next = position
        while next < bytes.count, QueryScanner.isSpace(bytes[next]) { next += 1 }
        guard next < bytes.count else { return false }
        switch bytes[next] {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "="): break
        case UInt8(ascii: "!"):
            guard next + 1 < bytes.count, bytes[next + 1] == UInt8(ascii: "=") else { return false }
        default: return false
        }
        position = next
        return true
    }

    private static func isNameByte(_ byte: UInt8, first: Bool) -> Bool {
        switch byte {
        case 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "@"), UInt8(ascii: "_"): true
        case 0x30...0x39, UInt8(ascii: "."), UInt8(ascii: "-"): !first
        default: false
        }
    }

    /// Whether the word that starts here is an IPv6 or hardware address.
    private func looksLikeAddress() -> Bool {
        var end = position
        while end < bytes.count, !QueryScanner.endsWord(bytes[end]) { end += 1 }
        let word = String(decoding: bytes[position..<end], as: UTF8.self)
        if IPAddress(word) != nil { return true }
        let pairs = word.split(separator: ":", omittingEmptySubsequences: false)
        return pairs.count == 6 && pairs.allSatisfy { $0.utf8.count == 2 && UInt8($0, radix: 16) != nil }
    }

    /// `< <= > >= = == !=`, taken; nil when none stands here.
    mutating func comparison() throws(QueryError) -> Comparison? {
        skipSpace()
        guard let byte = peek else { return nil }
        let isFollowedByEqual = position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "=")
        let found: Comparison
        switch byte {
        case UInt8(ascii: "<"): found = isFollowedByEqual ? .lessOrEqual : .less
        case UInt8(ascii: ">"): found = isFollowedByEqual ? .greaterOrEqual : .greater
        case UInt8(ascii: "="): found = .equal
        case UInt8(ascii: "!") where isFollowedByEqual: found = .notEqual
        default: return nil
        }
        position += isFollowedByEqual ? 2 : 1
        return found
    }

    /// A known field name as the right side of a comparison, taken; nil (nothing taken) when it is a value.
    mutating func bareField() -> QueryField? {
        var end = position
        while end < bytes.count, QueryScanner.isNameByte(bytes[end], first: end == position) { end += 1 }
        guard end > position, end == bytes.count || QueryScanner.endsWord(bytes[end]) else { return nil }
        let name = String(decoding: bytes[position..<end], as: UTF8.self)
        guard name.contains(".") || name.contains("@"), let field = QueryField(name: name) else { return nil }
        position = end
        return field
    }
}
