// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import SiteFiles
import Testing

/// Rule files: what loads, and where a refusal points.
struct SigmaReaderTests {
    private static let base = """
        title: Failed logon
        name: failed
        logsource: {category: authentication}
        detection:
          selection: {outcome: failure}
          condition: selection
        """

    private static func load(_ text: String) -> SigmaReader.Outcome {
        SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))])
    }

    @Test func `a correlation in the same file finds its rule by name`() {
        let outcome = Self.load(
            Self.base + """

                ---
                title: Many failed logons
                correlation:
                  type: event_count
                  rules: [failed]
                  group-by: [user.name]
                  timespan: 10m
                  condition: {gte: 5}
                """
        )
        #expect(outcome.errors.isEmpty)
        #expect(outcome.count == 2)
    }

    @Test func `a reference to no rule is refused and the other rule stays`() {
        let outcome = Self.load(
            Self.base + """

                ---
                title: Many
                correlation: {type: event_count, rules: [nobody], timespan: 1m, condition: {gte: 2}}
                """
        )
        #expect(outcome.count == 1)
        #expect(outcome.errors.count == 1)
        #expect(outcome.errors.first?.position.line == 9)
    }

    @Test func `correlations that refer to each other are refused`() {
        let outcome = Self.load(
            """
            title: A
            name: a
            correlation: {type: event_count, rules: [b], timespan: 1m, condition: {gte: 2}}
            ---
            title: B
            name: b
            correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}
            """
        )
        #expect(outcome.count == 0)
        #expect(outcome.errors.count == 2)
    }

    @Test func `a name used twice is refused at the second`() {
        let outcome = Self.load(Self.base + "\n---\n" + Self.base)
        #expect(outcome.count == 1)
        #expect(outcome.errors.map(\.position.line) == [8])
    }

    @Test func `an unknown key and a deprecated status are warnings`() {
        let outcome = Self.load(Self.base + "\nstatus: deprecated\ncolour: red\n")
        #expect(outcome.errors.isEmpty)
        #expect(Set(outcome.warnings.map(\.position.line)) == [7, 8])
    }

    /// A rule around a detection.
    private static func rule(_ detection: String) -> String {
        "title: A\nlogsource: {category: x}\n" + detection
    }

    /// A detection named `a`, and a correlation over it.
    private static func correlation(_ correlation: String) -> String {
        "title: A\nname: a\nlogsource: {category: x}\ndetection: {s: {f: 1}, condition: s}\n---\n"
            + "title: B\nname: b\nlogsource: {category: x}\ndetection: {s: {f: 2}, condition: s}\n---\n"
            + "title: C\n" + correlation
    }

    @Test(arguments: [
        ("title: A\n", "1:1", "neither"),
        ("detection: {selection: {a: 1}, condition: selection}\n", "1:1", "title"),
        ("title: ''\nlogsource: {}\n", "1:8", "empty"),
        (rule("detection: {selection: {a: 1}}\n"), "3:12", "condition"),
        (rule("detection: {selection: {a: 1}, condition: other}\n"), "3:43", "other"),
        (rule("detection: {selection: [], condition: selection}\n"), "3:24", "empty"),
        (rule("detection: {selection: {}, condition: selection}\n"), "3:24", "everything"),
        (rule("detection: {selection: , condition: selection}\n"), "3:24", "empty"),
        (rule("detection: {selection: {a: []}, condition: selection}\n"), "3:28", "empty"),
        (rule("detection: {selection: {a: [1, null]}, condition: selection}\n"), "3:32", "null"),
        (rule("detection: {selection: {a: {b: 1}}, condition: selection}\n"), "3:28", "value"),
        (rule("detection: {selection: {a||all: 1}, condition: selection}\n"), "3:25", "empty modifier"),
        (rule("detection: {selection: {a|near: 1}, condition: selection}\n"), "3:25", "no Sigma modifier"),
        (rule("detection: {selection: {a|re: '(b'}, condition: selection}\n"), "3:25", "closed"),
        (rule("detection: {s: {a|re: [b, '(b', ')']}, condition: s}\n"), "3:27", "closed"),
        (rule("detection: {s: {a|cidr: [10.0.0.0/8, 10.0.0.1/8]}, condition: s}\n"), "3:38", "host bits"),
        (rule("detection: {s: {a|contains: [b, 5]}, condition: s}\n"), "3:33", "text"),
        (rule("detection: {s: {a|gt|contains: [1, 5]}, condition: s}\n"), "3:17", "text"),
        (rule("detection: {selection: {a: 1}, condition: []}\n"), "3:43", "empty list"),
        (rule("detection: {selection: {a: 1}, condition: [selection, nobody]}\n"), "3:55", "nobody"),
        (rule("detection: {selection: {a: 1}, condition: ['selection) or (selection']}\n"), "3:44", "`)`"),
        (rule("detection: {selection: {a: 1}, condition: ''}\n"), "3:43", "empty"),
        (rule("detection: {a b: {a: 1}, condition: a b}\n"), "3:37", "does not define"),
        (rule("detection: {not: {a: 1}, condition: not}\n"), "3:13", "word of conditions"),
        (rule("detection: {condition: x}\n"), "3:12", "nothing to search"),
        (rule("detection: {s: {a: 1}, timeframe: 1m, condition: s}\n"), "3:35", "correlation"),
        ("title: A\ndetection: {s: {a: 1}, condition: s}\n", "1:1", "logsource"),
        ("title: A\nlogsource: linux\ndetection: {s: {a: 1}, condition: s}\n", "2:12", "mapping"),
        ("title: A\nlogsource: [linux]\ndetection: {s: {a: 1}, condition: s}\n", "2:12", "mapping"),
        (rule("level: enormous\ndetection: {s: {a: 1}, condition: s}\n"), "3:8", "level"),
        (rule("status: perfect\ndetection: {s: {a: 1}, condition: s}\n"), "3:9", "status"),
        (rule("wardline: {colour: red}\ndetection: {s: {a: 1}, condition: s}\n"), "3:12", "colour"),
        (rule("wardline: yes\ndetection: {s: {a: 1}, condition: s}\n"), "3:11", "mapping"),
        (
            rule("wardline: {group-by: [wardline.nobody]}\ndetection: {s: {a: 1}, condition: s}\n"), "3:23",
            "did you mean"
        ),
        (rule("wardline: {group-by: []}\ndetection: {s: {a: 1}, condition: s}\n"), "3:22", "empty list"),
        (
            rule("wardline: {regular: {tolerance-percent: 1}}\ndetection: {s: {a: 1}, condition: s}\n"),
            "3:21", "correlation"
        ),
        ("- 1\n", "1:1", "mapping"),
        ("title: A\nlogsource: {}\nfilter: {rules: [a]}\n", "3:9", "condition"),
        ("title: A\nfilter: {rules: [a], s: {f: 1}, condition: not s}\n", "1:1", "logsource"),
        ("title: A\nlogsource: {}\nfilter: {s: {f: 1}, condition: not s}\n", "3:9", "rules"),
        (
            "title: A\nlogsource: {}\nfilter: {rules: [z], s: {f: 1}, condition: not s}\n", "3:18",
            "no detection"
        ),
        ("title: A\nlogsource: {}\nfilter: {rules: any, s: {f: 1}, condition: not s}\n", "1:1", "covers no"),
        (
            "title: A\nlogsource: {}\nfilter: {rules: any, s: {f: 1}, condition: t}\n", "3:44",
            "does not define"
        ),
    ])
    func `a document that Sigma forbids is refused with its place and a reason`(
        text: String,
        place: String,
        reason: String
    ) {
        let outcome = Self.load(text)
        #expect(outcome.count == 0)
        #expect(outcome.errors.map(\.position.description) == ["r.yml:" + place])
        #expect(outcome.errors.first?.message.contains(reason) == true, "\(outcome.errors)")
    }

    @Test func `a rule whose placeholder has no values is inactive, with place and reason, and not refused`()
    {
        let outcome = Self.load(Self.rule("detection: {s: {a|expand: '%x%'}, condition: s}\n"))
        #expect(outcome.count == 0 && outcome.errors.isEmpty)
        #expect(outcome.inactive.map(\.reason.position.description) == ["r.yml:3:17"])
        #expect(outcome.inactive.first?.reason.message.contains("placeholders") == true)
    }

    @Test(arguments: [
        ("correlation: [a]\n", "12:14", "mapping"),
        ("correlation: {type: sum, rules: [a], timespan: 1m}\n", "12:21", "value_sum"),
        ("correlation: {type: temporal, rules: [a]}\n", "12:14", "timespan"),
        ("correlation: {type: temporal, timespan: 1m}\n", "12:14", "rules"),
        ("correlation: {type: temporal, rules: [], timespan: 1m}\n", "12:38", "empty list"),
        ("correlation: {type: temporal, rules: [a, a], timespan: 1m}\n", "12:42", "twice"),
        ("correlation: {type: temporal, rules: [a, z], timespan: 1m}\n", "12:42", "no rule"),
        ("correlation: {type: temporal, rules: [a, b], timespan: 0m}\n", "12:56", "time span"),
        ("correlation: {type: temporal, rules: [a, b], timespan: 1m, gap: 1m}\n", "12:60", "gap"),
        ("correlation: {type: temporal, rules: [a, b], timespan: 1m, condition: a}\n", "12:71", "`b`"),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m, condition: a or not b}\n", "12:71",
            "nothing"
        ),
        (
            "correlation: {type: temporal, rules: [a], timespan: 1m, condition: a and not a}\n", "12:68",
            "contradicts"
        ),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m, condition: 1 of them}\n", "12:71",
            "detections"
        ),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m, condition: {lt: 2}}\n", "12:14",
            "boolean"
        ),
        ("correlation: {type: temporal, rules: [a, b], timespan: 1m, condition: {gte: 3}}\n", "12:14", "2"),
        ("correlation: {type: event_count, rules: [a], timespan: 1m}\n", "12:14", "gte"),
        ("correlation: {type: event_count, rules: [a], timespan: 1m, condition: a}\n", "12:71", "temporal"),
        (
            "correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: x}}\n", "12:77",
            "number"
        ),
        (
            "correlation: {type: event_count, rules: [a], timespan: 1m, condition: {lt: 1}}\n", "12:14",
            "starts at 1"
        ),
        (
            "correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gt: 5000}}\n", "12:14",
            "1024"
        ),
        (
            "correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2, field: f}}\n",
            "12:71",
            "value_count"
        ),
        (
            "correlation: {type: value_count, rules: [a], timespan: 1m, condition: {gte: 2}}\n", "12:71",
            "field"
        ),
        (
            "correlation: {type: value_sum, rules: [a], timespan: 1m, condition: {gte: 2, field: [f, g]}}\n",
            "12:69", "one"
        ),
        (
            "correlation: {type: value_sum, rules: [a], timespan: 1m"
                + ", condition: {gte: 2, field: f, percentile: 5}}\n",
            "12:88", "percentile"
        ),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m, group-by: [f, wardline.nobody]}\n",
            "12:74",
            "did you mean"
        ),
        ("correlation: {type: temporal, rules: [a, b], timespan: 1m, aliases: [k]}\n", "12:69", "mapping"),
        ("correlation: {type: temporal, rules: [a, b], timespan: 1m, aliases: {k: f}}\n", "12:73", "mapping"),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m"
                + ", group-by: [k], aliases: {k: {a: f}}}\n",
            "12:85", "`b`"
        ),
        (
            "correlation: {type: temporal, rules: [a], timespan: 1m"
                + ", group-by: [k], aliases: {k: {a: f, b: g}}}\n",
            "12:92", "not correlated"
        ),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m, generate: maybe}\n", "12:70",
            "true or false"
        ),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m}\nwardline: {group-by: [f]}\n",
            "13:22",
            "detection"
        ),
        (
            "correlation: {type: temporal, rules: [a, b], timespan: 1m"
                + "}\ndetection: {s: {f: 1}, condition: s}\n",
            "13:12", "not two"
        ),
    ])
    func `a correlation that says nothing definite is refused with its place and a reason`(
        text: String,
        place: String,
        reason: String
    ) {
        let outcome = Self.load(Self.correlation(text))
        #expect(outcome.count == 2)
        #expect(outcome.errors.map(\.position.description) == ["r.yml:" + place])
        #expect(outcome.errors.first?.message.contains(reason) == true, "\(outcome.errors)")
    }

    @Test func `a rule is correlated by id and aliased by name, or the other way round`() {
        let text = """
            title: A
            id: 11111111-1111-4111-8111-111111111111
            name: a
            logsource: {category: x}
            detection: {s: {f: 1}, condition: s}
            ---
            title: C
            correlation:
              type: event_count
              rules: [11111111-1111-4111-8111-111111111111]
              timespan: 1m
              condition: {gte: 2}
              group-by: [k]
              aliases: {k: {a: src.ip}}
            """
        #expect(Self.load(text).errors.isEmpty)
        #expect(Self.load(text).count == 2)
    }

    @Test func `a correlation over a refused rule says so instead of calling it unknown`() {
        let outcome = Self.load(
            """
            title: A
            name: a
            logsource: {category: x}
            detection: {s: {f|near: 1}, condition: s}
            ---
            title: C
            correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}
            """
        )
        #expect(outcome.errors.count == 2)
        #expect(outcome.errors.last?.message.contains("refused itself") == true)
    }

    /// A rule `r0`, and correlations from `r1` on, each over the rule that `over` says.
    private static func chain(_ count: Int, over: (Int) -> Int) -> SigmaReader.Outcome {
        let base = "title: T\nname: r0\nlogsource: {category: x}\ndetection: {s: {f: 1}, condition: s}\n"
        let chain = (1..<count).map { number in
            "---\ntitle: T\nname: r\(number)\ncorrelation: {type: event_count, rules: [r\(over(number))], "
                + "timespan: 1m, condition: {gte: 2}}\n"
        }
        return Self.load(base + chain.joined())
    }

    @Test func `thousands of correlations compile`() {
        let outcome = Self.chain(4_000) { _ in 0 }
        #expect(outcome.errors.isEmpty)
        #expect(outcome.count == 4_000)
    }

    @Test(arguments: [(4, 0), (5, 0), (6, 1)])
    func `four correlations may stand on each other, not five`(count: Int, refusals: Int) {
        let outcome = Self.chain(count) { $0 - 1 }
        #expect(outcome.errors.count == refusals)
        #expect(outcome.count == count - refusals)
    }

    /// The identities of alerts over one event with `f: 1` and `user: U`, by rule.
    private static func alerts(_ text: String, user: String) -> [String: String] {
        var batch = EventBatch()
        var table = FieldTable()
        let time = CivilTime(year: 2026, month: 1, day: 1).utc()
        batch.begin(Event(offset: .zero, time: time, logTime: time))
        batch.add(table.field(named: "ext.f"), "1")
        batch.add(.userName, user)
        batch.extensionNames = table.names
        var correlator = Correlator(rules: load(text).rules, register: AssetRegister(site: Site()))
        correlator.admit(batch)
        correlator.advance(to: time)
        let alerts = correlator.takeJudgements().flatMap(\.alerts)
        return Dictionary(alerts.map { ($0.rule, $0.id) }) { first, _ in first }
    }

    private static func rule(named name: String, _ logsource: String) -> String {
        "title: T\nname: \(name)\nlogsource: \(logsource)\ndetection: {s: {f: 1}, condition: s}\n---\n"
    }

    @Test func `a search that the condition leaves out and an action that no event has are warnings`() {
        let unused = Self.load(Self.rule("detection: {s: {f: 1}, filter: {g: 1}, condition: s}\n"))
        #expect(unused.count == 1)
        #expect(unused.warnings.map(\.position.description) == ["r.yml:3:51"])
        let foreign = Self.load(Self.rule("detection: {s: {action: Add}, condition: s}\n"))
        #expect(foreign.count == 1)
        #expect(foreign.warnings.map(\.position.description) == ["r.yml:1:1"])
        let known = Self.load(Self.rule("detection: {s: {action: Login}, condition: s}\n"))
        #expect(known.warnings == [])
    }

    @Test(arguments: [
        ("{category: a}", "[one]", ["two", "three"]), ("{category: a}", "any", ["three"]),
        ("{}", "[]", []), ("{product: p}", "any", ["one", "three"]), ("{}", "[one, three]", ["two"]),
    ])
    func `a filter narrows the rules that it names and covers`(
        _ logsource: String,
        _ rules: String,
        _ left: [String]
    ) {
        let text =
            Self.rule(named: "one", "{category: a}") + Self.rule(named: "two", "{category: a, product: p}")
            + Self.rule(named: "three", "{category: b}")
        let filter =
            "title: F\nlogsource: \(logsource)\n"
            + "filter: {rules: \(rules), s: {user.name|startswith: adm_}, condition: not s}\n"
        #expect(Self.load(text + filter).errors.isEmpty)
        #expect(Set(Self.alerts(text + filter, user: "adm_x").keys) == Set(left))
        #expect(Self.alerts(text + filter, user: "eve").count == 3)
    }

    @Test func `a narrowed rule gives its alerts another identity, the others keep theirs`() throws {
        let text = Self.rule(named: "one", "{category: a}")
        let filter = "title: F\nlogsource: {}\nfilter: {rules: [one], s: {user.name: a}, condition: not s}\n"
        let plain = try #require(Self.alerts(text, user: "eve")["one"])
        #expect(plain != Self.alerts(text + filter, user: "eve")["one"])
    }

    @Test func `a filter outside of its rule's log source is refused, and one that includes is a warning`() {
        let text = Self.rule(named: "one", "{category: a}")
        let outcome = Self.load(
            text + "title: F\nlogsource: {category: b}\nfilter: {rules: [one], s: {f: 1}, condition: s}\n"
        )
        #expect(outcome.errors.map(\.position.description) == ["r.yml:8:18"])
        #expect(outcome.warnings.map(\.position.description) == ["r.yml:8:46"])
        #expect(outcome.count == 1)
    }

    @Test func `an alias that groups nothing is a warning`() {
        let outcome = Self.load(
            Self.correlation(
                "correlation: {type: temporal, rules: [a, b], timespan: 1m, aliases: {k: {a: f}}}\n"
            )
        )
        #expect(outcome.errors.isEmpty)
        #expect(outcome.warnings.map(\.position.description) == ["r.yml:12:70"])
    }
}
