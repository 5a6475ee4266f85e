// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Correlation

/// What a field with modifiers matches.
struct FieldTestTests {
    private static let position = RulePosition(file: "rule.yml", line: 1, column: 1)

    /// Whether `key: value` matches an event with `fields`.
    private func matches(
        _ key: String,
        _ values: [RuleScalar],
        _ fields: [(String, String)],
        placeholders: [String: [String]] = [:]
    ) throws -> Bool {
        var parts = key.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let name = parts.removeFirst()
        let test = try FieldTest(
            name: name,
            modifiers: parts,
            values: values,
            placeholders: placeholders,
            position: Self.position
        )
        var batch = EventBatch()
        var table = FieldTable()
        batch.begin(Event(offset: .zero, time: .absent, logTime: .absent))
        for (name, value) in fields {
            batch.add(FieldID.known(name) ?? table.field(named: "ext." + name), value)
        }
        batch.extensionNames = table.names
        return test.matches(Candidate(batch: batch, index: 0))
    }

    @Test(arguments: [
        ("f|base64offset|contains", "http://", "xxaHR0cDovLzEuMi4zLjQ=", true),
        ("f|base64offset|contains", "http://", "IGh0dHA6Ly8xLjIuMy40", true),
        ("f|base64offset|contains", "http://", "aHR0cHM6Ly8=", false),
        ("f|wide|base64offset|contains", "ping", "cABpAG4AZwA=", true), ("f|utf16be", "a", "\0a", true),
        ("f|windash|contains", "-enc", "run /enc x", true),
        ("f|windash|contains", "-enc", "run \u{2014}enc x", true),
        ("f|windash|contains", "-enc", "run +enc x", false), ("f|cased", "Root", "root", false),
        ("f|cased", "Root", "Root", true), ("f|startswith|cased", "Ro", "Root", true),
        ("f|cidr", "10.0.0.0/8", "10.9.1.2", true), ("f|cidr", "10.0.0.0/8", "11.9.1.2", false),
        ("f|cidr", "2001:db8::/32", "2001:db8::1", true), ("f|cidr", "10.0.0.0/8", "ten", false),
        ("f|re", "^a.c$", "abc", true), ("f|re|i", "^a.c$", "ABC", true), ("f|re", "^a.c$", "ABC", false),
        ("f|contains", "", "", true), ("f", "", "", true), ("f", "", "x", false),
        ("f|re|neq", "b", "abc", false),
        ("|contains", "xy", "wxyz", true), ("", "xy", "wxyz", true), ("|re", "^w", "wxyz", true),
        ("|startswith", "wx", "wxyz", true), ("|startswith", "xy", "wxyz", false),
        ("|endswith", "yz", "wxyz", true), ("|endswith", "xy", "wxyz", false),
        ("|startswith|all", "wx", "wxyz", true), ("|startswith|cased", "WX", "wxyz", false),
    ])
    func `a text value matches or not`(
        _ key: String,
        _ value: String,
        _ field: String,
        _ isMatch: Bool
    ) throws {
        #expect(try matches(key, [.text(value)], [("f", field)]) == isMatch)
    }

    @Test(arguments: [
        ("f", 5.0, "5", "5", true), ("f", 5.0, "5.0", "5", true), ("f", 5.0, "5", "5.00", true),
        ("f", 5.0, "5", "05", true), ("f", 5.0, "5", "5a", false), ("f|lt", 5.0, "5", "4.9", true),
        ("f|lt", 5.0, "5", "5", false), ("f|lte", 5.0, "5", "5", true), ("f|gt", 5.0, "5", "1e1", true),
        ("f|gte", 5.5, "5.5", "5.5", true), ("f|gte", 5.0, "5", "nan", false),
        ("f|gte", 5.0, "5", "inf", false),
        ("f|gte", 5.0, "5", "0x10", false), ("f|gte", 5.0, "5", "", false),
        ("f|gt", 9_007_199_254_740_992, "9007199254740992", "9007199254740993", true),
        ("f", 9_007_199_254_740_992, "9007199254740992", "9007199254740993", false),
        ("f|hour", 23, "23", "2026-11-23T23:59:00Z", true),
        ("f|hour|gte", 8, "8", "2026-11-23 07:59:59", false),
        ("f|hour|gte", 8, "8", "2026-11-23 08:00:00", true),
        ("f|minute|lt", 5, "5", "2026-11-23T23:04", true),
        ("f|day", 23, "23", "2026-11-23", true), ("f|month", 11, "11", "2026-11-23", true),
        ("f|year", 2026, "2026", "2026-11-23", true), ("f|week", 48, "48", "2026-11-23", true),
        ("f|week", 53, "53", "2021-01-03", true), ("f|week", 1, "1", "2024-12-30", true),
        ("f|hour", 0, "0", "2026-11-23", false), ("f|day", 31, "31", "2026-02-31", false),
    ])
    func `a number matches or not`(
        _ key: String,
        _ number: Double,
        _ text: String,
        _ field: String,
        _ isMatch: Bool
    ) throws {
        #expect(try matches(key, [.number(number, text)], [("f", field)]) == isMatch)
    }

    @Test(arguments: [
        ("f|fieldref", "abc", "ABC", true), ("f|fieldref", "abc", "ab", false),
        ("f|fieldref|startswith", "abc", "ab", true), ("f|fieldref|endswith", "abc", "bc", true),
        ("f|fieldref|contains", "abc", "b", true), ("f|fieldref|contains", "abc", "x", false),
        ("f|fieldref|contains", "a", "abc", false), ("f|fieldref|neq", "abc", "abc", false),
    ])
    func `a field is compared with another of the same event`(
        _ key: String,
        _ field: String,
        _ other: String,
        _ isMatch: Bool
    ) throws {
        #expect(try matches(key, [.text("g")], [("f", field), ("g", other)]) == isMatch)
    }

    @Test func `a missing field equals nothing, so its negation holds`() throws {
        #expect(try !matches("f", [.text("*")], []))
        #expect(try matches("f|neq", [.text("*")], []))
        #expect(try matches("f", [.null], []))
        #expect(try matches("f|exists", [.bool(false)], []))
        #expect(try !matches("f|exists", [.bool(false)], [("f", "")]))
        #expect(try matches("f|exists|neq", [.bool(true)], []))
        #expect(try !matches("f|fieldref", [.text("g")], [("f", "a")]))
    }

    @Test func `all asks for every value, and what one value became stays any of it`() throws {
        let values: [RuleScalar] = [.text("-a"), .text("-b")]
        #expect(try matches("f|windash|contains|all", values, [("f", "x /a -b")]))
        #expect(try !matches("f|windash|contains|all", values, [("f", "x /a")]))
        #expect(try matches("f|neq", [.text("a"), .text("b")], [("f", "c")]))
        #expect(try !matches("f|neq", [.text("a"), .text("b")], [("f", "b")]))
    }

    @Test func `placeholders stand for their values, also inside text and expressions`() throws {
        let lists = ["Admins": ["root", "svc_*"], "Host": ["h1"]]
        let isMatch = { (key: String, value: String, field: String) in
            try self.matches(key, [.text(value)], [("f", field)], placeholders: lists)
        }
        #expect(try isMatch("f|expand", "%Admins%", "SVC_backup"))
        #expect(try !isMatch("f|expand", "%Admins%", "guest"))
        #expect(try isMatch("f|expand", "%Admins%@%Host%", "root@h1"))
        #expect(try isMatch("f|contains|expand", "%Host%", "on h1 now"))
        #expect(try isMatch("f|expand", #"100\%"#, "100%"))
        #expect(try isMatch("f|re|expand", "^%Host%:[0-9]+$", "h1:22"))
        #expect(try isMatch("f|re|expand", "^%Admins%$", "svc_*"))
        #expect(throws: RuleError.self) { try isMatch("f|expand", "%Nobody%", "x") }
    }

    @Test func `the source's own name of a field wins over the taxonomy`() throws {
        let fields = [("user.name", "mapped"), ("TargetUserName", "own")]
        #expect(try matches("TargetUserName", [.text("own")], fields))
        #expect(try !matches("TargetUserName", [.text("mapped")], fields))
        #expect(try matches("SubjectUserName", [.text("mapped")], fields))
    }

    @Test(arguments: [
        ("f|contains|re", RuleScalar.text("a")), ("f|base64", .text("a*")), ("f|base64offset", .text("ab")),
        ("f|windash", .text("-a -b -c -d -e")), ("f|exists", .text("yes")), ("|exists", .bool(true)),
        ("f|fieldref", .text("a*")), ("f|gt", .text("5")), ("f|hour", .text("5")),
        ("f|contains", .number(5, "5")),
        ("f|i", .text("a")), ("f|cidr", .text("10.0.0.1/8")), ("f|exists|all", .bool(true)),
        ("f|fieldref", .text("wardline.nobody")), ("f|expand|base64", .text("%a%")),
    ])
    func `what does not fit a modifier is refused`(_ key: String, _ value: RuleScalar) {
        #expect(throws: RuleError.self) { try matches(key, [value], [("f", "x")]) }
    }
}
