// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A Sigma string value ready to run: literal runs between wildcards, matched against a whole value.
///
/// `*` is any run, `?` one character. Letters are equal whatever their case, unless the pattern is cased.
struct TextPattern: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case literal([UInt8])
        /// A letter beyond ASCII in both its cases.
        case letter([[UInt8]])
        case one
        case run
    }

    private var parts: [Part]
    private let isCased: Bool

    /// Compiles a text whose placeholders are all replaced; one that is left matches nothing.
    init(_ text: SigmaText) {
        isCased = text.isCased
        parts = text.parts.flatMap { part -> [Part] in
            switch part {
            case .literal(let bytes): text.isCased ? [.literal(bytes)] : TextPattern.caseless(bytes)
            case .one: [.one]
            case .run: [.run]
            case .placeholder(let name): [.literal(Array("%\(name)%".utf8))]
            }
        }
    }

    /// Literals in lower case, with the letters between them that have two cases beyond ASCII.
    private static func caseless(_ bytes: [UInt8]) -> [Part] {
        guard !ByteFolding.isASCII(bytes.span), let text = String(validating: bytes, as: UTF8.self) else {
            return [.literal(bytes.map(folded))]
        }
        var parts: [Part] = []
        var run: [UInt8] = []
        for scalar in text.unicodeScalars {
            let forms = scalar.isASCII ? [] : cases(of: scalar)
            guard forms.count > 1 else {
                run += Array(String(scalar).utf8).map(folded)
                continue
            }
            if !run.isEmpty { parts.append(.literal(run)) }
            run = []
            parts.append(.letter(forms))
        }
        if !run.isEmpty || parts.isEmpty { parts.append(.literal(run)) }
        return parts
    }

    /// The letter as it stands, in lower and in upper case; what becomes two letters is left out.
    private static func cases(of scalar: Unicode.Scalar) -> [[UInt8]] {
        let properties = scalar.properties
        let texts = [String(scalar), properties.lowercaseMapping, properties.uppercaseMapping]
        var forms: [[UInt8]] = []
        for text in texts where text.unicodeScalars.count == 1 && !forms.contains(Array(text.utf8)) {
            forms.append(Array(text.utf8))
        }
        return forms
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
        case .letter(let forms):
            for form in forms where TextPattern.isEqual(value, position, form) {
                return position + form.count
            }
            return nil
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

    /// A value in lower case, with all its letters.
    static func folded(_ value: Span<UInt8>) -> [UInt8] {
        guard ByteFolding.isASCII(value) else {
            return Array(String(decoding: value.copied, as: UTF8.self).lowercased().utf8)
        }
        var text = value.copied
        for index in text.indices { text[index] = folded(text[index]) }
        return text
    }

    /// ASCII lower case; other bytes as they are.
    static func folded(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }
}
