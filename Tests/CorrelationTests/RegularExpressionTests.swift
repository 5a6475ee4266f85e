// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Correlation

struct RegularExpressionTests {
    @Test(arguments: [
        ("abc", "xabcx", true), ("abc", "xABCx", false), ("^abc", "xabc", false), ("abc$", "abc\n", true),
        ("a.c", "a\nc", false), ("a{2,3}b", "xaab", true), ("^a{2,3}b", "aaaab", false),
        ("^a{2,}$", "aaaa", true),
        ("^(a|bc)+$", "abcbca", true), ("^(a|bc)+$", "abca b", false), ("[a-c]+d", "abcd", true),
        ("[^a-c]", "abc", false), (#"\d+\.\d+"#, "v1.25", true), (#"\bcat\b"#, "the cat sat", true),
        (#"\bcat\b"#, "concat", false), (#"\Bcat"#, "concat", true), (#"[\w+|\s]"#, "|", true),
        ("(?i)ABC", "xabc", true), ("a(?i:B)c", "aBc", true), ("a(?i:B)C", "abc", false), ("x*", "", true),
        ("[]a]+", "]", true), (#"\x41\t"#, "A\t", true), ("^[^/]{3,}$", "a\u{e9}b", true),
        ("a{,2}", "a{,2}", true), ("{x}", "{x}", true), (#"^C:\\Users\\[^\\]+\\n$"#, #"C:\Users\me\n"#, true),
        ("(a*)*b", "aaab", true), ("(|a)+b", "aab", true), (".{3}", "\u{1f600}\u{1f600}", false),
        (#"[^\d\s]"#, "1 2", false), (#"[\D]"#, "7", false), (#"[\D]"#, "7a", true), ("[-/]x", "/x", true),
        ("[a-]", "-", true), ("a+?b", "aab", true),
    ])
    func `an expression is found or not`(_ source: String, _ value: String, _ isFound: Bool) throws {
        #expect(try RegularExpression(source).matches(Array(value.utf8)) == isFound)
    }

    @Test(arguments: [
        (RegularExpression.Options.ignoreCase, "^B", "a\nb", false),
        (.ignoreCase, "B", "a\nb", true), (.multiline, "^b$", "a\nb\nc", true),
        (.dotAll, "a.b", "a\nb", true),
        (.ignoreCase, "[A-F]{2}", "af", true), (.ignoreCase, "\u{dc}", "\u{fc}", true),
        (.ignoreCase, "[^a]", "A", false),
    ])
    func `flags change what is found`(
        _ options: RegularExpression.Options,
        _ source: String,
        _ value: String,
        _ isFound: Bool
    ) throws {
        #expect(try RegularExpression(source, options: options).matches(Array(value.utf8)) == isFound)
    }

    @Test(arguments: [
        "(", ")", "a)", "*a", "a**", "a++", "[", "[b-a]", #"a\"#, #"(a)\1"#, "(?=a)", "(?<n>a)", "(?!a)",
        "(?>a)",
        "[[:alpha:]]", "a{3,2}", "a{5000}", #"\p"#, "(?:(?:a{90}){90}){90}", "(?:(?:(?:){9999}){9999}){9999}",
        String(repeating: "(", count: 5_000),
    ])
    func `what is malformed, unsupported or too large is refused with a reason`(_ source: String) {
        let error = #expect(throws: RegularExpressionError.self) { try RegularExpression(source) }
        #expect(error?.message.isEmpty == false)
    }

    @Test func `nested repetition over a long value ends`() throws {
        // A backtracking matcher needs 2 to the power of 3,000 steps here.
        let expression = try RegularExpression("^(a+)+$")
        #expect(!expression.matches(Array(repeating: UInt8(ascii: "a"), count: 3_000) + [0x62]))
    }

    /// A naive matcher by sets of end places, to compare with.
    private func ends(_ node: RegularExpressionNode, _ text: [UInt32], _ start: Int) -> Set<Int> {
        switch node {
        case .character(let set):
            return start < text.count && set.contains(text[start]) ? [start + 1] : []
        case .assertion(let assertion):
            let holds = assertion == .start ? start == 0 : start == text.count
            return holds ? [start] : []
        case .sequence(let parts):
            return parts.reduce(into: [start]) { places, part in
                places = Set(places.flatMap { ends(part, text, $0) })
            }
        case .choice(let parts): return Set(parts.flatMap { ends($0, text, start) })
        case .repeated(let inner, let least, let most):
            var places: Set<Int> = [start]
            var found: Set<Int> = least == 0 ? [start] : []
            for count in 1...(most ?? text.count + least + 1) {
                places = Set(places.flatMap { ends(inner, text, $0) })
                if count >= least { found.formUnion(places) }
                if places.isEmpty { break }
            }
            return found
        }
    }

    @Test func `random expressions agree with a naive matcher`() throws {
        var state: UInt64 = 20_261_123
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        func source(_ depth: Int) -> String {
            switch next(depth > 2 ? 3 : 8) {
            case 0: return "a"
            case 1: return "b"
            case 2: return "[^a]"
            case 3: return "(" + source(depth + 1) + "|" + source(depth + 1) + ")"
            case 4: return "(" + source(depth + 1) + ")" + ["*", "+", "?", "{1,2}", "{0,1}", "{2,}"][next(6)]
            case 5: return source(depth + 1) + "$"
            case 6: return "^" + source(depth + 1)
            default: return source(depth + 1) + source(depth + 1)
            }
        }
        var counts = [0, 0]
        for _ in 0..<1_500 {
            let text = source(0)
            guard let expression = try? RegularExpression(text) else { continue }
            var parser = RegularExpressionParser(text, [])
            let node = try parser.parse()
            let value = (0..<next(7)).map { _ in UInt8(ascii: "a") + UInt8(next(3)) }
            let scalars = value.map(UInt32.init)
            let expected = (0...scalars.count).contains { !ends(node, scalars, $0).isEmpty }
            #expect(expression.matches(value) == expected, "\(text) on \(value)")
            counts[expected ? 1 : 0] += 1
        }
        // Both outcomes must be common, or the comparison says little.
        #expect(counts.allSatisfy { $0 > 200 })
    }
}
