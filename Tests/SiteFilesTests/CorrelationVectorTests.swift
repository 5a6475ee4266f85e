// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Inventory
import SiteFiles
import Testing
import WireFormats

/// Correlation documents that another implementation takes or refuses.
@Suite(.enabled(if: SigmaCorpus.folder != nil, "the conformance folder is absent"))
struct CorrelationVectorTests {
    /// Where we differ, by number of the case, and why.
    private static let deviations: [Int: String] = [
        2: "the specification allows a range of two operators",
        17: "a threshold of 5.5 stays 5.5, the other reader cuts it to 5",
    ]

    /// What a case says of itself, or what our reader makes of it: refusal, or length and condition.
    private struct Reading: Hashable {
        var seconds: Int
        var condition: String
    }

    private static func expected(_ one: [String: Any]) -> Reading? {
        guard one["error"] == nil, let seconds = one["seconds"] as? Int else { return nil }
        if let text = one["condition"] as? String { return Reading(seconds: seconds, condition: text) }
        guard let condition = one["condition"] as? [String: Any] else { return nil }
        let fields = condition["field"] as? [String] ?? (condition["field"] as? String).map { [$0] } ?? []
        let count = (condition["count"] as? NSNumber)?.doubleValue ?? -1
        let percentile = (condition["percentile"] as? NSNumber)?.doubleValue ?? 50
        return Reading(
            seconds: seconds,
            condition: "\(condition["op"] as? String ?? "") \(count) \(fields) \(percentile)"
        )
    }

    private static func reading(_ correlation: String) -> Reading? {
        let rules = ["a", "b", "c"].map {
            "title: T\nname: \($0)\nlogsource: {category: x}\ndetection: {s: {f: 1}, condition: s}\n---\n"
        }
        let text = rules.joined() + "title: C\ncorrelation: \(correlation)\n"
        let found = SigmaReader.definitions(bytes: Array(text.utf8), file: "case.yml")
        guard found.errors.isEmpty, RuleSet.compile(found.definitions).errors.isEmpty,
            case .correlation(let definition)? = found.definitions.last
        else { return nil }
        let seconds = Int(definition.timespan / UTCTime.second)
        if let condition = definition.condition {
            return Reading(seconds: seconds, condition: condition.text)
        }
        let fields = definition.countedFields.map(\.text)
        var threshold = "GTE \(Double(definition.rules.count))"
        if !definition.thresholds.isEmpty {
            threshold = definition.thresholds.map { "\($0.operation.uppercased()) \($0.value)" }
                .joined(separator: " ")
        }
        return Reading(seconds: seconds, condition: "\(threshold) \(fields) \(definition.percentile)")
    }

    /// Numbers of the cases that we read differently; `change` may plant a fault.
    private static func differences(_ change: (String) -> String = { $0 }) throws -> [Int] {
        let data = Data(try SigmaCorpus.text("vectors/correlations_parse.json").utf8)
        let vectors = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let cases = try #require(vectors["cases"] as? [[String: Any]])
        #expect(cases.count == 32)
        return try cases.indices.filter { number in
            let object = try #require(cases[number]["correlation"])
            let text = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
            return reading(change(text)) != expected(cases[number])
        }
    }

    @Test func `32 correlations are read as in the vectors, but for two`() throws {
        #expect(try Self.differences() == Self.deviations.keys.sorted())
    }

    /// The planted mutant: hours for minutes differ.
    @Test func `a reader of other units differs more`() throws {
        #expect(try Self.differences { $0.replacing("1h", with: "1m") }.count > Self.deviations.count)
    }
}

/// Correlation rules of another product with their tests: which rules matched when, and whether that is one
/// finding.
@Suite(.enabled(if: SigmaCorpus.folder != nil, "the conformance folder is absent"))
struct CorrelationCaseTests {
    private static let start = CivilTime(year: 2026, month: 1, day: 1).utc()

    /// The case's rule in Sigma: its groups are rules; a least count is a correlation over one; all together
    /// are a temporal correlation.
    ///
    /// Absence there means neither before nor after, so it takes two.
    private static func rules(_ one: JSONValue, _ minutes: Int64) -> String {
        let detection = one["detection"]?.elements?.first
        let groups = detection?["Group"]?.elements ?? []
        var fields: [String: String] = [:]
        for entry in detection?["MatchCriteria"]?["field_name"]?.elements ?? [] {
            fields[entry["GroupID"]?.text ?? ""] = entry["Match"]?.text
        }
        var documents: [String] = []
        var present: [String] = []
        var absent: [String] = []
        var names: [String: String] = [:]
        for (number, group) in groups.enumerated() {
            let id = group["ID"]?.text ?? ""
            documents.append(
                "title: T\nname: g\(number)\nlogsource: {category: x}\n"
                    + "detection: {s: {member: '\(id)'}, condition: s}\n"
            )
            names[id] = "g\(number)"
            if let least = group["MinMatchCount"]?.integer {
                names[id] = "c\(number)"
                let grouping = fields[id].map { "group-by: ['\($0)'], " } ?? ""
                documents.append(
                    "title: T\nname: c\(number)\ncorrelation: {type: event_count, rules: [g\(number)], "
                        + "timespan: \(minutes)m, \(grouping)condition: {gte: \(least)}}\n"
                )
            }
            if group["Absence"]?.bool == true {
                absent.append(names[id] ?? "")
            } else {
                present.append(names[id] ?? "")
            }
        }
        func grouping(_ renamed: [String: String] = [:]) -> String {
            guard !fields.isEmpty else { return "" }
            let entries = fields.sorted { $0.key < $1.key }.map { id, field in
                "\(renamed[names[id] ?? ""] ?? names[id] ?? ""): '\(field)'"
            }
            return "group-by: [k], aliases: {k: {\(entries.joined(separator: ", "))}}, "
        }
        let span = "timespan: \(minutes)m"
        guard let missing = absent.first, let seen = present.first else {
            documents.append(
                "title: T\nname: final\ncorrelation: {type: temporal, \(grouping())\(span), "
                    + "rules: [\(present.joined(separator: ", "))]}\n"
            )
            return documents.joined(separator: "---\n")
        }
        documents.append(
            "title: T\nname: fresh\ncorrelation: {type: temporal_ordered, \(grouping())\(span), "
                + "rules: [\(missing), \(seen)], condition: '\(seen) and not \(missing)'}\n"
        )
        documents.append(
            "title: T\nname: final\ncorrelation: {type: temporal, \(grouping([seen: "fresh"]))\(span), "
                + "rules: [fresh, \(missing)], condition: 'fresh and not \(missing)'}\n"
        )
        return documents.joined(separator: "---\n")
    }

    /// One event for each match that the case lists.
    private static func events(_ one: JSONValue) -> EventBatch {
        var batch = EventBatch()
        var table = FieldTable()
        var offset: UInt64 = 0
        for output in one["rule_outputs"]?.elements ?? [] {
            guard case .object(let fields)? = output["Matches"] else { continue }
            for field in fields {
                guard case .object(let values) = field.value else { continue }
                for value in values {
                    for moment in value.value.elements ?? [] {
                        let minutes = moment.integer ?? 0
                        let time =
                            moment.text.flatMap { UTCTime(rfc3339: $0) }
                            ?? start.advanced(by: minutes * 60 * UTCTime.second)
                        var event = Event(offset: Offset(offset), time: time, logTime: time)
                        event.contentHash = offset
                        batch.begin(event)
                        batch.add(table.field(named: "ext.member"), output["ID"]?.text ?? "")
                        batch.add(table.field(named: "ext." + field.name), value.name)
                        offset += 1
                    }
                }
            }
        }
        batch.extensionNames = table.names
        return batch
    }

    /// Names of the cases that we judge otherwise.
    private static func differences(_ cases: [JSONValue], minutes: Int64? = nil) -> [String] {
        cases.compactMap { one in
            let window = one["detection"]?.elements?.first?["LookbackWindowMinutes"]?.integer ?? 0
            let text = rules(one, minutes ?? window)
            let outcome = SigmaReader.load([SigmaReader.File(name: "case.yml", bytes: Array(text.utf8))])
            var correlator = Correlator(rules: outcome.rules, register: AssetRegister(site: Site()))
            correlator.admit(events(one))
            correlator.advance(to: CivilTime(year: 2100, month: 1, day: 1).utc())
            let isFound = correlator.takeJudgements().flatMap(\.alerts).contains { $0.rule == "final" }
            let isSame = outcome.errors.isEmpty && isFound == one["expect"]?.bool
            let name = one["name"]?.text ?? ""
            return isSame ? nil : "\(one["rule_id"]?.text ?? ""): \(name) \(outcome.errors)"
        }
    }

    @Test func `82 tests of another product come out as there`() throws {
        let cases = try JSONValue(parsing: SigmaCorpus.text("panther-correlation/cases.json")).elements ?? []
        #expect(cases.count == 82)
        #expect(Self.differences(cases) == [])
    }

    /// The planted mutant: with windows of a thousandth of their length, findings are missed.
    @Test func `shorter windows find less`() throws {
        let cases = try JSONValue(parsing: SigmaCorpus.text("panther-correlation/cases.json")).elements ?? []
        #expect(Self.differences(cases, minutes: 1).count > 10)
    }
}
