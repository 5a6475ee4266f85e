// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Normalization

/// The strictness of the reader of JSON bodies.
struct JSONSuiteTests {
    private func read(_ bytes: [UInt8]) -> (issues: ParseIssues, values: BodyValues) {
        var values = BodyValues(slotCount: 0)
        let issues = values.addJSON(bytes.span, 0..<bytes.count, NameTable())
        return (issues, values)
    }

    private func issues(_ text: String) -> ParseIssues { read(Array(text.utf8)).issues }

    @Test func `every class of text is decided right`() {
        #expect(JSONCases.all.count { $0.kind != "i" } == 283)
        #expect(JSONCases.all.count { $0.kind == "i" } == 35)
        for item in JSONCases.all where item.kind != "i" {
            let isRefused = read(item.bytes).issues.contains(.badJSON)
            #expect(isRefused == (item.kind == "n"), "\(item)")
        }
    }

    /// What may be taken either way is kept, flagged by what it is: `docs/syslog.md` says how.
    @Test func `optional texts are decided as documented`() {
        for item in JSONCases.all where item.kind == "i" {
            let issues = read(item.bytes).issues
            let wanted: ParseIssues =
                switch item.name {
                case let name where name.contains("utf-16") || name.contains("byte order mark"): .badJSON
                case let name where name.contains("nested"): .jsonTooDeep
                // 1e20 is 2^20 times 5^20: a double holds it.
                case "number too big positive integer": []
                case let name where name.hasPrefix("number"): .numberAsText
                case let name where name.contains("surrogate") && !name.contains("utf-8 surrogate"):
                    .loneSurrogate
                default: .badUTF8
                }
            #expect(issues.contains(wanted), "\(item): \(issues.names)")
            #expect(issues.contains(.badJSON) == (wanted == .badJSON), "\(item)")
        }
    }

    @Test func `a reader that refuses nothing fails the classes that are no JSON`() {
        // The planted mutant: without its flag every second case is decided wrong.
        let wrong = JSONCases.all.filter { item in
            item.kind == "n" && !read(item.bytes).issues.subtracting(.badJSON).contains(.badJSON)
        }
        #expect(wrong.count == 188)
    }

    @Test func `of two members of one name both are kept and flagged`() {
        let bytes = Array(#"{"a":1,"b":{"a":2},"a":3}"#.utf8)
        let (issues, values) = read(bytes)
        #expect(issues == .duplicateKey)
        #expect(
            values.leaves.map { String(decoding: bytes[$0.value.range], as: UTF8.self) } == ["1", "2", "3"]
        )
        #expect(self.issues(#"[{"a":1},{"a":1}]"#) == .notAnObject)
    }

    @Test(arguments: [(63, false), (64, false), (65, true)])
    func `what nests too deep is left out, and the rest is read`(depth: Int, isTooDeep: Bool) {
        let inner = String(repeating: "[", count: depth - 1) + "1" + String(repeating: "]", count: depth - 1)
        let (issues, values) = read(Array(#"{"a":"#.utf8) + Array(inner.utf8) + Array(#","b":2}"#.utf8))
        #expect(issues == (isTooDeep ? .jsonTooDeep : []))
        #expect(values.leaves.count == (isTooDeep ? 1 : 2))
    }

    @Test(arguments: [
        ("9007199254740992", true), ("9007199254740993", false), ("0.1", true), ("1e400", false),
        ("1e22", true),
        ("12345678901234567890", false), ("100000000000000000000", true), ("0.10000000000000001", false),
        ("1793511351.874911", true), ("-0", true), ("5e-324", true), ("1e-400", false),
        ("18446744073709551615", false),
    ])
    func `a number that a double would change is said to be text`(number: String, isHeld: Bool) {
        #expect(issues("{\"a\":\(number)}") == (isHeld ? [] : .numberAsText))
    }

    @Test func `thousands of like names take bounded time and say so`() {
        let members = (0..<6_000).map { "\"aa\($0 % 10)bb\($0)cc\":1" }.joined(separator: ",")
        let (issues, values) = read(Array("{\(members)}".utf8))
        #expect(!issues.contains(.duplicateKey) && values.isTruncated)
    }
}
