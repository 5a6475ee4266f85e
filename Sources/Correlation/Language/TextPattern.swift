// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A Sigma string value ready to run: literal runs between wildcards, matched against a whole value.
///
/// `*` is any run, `?` one character. Letters are equal in ASCII only, unless the pattern is cased.
struct TextPattern: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case literal([UInt8])
        case one
        case run
    }

    private var parts: [Part]
    private let isCased: Bool

    /// Compiles a text whose placeholders are all replaced; one that is left matches nothing.
    init(_ text: SigmaText) {
        isCased = text.isCased
        parts = text.parts.map { part in
            switch part {
            case .literal(let bytes): .literal(text.isCased ? bytes : bytes.map(TextPattern.folded))
            case .one: .one
            case .run: .run
            case .placeholder(let name): .literal(Array("%\(name)%".utf8))
            }
        }
    }

    /// Parses and compiles `text`; `before` and `after` add a leading and trailing `*` unless there is one.
    init(_ text: String, cased: Bool = false, before: Bool = false, after: Bool = false) {
        var parsed = SigmaText(parsing: text).wrapped(before: before, after: after)
        parsed.isCased = cased
        self.init(parsed)
    }

    /// The text in lower case, when the pattern has no wildcard and ignores case: an exact value for tables.
    var exact: [UInt8]? {
        guard !isCased else { return nil }
        switch parts.count {
        case 0: return []
        case 1:
            guard case .literal(let bytes) = parts[0] else { return nil }
            return bytes
        default: return nil
        }
    }

    /// Literal runs in lower case: what a value must hold to match.
    var literals: [[UInt8]] {
        parts.compactMap { part in
            guard case .literal(let bytes) = part else { return nil }
            return isCased ? bytes.map(TextPattern.folded) : bytes
        }
    }

    /// Whether the whole of `value` matches.
    ///
    /// Greedy with one fall-back point: O(value x parts).
    func matches(_ value: Span<UInt8>) -> Bool {
        var position = 0
        var part = 0
        var resume: (part: Int, position: Int)?
        while true {
            if part == parts.count {
                if position == value.count { return true }
            } else if case .run = parts[part] {
                resume = (part + 1, position)
                part += 1
                // What follows may stand at the end alone, or nothing follows.
                if part == parts.count { return true }
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

    func matches(_ value: [UInt8]) -> Bool { matches(value.span) }

    private func step(_ part: Part, _ value: Span<UInt8>, _ position: Int) -> Int? {
        switch part {
        case .literal(let bytes):
            guard position + bytes.count <= value.count else { return nil }
            if isCased {
                for index in bytes.indices where value[position + index] != bytes[index] { return nil }
                return position + bytes.count
            }
            return TextPattern.isEqual(value, position, bytes) ? position + bytes.count : nil
        case .one:
            guard position < value.count else { return nil }
            var next = position + 1
            while next < value.count, value[next] & 0xc0 == 0x80 { next += 1 }
            return next
        case .run:
            return position
        }
    }

    /// Whether `text`, which is in lower case, stands at `position`, whatever the case there.
    static func isEqual(_ value: Span<UInt8>, _ position: Int, _ text: [UInt8]) -> Bool {
        guard position + text.count <= value.count else { return false }
        for index in text.indices where folded(value[position + index]) != text[index] { return false }
        return true
    }

    /// ASCII lower case; other bytes as they are.
    static func folded(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }
}
