// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Lines of one sender that look alike.
public struct LineGroup: Sendable {
    /// How the bodies are written.
    public enum Form: Hashable, Sendable {
        /// Words, as a pattern of a decoder file.
        case text(pattern: String)
        /// Keys and values, with the keys that every line has, sorted.
        case keyed(BodyFormat, keys: [String])
    }

    /// Application of the header; empty when there is none.
    public var application: String
    /// What the lines have in common.
    public var form: Form
    /// How many lines.
    public var count: Int
    /// How many different hosts sent them; counted up to ``ShapeMiner/hostCountMax``.
    public var hostCount: Int
    /// The first lines, whole, at most ``ShapeMiner/exampleCountMax``.
    public var examples: [[UInt8]]
    /// Constant text of at least four bytes that every line has, longest first; none for keyed forms.
    public var literals: [String]

    /// How the bodies are written.
    public var format: BodyFormat {
        if case .keyed(let format, _) = form { return format }
        return .text
    }

    /// The shape in words: the pattern, or the keys in braces.
    public var shape: String {
        switch form {
        case .text(let pattern): pattern
        case .keyed(_, let keys): "{" + keys.joined(separator: ", ") + "}"
        }
    }
}
