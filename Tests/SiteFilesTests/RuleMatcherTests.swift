// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import SiteFiles
import Testing

/// Rules against events of any make, as `rules match` runs them.
struct RuleMatcherTests {
    /// Matches of detections as `RULE@LINE`, then of correlations as `RULE GROUP LINES`.
    private static func matches(
        _ rules: String,
        _ events: [String],
        asksLogsource: Bool = true,
        timeField: String? = nil
    ) throws -> [String] {
        let file = SigmaReader.File(name: "r.yml", bytes: Array(rules.utf8))
        let outcome = SigmaReader.load([file], forMatching: true)
        #expect(outcome.errors == [])
        var matcher = RuleMatcher(rules: outcome.rules, asksLogsource: asksLogsource)
        var reader = RuleEventReader(timeField: timeField)
        for (number, event) in events.enumerated() {
            try reader.read(Array(event.utf8).span, offset: UInt64(number))
        }
        let batch = reader.take()
        var found: [String] = []
        for index in batch.events.indices {
            found += try matcher.match(batch, index).map { "\(matcher.labels[$0])@\(index)" }
        }
        found += matcher.takeCorrelations().map { match in
            let group = match.group.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            return "\(match.rule) \(group) \(match.offsets)"
        }
        return found
    }

    @Test(arguments: [
        (
            "type: value_count, condition: {field: k, gte: 3}", [#"{"k":["p","q"]}"#, #"{"k":["p","r"]}"#],
            true
        ),
        (
            "type: value_count, condition: {field: k, gte: 3}", [#"{"k":["p","q"]}"#, #"{"k":["q","P"]}"#],
            false
        ),
        ("type: value_sum, condition: {field: k, gte: 10}", [#"{"k":[1,2,"x"]}"#, #"{"k":[3,4]}"#], true),
        ("type: value_sum, condition: {field: k, gt: 10}", [#"{"k":[1,2,"x"]}"#, #"{"k":[3,4]}"#], false),
        (
            "type: value_count, condition: {field: [k, m], gte: 4}",
            [#"{"k":["p","q"],"m":[1,2]}"#, #"{"k":"p","m":1}"#], true
        ),
        (
            "type: value_count, condition: {field: [k, m], gte: 4}",
            [#"{"k":["p","q"],"m":1}"#, #"{"k":"p","m":2}"#], false
        ),
    ]) func `each value of a counted field counts`(
        _ correlation: String,
        _ events: [String],
        _ isMatch: Bool
    ) throws {
        let rules =
            Self.detection("{k|exists: true}").replacing("title: t\n", with: "title: t\nname: a\n")
            + "---\ntitle: c\ncorrelation: {rules: [a], timespan: 10s, \(correlation)}\n"
        let timed = events.enumerated().map { "{\"@timestamp\":\($0.offset)," + $0.element.dropFirst() }
        let found = try Self.matches(rules, timed).filter { $0.hasPrefix("c ") }
        #expect(found.isEmpty == !isMatch, "\(found)")
    }

    private static func detection(_ search: String, logsource: String = "{category: x}") -> String {
        "title: t\nlogsource: \(logsource)\ndetection: {s: \(search), condition: s}\n"
    }

    @Test(arguments: [
        // Names of ours mean what the event calls so.
        (
            "{action: opened, severity: high, class: 3}", #"{"action":"Opened","severity":"HIGH","class":3}"#,
            true
        ),
        ("{outcome|exists: true}", #"{"action":"Opened"}"#, false), ("{action: other}", "{}", false),
        ("{wardline.asset: a7}", #"{"wardline":{"asset":"a7"}}"#, true),
        ("{IpAddress: 10.0.0.1}", #"{"src.ip":"10.0.0.1"}"#, false),
        // Members are named with dots, elements are values, blanks are taken out.
        ("{user.name: ann}", #"{"user":{"name":"ann"}}"#, true),
        ("{user.name: ann}", #"{"user.name":"ann"}"#, true),
        ("{users.name: ben}", #"{"users":[{"name":"ann"},{"name":"ben"}]}"#, true),
        ("{tag|contains|all: [red, blue]}", #"{"tag":["a red one","a blue one"]}"#, true),
        ("{SourceName: a, 'Other Name': b}", #"{"Source Name":"a","OtherName":"b"}"#, true),
        // Numbers are compared exactly, with their text too.
        ("{n: 9007199254740993}", #"{"n":9007199254740993}"#, true),
        ("{n: 9007199254740993}", #"{"n":9007199254740992}"#, false), ("{n: 5}", #"{"n":"5"}"#, true),
        ("{n: 5}", #"{"n":5.0}"#, true), ("{n|gt: 1.5}", #"{"n":1.50000000001}"#, true),
        ("{flag: true}", #"{"flag":true}"#, true),
        // What is there without a value.
        ("{f: null}", #"{"f":null}"#, true), ("{f: null}", "{}", true), ("{f: null}", #"{"f":""}"#, false),
        ("{f|exists: true}", #"{"f":null}"#, true), ("{f|exists: true}", #"{"f":[]}"#, true),
        ("{f|exists: true}", #"{"f":{"g":1}}"#, true), ("{f|exists: false}", #"{"f":null}"#, false),
        ("{f|exists: false}", #"{"g":null}"#, true), ("{f: ''}", #"{"f":""}"#, true),
        ("{f: ''}", #"{"f":null}"#, false), ("{f|neq: a}", "{}", true),
        ("{a|fieldref: b.c}", #"{"a":"x","b":{"c":"X"}}"#, true),
        ("{a|fieldref: b.c}", #"{"a":"x","b":{"c":"y"}}"#, false),
        ("[needle]", #"{"a":{"b":"a Needle"}}"#, true),
        ("[needle]", #"{"needle":"a"}"#, false), ("{f|contains|expand: '%list%'}", #"{"f":"list"}"#, false),
    ]) func `fields are read by the names that the event has`(
        _ search: String,
        _ event: String,
        _ wanted: Bool
    )
        throws
    {
        let found = try Self.matches(Self.detection(search), [event])
        #expect(found == (wanted ? ["t@0"] : []))
    }

    @Test
    func `a log source that the event contradicts keeps a rule from it, one that it leaves open does not`()
        throws
    {
        let rule = Self.detection("{a: 1}", logsource: "{product: windows, service: system, definition: d}")
        let events = [
            #"{"a":1}"#, #"{"a":1,"logsource":{"product":"Windows"}}"#,
            #"{"a":1,"logsource":{"product":"linux"}}"#, #"{"a":1,"logsource.service":"security"}"#,
            #"{"a":1,"logsource":{"category":"dns"}}"#,
        ]
        #expect(try Self.matches(rule, events) == ["t@0", "t@1", "t@4"])
        #expect(try Self.matches(rule, events, asksLogsource: false).count == 5)
    }

    private static let pair = """
        title: A
        name: a
        logsource: {category: x}
        detection: {s: {k: a}, condition: s}
        ---
        title: B
        id: 8f6c1a52-0000-4000-8000-00000000000b
        name: b
        logsource: {category: x}
        detection: {s: {k: b}, condition: s}
        ---
        title: C
        name: c

        """

    @Test func `a correlation reads times of any order, keeps equal events apart and ends with the file`()
        throws
    {
        let events = [
            #"{"k":"a","u":"Ann","ts":1767225604}"#, #"{"k":"a","u":"ann","ts":1767225600000}"#,
            #"{"k":"a","u":"ANN","ts":"2026-01-01T00:00:04Z"}"#, #"{"k":"a","ts":1767225604}"#,
            #"{"k":"b","u":"Ben","ts":"2026-01-01 00:00:09.5"}"#,
        ]
        let count =
            "correlation: {type: event_count, rules: [a], group-by: [u], timespan: 4s, condition: {gte: 3}}\n"
        let id = "8f6c1a52-0000-4000-8000-00000000000b"
        let alone = ["a@0", "a@1", "a@2", "a@3", id + "@4"]
        #expect(try Self.matches(Self.pair + count, events) == alone + ["c u=ann [1, 0, 2]"])
        #expect(
            try Self.matches(Self.pair + count.replacing("4s", with: "3s"), events) == alone,
            "the window is as long as the rule says"
        )
        let absence = "correlation: {type: temporal, group-by: [u], timespan: 1h, condition: b and not a}\n"
        #expect(try Self.matches(Self.pair + absence, events) == alone + ["c u=Ben [4]"])
    }

    @Test func `a chain prints each of its correlations, and a base rule its matches`() throws {
        let rules =
            Self.pair.replacing("name: a\n", with: "name: a\nwardline: {base: true}\n")
            + "correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}\n---\n"
            + "title: D\nid: d-1\ncorrelation: {type: temporal_ordered, rules: [c, b], timespan: 1m}\n"
        let events = [#"{"k":"a","time":1}"#, #"{"k":"a","time":2}"#, #"{"k":"b","time":3.25}"#]
        let id = "8f6c1a52-0000-4000-8000-00000000000b"
        #expect(
            try Self.matches(rules, events) == ["a@0", "a@1", id + "@2", "c  [0, 1]", "d-1  [0, 1, 2]"]
        )
    }

    @Test func `an event without a time is refused where a correlation needs it, and only there`() throws {
        let rule = Self.pair + "correlation: {type: temporal, rules: [a, b], timespan: 1m}\n"
        #expect(try Self.matches(rule, [#"{"k":"other"}"#]) == [])
        #expect(throws: RuleMatcher.MissingTime.self) { try Self.matches(rule, [#"{"k":"a"}"#]) }
        #expect(throws: RuleMatcher.MissingTime.self) {
            try Self.matches(rule, [#"{"k":"a","time":7}"#], timeField: "when")
        }
        #expect(throws: RuleEventReader.Refusal.self) {
            try Self.matches(rule, [#"{"k":"other","when":"soon"}"#], timeField: "when")
        }
        #expect(try Self.matches(rule, [#"{"k":"a","x":{"when":7}}"#], timeField: "x.when") == ["a@0"])
    }

    @Test(arguments: [
        ("1767225600", "2026-01-01T00:00:00Z"), ("1767225600.25", "2026-01-01T00:00:00.250Z"),
        ("1767225600123", "2026-01-01T00:00:00.123Z"), ("1767225600123456", "2026-01-01T00:00:00.123456Z"),
        ("1767225600123456789", "2026-01-01T00:00:00.123456789Z"), ("\"1767225600\"", "2026-01-01T00:00:00Z"),
        ("1.7672256e9", "2026-01-01T00:00:00Z"), ("0", "1970-01-01T00:00:00Z"),
        ("-1.5", "1969-12-31T23:59:58.500Z"),
        ("\"2026-01-01T01:00:00.5+01:00\"", "2026-01-01T00:00:00.500Z"), ("\"2026-01-01\"", nil),
        ("\"soon\"", nil),
        ("1e300", nil), ("9223372036854775807", nil), ("true", nil), ("null", nil), ("[]", nil),
    ]) func `times are RFC 3339 or numbers whose size tells the unit`(
        _ value: String,
        _ wanted: String?
    ) throws {
        var reader = RuleEventReader()
        try reader.read(Array("{\"@timestamp\":\(value)}".utf8).span, offset: 0)
        let time = reader.batch.events[0].time
        #expect(time.isPresent ? time.description == wanted : wanted == nil)
    }

    @Test(arguments: ["", "[]", "7", "{", #"{"a":1,"a":2}"#, #"{"a":1} x"#, "\u{7b}\"a\":\"\u{0}\"}"])
    func `a line that is no object is refused`(_ line: String) {
        var reader = RuleEventReader()
        #expect(throws: RuleEventReader.Refusal.self) { try reader.read(Array(line.utf8).span, offset: 0) }
        #expect(reader.batch.events.isEmpty)
    }

    @Test func `an event of too many fields is refused, one of thousands is not`() throws {
        func event(_ count: Int) -> [UInt8] {
            Array(("{" + (0..<count).map { "\"f\($0)\":1" }.joined(separator: ",") + "}").utf8)
        }
        var reader = RuleEventReader()
        try reader.read(event(2_000).span, offset: 0)
        #expect(throws: RuleEventReader.Refusal.self) { try reader.read(event(2_048).span, offset: 1) }
        let many = Array(
            ("{\"f\":[" + Array(repeating: "1", count: 65_536).joined(separator: ",") + "]}").utf8
        )
        #expect(throws: RuleEventReader.Refusal.self) { try reader.read(many.span, offset: 2) }
        #expect(reader.batch.events.count == 1)
    }
}
