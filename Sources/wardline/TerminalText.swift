// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Makes text from devices safe to print: nothing in it can move the cursor, change colours or hide or turn
/// letters.
///
/// Escaped are control characters (C0, DEL, C1), format characters (bidirectional controls, zero-width
/// characters), line and paragraph separators, everything else that has no width of its own by Unicode,
/// private and unassigned characters, and bytes that are not UTF-8. Tab and line feed are escaped too: one
/// event stays one line.
enum TerminalText {
    /// The safe form of text.
    static func escaped(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            if isSafe(scalar) { safe.unicodeScalars.append(scalar) } else { safe += escape(scalar) }
        }
        return safe
    }

    /// The safe form of bytes; those that are not UTF-8 become `\xNN`.
    static func escaped(_ bytes: [UInt8]) -> String {
        var safe = ""
        var index = 0
        while index < bytes.count {
            guard let (scalar, length) = scalar(bytes, index) else {
                safe += "\\x" + hexadecimal(UInt32(bytes[index]), width: 2)
                index += 1
                continue
            }
            if isSafe(scalar) { safe.unicodeScalars.append(scalar) } else { safe += escape(scalar) }
            index += length
        }
        return safe
    }

    /// JSON text in which every scalar that a terminal could act on is written as `\uNNNN`.
    ///
    /// Same value, same JSON.
    static func escapedJSON(_ json: String) -> String {
        if json.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return json }
        var safe = ""
        for scalar in json.unicodeScalars {
            if isSafe(scalar) {
                safe.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 { safe += "\\u" + hexadecimal(UInt32(unit), width: 4) }
            }
        }
        return safe
    }

    /// Whether a scalar can be printed as it is.
    static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7f { return scalar.value >= 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            return false
        default: return !scalar.properties.isDefaultIgnorableCodePoint && scalar != "\u{2800}"
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case let low where low.value < 0x100: "\\x" + hexadecimal(low.value, width: 2)
        default: "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }

    private static func hexadecimal(_ value: UInt32, width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The well-formed UTF-8 scalar at `index` and its length; nil if there is none.
    private static func scalar(_ bytes: [UInt8], _ index: Int) -> (Unicode.Scalar, Int)? {
        let first = bytes[index]
        let length: Int
        switch first {
        case 0..<0x80: return (Unicode.Scalar(first), 1)
        case 0xc2..<0xe0: length = 2
        case 0xe0..<0xf0: length = 3
        case 0xf0..<0xf5: length = 4
        default: return nil
        }
        guard index + length <= bytes.count else { return nil }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for byte in bytes[index + 1..<index + length] {
            guard byte & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        guard length < 3 || value >= (length == 3 ? 0x800 : 0x1_0000), let scalar = Unicode.Scalar(value)
        else {
            return nil
        }
        return (scalar, length)
    }
}

extension TerminalText {
    /// Columns that safe text takes: 2 for wide East Asian characters and emoji, 0 for combining marks,
    /// otherwise 1.
    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x2_0000...0x3_fffd:
            return 2
        default: return 1
        }
    }

    /// `text` in exactly `columns` columns: padded with spaces, or cut and ended with `…`.
    static func fitted(_ text: String, _ columns: Int, alignRight: Bool = false) -> String {
        let width = width(text)
        if width > columns { return cut(text, columns) }
        let padding = String(repeating: " ", count: columns - width)
        return alignRight ? padding + text : text + padding
    }

    /// `text` in at most `columns` columns, ended with `…` where it was cut.
    static func cut(_ text: String, _ columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var kept = ""
        var used = 0
        for character in text {
            let next = width(String(character))
            if used + next > columns - 1 { break }
            kept.append(character)
            used += next
        }
        return kept + "…"
    }
}
