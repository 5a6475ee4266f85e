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
