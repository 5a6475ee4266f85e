// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import SiteFiles
import Testing

/// Edges of the language that a comparison with an evaluator of its own has shown, worked out from the
/// specification.
struct RuleEdgeTests {
    /// What rules say to events, the number of each standing for its time too unless it has one:
    /// `RULE@EVENT`, and `RULE [EVENTS]` for correlations.
    private static func matches(_ rules: String, _ events: [String]) throws -> [String] {
        let loaded = SigmaReader.load([file(rules)], forMatching: true)
        try #require(loaded.errors == [])
        var matcher = RuleMatcher(rules: loaded.rules, asksLogsource: false)
        var reader = RuleEventReader()
        for (number, event) in events.enumerated() {
            let time = event.contains("\"time\"") ? "" : "\"time\":\(number),"
            try reader.read(Array("{\(time)\(event)}".utf8).span, offset: UInt64(number))
        }
        let batch = reader.take()
        var found: [String] = []
        for index in batch.events.indices {
            found += try matcher.match(batch, index).map { matcher.labels[$0] + "@\(index)" }
        }
        return found + matcher.takeCorrelations().map { "\($0.rule) \($0.offsets)" }
    }

    private static func file(_ text: String) -> SigmaReader.File {
        SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))
    }

    /// A detection of one search.
    private static func detection(_ name: String, _ search: String) -> String {
        "title: t\nname: \(name)\nlogsource: {category: any}\ndetection: {s: \(search), condition: s}\n"
    }

    private static func correlation(_ name: String, _ body: String) -> String {
        "---\ntitle: t\nname: \(name)\ncorrelation: {\(body), generate: true}\n"
    }

    private static let letters =
        detection("a", "{k: a}") + "---\n" + detection("b", "{k: b}") + "---\n" + detection("c", "{k: c}")

    private static func errors(_ rules: String) -> [String] {
        SigmaReader.load([file(rules)]).errors.map(\.description)
    }

    // MARK: - Rules over rules that decide late

    /// `few` holds of fewer than three `a` in ten seconds, and is known when these are over.
    private static let few = correlation(
        "few",
        "type: event_count, rules: [a], timespan: 10s, condition: {lt: 3}"
    )

    private static func judged(_ body: String, _ events: [(String, Int)]) throws -> [String] {
        let lines = events.map { "\"k\":\"\($0.0)\",\"time\":\($0.1)" }
        return try matches(letters + few + correlation("outer", body), lines).filter { $0.hasPrefix("outer") }
    }

    @Test func `what is known late stands at its time in a sequence`() throws {
        let after = "type: temporal_ordered, rules: [few, c], timespan: 20s"
        let before = "type: temporal_ordered, rules: [c, few], timespan: 20s"
        #expect(try Self.judged(after, [("a", 0), ("c", 2)]) == ["outer [0, 1]"])
        #expect(try Self.judged(before, [("a", 0), ("c", 2)]) == [])
        #expect(try Self.judged(before, [("c", 0), ("a", 2)]) == ["outer [0, 1]"])
        #expect(try Self.judged(after, [("c", 0), ("a", 2)]) == [])
        #expect(try Self.judged(after, [("a", 0), ("a", 1), ("a", 2), ("c", 3)]) == [])
    }

    @Test func `what is known late counts in the window of its time`() throws {
        let one = "type: event_count, rules: [few, c], timespan: 3s, condition: {eq: 1}"
        #expect(try Self.judged(one, [("a", 0), ("c", 2)]) == [])
        #expect(try Self.judged(one, [("a", 0), ("c", 4)]) == ["outer [0]", "outer [1]"])
    }

    @Test func `an absence waits for what is known late`() throws {
        let alone = "type: temporal, rules: [c, few], timespan: 10s, condition: c and not few"
        #expect(try Self.judged(alone, [("c", 0), ("a", 5)]) == [])
        #expect(try Self.judged(alone, [("c", 0), ("a", 15)]) == ["outer [0]"])
        #expect(try Self.judged(alone, [("c", 0), ("a", 5), ("a", 6), ("a", 7)]) == ["outer [0]"])
    }

    @Test func `rules over rules over rules keep the order`() throws {
        let middle = Self.correlation(
            "middle",
            "type: temporal, rules: [few, b], timespan: 5s, condition: b and not few"
        )
        let outer = Self.correlation("outer", "type: temporal_ordered, rules: [middle, c], timespan: 60s")
        let lines = ["\"k\":\"b\",\"time\":0", "\"k\":\"c\",\"time\":1", "\"k\":\"a\",\"time\":30"]
        let found = try Self.matches(Self.letters + Self.few + middle + outer, lines)
        #expect(found.contains("middle [0]") && found.contains("outer [0, 1]"), "\(found)")
    }

    // MARK: - Values

    @Test func `letters beyond ASCII are equal whatever their case`() throws {
        let events = ["\"u\":\"MÜLLER\"", "\"u\":\"müller\"", "\"u\":\"Muller\"", "\"u\":\"xÜx\""]
        func found(_ search: String) throws -> [String] {
            try Self.matches(Self.detection("r", search), events)
        }
        #expect(try found("{u: Müller}") == ["r@0", "r@1"])
        #expect(try found("{u|cased: müller}") == ["r@1"])
        #expect(try found("{u|contains: ü}") == ["r@0", "r@1", "r@3"])
        #expect(try found("{u: 'm*ÜLL?r'}") == ["r@0", "r@1"])
        #expect(try found("[MÜLL]") == ["r@0", "r@1"])
        let same = ["\"u\":\"ÄRZTE\",\"v\":\"ärzte\""]
        #expect(try Self.matches(Self.detection("r", "{u|fieldref: v}"), same) == ["r@0"])
        let many = Self.correlation(
            "many",
            "type: value_count, rules: [r], timespan: 9s, condition: {field: u, gte: 2}"
        )
        #expect(
            try Self.matches(Self.detection("r", "{u: '*'}") + many, Array(events[..<2])) == ["r@0", "r@1"]
        )
    }

    @Test func `networks of one family hold no address of the other`() throws {
        let events = ["\"u\":\"10.1.2.3\"", "\"u\":\"2001:db8::1\"", "\"u\":\"::ffff:10.1.2.3\""]
        func found(_ network: String) throws -> [String] {
            try Self.matches(Self.detection("r", "{u|cidr: '\(network)'}"), events)
        }
        #expect(try found("::/0") == ["r@1"])
        #expect(try found("0.0.0.0/0") == ["r@0", "r@2"])
        #expect(try found("::ffff:0:0/96") == ["r@0", "r@2"])
        #expect(try found("::ffff:10.1.0.0/112") == ["r@0", "r@2"])
        #expect(!Self.errors(Self.detection("r", "{u|cidr: '::ffff:10.1.0.1/112'}")).isEmpty)
    }

    @Test func `what has no value has none for keywords`() throws {
        let events = ["\"u\":null", "\"u\":[]", "\"u\":{\"v\":\"w\"}", "\"u\":\"\""]
        #expect(try Self.matches(Self.detection("r", "{'|re': '^$'}"), events) == ["r@3"])
    }

    @Test func `existence and its negation are opposites`() throws {
        let events = ["\"u\":null", "\"u\":[]", "\"u\":\"x\"", "\"w\":\"x\""]
        let there = ["r@0", "r@1", "r@2"]
        #expect(try Self.matches(Self.detection("r", "{u|exists: true}"), events) == there)
        #expect(try Self.matches(Self.detection("r", "{u|exists|neq: false}"), events) == there)
        #expect(try Self.matches(Self.detection("r", "{u|exists: false}"), events) == ["r@3"])
        #expect(try Self.matches(Self.detection("r", "{u|exists|neq: true}"), events) == ["r@3"])
    }

    // MARK: - What can never hold

    @Test(arguments: [
        "{u|hour: 24}", "{u|hour|gt: 23}", "{u|hour|lt: 0}", "{u|minute: 60}", "{u|month|gte: 13}",
        "{u|week: 0}", "{u|day: 32}", "{u|year: 2026.5}",
    ]) func `a part of a date that no date has is refused`(_ search: String) {
        let errors = Self.errors(Self.detection("r", search))
        #expect(errors.count == 1 && errors[0].contains("is never met"), "\(errors)")
    }

    @Test(arguments: ["{u|hour: 23}", "{u|hour|gte: 23}", "{u|minute|lt: 1}", "{u|week: 53}", "{u|day: 31}"])
    func `what some date has is not`(_ search: String) {
        #expect(Self.errors(Self.detection("r", search)) == [])
    }

    @Test(arguments: ["{'': null}", "{'|all': null}", "{'|neq': null}", "{'|contains': ''}"])
    func `a keyword without text is refused`(_ search: String) {
        let errors = Self.errors(Self.detection("r", search))
        #expect(errors.count == 1 && errors[0].contains("a keyword is text"), "\(errors)")
    }

    @Test(arguments: [
        ("type: event_count, rules: [a], timespan: 9s, condition: {gt: 1024}", "never known"),
        ("type: event_count, rules: [a], timespan: 9s, condition: {eq: 2, neq: 2}", "no number passes"),
        (
            "type: event_count, rules: [a], timespan: 9s, group-by: ['u|contains'], condition: {gte: 2}",
            "no field"
        ),
        ("type: value_count, rules: [a], timespan: 9s, condition: {gte: 2, field: 'u|re'}", "no field"),
    ]) func `a correlation that can never hold is refused`(_ body: String, _ words: String) {
        let errors = Self.errors(Self.detection("a", "{k: a}") + Self.correlation("x", body))
        #expect(errors.count == 1 && errors[0].contains(words), "\(errors)")
    }

    @Test func `words of conditions in capitals are told as such`() {
        let rule =
            "title: t\nlogsource: {category: any}\ndetection: {a: {k: a}, b: {k: b}, condition: a OR b}\n"
        #expect(Self.errors(rule).first?.contains("write `or`") == true, "\(Self.errors(rule))")
        let stated = Self.detection("r", "{k: a}") + "status: Experimental\nlevel: High\n"
        #expect(Self.errors(stated) == [])
    }

    // MARK: - Files

    @Test func `a document that is no YAML leaves the others of its file`() throws {
        let text =
            Self.detection("a", "{k: a}") + "---\ntitle: [\n---\n" + Self.detection("c", "{k: c}")
            + "---\ntitle: t\nname: d\nlogsource: {category: any}\n"
        let loaded = SigmaReader.load([Self.file(text)])
        #expect(loaded.rules.headers.map(\.name) == ["a", "c"])
        #expect(loaded.rules.headers.map(\.position.line) == [1, 8])
        #expect(loaded.errors.map(\.position.line) == [7, 13], "\(loaded.errors)")
    }
}
