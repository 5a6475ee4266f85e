// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import SiteFiles
import Testing

/// Random events through a correlator with rules of every kind, in whatever order they come.
struct VerdictSets {
    /// One random event.
    struct Moment {
        var number: Int
        var second: Int
        var kind: String
        var host: String
        var value: Int
    }

    /// When the watermark stands at the greatest time seen less this many seconds.
    static let lateness = 5

    /// Rules of every kind, one over another, and one over alerts.
    static let rules: RuleSet = {
        let bases = ["a", "b", "c", "z"].map { name in
            "title: T\nname: \(name)\nlogsource: {category: x}\n"
                + "detection: {s: {kind: \(name)}, condition: s}\nwardline: {base: true}\n---\n"
        }
        let correlations = [
            ("count", "type: event_count, rules: [a, b], condition: {gte: 3}", ""),
            ("few", "type: event_count, rules: [a], condition: {lt: 2}", ""),
            ("values", "type: value_count, rules: [a], condition: {field: n, gte: 2}", ""),
            ("sum", "type: value_sum, rules: [b], condition: {field: n, gt: 3}", ""),
            ("average", "type: value_avg, rules: [b], condition: {field: n, gt: 1.5}", ""),
            ("median", "type: value_median, rules: [b], condition: {field: n, gte: 2}", ""),
            (
                "percentile",
                "type: value_percentile, rules: [a], condition: {field: n, gte: 3, percentile: 80}", ""
            ),
            ("both", "type: temporal, rules: [a, b]", ""),
            ("neither", "type: temporal, condition: a and not b", ""),
            ("ordered", "type: temporal_ordered, rules: [a, b, c]", ""),
            ("steps", "type: temporal_ordered", "sequence: {steps: [a, {rule: b, within: 4s}], until: z}"),
            ("missing", "type: temporal_ordered, rules: [b, c]", "absence: {rule: c, within: 6s}"),
            ("session", "type: event_count, rules: [c], condition: {gte: 2}", "window: session, gap: 3s"),
            (
                "new", "type: event_count, rules: [c], condition: {gte: 1}",
                "first-seen: {fields: [n], learn: 8s}"
            ),
            ("chained", "type: event_count, rules: [both, ordered], condition: {gte: 2}", ""),
        ].map { name, correlation, block in
            "title: C\nname: \(name)\nlevel: high\n"
                + "correlation: {timespan: 8s, group-by: [host.name], generate: true, \(correlation)}\n"
                + (block.isEmpty ? "" : "wardline: {\(block)}\n") + "---\n"
        }
        let fed =
            "title: F\nname: fed\nlogsource: {category: x}\n"
            + "detection: {s: {action: security_alert, alert.rule: [count, steps]}, condition: s}\n"
        let text = bases.joined() + correlations.joined() + fed
        let outcome = SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))])
        #expect(outcome.errors == [])
        return outcome.rules
    }()

    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }

    /// At most fourteen events of two hosts within half a minute, in order of time.
    mutating func moments() -> [Moment] {
        let count = 2 + next(13)
        return (0..<count).map { number in
            Moment(
                number: number,
                second: next(30),
                kind: ["a", "b", "c", "z", "x"][next(5)],
                host: ["pump", "server"][next(4) / 3],
                value: next(4)
            )
        }.sorted { ($0.second, $0.number) < ($1.second, $1.number) }
    }

    static func time(_ second: Int) -> UTCTime {
        CivilTime(year: 2026, month: 1, day: 1).utc().advanced(by: Int64(second) * UTCTime.second)
    }

    /// The events as a batch, each with the offset that `offset` gives it.
    static func batch(_ moments: [Moment], offset: (Moment) -> Int) -> EventBatch {
        var batch = EventBatch()
        var table = FieldTable()
        for moment in moments {
            var hash = StableHash()
            hash.combine(UInt64(moment.number))
            let time = time(moment.second)
            let place = Offset(UInt64(offset(moment)))
            var event = Event(offset: place, time: time, logTime: time)
            event.contentHash = hash.value
            batch.begin(event)
            batch.add(.hostName, moment.host)
            batch.add(table.field(named: "ext.kind"), moment.kind)
            batch.add(table.field(named: "ext.n"), String(moment.value))
            batch.add(.recordDigest, Array("event \(moment.number)".utf8))
        }
        batch.extensionNames = table.names
        return batch
    }

    static func correlator() -> Correlator {
        Correlator(rules: rules, register: AssetRegister(site: Site()))
    }

    /// What is believed after all that was told.
    static func believed(_ judgements: [Judgement], heedingRevisions: Bool = true) -> [Int: Alert] {
        var alerts: [Int: Alert] = [:]
        for judgement in judgements {
            for alert in judgement.alerts { alerts[alert.episode] = alert }
            guard heedingRevisions else { continue }
            for revision in judgement.revisions {
                alerts[revision.alert.episode] = revision.kind == .retracted ? nil : revision.alert
            }
        }
        return alerts
    }

    /// Alerts as text, sorted: without offsets and numbers, which are of the run.
    static func text(_ alerts: some Collection<Alert>) -> [String] {
        alerts.map { alert in
            let evidence = alert.evidence.map { "\($0.time) \($0.contentHash)" }
            return "\(alert.rule) \(alert.id) \(alert.key) \(alert.first) \(alert.last) \(alert.count) "
                + "\(alert.order?.name ?? "-") \(alert.coverageGap) \(alert.isLowerBound) \(evidence)"
        }.sorted()
    }

    /// Verdicts on the events in order, all at once.
    static func inOrder(_ moments: [Moment]) -> [String] {
        var correlator = correlator()
        correlator.admit(batch(moments) { $0.number })
        correlator.advance(to: time(100))
        return text(believed(correlator.takeJudgements()).values)
    }
}
