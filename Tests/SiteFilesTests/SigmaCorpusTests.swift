// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import SiteFiles
import Testing
import WireFormats

/// 3,780 published rules and the verdicts of two other implementations over 238 real events.
@Suite(.enabled(if: SigmaCorpus.folder != nil, "the conformance folder is absent"))
struct SigmaCorpusTests {
    @Test func `3,780 published rules load, 24 of them inactive until their placeholders have values`() {
        let inactive = SigmaCorpus.plain.rules.inactive
        #expect(SigmaCorpus.published.count == 3_780)
        #expect(SigmaCorpus.plain.errors == [])
        #expect(SigmaCorpus.plain.rules.headers.count == 3_756)
        #expect(inactive.count == 24)
        #expect(inactive.allSatisfy { $0.reason.message.contains("has no values; list them") })
        #expect(SigmaCorpus.resolved.errors == [])
        #expect(SigmaCorpus.resolved.rules.headers.count == 3_780)
    }

    /// Events on which a rule matches, by its id, as the other implementations found.
    private static func expected() throws -> [String: Set<Int>] {
        var found: [String: Set<Int>] = [:]
        for line in try SigmaCorpus.lines("sigmahq-regression/matrix_detection_only.jsonl") {
            found[line["rule_id"]?.text ?? ""] = Set(
                (line["bool"]?.elements ?? []).compactMap(\.integer).map(Int.init)
            )
        }
        return found
    }

    @Test(arguments: 0..<4) func `899,640 verdicts of rules on events are those of the other implementations`(
        part: Int
    ) throws {
        let events = try SigmaCorpus.lines("sigmahq-regression/events.jsonl")
        #expect(events.count == 238)
        let expected = try Self.expected()
        var differences: [String] = []
        for number in events.indices where number % 4 == part {
            let batch = SigmaCorpus.event(try #require(events[number]["event"]))
            let found = SigmaCorpus.matches(batch, SigmaCorpus.resolved.rules)
            let wanted = Set(expected.filter { $0.value.contains(number) }.keys)
            differences += found.subtracting(wanted).sorted().map { "event \(number): \($0) matches" }
            differences += wanted.subtracting(found).sorted().map { "event \(number): \($0) does not match" }
        }
        #expect(differences == [])
    }

    /// Verdicts of `rules match` that differ from the expected ones; `change` may plant a fault.
    private static func differences(_ change: (JSONValue) -> JSONValue = { $0 }) throws -> [String] {
        var matcher = RuleMatcher(rules: SigmaCorpus.matched.rules, asksLogsource: false)
        var reader = RuleEventReader()
        for (number, line) in try SigmaCorpus.lines("sigmahq-regression/events.jsonl").enumerated() {
            try reader.add(change(line["event"] ?? .null), offset: UInt64(number))
        }
        let batch = reader.take()
        var found: Set<String> = []
        for index in batch.events.indices {
            for rule in try matcher.match(batch, index) { found.insert("\(matcher.labels[rule]) \(index)") }
        }
        let wanted = try expected().reduce(into: Set<String>()) { wanted, rule in
            wanted.formUnion(rule.value.map { "\(rule.key) \($0)" })
        }
        return found.symmetricDifference(wanted).sorted()
    }

    @Test func `the door for conformance suites gives 899,640 verdicts as the other implementations do`()
        throws
    {
        #expect(SigmaCorpus.matched.errors == [])
        #expect(SigmaCorpus.matched.count == 3_780)
        #expect(try Self.differences() == [])
    }

    /// The planted mutant: events without command lines are judged otherwise.
    @Test func `the door judges events that lost a field otherwise`() throws {
        let differences = try Self.differences { event in
            guard case .object(let members) = event else { return event }
            return .object(members.filter { $0.name != "CommandLine" })
        }
        #expect(differences.count > 100)
    }

    /// The planted mutant: an event without its parent process is judged otherwise.
    @Test func `an event that lost a field is judged otherwise`() throws {
        let events = try SigmaCorpus.lines("sigmahq-regression/events.jsonl")
        let expected = try Self.expected()
        guard case .object(let members)? = events.first?["event"] else {
            Issue.record("the first event is no object")
            return
        }
        let batch = SigmaCorpus.event(.object(members.filter { $0.name != "ParentImage" }))
        let found = SigmaCorpus.matches(batch, SigmaCorpus.resolved.rules)
        #expect(found != Set(expected.filter { $0.value.contains(0) }.keys))
    }

    @Test func `202 rules match their own events as often as their authors say, one has a raw line`() throws {
        let expected = try Self.expected()
        let pairs = try SigmaCorpus.lines("sigmahq-regression/own_expectations.jsonl")
        #expect(pairs.count == 203)
        var missed: [String] = []
        // The verdicts themselves are checked above; here the authors' numbers check the two implementations.
        for pair in pairs {
            let range = Int(pair["event_first"]?.integer ?? 0)..<Int(pair["event_end"]?.integer ?? 0)
            let rule = pair["rule_id"]?.text ?? ""
            let count = expected[rule, default: []].count { range.contains($0) }
            if count < pair["expected_match_count_min"]?.integer ?? 1 { missed.append(rule) }
        }
        // The event of this one is a raw line, which the next test reads.
        #expect(missed == ["ef0ff092-a24a-4fbc-beea-06c08d53e085"])
    }

    @Test func `a raw line of a router matches its keyword rule`() throws {
        let folder = "sigmahq-regression/cisco_raw"
        let path = try #require(SigmaCorpus.folder).appending(path: folder).path
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: path).first { $0.hasSuffix(".raw") }
        )
        let id = String(name.dropLast(4))
        let line = try SigmaCorpus.text(folder + "/" + name)
        let events = DecoderFixtures.decode(String(line.prefix { !$0.isNewline }))
        #expect(SigmaCorpus.matches(events, SigmaCorpus.resolved.rules).contains(id))
        // The planted mutant: another command does not match.
        let other = line.replacing("no access-session port-control", with: "show version")
        #expect(other != line)
        let quiet = DecoderFixtures.decode(String(other.prefix { !$0.isNewline }))
        #expect(!SigmaCorpus.matches(quiet, SigmaCorpus.resolved.rules).contains(id))
    }

    @Test func `published correlation rules of another engine load with their detections`() throws {
        let folder = try #require(SigmaCorpus.folder).appending(path: "hayabusa-correlation")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yml") }.sorted()
        #expect(names.count == 3)
        for name in names {
            let bytes = Array(try Data(contentsOf: folder.appending(path: name)))
            let outcome = SigmaReader.load([SigmaReader.File(name: name, bytes: bytes)])
            #expect(outcome.errors == [])
            #expect(outcome.count == 2)
        }
    }
}
