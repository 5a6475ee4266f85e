// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A text with wildcards, matched against bytes without regard to ASCII case and without copying them.
///
/// `*` is any run of bytes and `?` one character. Bytes above 127 are compared as they are.
struct TextPattern: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case literal([UInt8])
        case one
        case run
    }

    private let parts: [Part]

    /// Makes a pattern from literal bytes and wildcards as the query parser found them.
    init(_ pieces: [QueryText.Piece]) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        for piece in pieces {
            if case .byte(let byte) = piece {
                literal.append(ByteFolding.folded(byte))
                continue
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
            if case .one = piece {
                parts.append(.one)
            } else if parts.last != .run {
                parts.append(.run)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    private init(parts: [Part]) { self.parts = parts }

    /// Texts, folded, that each value that matches holds.
    var literals: [[UInt8]] {
        parts.compactMap { part in
            if case .literal(let literal) = part { literal } else { nil }
        }
    }

    /// The one text that matches, folded; nil when there are several.
    var wholeText: [UInt8]? {
        guard parts.count == 1, case .literal(let literal) = parts[0] else { return nil }
        return literal
    }

    /// The same pattern anywhere within a value.
    var anywhere: TextPattern {
        var wide = parts
        if wide.first != .run { wide.insert(.run, at: 0) }
        if wide.last != .run { wide.append(.run) }
        return TextPattern(parts: wide)
    }

    /// Whether the whole of `range` matches.
    ///
    /// One fall-back point: O(value x longest literal).
    func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        var part = 0
        var resumePart = -1
        var resumePosition = 0
        while true {
            if part == parts.count {
                if position == range.upperBound { return true }
            } else {
                switch parts[part] {
                case .run:
                    if part == parts.count - 1 { return true }
                    part += 1
                    resumePart = part
                    resumePosition = position
                    continue
                case .one:
                    if position < range.upperBound {
                        position = TextPattern.afterCharacter(bytes, position, range.upperBound)
                        part += 1
                        continue
                    }
                case .literal(let literal):
                    if TextPattern.has(literal, bytes, position, range.upperBound) {
                        position += literal.count
                        part += 1
                        continue
                    }
                }
            }
            guard resumePart >= 0, resumePosition < range.upperBound else { return false }
            resumePosition += 1
            position = resumePosition
            part = resumePart
        }
    }

    /// Whether the whole of `text` matches.
    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return matches(bytes.span, 0..<bytes.count)
    }

    private static func has(_ literal: [UInt8], _ bytes: Span<UInt8>, _ position: Int, _ end: Int) -> Bool {
        guard position + literal.count <= end else { return false }
        for index in literal.indices where ByteFolding.folded(bytes[position + index]) != literal[index] {
            return false
        }
        return true
    }

    /// The position after the UTF-8 character that starts at `position`.
    private static func afterCharacter(_ bytes: Span<UInt8>, _ position: Int, _ end: Int) -> Int {
        var next = position + 1
        while next < end, bytes[next] & 0xc0 == 0x80 { next += 1 }
        return next
    }
}

/// A value of a query as written: bytes and wildcards, where it stands, and whether it was quoted.
struct QueryText: Hashable, Sendable {
    /// A byte or a wildcard.
    enum Piece: Hashable, Sendable {
        case byte(UInt8)
        case one
        case run
    }

    /// Bytes and wildcards in order.
    var pieces: [Piece]
    /// Byte position in the query.
    var position: Int
    /// Whether it stood in quotes, where wildcards are ordinary characters.
    var isQuoted: Bool

    /// The text with wildcards as they were written.
    var text: String {
        let bytes = pieces.map { piece -> UInt8 in
            switch piece {
            case .byte(let byte): byte
            case .one: 0x3f
            case .run: 0x2a
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether it is a single `*`: any value.
    var isAnything: Bool { pieces == [.run] }

    /// Whether it has a wildcard.
    var hasWildcard: Bool { pieces.contains(.run) || pieces.contains(.one) }

    /// The bytes, when there is no wildcard.
    var literal: String? { hasWildcard ? nil : text }
}
