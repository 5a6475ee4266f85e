// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A Sigma string value: literal runs between wildcards, matched against a whole value in linear steps per
/// run.
///
/// `*` is any run, `?` one character; `\*`, `\?` and `\\` are literal, a backslash before anything else stays
/// (Sigma 2.1, "Escape Character").
struct TextPattern: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case literal([UInt8])
        case one
        case run
    }

    private var parts: [Part]
    private let isCased: Bool

    /// Parses `text`; `before` and `after` add a leading and trailing `*` unless there is one (contains and
    /// so on).
    init(_ text: String, cased: Bool = false, before: Bool = false, after: Bool = false) {
        isCased = cased
        var parts: [Part] = []
        var literal: [UInt8] = []
        func flush() {
            if !literal.isEmpty { parts.append(.literal(cased ? literal : literal.map(TextPattern.folded))) }
            literal = []
        }
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x5c, index + 1 < bytes.count, [0x2a, 0x3f, 0x5c].contains(bytes[index + 1]) {
                literal.append(bytes[index + 1])
                index += 2
                continue
            }
            if byte == 0x2a || byte == 0x3f {
                flush()
                if byte == 0x3f {
                    parts.append(.one)
                } else if parts.last != .run {
                    parts.append(.run)
                }
            } else {
                literal.append(byte)
            }
            index += 1
        }
        flush()
        if before, parts.first != .run { parts.insert(.run, at: 0) }
        if after, parts.last != .run { parts.append(.run) }
        self.parts = parts
    }

    /// The text, when the pattern has no wildcard and ignores case: an exact value for tables.
    var exact: [UInt8]? {
        switch parts.count {
        case 0: return []
        case 1:
            guard case .literal(let bytes) = parts[0] else { return nil }
            return bytes
        default: return nil
        }
    }

    /// Whether the whole of `value` matches.
    ///
    /// Greedy with one fall-back point: O(value x parts).
    func matches(_ value: [UInt8]) -> Bool {
        let value = isCased ? value : value.map(TextPattern.folded)
        var position = 0
        var part = 0
        var resume: (part: Int, position: Int)?
        while true {
            if part == parts.count {
                if position == value.count { return true }
            } else if parts[part] == .run {
                resume = (part + 1, position)
                part += 1
                continue
            } else if let next = step(parts[part], value, position) {
                position = next
                part += 1
                continue
            }
            guard let point = resume, point.position < value.count else { return false }
            resume = (point.part, point.position + 1)
            part = point.part
            position = point.position + 1
        }
    }

    private func step(_ part: Part, _ value: [UInt8], _ position: Int) -> Int? {
        switch part {
        case .literal(let bytes):
            guard position + bytes.count <= value.count else { return nil }
            for index in bytes.indices where value[position + index] != bytes[index] { return nil }
            return position + bytes.count
        case .one:
            guard position < value.count else { return nil }
            var next = position + 1
            while next < value.count, value[next] & 0xc0 == 0x80 { next += 1 }
            return next
        case .run:
            return position
        }
    }

    /// ASCII lower case; other bytes as they are.
    static func folded(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }
}
