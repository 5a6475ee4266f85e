// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A Sigma string as its rule wrote it: literal bytes between wildcards and placeholders, case kept.
///
/// What modifiers work on; ``TextPattern`` is what runs.
struct SigmaText: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case literal([UInt8])
        /// `?`: one character.
        case one
        /// `*`: any run of characters.
        case run
        /// `%NAME%` under `expand`: a list of values that the rule or the site gives.
        case placeholder(String)
    }

    private(set) var parts: [Part]
    var isCased = false

    /// Parses wildcards and escapes: `\*`, `\?` and `\\` are literal, a backslash before anything else stays
    /// (Sigma 2.1, "Escape Character").
    init(parsing text: String) {
        parts = []
        let bytes = Array(text.utf8)
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x5c, index + 1 < bytes.count, [0x2a, 0x3f, 0x5c].contains(bytes[index + 1]) {
                literal.append(bytes[index + 1])
                index += 2
                continue
            }
            index += 1
            guard byte == 0x2a || byte == 0x3f else {
                literal.append(byte)
                continue
            }
            append(.literal(literal))
            literal = []
            append(byte == 0x3f ? .one : .run)
        }
        append(.literal(literal))
    }

    /// A text of these bytes, without wildcards.
    init(literal: [UInt8]) {
        parts = []
        append(.literal(literal))
    }

    private init(parts: [Part], isCased: Bool) {
        self.parts = []
        self.isCased = isCased
        for part in parts { append(part) }
    }

    /// Adds a part; empty literals vanish, neighbours of the same kind join.
    private mutating func append(_ part: Part) {
        switch (part, parts.last) {
        case (.literal(let bytes), .literal(let before)):
            parts[parts.count - 1] = .literal(before + bytes)
        case (.literal(let bytes), _):
            if !bytes.isEmpty { parts.append(part) }
        case (.run, .run): break
        default: parts.append(part)
        }
    }

    /// The bytes, when there is neither a wildcard nor a placeholder.
    var literal: [UInt8]? {
        switch parts.count {
        case 0: return []
        case 1:
            guard case .literal(let bytes) = parts[0] else { return nil }
            return bytes
        default: return nil
        }
    }

    /// The same with `*` before and after, where there is none yet.
    func wrapped(before: Bool, after: Bool) -> SigmaText {
        SigmaText(
            parts: (before && parts.first != .run ? [.run] : []) + parts
                + (after && parts.last != .run ? [.run] : []),
            isCased: isCased
        )
    }

    /// The same with each literal run replaced by `parts`.
    func replacingLiterals(_ replacement: ([UInt8]) -> [Part]) -> SigmaText {
        SigmaText(
            parts: parts.flatMap { part -> [Part] in
                guard case .literal(let bytes) = part else { return [part] }
                return replacement(bytes)
            },
            isCased: isCased
        )
    }

    /// Names of its placeholders, in order.
    var placeholders: [String] {
        parts.compactMap { part in
            guard case .placeholder(let name) = part else { return nil }
            return name
        }
    }

    /// The same with the first placeholder replaced by `text`.
    func replacingFirstPlaceholder(by text: SigmaText) -> SigmaText {
        guard
            let index = parts.firstIndex(where: { part in
                guard case .placeholder = part else { return false }
                return true
            })
        else { return self }
        return SigmaText(parts: parts[..<index] + text.parts + parts[(index + 1)...], isCased: isCased)
    }
}
