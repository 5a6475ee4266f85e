// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import wardline

@Suite struct TerminalTextTests {
    /// Whether a terminal would print nothing but letters: no byte of text is a control, none hides or turns
    /// letters.
    private static func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            let value = scalar.value
            let isControl = value < 0x20 || (0x7f...0x9f).contains(value)
            let isInvisible =
                (0x200b...0x200f).contains(value) || (0x2028...0x202e).contains(value)
                || (0x2060...0x206f).contains(value) || value == 0xfeff || value == 0xad || value == 0x61c
                || (0xe0000...0xe007f).contains(value)
            return !isControl && !isInvisible
        }
    }

    @Test func `every byte comes out harmless`() {
        for byte in UInt8.min...UInt8.max {
            let alone = TerminalText.escaped([byte])
            #expect(Self.isHarmless(alone) && !alone.isEmpty, "byte \(byte)")
            #expect(Self.isHarmless(TerminalText.escaped([0x61, byte, 0x62])), "byte \(byte)")
        }
    }

    @Test(
        arguments: [
            ("\u{1b}]52;c;AAAA\u{7}", "\\x1b]52;c;AAAA\\x07"), ("\u{1b}[2Jx", "\\x1b[2Jx"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{2028}b", "a\\u{2028}b"), ("a\u{200b}b", "a\\u{200b}b"), ("\u{9b}31m", "\\x9b31m"),
            ("a\tb\r\n", "a\\tb\\r\\n"), ("\u{feff}x", "\\u{feff}x"), ("\u{7f}", "\\x7f"),
            ("\u{ad}", "\\xad"),
            ("\u{e0041}", "\\u{e0041}"), ("plain", "plain"), ("Müller 東京 é", "Müller 東京 é"),
            ("DOM\\user", "DOM\\user"),
        ])
    func `what acts on a terminal is escaped and the rest is not`(text: String, expected: String) {
        #expect(TerminalText.escaped(text) == expected)
        #expect(TerminalText.escaped(Array(text.utf8)) == expected)
    }

    @Test(
        arguments: [
            ([0xff], "\\xff"), ([0xc3], "\\xc3"), ([0xc0, 0x80], "\\xc0\\x80"),
            ([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"),
            ([0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"), ([0xe2, 0x82], "\\xe2\\x82"),
            ([0xc3, 0xa9], "é"),
        ] as [([UInt8], String)]
    )
    func `bytes that are not text are shown by number`(bytes: [UInt8], expected: String) {
        #expect(TerminalText.escaped(bytes) == expected)
    }

    @Test func `JSON keeps its value and loses what acts on a terminal`() {
        let json = "{\"a\":\"x\u{202e}y\u{200b}\u{e0041}é\"}"
        #expect(TerminalText.escapedJSON(json) == "{\"a\":\"x\\u202ey\\u200b\\udb40\\udc41é\"}")
    }

    @Test func `a scalar that is let through unescaped would be noticed`() {
        #expect(!Self.isHarmless("a\u{202e}") && !Self.isHarmless("\u{1b}") && !Self.isHarmless("\u{9b}"))
    }

    @Test(
        arguments: [
            ("ab", 4, "ab  "), ("abcdef", 4, "abc…"), ("東京", 4, "東京"), ("東京都", 4, "東…"), ("", 2, "  "),
            ("ab", 0, ""),
        ])
    func `text is fitted to columns`(text: String, columns: Int, expected: String) {
        #expect(TerminalText.fitted(text, columns) == expected)
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("-5", "-5"), ("-x", "'-x"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""),
        ("a\nb", "a\\nb"), ("@x", "'@x"),
    ])
    func `comma-separated values are quoted and never formulas`(text: String, expected: String) {
        #expect(CommaSeparated.quoted(text) == expected)
    }
}
