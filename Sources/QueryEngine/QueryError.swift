// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A query or time expression that cannot be read: what is wrong, at which column, and what to write instead.
public struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text that was read.
    public var text: String
    /// Byte position in `text` of what is wrong.
    public var position: Int
    /// What is wrong.
    public var message: String
    /// What to write instead; empty if there is nothing to suggest.
    public var hint: String

    /// Makes an error.
    public init(_ text: String, at position: Int, _ message: String, hint: String = "") {
        self.text = text
        self.position = position
        self.message = message
        self.hint = hint
    }

    /// Column counted in characters from 1.
    public var column: Int {
        String(decoding: Array(text.utf8).prefix(position), as: UTF8.self).count + 1
    }

    /// The message, then the text with a caret under the column.
    ///
    /// The text is not escaped yet.
    public var description: String {
        let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
        let caret = String(repeating: " ", count: column - 1) + "^"
        let advice = hint.isEmpty ? "" : "\n" + hint
        return "column \(column): \(message)\n  \(line)\n  \(caret)\(advice)"
    }
}

/// Something odd in a query that still runs, such as a field that no event has.
public struct QueryWarning: Hashable, Sendable {
    /// Column counted in characters from 1.
    public var column: Int
    /// What is odd, and what may have been meant.
    public var message: String
}
