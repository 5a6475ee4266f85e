// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// `%NAME%` in values under `expand`; `\%` is a plain per cent sign.
enum Placeholders {
    /// Most values that the placeholders of one value may make: 4,096.
    ///
    /// Beyond it the rule is refused.
    static let expansionCountMax = 4_096

    /// A literal run cut at its placeholders.
    static func parts(_ bytes: [UInt8]) -> [SigmaText.Part] {
        var parts: [SigmaText.Part] = []
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x5c, index + 1 < bytes.count, bytes[index + 1] == 0x25 {
                literal.append(0x25)
                index += 2
            } else if let end = end(of: bytes, from: index) {
                parts.append(.literal(literal))
                parts.append(.placeholder(String(decoding: bytes[(index + 1)..<end], as: UTF8.self)))
                literal = []
                index = end + 1
            } else {
                literal.append(bytes[index])
                index += 1
            }
        }
        return parts + [.literal(literal)]
    }

    /// Names in a regular expression, in order, each once.
    static func names(in source: String) -> [String] {
        var names: [String] = []
        for case .name(let name) in pieces(of: source) where !names.contains(name) { names.append(name) }
        return names
    }

    /// The expression with `%name%` replaced by a group of the literal values.
    static func replace(_ name: String, in source: String, by values: [String]) -> String {
        let group = "(?:" + values.map(escaped).joined(separator: "|") + ")"
        let bytes = pieces(of: source).flatMap { piece -> [UInt8] in
            switch piece {
            case .bytes(let bytes): bytes
            case .name(name): Array(group.utf8)
            case .name(let other): Array("%\(other)%".utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private enum Piece {
        case bytes([UInt8])
        case name(String)
    }

    /// A regular expression cut at its placeholders; escapes stay as they are.
    private static func pieces(of source: String) -> [Piece] {
        let bytes = Array(source.utf8)
        var pieces: [Piece] = []
        var index = 0
        while index < bytes.count {
            if let end = end(of: bytes, from: index) {
                pieces.append(.name(String(decoding: bytes[(index + 1)..<end], as: UTF8.self)))
                index = end + 1
            } else {
                let count = bytes[index] == 0x5c && index + 1 < bytes.count ? 2 : 1
                pieces.append(.bytes(Array(bytes[index..<(index + count)])))
                index += count
            }
        }
        return pieces
    }

    private static func escaped(_ value: String) -> String {
        value.map { "\\^$.|?*+()[]{}".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    /// Where the `%` stands that closes the name begun at `start`; nil if there is none.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        guard bytes[start] == 0x25 else { return nil }
        var end = start + 1
        while end < bytes.count, RegularExpression.isWord(UInt32(bytes[end])) { end += 1 }
        return end > start + 1 && end < bytes.count && bytes[end] == 0x25 ? end : nil
    }
}
