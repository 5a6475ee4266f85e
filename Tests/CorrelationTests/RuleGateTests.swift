// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import Correlation

/// The gate lets through whatever a rule matches.
struct RuleGateTests {
    private static let position = RulePosition(file: "rule.yml", line: 1, column: 1)
    private static let words = [
        "", "a", "Ab", "abba", "root", "x y", "7", "7.0", "70e-1", "10.0.0.7", "\u{212a}elvin",
    ]

    /// A random test of a random field.
    private static func test(_ random: inout SeededGenerator) throws -> CompiledSearch {
        let fields = ["user.name", "other", "src.ip", "message", "", "action", "outcome", "IpAddress"]
        let field = fields.randomElement(using: &random) ?? ""
        let forms: [([String], [String])] = [
            ([], words + ["a*", "*b?a*", "login", "failure"]),
            (["contains"], ["a", "bb", "oo", "log", "ROOT"]),
            (["startswith"], ["a", "10.", "l"]), (["endswith", "cased"], ["b", "T", "n"]),
            (["re"], ["^a(b|x)+a$", "r.*t", "(ab)?ba", "k", "[0-9]{2}\\.", "root|x"]),
            (["re", "i"], ["KELVIN", "RO{2}T", "a(?:bb)a"]), (["contains", "all"], ["a", "b"]),
            (["neq"], ["a", "root"]), (["cidr"], ["10.0.0.0/8"]),
        ]
        let (modifiers, all) = forms.randomElement(using: &random) ?? ([], [])
        // A keyword is text.
        let values = field.isEmpty ? all.filter { !$0.isEmpty } : all
        let count = modifiers.contains("all") ? 2 : Int.random(in: 1...3, using: &random)
        let chosen = (0..<count).map { _ in RuleScalar.text(values.randomElement(using: &random) ?? "a") }
        if Int.random(in: 0..<12, using: &random) == 0, !field.isEmpty {
            return .test(try FieldTest(name: field, modifiers: [], values: [.null], position: position))
        }
        if Int.random(in: 0..<8, using: &random) == 0, !field.isEmpty {
            let number = RuleScalar.number(7, "7")
            return .test(try FieldTest(name: field, modifiers: [], values: [number], position: position))
        }
        if Int.random(in: 0..<8, using: &random) == 0 {
            let name = RuleScalar.text(["alpha", "beta*", "none"].randomElement(using: &random) ?? "")
            return .test(try FieldTest(name: "decoder", modifiers: [], values: [name], position: position))
        }
        if field.isEmpty, modifiers == ["cidr"] { return try test(&random) }
        return .test(try FieldTest(name: field, modifiers: modifiers, values: chosen, position: position))
    }

    private static func search(_ depth: Int, _ random: inout SeededGenerator) throws -> CompiledSearch {
        guard depth > 0 else { return try test(&random) }
        var parts: [CompiledSearch] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            parts.append(try search(Int.random(in: 0..<depth, using: &random), &random))
        }
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: return .all(parts)
        case 2, 3: return .any(parts)
        default: return .not(parts[0])
        }
    }

    private static func rule(_ random: inout SeededGenerator) throws -> DetectionRule {
        let definition = DetectionDefinition(
            header: RuleHeader(title: "t", position: position),
            logsource: [:],
            searches: [.init(name: "s", definition: .all([]))],
            conditions: [RuleText("s", position)],
            placeholders: [:],
            groupBy: [],
            episodeNanoseconds: 0,
            fingerprint: "f"
        )
        var rule = try DetectionRule(compiling: definition)
        rule.test = try search(3, &random)
        return rule
    }

    private static func event(_ random: inout SeededGenerator) -> EventBatch {
        var batch = EventBatch()
        var table = FieldTable()
        var event = Event(offset: .zero, time: .absent, logTime: .absent)
        event.action = [Action.login, .connect, .logout].randomElement(using: &random) ?? .login
        event.outcome = [Outcome.failure, .success].randomElement(using: &random) ?? .failure
        batch.decoders = ["none", "alpha", "beta.two"]
        event.decoder = UInt16(Int.random(in: 0..<3, using: &random))
        batch.begin(event)
        for name in ["user.name", "ext.other", "src.ip", "message", "ext.IpAddress", "ext.third"] {
            guard Bool.random(using: &random) else { continue }
            let value = words.randomElement(using: &random) ?? ""
            batch.add(FieldID.known(name) ?? table.field(named: name), value)
        }
        batch.extensionNames = table.names
        return batch
    }

    /// Matches of 40 sets of 40 rules that a gate, perhaps of other rules, lets through or does not.
    private static func outcome(
        _ gated: ([DetectionRule]) -> [DetectionRule]
    ) throws -> (passed: Int, missed: Int, spared: Int) {
        var found = (passed: 0, missed: 0, spared: 0)
        for seed in 0..<40 {
            var random = SeededGenerator(seed: UInt64(seed))
            var rules: [DetectionRule] = []
            for _ in 0..<40 { rules.append(try rule(&random)) }
            let gate = RuleGate(gated(rules))
            var passing = PassingRules(gate)
            for _ in 0..<60 {
                let batch = event(&random)
                let numbers = passing.find(gate, batch, 0) ? Set(passing.numbers) : []
                for (number, rule) in rules.enumerated() {
                    let isMatch = rule.matches(Candidate(batch: batch, index: 0))
                    if isMatch, numbers.contains(number) { found.passed += 1 }
                    if isMatch, !numbers.contains(number) { found.missed += 1 }
                    if !numbers.contains(number) { found.spared += 1 }
                }
            }
        }
        return found
    }

    @Test func `no rule that matches is ruled out, and many that do not are`() throws {
        let found = try Self.outcome { $0 }
        #expect(found.missed == 0)
        #expect(found.passed > 10_000)
        #expect(found.spared > 20_000)
    }

    /// The planted mutant: a gate that takes one rule for another loses matches.
    @Test func `a gate of other rules is found out`() throws {
        let found = try Self.outcome { Array($0.dropFirst() + $0.prefix(1)) }
        #expect(found.missed > 1_000)
    }

    @Test(arguments: [
        ("cisco", "cisco.asa", true), ("cisco", "zeek.tsv", false), ("fortios", "cef.fortigate", true),
        ("fortios", "cef", true), ("windows", "sshd", false), ("windows", "none", true),
        ("infusion", "sshd", true), ("aws", "linux.auditd", false), ("linux", "linux.auditd", true),
    ])
    func `a product rules out the events of other products that are known`(
        product: String,
        decoder: String,
        mayHold: Bool
    ) {
        #expect(LogSource.mayHold(product: product, decoder: decoder) == mayHold)
        #expect(LogSource.mayHold(product: nil, decoder: decoder))
        #expect(LogSource.decoders(product: product)?.contains(decoder) ?? true == mayHold)
    }

    /// `not` alone makes no line of anybody one of the product.
    @Test(arguments: [
        ("none", "ext.third", true, false), ("none", "ext.other", true, true),
        ("zeek.tsv", "ext.third", true, true), ("sshd", "ext.other", true, false),
        ("none", "ext.third", false, true),
    ])
    func `a rule of a product that only says not needs one of its fields where nobody knows the product`(
        decoder: String,
        field: String,
        asksSource: Bool,
        passes: Bool
    ) throws {
        let definition = DetectionDefinition(
            header: RuleHeader(title: "t", position: Self.position),
            logsource: ["product": "zeek", "service": "rdp"],
            searches: [.init(name: "s", definition: .all([]))],
            conditions: [RuleText("s", Self.position)],
            placeholders: [:],
            groupBy: [],
            episodeNanoseconds: 0,
            fingerprint: "f"
        )
        var rule = try DetectionRule(compiling: definition)
        let near = try FieldTest(
            name: "other",
            modifiers: ["cidr"],
            values: [.text("10.0.0.0/8")],
            position: Self.position
        )
        rule.test = .not(.test(near))
        let gate = RuleGate([rule], asksSource: asksSource)
        var batch = EventBatch()
        var table = FieldTable()
        batch.decoders = [decoder]
        batch.begin(Event(offset: .zero, time: .absent, logTime: .absent))
        batch.add(table.field(named: field), "192.0.2.7")
        batch.extensionNames = table.names
        var passing = PassingRules(gate)
        #expect(passing.find(gate, batch, 0) == passes)
        #expect(rule.matches(Candidate(batch: batch, index: 0)))
    }

    @Test func `keywords are not found in a hash that is made here`() throws {
        let word = RuleScalar.text("c0de")
        let test = try FieldTest(name: "", modifiers: [], values: [word], position: Self.position)
        for (field, isFound) in [(FieldID.patientToken, false), (.recordDigest, false), (.message, true)] {
            var batch = EventBatch()
            batch.begin(Event(offset: .zero, time: .absent, logTime: .absent))
            batch.add(field, "12c0de34")
            #expect(test.matches(Candidate(batch: batch, index: 0)) == isFound, "\(field)")
        }
    }

    /// Whether an event alone satisfies a condition on rows.
    private static func holds(_ condition: RowCondition, _ batch: EventBatch) -> Bool {
        let fields = batch.fields(of: 0).map { entry in
            (batch.name(of: entry.field), Array(batch.bytes[entry.range]).map(ByteFolding.folded))
        }
        let event = batch.events[0]
        switch condition {
        case .everything: return true
        case .all(let parts): return parts.allSatisfy { holds($0, batch) }
        case .any(let parts): return parts.contains { holds($0, batch) }
        case .text(let text):
            return fields.contains { _, value in
                text.isEmpty
                    || value.indices.contains { value[$0...].starts(with: text) }
            }
        case .value(let names, .text(let text)):
            return fields.contains { names.contains($0.0) && $0.1 == text }
        case .value(_, .address): return false
        case .header(.eventClass, let set): return set[event.eventClass.rawValue]
        case .header(.action, let set): return set[event.action.rawValue]
        case .header(.outcome, let set): return set[event.outcome.rawValue]
        case .header(.severity, let set): return set[event.severity]
        case .decoder(let decoders): return decoders.contains(batch.decoders[Int(event.decoder)])
        }
    }

    /// Matches that rows would be read for, or not, by the conditions of rules, perhaps of other rules.
    private static func rows(
        _ asked: ([DetectionRule]) -> [DetectionRule]
    ) throws -> (read: Int, missed: Int, spared: Int) {
        var found = (read: 0, missed: 0, spared: 0)
        for seed in 100..<140 {
            var random = SeededGenerator(seed: UInt64(seed))
            var rules: [DetectionRule] = []
            for _ in 0..<40 { rules.append(try rule(&random)) }
            let conditions = asked(rules).map(RuleSet.condition)
            for _ in 0..<60 {
                let batch = event(&random)
                for (number, rule) in rules.enumerated() {
                    let isMatch = rule.matches(Candidate(batch: batch, index: 0))
                    let isRead = holds(conditions[number], batch)
                    if isMatch, isRead { found.read += 1 }
                    if isMatch, !isRead { found.missed += 1 }
                    if !isRead { found.spared += 1 }
                }
            }
        }
        return found
    }

    @Test func `rows whose events a rule matches are read, and many others are not`() throws {
        let found = try Self.rows { $0 }
        #expect(found.missed == 0)
        #expect(found.read > 10_000)
        #expect(found.spared > 10_000)
        // The planted mutant: the conditions of other rules.
        #expect(try Self.rows { Array($0.dropFirst() + $0.prefix(1)) }.missed > 1_000)
    }
}
