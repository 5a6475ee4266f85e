// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import SiteFiles
import Testing

/// Keys under `wardline:` of correlations, from their file to the alert.
struct CorrelationExtensionTests {
    private static let start = CivilTime(year: 2026, month: 1, day: 1).utc()

    private static func time(_ second: Int) -> UTCTime { start.advanced(by: Int64(second) * UTCTime.second) }

    private static func load(_ correlation: String, _ block: String) -> SigmaReader.Outcome {
        let rules = ["a", "b", "c", "z"].map { name in
            "title: T\nname: \(name)\nlogsource: {category: x}\n"
                + "detection: {s: {kind: \(name)}, condition: s}\nwardline: {base: true}\n---\n"
        }
        let text =
            rules.joined() + "title: C\nname: found\nlevel: high\ncorrelation: {\(correlation)}\n"
            + "wardline: {\(block)}\n"
        return SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))])
    }

    /// A line of a test: second, kind, host, source and target.
    private struct Line {
        var second: Int
        var kind: String
        var host = "pump"
        var source = ""
        var target = ""
        var uncertainty: Int64 = 0
    }

    private static func batch(_ lines: [Line]) -> EventBatch {
        var batch = EventBatch()
        var table = FieldTable()
        for (offset, line) in lines.enumerated() {
            let time = time(line.second)
            var event = Event(offset: Offset(UInt64(offset)), time: time, logTime: time)
            event.uncertainty = line.uncertainty
            batch.begin(event)
            batch.add(table.field(named: "ext.kind"), line.kind)
            batch.add(.hostName, line.host)
            batch.add(table.field(named: "ext.from"), line.source)
            batch.add(table.field(named: "ext.to"), line.target)
        }
        batch.extensionNames = table.names
        return batch
    }

    /// Alerts as they are at the end of `lines` and twenty days.
    private static func alerts(_ correlation: String, _ block: String, _ lines: [Line]) -> [Alert] {
        let outcome = load(correlation, block)
        #expect(outcome.errors == [])
        var correlator = Correlator(rules: outcome.rules, register: AssetRegister(site: Site()))
        correlator.admit(batch(lines))
        correlator.advance(to: time(20 * 86_400))
        return correlator.takeJudgements().flatMap(\.alerts)
    }

    private static let ordered = "type: temporal_ordered, timespan: 1m"

    @Test func `a sequence takes its rules from its steps and joins by the fields of neighbours`() {
        let block =
            "sequence: {steps: [a, {rule: b, within: 10s, join: {from: to}}, {rule: c, join: {from: to}}]}"
        func count(_ middle: String, _ last: String) -> Int {
            Self.alerts(
                Self.ordered,
                block,
                [
                    Line(second: 0, kind: "a", source: "one", target: "two"),
                    Line(second: 5, kind: "b", source: middle, target: "three"),
                    Line(second: 30, kind: "c", source: last, target: "four"),
                ]
            ).count
        }
        #expect(count("two", "three") == 1)
        #expect(count("TWO", "three") == 1)
        #expect(count("one", "three") == 0)
        #expect(count("two", "two") == 0)
    }

    @Test func `what ends a sequence does not matter once it is complete`() {
        let block = "sequence: {steps: [a, {rule: b, runs: 2}], until: z}"
        let whole = [
            Line(second: 0, kind: "a"), Line(second: 1, kind: "b"), Line(second: 2, kind: "b"),
        ]
        #expect(Self.alerts(Self.ordered, block, whole + [Line(second: 3, kind: "z")]).count == 1)
        #expect(
            Self.alerts(Self.ordered, block, [whole[0], Line(second: 1, kind: "z")] + whole[1...]).isEmpty
        )
        #expect(Self.alerts(Self.ordered, block, Array(whole.dropLast())).isEmpty)
    }

    @Test func `an absence is known where the source was heard until its deadline`() throws {
        let block = "absence: {rule: b, within: 20s, silence: 10s}"
        let correlation = Self.ordered + ", rules: [a, b]"
        let heard = [Line(second: 0, kind: "a"), Line(second: 9, kind: "x"), Line(second: 18, kind: "x")]
        let known = Self.alerts(correlation, block, heard)
        #expect(known.map(\.coverageGap) == [""])
        let silent = Self.alerts(correlation, block, [heard[0], Line(second: 9, kind: "x")])
        #expect(silent.map(\.coverageGap) == ["pump was silent after 2026-01-01T00:00:09Z"])
        let other = Line(second: 18, kind: "x", host: "server")
        #expect(Self.alerts(correlation, block, heard.dropLast() + [other]).map(\.coverageGap) != [""])
        #expect(Self.alerts(correlation, block, heard + [Line(second: 20, kind: "b")]).isEmpty)
        #expect(Self.alerts(correlation, block, heard + [Line(second: 21, kind: "b")]).count == 1)
    }

    @Test func `a loss of the listener that heard the source makes an absence unknown`() throws {
        let outcome = Self.load(Self.ordered + ", rules: [a, b]", "absence: {rule: b, within: 20s}")
        func gaps(_ listener: String?, _ from: Int, _ through: Int) -> [String] {
            var correlator = Correlator(rules: outcome.rules, register: AssetRegister(site: Site()))
            let batch = Self.batch([Line(second: 0, kind: "a"), Line(second: 15, kind: "x")])
            for index in batch.events.indices { correlator.hear(batch, index, listener: "udp") }
            correlator.admit(batch)
            correlator.lose(
                listener,
                from: Self.time(from),
                through: Self.time(through),
                reason: "queue full"
            )
            correlator.advance(to: Self.time(100))
            return correlator.takeJudgements().flatMap(\.alerts).map(\.coverageGap)
        }
        #expect(gaps("tcp", 0, 20) == [""])
        #expect(gaps("udp", 21, 30) == [""])
        #expect(gaps("udp", 20, 30).first?.contains("queue full") ?? false)
        #expect(gaps(nil, -5, 0).first?.contains("queue full") ?? false)
    }

    @Test func `the order of steps is certain only where no clock can turn it round`() {
        let correlation = Self.ordered + ", rules: [a, b]"
        func order(_ second: Int, _ host: String, _ uncertainty: Int64) -> [EventOrder?] {
            Self.alerts(
                correlation,
                "join-window: 4h",
                [
                    Line(second: 0, kind: "b", host: host, uncertainty: uncertainty * UTCTime.second),
                    Line(second: 0, kind: "a", uncertainty: uncertainty * UTCTime.second),
                    Line(second: second, kind: "b", host: host, uncertainty: uncertainty * UTCTime.second),
                ].filter { second == 0 || $0.second > 0 || $0.kind == "a" }
            ).map(\.order)
        }
        #expect(order(3, "server", 1) == [.certain])
        #expect(order(2, "server", 1) == [.possible])
        #expect(order(2, "pump", 1) == [.certain])
        #expect(order(0, "pump", 0) == [.possible])
        #expect(order(0, "server", 0) == [.possible])
    }

    @Test func `a new value is one alert, after what the key has learned`() {
        let lines = (0..<10).map { Line(second: $0, kind: "a", target: $0 == 8 ? "new" : "known") }
        let found = Self.alerts(
            "type: event_count, rules: [a], group-by: [host.name], timespan: 1s, condition: {gte: 1}",
            "first-seen: {fields: [to], learn: 5s}",
            lines
        )
        #expect(found.map(\.first) == [Self.time(8)])
    }

    @Test func `an event with two values of a group field counts in both groups`() {
        let outcome = Self.load(
            "type: event_count, rules: [a], group-by: [user.name], timespan: 10s, condition: {gte: 1}",
            "join-window: 4h"
        )
        var batch = Self.batch([Line(second: 0, kind: "a")])
        batch.add(.userName, "ann")
        batch.add(.userName, "bob")
        var correlator = Correlator(rules: outcome.rules, register: AssetRegister(site: Site()))
        correlator.admit(batch)
        correlator.advance(to: Self.time(1))
        let keys = correlator.takeJudgements().flatMap(\.alerts).map(\.key)
        #expect(keys == [["user.name=ann"], ["user.name=bob"]])
    }

    @Test func `a count that stands out from the same hour of past days is an alert`() {
        let hour = 3_600
        let usual = (0..<3).flatMap { day in
            (0..<4).map { Line(second: day * 24 * hour + $0 * 60, kind: "a") }
        }
        func found(_ count: Int, at second: Int) -> Int {
            let today = (0..<count).map { Line(second: second + $0, kind: "a") }
            return Self.alerts(
                "type: event_count, rules: [a], group-by: [host.name], timespan: 1h, condition: {gte: 5}",
                "baseline: {days: 3, factor: 2, of: max}",
                usual + today
            ).count
        }
        #expect(found(8, at: 3 * 24 * hour) == 0)
        #expect(found(9, at: 3 * 24 * hour) == 1)
        #expect(found(5, at: 3 * 24 * hour + hour) == 1)
        #expect(found(9, at: 2 * 24 * hour + hour) == 0)
    }

    @Test(arguments: [
        ("sequenze: {steps: [a]}", "did you mean 'sequence'"),
        ("sequence: {step: [a]}", "did you mean 'steps'"),
        ("sequence: {steps: [{rule: a, within: 1s}, b]}", "first step"),
        ("sequence: {steps: [a, {rule: b, runs: 0}]}", "from 1 to 256"),
        ("sequence: {steps: [a, {rule: b, joins: {f: g}}]}", "did you mean 'join'"),
        ("sequence: {steps: [a, nobody]}", "no rule with the id or name"),
        ("sequence: {steps: []}", "needs `steps`"), ("absence: {rule: b, within: 0s}", "no time span"),
        ("absence: {within: 1s}", "names no `rule`"), ("window: session", "needs a `gap`"),
        ("gap: 5s", "`window: session`"), ("window: hopping", "sliding or session"),
        ("first-seen: {fields: [f], learn: 1d}, sequence: {steps: [a]}", "does not go with steps"),
        ("sequence: {steps: [a, {rule: b, join: {wardline.aset: f}}]}", "did you mean `wardline.asset`"),
    ])
    func `a fault under wardline is an error that says what to do`(_ block: String, _ part: String) {
        let rules = block.hasPrefix("absence") ? ", rules: [a, b]" : ""
        let errors = Self.load(Self.ordered + rules, block).errors
        #expect(errors.count == 1)
        #expect(errors.first?.message.contains(part) ?? false, "\(errors)")
    }

    @Test(arguments: [
        (
            "type: event_count, rules: [a], timespan: 7m, condition: {gte: 1}",
            "baseline: {days: 3, factor: 2}"
        ),
        ("type: event_count, rules: [a], timespan: 1h, condition: {lt: 3}", "baseline: {days: 3, factor: 2}"),
        (
            "type: event_count, rules: [a], timespan: 1h, condition: {gte: 3}",
            "baseline: {days: 32, factor: 2}"
        ),
        ("type: event_count, rules: [a], timespan: 1h, condition: {gte: 3}", "sequence: {steps: [a]}"),
        (
            "type: event_count, rules: [a], timespan: 1h, condition: {lt: 3}",
            "first-seen: {fields: [f], learn: 1d}"
        ),
        ("type: temporal_ordered, rules: [a, b, c], timespan: 1h", "sequence: {steps: [a, b]}"),
        ("type: temporal, condition: a and not b, timespan: 1h", "window: session, gap: 5m"),
        ("type: temporal_ordered, rules: [a], timespan: 1h", "absence: {rule: b}"),
    ])
    func `what does not go together is refused`(_ correlation: String, _ block: String) {
        #expect(Self.load(correlation, block).errors.count == 1)
    }
}
