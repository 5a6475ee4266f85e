// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Correlation

struct TextPatternTests {
    @Test(arguments: [
        ("admin", "ADMIN", true), ("admin", "admins", false), ("adm*", "administrator", true),
        ("*min", "admin", true),
        ("a?min", "admin", true), ("a?min", "amin", false), ("*", "", true), ("?", "", false),
        ("?", "\u{e9}", true),
        ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false), (#"a\*b"#, "a*b", true),
        (#"a\*b"#, "axb", false),
        (#"C:\Windows\*"#, #"C:\Windows*"#, true), (#"C:\Temp"#, #"c:\temp"#, true), ("", "", true),
        ("", "x", false),
    ])
    func `a pattern matches a whole value`(_ pattern: String, _ value: String, _ isMatch: Bool) {
        #expect(TextPattern(pattern).matches(Array(value.utf8)) == isMatch)
    }

    @Test func `a cased pattern tells letters apart`() {
        #expect(TextPattern("Root", cased: true).matches(Array("Root".utf8)))
        #expect(!TextPattern("Root", cased: true).matches(Array("root".utf8)))
    }

    @Test func `contains adds wildcards on both sides once`() {
        let pattern = TextPattern("*scan", before: true, after: true)
        #expect(pattern.matches(Array("portscanner".utf8)))
        #expect(pattern.exact == nil)
    }

    @Test func `a hostile pattern against a long value ends quickly`() {
        let pattern = TextPattern(String(repeating: "a*", count: 200) + "b")
        #expect(!pattern.matches(Array(repeating: UInt8(ascii: "a"), count: 20_000)))
    }
}
