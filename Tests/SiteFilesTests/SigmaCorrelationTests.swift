// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import SiteFiles
import Testing

/// Correlation rules from their file to the alert, with the watermark in between.
struct SigmaCorrelationTests {
    private static let start = CivilTime(year: 2026, month: 1, day: 1).utc()

    private static func time(_ second: Int) -> UTCTime { start.advanced(by: Int64(second) * UTCTime.second) }

    /// A correlator with two rules, `a` and `b`, on events of that `kind`, and a correlation over them.
    private static func correlator(_ correlation: String) -> Correlator {
        let rules = ["a", "b"].map { name in
            "title: T\nname: \(name)\nlogsource: {category: x}\n"
                + "detection: {s: {kind: \(name)}, condition: s}\nwardline: {base: true}\n---\n"
        }
        let text = rules.joined() + "title: C\nname: c\ncorrelation: {timespan: 10s, \(correlation)}\n"
        let outcome = SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))])
        #expect(outcome.errors == [])
        return Correlator(rules: outcome.rules, register: AssetRegister(site: Site()))
    }

    /// Events as (second, kind, host, number).
    private static func batch(_ events: [(Int, String, String, String)]) -> EventBatch {
        var batch = EventBatch()
        var table = FieldTable()
        for (offset, event) in events.enumerated() {
            let time = time(event.0)
            batch.begin(Event(offset: Offset(UInt64(offset)), time: time, logTime: time))
            batch.add(table.field(named: "ext.kind"), event.1)
            batch.add(.hostName, event.2)
            batch.add(table.field(named: "ext.n"), event.3)
        }
        batch.extensionNames = table.names
        return batch
    }

    /// Seconds at which an alert of the correlation is there for the first time.
    private static func seconds(_ correlation: String, _ events: [(Int, String, String, String)]) -> [Int] {
        var correlator = correlator(correlation)
        correlator.admit(batch(events))
        var found: [Int] = []
        for second in 0...60 {
            correlator.advance(to: time(second))
            let alerts = correlator.takeJudgements().flatMap(\.alerts)
            #expect(alerts.allSatisfy { $0.rule == "c" })
            found += alerts.map { _ in second }
        }
        return found
    }

    @Test(arguments: [
        ("type: event_count, rules: [a], condition: {gte: 3}", [4]),
        ("type: event_count, rules: [a], condition: {gt: 1, lte: 3}", [10]),
        ("type: event_count, rules: [a], condition: {lt: 3}", []),
        ("type: event_count, rules: [b], condition: {lt: 3}", [13]),
        ("type: value_sum, rules: [a], condition: {gte: 60, field: n}", [4]),
        ("type: value_avg, rules: [a], condition: {gt: 14, field: n}", [2]),
        ("type: value_median, rules: [a], condition: {gte: 20, field: n}", [4]),
        ("type: value_percentile, rules: [a], condition: {gte: 30, field: n, percentile: 90}", [4]),
        ("type: value_count, rules: [a, b], condition: {gte: 4, field: [kind, n]}", [4]),
        ("type: value_count, rules: [a, b], condition: {gte: 4, field: kind}", []),
        ("type: temporal, rules: [a, b]", [3]), ("type: temporal_ordered, rules: [b, a]", [4]),
        ("type: temporal, condition: a and not b", [14]),
        ("type: temporal_ordered, rules: [b, a], condition: a and not b", [0]),
        ("type: temporal, rules: [a, b], condition: {gte: 1}", [0]),
    ])
    func `each type fires when its condition becomes true, and not before`(
        _ correlation: String,
        _ wanted: [Int]
    ) {
        let events = [
            (0, "a", "h", "10"), (2, "a", "h", "20"), (3, "b", "h", "x"), (4, "a", "h", "30"),
        ]
        #expect(Self.seconds(correlation, events).prefix(1) == wanted[...])
    }

    @Test func `an episode of many events is one alert that counts each once`() throws {
        var correlator = Self.correlator("type: event_count, rules: [a], condition: {gte: 3}")
        var episodes: [Int: Alert] = [:]
        for second in 0..<700 {
            var batch = Self.batch([(second, "a", "h", "1")])
            batch.events[0].offset = Offset(UInt64(second))
            correlator.admit(batch)
            correlator.advance(to: Self.time(second))
            for alert in correlator.takeJudgements().flatMap(\.alerts) { episodes[alert.episode] = alert }
        }
        let alert = try #require(episodes.count == 1 ? episodes.values.first : nil)
        #expect(alert.count == 700)
        #expect(alert.first == Self.time(0) && alert.last == Self.time(699))
        let kept = alert.evidence.map { Int($0.offset.value) }
        #expect(kept == Array(0..<128) + Array(572..<700))
    }

    @Test func `groups are judged apart, and an event without the field belongs to none`() {
        let correlation = "type: event_count, rules: [a], group-by: [host.name], condition: {gte: 2}"
        let apart = [(0, "a", "h1", "1"), (1, "a", "h2", "1")]
        #expect(Self.seconds(correlation, apart) == [])
        #expect(Self.seconds(correlation, apart + [(2, "a", "H1", "1")]) == [2])
        let missing = "type: event_count, rules: [a], group-by: [nothing], condition: {gte: 2}"
        #expect(Self.seconds(missing, apart + [(2, "a", "h1", "1")]) == [])
    }

    @Test func `an event counts once, whichever of the rules match it`() {
        func outcome(_ condition: String) -> [Int] {
            let rules = ["a", "b"].map { name in
                "title: T\nname: \(name)\nlogsource: {category: x}\n"
                    + "detection: {s: {kind|contains: \(name)}, condition: s}\nwardline: {base: true}\n---\n"
            }
            let text =
                rules.joined() + "title: C\nname: c\ncorrelation: {timespan: 10s, rules: [a, b], "
                + condition + "}\n"
            let loaded = SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))])
            #expect(loaded.errors == [])
            var correlator = Correlator(rules: loaded.rules, register: AssetRegister(site: Site()))
            correlator.admit(Self.batch([(0, "ab", "h", "7"), (1, "b", "h", "8"), (2, "ba", "h", "9")]))
            correlator.advance(to: Self.time(60))
            return correlator.takeJudgements().flatMap(\.alerts).map(\.count)
        }
        #expect(outcome("type: event_count, condition: {gte: 4}") == [])
        #expect(outcome("type: event_count, condition: {gte: 3}") == [3])
        #expect(outcome("type: value_sum, condition: {gt: 24, field: n}") == [])
        #expect(outcome("type: value_sum, condition: {gte: 24, field: n}") == [3])
        #expect(outcome("type: temporal") != [])
    }

    @Test(arguments: [
        ("type: event_count, rules: [a], condition: {gte: 5, lte: 3}", "no number passes"),
        ("type: event_count, rules: [a], condition: {gt: 3, lt: 4}", "no number passes"),
        ("type: value_avg, rules: [a], condition: {gt: 3, lt: 3, field: n}", "no number passes"),
        ("type: event_count, rules: [a], window: session, gap: 20s, condition: {gte: 2}", "longer than the"),
    ]) func `what can never hold, or never end, is refused`(_ correlation: String, _ message: String) {
        let isSession = correlation.contains("session")
        let plain = correlation.replacing("window: session, gap: 20s, ", with: "")
        let text =
            "title: T\nname: a\nlogsource: {category: x}\ndetection: {s: {kind: a}, condition: s}\n---\n"
            + "title: C\nname: c\ncorrelation: {timespan: 10s, \(plain)}\n"
            + (isSession ? "wardline: {window: session, gap: 20s}\n" : "")
        let outcome = SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))])
        #expect(outcome.errors.count == 1 && outcome.errors[0].message.contains(message), "\(outcome.errors)")
        let fitting = text.replacing("5, lte: 3", with: "3, lte: 5").replacing("lt: 4", with: "lt: 5")
            .replacing("lt: 3,", with: "lt: 3.5,").replacing("gap: 20s", with: "gap: 10s")
        #expect(SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(fitting.utf8))]).errors == [])
    }

    @Test func `the time at which a waiting verdict is due is known`() {
        for correlation in [
            "type: temporal, rules: [a, b], condition: a and not b",
            "type: event_count, rules: [a], condition: {lt: 3}",
        ] {
            var correlator = Self.correlator(correlation)
            correlator.admit(Self.batch([(5, "a", "h", "1")]))
            correlator.advance(to: Self.time(5))
            #expect(correlator.due == Self.time(15))
            correlator.advance(to: Self.time(14))
            #expect(correlator.takeJudgements().flatMap(\.alerts).isEmpty)
            correlator.advance(to: Self.time(15))
            #expect(correlator.takeJudgements().flatMap(\.alerts).count == 1)
            #expect(correlator.due == nil)
        }
    }
}
