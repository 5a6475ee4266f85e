// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Normalization

struct PatternTests {
    /// The captures of `pattern` in `text`; nil when it does not match.
    func captures(_ pattern: String, _ text: String) throws -> [String: String]? {
        let nodes = try PatternReader.nodes(of: PlacedText(pattern))
        var slots = NameTable()
        for name in DecoderCompiler.captureNames(of: nodes) { slots.insert(name) }
        var program = PatternProgram()
        let number = program.add(nodes, rule: 0) { slots.number($0) }
        let start = PatternTrie.write([number], isFolded: false, into: &program)
        var matcher = PatternMatcher()
        let bytes = Array(text.utf8)
        matcher.begin(at: start, 0..<bytes.count)
        guard !matcher.next(program, bytes.span).isEmpty else { return nil }
        var result: [String: String] = [:]
        for index in 0..<matcher.captureCount {
            let capture = matcher.capture(index)
            let slot = Int(program.captureSlots[Int(capture.number)])
            result[slots.name(slot)] = String(decoding: bytes[capture.range], as: UTF8.self)
        }
        return result
    }

    @Test(arguments: [
        ("a {x:word} b", "a one b", ["x": "one"]), ("a {x:word} b", "a   one\tb", ["x": "one"]),
        ("{x:until}: {y:rest}", "one two: three ", ["x": "one two", "y": "three"]),
        ("{x:until} on interface {y:word}", "flags SYN on interface lab", ["x": "flags SYN", "y": "lab"]),
        ("{x:word}({y:int})", "root(-7)", ["x": "root", "y": "-7"]),
        ("{x:ip}{?:{p:u16}}", "10.0.0.1:80", ["x": "10.0.0.1", "p": "80"]),
        ("{x:ip}{?:{p:u16}}", "10.0.0.1:65536", ["x": "10.0.0.1"]),
        ("from {x:ip}.", "from 10.0.0.1.", ["x": "10.0.0.1"]),
        ("{x:ip}: y", "2001:db8::1: y", ["x": "2001:db8::1"]),
        ("{x:ip}", "::ffff:10.0.0.1", ["x": "10.0.0.1"]),
        ("{x:mac}", "0040.9d20.0117", ["x": "0040.9d20.0117"]),
        ("{x:quoted} {y:word}", #""a b" c"#, ["x": "a b", "y": "c"]), ("{|a|b} {x:word}", "b c", ["x": "c"]),
        ("a{? ({x:until})} b", "a b", [:]), ("a{? ({x:until})} b", "a (c d) b", ["x": "c d"]),
        (#"\{{x:until}\}"#, "{TCP}", ["x": "TCP"]),
        ("{x:time} z", "2026-10-05 04:00:00 z", ["x": "2026-10-05 04:00:00"]),
        ("{x:hex}{$}", "0x1F", ["x": "0x1F"]), ("{x:version}", "2:8.2-1ubuntu2.1", ["x": "2:8.2-1ubuntu2.1"]),
    ])
    func `a pattern captures`(pattern: String, text: String, expected: [String: String]) throws {
        #expect(try captures(pattern, text) == expected)
    }

    @Test(arguments: [
        ("a {x:word} b", "a one c"), ("{x:ip}", "10.0.0.256"), ("{x:ip4}", "2001:db8::1"),
        ("{x:u16}", "65536"),
        ("{x:mac}", "00:40:9d:20:01"), ("{x:until}: y", "no colon"), ("a{$}", "a b"), ("{|a|b} c", "d c"),
        ("a b", "ab"),
        ("{x:uuid}", "12345678-1234-1234-1234-12345678901"), ("{x:quoted}", "\"open"), ("{x:int}", ""),
    ])
    func `a pattern does not match`(pattern: String, text: String) throws {
        #expect(try captures(pattern, text) == nil)
    }

    @Test(arguments: ["", "{x:word", "{:word}", "{x:nope}", "{?}", "a}", "a\\", "{?{?{?{?{?a}}}}}"])
    func `a bad pattern is refused`(pattern: String) {
        #expect(throws: DecoderError.self) { try PatternReader.nodes(of: PlacedText(pattern)) }
    }

    @Test func `a failed optional group gives back its captures`() throws {
        #expect(try captures("{?{x:word} {y:int} }{z:word}", "one two") == ["z": "one"])
    }
}
