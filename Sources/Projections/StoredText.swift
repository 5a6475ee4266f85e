// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// How text and lists of text lie in a column.
///
/// SQLite's C strings end at NUL, and device text may hold NUL: so U+0000, the list separator U+001F and the
/// escape sign U+001A itself are written as U+001A and a digit. All other text is stored as it is, readable
/// with any tool.
enum StoredText {
    private static let escape: Unicode.Scalar = "\u{1A}"
    private static let separator: Unicode.Scalar = "\u{1F}"

    /// The column value of `text`.
    ///
    /// Keeps equality; prefixes of text without the three signs stay prefixes.
    static func encode(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0 || $0 == 0x1A || $0 == 0x1F }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0: result.append(contentsOf: [escape, "0"])
            case 0x1A: result.append(contentsOf: [escape, "1"])
            case 0x1F: result.append(contentsOf: [escape, "2"])
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// The text of a column value.
    static func decode(_ column: String) -> String {
        guard column.utf8.contains(0x1A) else { return column }
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in column.unicodeScalars {
            if isEscaped {
                result.append(scalar == "0" ? "\u{0}" : scalar == "1" ? escape : separator)
                isEscaped = false
            } else if scalar == escape {
                isEscaped = true
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// The column value of a list: NULL when it is empty, so that one empty text differs from no text.
    static func encode(_ texts: [String]) -> String? {
        texts.isEmpty ? nil : texts.map { encode($0) }.joined(separator: String(Character(separator)))
    }

    /// The list of a column value.
    static func decode(list column: String?) -> [String] {
        guard let column else { return [] }
        return column.unicodeScalars.split(separator: separator, omittingEmptySubsequences: false)
            .map { decode(String($0)) }
    }

    /// The column value of a list of offsets.
    static func encode(_ offsets: [Offset]) -> String? {
        offsets.isEmpty ? nil : offsets.map { String($0.value) }.joined(separator: " ")
    }

    /// The offsets of a column value.
    static func decode(offsets column: String?) -> [Offset] {
        guard let column else { return [] }
        return column.split(separator: " ").compactMap { UInt64($0).map(Offset.init) }
    }
}
