// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Inventory
import SiteFiles
import Testing
import WireFormats

/// A case of the suite in `conformance/`, run through our engine.
struct ConformanceSuite: CustomTestStringConvertible, Sendable {
    /// Folder of the case.
    var name: String

    var testDescription: String { name }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("conformance/cases")

    /// All cases, by name.
    static let cases: [ConformanceSuite] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.sorted().map { ConformanceSuite(name: $0) }
    }()

    func bytes(_ file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Self.root.appendingPathComponent("\(name)/\(file)")))
    }

    /// Lines of a file by set.
    private func sets(_ file: String) throws -> [Int64: [JSONValue]] {
        var found: [Int64: [JSONValue]] = [:]
        for line in try bytes(file).split(separator: 0x0a) {
            let value = try JSONValue(parsing: Array(line).span)
            found[value["set"]?.integer ?? -1, default: []].append(value)
        }
        return found
    }

    /// Sets in which the engine says something else than the suite, with what differs.
    func differences(rules file: String) throws -> [String] {
        let outcome = SigmaReader.load([SigmaReader.File(name: file, bytes: try bytes(file))])
        try #require(outcome.errors.isEmpty, "\(outcome.errors)")
        let expected = try sets("expected.jsonl")
        var found: [String] = []
        for (set, lines) in try sets("events.jsonl").sorted(by: { $0.key < $1.key }) {
            let wanted = (expected[set] ?? []).map { Self.text($0, like: $0) }
            let told = Run(outcome.rules, lines).told(isRevision: name.hasPrefix("l7"))
            // What a case does not ask for, such as the certainty of order, is not compared.
            let shown = told.filter { $0["rule"]?.text == "found" }.map { verdict in
                Self.text(verdict, like: expected[set]?.first ?? verdict)
            }
            if wanted.sorted() != Set(shown).sorted() { found.append("set \(set): \(shown) for \(wanted)") }
        }
        return found
    }

    private static func text(_ verdict: JSONValue, like other: JSONValue) -> String {
        ["rule", "group", "time", "verdict", "order", "fact", "first", "last", "count"].compactMap { key in
            other[key] == nil ? nil : verdict[key].map { "\(key) \($0.line)" }
        }.joined(separator: ", ")
    }

    /// One set on its way through a correlator, second by second.
    private struct Run {
        var correlator: Correlator
        let lines: [JSONValue]
        /// Seconds at which something can be decided: a minute from each event on.
        var steps: [UTCTime]
        var verdicts: [JSONValue] = []
        var revisions: [JSONValue] = []

        init(_ rules: RuleSet, _ lines: [JSONValue]) {
            correlator = Correlator(rules: rules, register: AssetRegister(site: Site()))
            self.lines = lines
            let times = lines.compactMap { $0["event"] == nil ? nil : Run.time($0["time"]) }
            let seconds = times.flatMap { time in
                (0...60).map { time.advanced(by: $0 * UTCTime.second) }
            }
            steps = Set(seconds).sorted()
        }

        static func time(_ value: JSONValue?) -> UTCTime? { value?.text.flatMap { UTCTime(rfc3339: $0) } }

        func told(isRevision: Bool) -> [JSONValue] {
            var run = self
            for (number, line) in lines.enumerated() {
                if let loss = line["loss"] {
                    guard let from = Run.time(loss["from"]), let through = Run.time(loss["through"]) else {
                        continue
                    }
                    run.correlator.lose(nil, from: from, through: through, reason: "lost")
                } else if let watermark = Run.time(line["watermark"]) {
                    run.advance(to: watermark)
                } else {
                    let batch = Run.batch(line, number)
                    // As a live source, so that losses concern it.
                    run.correlator.hear(batch, 0, listener: "live")
                    run.correlator.admit(batch)
                }
            }
            run.advance(to: run.steps.last ?? .absent)
            run.correlator.revise()
            run.take(at: run.steps.last ?? .absent)
            return isRevision ? run.revisions : run.verdicts
        }

        private mutating func advance(to end: UTCTime) {
            while let next = steps.first, next <= end {
                steps.removeFirst()
                correlator.advance(to: next)
                take(at: next)
            }
            correlator.advance(to: end)
            take(at: end)
        }

        private mutating func take(at time: UTCTime) {
            for judgement in correlator.takeJudgements() {
                for alert in judgement.alerts { verdicts.append(.object(Run.verdict(alert, time))) }
                for revision in judgement.revisions {
                    let alert = revision.alert
                    revisions.append(
                        .object([
                            .init("fact", .text(revision.kind.rawValue)), .init("rule", .text(alert.rule)),
                            .init("group", Run.group(alert)), .init("first", .text(alert.first.description)),
                            .init("last", .text(alert.last.description)),
                            .init("count", .integer(Int64(alert.count))),
                        ])
                    )
                }
            }
        }

        private static func group(_ alert: Alert) -> JSONValue {
            .object(
                alert.key.map { part in
                    let halves = part.split(separator: "=", maxSplits: 1).map(String.init)
                    return .init(halves[0], .text(halves.count > 1 ? halves[1] : ""))
                }
            )
        }

        private static func verdict(_ alert: Alert, _ time: UTCTime) -> [JSONValue.Member] {
            var members: [JSONValue.Member] = [
                .init("rule", .text(alert.rule)), .init("group", group(alert)),
                .init("time", .text(time.description)),
                .init("verdict", .text(alert.coverageGap.isEmpty ? "match" : "unknown")),
            ]
            if let order = alert.order { members.append(.init("order", .text(order.name))) }
            return members
        }

        private static func batch(_ line: JSONValue, _ number: Int) -> EventBatch {
            var batch = EventBatch()
            var table = FieldTable()
            let time = Run.time(line["time"]) ?? .absent
            var event = Event(offset: Offset(UInt64(number)), time: time, logTime: time)
            var hash = StableHash()
            hash.combine(line["event"]?.text ?? "")
            event.contentHash = hash.value
            event.uncertainty = (line["uncertainty_ms"]?.integer ?? 0) * 1_000_000
            batch.begin(event)
            batch.add(.hostName, line["source"]?.text ?? "")
            for name in ["kind", "k", "n", "left", "right"] {
                if let value = line[name]?.text { batch.add(table.field(named: "ext." + name), value) }
            }
            batch.extensionNames = table.names
            return batch
        }
    }
}

/// The suite in `conformance/` against our engine, and against a wrong rule of each case.
struct ConformanceSuiteTests {
    @Test func `the suite is there`() {
        #expect(ConformanceSuite.cases.count >= 50)
    }

    @Test(arguments: ConformanceSuite.cases)
    func `our engine says what the suite expects`(_ conformance: ConformanceSuite) throws {
        let found = try conformance.differences(rules: "rules.yml")
        #expect(found == [])
    }

    @Test(arguments: ConformanceSuite.cases)
    func `a rule that is wrong by one thing is found wrong`(_ conformance: ConformanceSuite) throws {
        #expect(try !conformance.differences(rules: "mutant.yml").isEmpty)
    }
}
