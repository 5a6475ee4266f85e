// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Types of captures.
///
/// Each is a linear scanner that stops by itself or at the first byte of what follows.
enum CaptureType: String, CaseIterable, Sendable {
    /// A run without blanks.
    case word
    /// Everything up to the next literal; may be empty.
    case until
    /// A decimal integer, with a sign if there is one.
    case int
    /// A decimal integer of 0...65,535.
    case u16
    /// Hexadecimal digits, `0x` allowed.
    case hex
    /// A dotted IPv4 address.
    case ip4
    /// An IPv6 address.
    case ip6
    /// An IPv4 or IPv6 address.
    case ip
    /// A hardware address with `:`, `-`, `.` or without separators.
    case mac
    /// A host name or address.
    case host
    /// Text in double quotes; the quotes are not part of the value.
    case quoted
    /// A date with a time of day, or a time of day alone.
    case time
    /// A universally unique identifier.
    case uuid
    /// A version such as `2:8.2.3995-1ubuntu2.1`.
    case version
    /// The name in `name-version-release.arch`, told from the right.
    case rpmname
    /// What is left of `version-release.arch` before the last full stop of the word.
    case rpmversion
    /// `key=value` pairs to the end; the keys become values of their own.
    case kv
    /// A JSON object to the end; its members become values of their own.
    case json
    /// Everything to the end; may be empty.
    case rest
}

/// A pattern as a tree: what the text of a rule says.
///
/// `{name:type}` captures, `{_:type}` skips, `{?...}` may be missing, `{|a|b}` is one of several, `{$}` is
/// the end. A blank matches any run of blanks. A backslash makes the next `{`, `}`, `|` or backslash literal.
/// There are no repeats, so a match takes time in proportion to the body times the alternatives met.
indirect enum PatternNode: Hashable, Sendable {
    case literal([UInt8])
    case blank
    case capture(name: String, type: CaptureType)
    case optional([PatternNode])
    case choice([[PatternNode]])
    case end
}

/// Reads the text of a pattern.
struct PatternReader {
    private let text: PlacedText
    private let bytes: [UInt8]
    private var position = 0

    /// Deepest nesting of groups: patterns that people can read need two.
    static let depthMax = 4

    private init(_ text: PlacedText) {
        self.text = text
        bytes = Array(text.text.utf8)
    }

    /// The nodes of `text`.
    static func nodes(of text: PlacedText) throws(DecoderError) -> [PatternNode] {
        var reader = PatternReader(text)
        let nodes = try reader.sequence(depth: 0)
        guard reader.position == reader.bytes.count else { throw reader.error("'}' or '|' without a group") }
        guard !nodes.isEmpty else { throw reader.error("the pattern is empty") }
        return nodes
    }

    private func error(_ what: String) -> DecoderError {
        DecoderError(text.place, "pattern '\(text.text)', byte \(position + 1): \(what)")
    }

    private mutating func sequence(depth: Int) throws(DecoderError) -> [PatternNode] {
        guard depth <= PatternReader.depthMax else {
            throw error("groups deeper than \(PatternReader.depthMax) levels")
        }
        var nodes: [PatternNode] = []
        var literal: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x7d || (byte == 0x7c && depth > 0) { break }
            if byte == 0x7b {
                flush(&literal, into: &nodes)
                nodes.append(try group(depth: depth))
            } else if byte.isBlank {
                flush(&literal, into: &nodes)
                while position < bytes.count, bytes[position].isBlank { position += 1 }
                nodes.append(.blank)
            } else {
                if byte == 0x5c {
                    position += 1
                    guard position < bytes.count else { throw error("a backslash at the end") }
                    let escaped = bytes[position]
                    if ![0x7b, 0x7d, 0x7c, 0x5c].contains(escaped) { literal.append(0x5c) }
                }
                literal.append(bytes[position])
                position += 1
            }
        }
        flush(&literal, into: &nodes)
        return nodes
    }

    private func flush(_ literal: inout [UInt8], into nodes: inout [PatternNode]) {
        if !literal.isEmpty { nodes.append(.literal(literal)) }
        literal = []
    }

    private mutating func group(depth: Int) throws(DecoderError) -> PatternNode {
        position += 1
        guard position < bytes.count else { throw error("'{' without '}'") }
        switch bytes[position] {
        case 0x3f:
            position += 1
            let nodes = try sequence(depth: depth + 1)
            try close()
            guard !nodes.isEmpty else { throw error("an empty optional group") }
            return .optional(nodes)
        case 0x7c:
            var branches: [[PatternNode]] = []
            while position < bytes.count, bytes[position] == 0x7c {
                position += 1
                branches.append(try sequence(depth: depth + 1))
            }
            try close()
            return .choice(branches)
        case 0x24:
            position += 1
            try close()
            return .end
        default: return try capture()
        }
    }

    private mutating func close() throws(DecoderError) {
        guard position < bytes.count, bytes[position] == 0x7d else { throw error("'{' without '}'") }
        position += 1
    }

    private mutating func capture() throws(DecoderError) -> PatternNode {
        let start = position
        while position < bytes.count, bytes[position] != 0x7d { position += 1 }
        let inner = String(decoding: bytes[start..<position], as: UTF8.self)
        try close()
        let parts = inner.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let typeName = parts.count == 2 ? String(parts[1]) : "word"
        guard let type = CaptureType(rawValue: typeName) else {
            let hint = Spelling.suggestion(for: typeName, among: CaptureType.allCases.map(\.rawValue))
            throw error("the type '\(typeName)' is not known\(hint)")
        }
        guard let name = parts.first, !name.isEmpty else { throw error("a capture without a name") }
        return .capture(name: String(name), type: type)
    }
}
