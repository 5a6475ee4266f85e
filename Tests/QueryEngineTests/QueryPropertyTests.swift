// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SegmentLog
import Testing

@testable import QueryEngine

/// A second, slow evaluator over texts, against which the predicate is checked.
private indirect enum Sample {
    case test(name: String, value: String, isQuoted: Bool)
    case word(String)
    case exists(String)
    case less(String, Int)
    case both(Sample, Sample)
    case either(Sample, Sample)
    case not(Sample)

    var text: String {
        switch self {
        case .test(let name, let value, let isQuoted): isQuoted ? "\(name):\"\(value)\"" : "\(name):\(value)"
        case .word(let word): word
        case .exists(let name): "\(name):*"
        case .less(let name, let limit): "\(name) < \(limit)"
        case .both(let left, let right): "(\(left.text) and \(right.text))"
        case .either(let left, let right): "(\(left.text) or \(right.text))"
        case .not(let node): "not \(node.text)"
        }
    }

    /// `mutant` answers `or` with `and`: the harness must notice.
    func holds(_ event: [(String, String)], mutant: Bool = false) -> Bool {
        switch self {
        case .test(let name, let value, let isQuoted):
            return event.contains { field, text in
                field == name
                    && (isQuoted ? text.lowercased() == value.lowercased() : Sample.glob(value, text))
            }
        case .word(let word):
            return event.contains { field, text in
                !["class", "outcome"].contains(field) && text.lowercased().contains(word.lowercased())
            }
        case .exists(let name): return event.contains { $0.0 == name }
        case .less(let name, let limit):
            return event.contains { $0.0 == name && Int($0.1).map { $0 < limit } ?? false }
        case .both(let left, let right):
            return left.holds(event, mutant: mutant) && right.holds(event, mutant: mutant)
        case .either(let left, let right):
            let (one, other) = (left.holds(event, mutant: mutant), right.holds(event, mutant: mutant))
            return mutant ? one && other : one || other
        case .not(let node): return !node.holds(event, mutant: mutant)
        }
    }

    private static func glob(_ pattern: String, _ text: String) -> Bool {
        func match(_ pattern: Substring, _ text: Substring) -> Bool {
            guard let head = pattern.first else { return text.isEmpty }
            if head == "*" {
                return match(pattern.dropFirst(), text) || !text.isEmpty && match(pattern, text.dropFirst())
            }
            guard let first = text.first, head == "?" || head == first else { return false }
            return match(pattern.dropFirst(), text.dropFirst())
        }
        return match(pattern.lowercased()[...], text.lowercased()[...])
    }
}

@Suite struct QueryPropertyTests {
    private static let names = ["host.name", "user.name", "software.to", "session.id", "ext.odd"]
    private static let values = ["a", "A", "ab", "aab", "b-a", "ba", "é", "", "abab"]
    private static let patterns = ["a", "a*", "*b", "?b", "a*b", "*a*b*", "??", "b?a", "zz", "é", "?"]

    private static func sample(_ random: inout SplitMix64, _ depth: Int) -> Sample {
        switch random.below(depth == 0 ? 5 : 9) {
        case 0: .test(name: random.pick(names), value: random.pick(patterns), isQuoted: false)
        case 1:
            .test(
                name: random.pick(["class", "outcome"]),
                value: random.pick(["access", "net*", "success"]),
                isQuoted: false
            )
        case 2: .word(random.pick(["a", "b-", "AB", "deny"]))
        case 3: .exists(random.pick(names))
        case 4: .less("dst.port", random.below(12))
        case 5: .not(sample(&random, depth - 1))
        case 6: .test(name: random.pick(names), value: random.pick(["a*", "ab", "é"]), isQuoted: true)
        case 7: .both(sample(&random, depth - 1), sample(&random, depth - 1))
        default: .either(sample(&random, depth - 1), sample(&random, depth - 1))
        }
    }

    private static func event(_ random: inout SplitMix64, into batch: inout EventBatch) -> [(String, String)]
    {
        var event = Event(offset: Offset(UInt64(batch.events.count)), time: Fixture.now, logTime: Fixture.now)
        event.eventClass = random.pick(EventClass.allCases)
        event.action = random.pick([Action.other, .login, .deny])
        event.outcome = random.pick(Outcome.allCases)
        batch.begin(event)
        var fields = [
            ("class", event.eventClass.name), ("action", event.action.name), ("outcome", event.outcome.name),
        ]
        for _ in 0..<random.below(5) {
            let name = random.pick(names)
            let value = random.pick(values)
            batch.add(batch.field(named: name) ?? .message, value)
            fields.append((name, value))
        }
        if random.below(2) == 0 {
            let port = String(random.below(12))
            batch.add(.targetPort, port)
            fields.append(("dst.port", port))
        }
        return fields
    }

    /// Disagreements between predicate and reference over random queries and events.
    private static func disagreements(seed: UInt64, mutant: Bool) throws -> [String] {
        var random = SplitMix64(seed: seed)
        var batch = EventBatch()
        batch.extensionNames = ["ext.odd"]
        let references = (0..<60).map { _ in event(&random, into: &batch) }
        var found: [String] = []
        for _ in 0..<120 {
            let sample = sample(&random, 3)
            let predicate = QueryPredicate(try Fixture.query(sample.text), for: batch)
            for (index, reference) in references.enumerated()
            where predicate.matches(index) != sample.holds(reference, mutant: mutant) {
                found.append("\(sample.text) on \(reference)")
            }
        }
        return found
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `the predicate agrees with a naive evaluator`(seed: UInt64) throws {
        let found = try QueryPropertyTests.disagreements(seed: seed, mutant: false)
        #expect(found.isEmpty, "\(found.prefix(3))")
    }

    @Test func `a planted error in the evaluator is noticed`() throws {
        #expect(try !QueryPropertyTests.disagreements(seed: 1, mutant: true).isEmpty)
    }

    /// Whether an event alone satisfies `condition`; `mutant` answers `any` with `all`.
    static func holds(
        _ condition: RowCondition,
        _ event: Event,
        _ fields: [(name: String, value: [UInt8])],
        mutant: Bool
    ) -> Bool {
        switch condition {
        case .everything: return true
        case .all(let parts): return parts.allSatisfy { holds($0, event, fields, mutant: mutant) }
        case .any(let parts):
            return mutant
                ? parts.allSatisfy { holds($0, event, fields, mutant: mutant) }
                : parts.contains { holds($0, event, fields, mutant: mutant) }
        case .text(let text):
            let wanted = String(decoding: text, as: UTF8.self)
            return wanted.isEmpty
                || fields.contains { folded($0.value).contains(wanted) }
        case .value(let names, .text(let text)):
            let wanted = String(decoding: text, as: UTF8.self)
            return fields.contains { names.contains($0.name) && folded($0.value) == wanted }
        case .value(let names, .address(let address)):
            return fields.contains { names.contains($0.name) && IPAddress(folded($0.value)) == address }
        case .header(.eventClass, let set): return set[event.eventClass.rawValue]
        case .header(.action, let set): return set[event.action.rawValue]
        case .header(.outcome, let set): return set[event.outcome.rawValue]
        case .header(.severity, let set): return set[event.severity]
        // No query asks for it.
        case .decoder: return true
        }
    }

    private static func folded(_ value: [UInt8]) -> String {
        String(decoding: value, as: UTF8.self).lowercased()
    }

    /// Events that match a random query but not its condition, and how many the conditions ruled out.
    private static func lost(seed: UInt64, mutant: Bool) throws -> (lost: [String], ruledOut: Int) {
        var random = SplitMix64(seed: seed)
        var batch = EventBatch()
        batch.extensionNames = ["ext.odd"]
        for _ in 0..<60 { _ = event(&random, into: &batch) }
        var (lost, ruledOut): ([String], Int) = ([], 0)
        for _ in 0..<120 {
            let sample = sample(&random, 3)
            let query = try Fixture.query(sample.text)
            let predicate = QueryPredicate(query, for: batch)
            for index in batch.events.indices {
                let fields = batch.fields(of: index).map {
                    (batch.name(of: $0.field), Array(batch.bytes[$0.range]))
                }
                if holds(query.rowCondition(), batch.events[index], fields, mutant: mutant) { continue }
                ruledOut += 1
                if predicate.matches(index) { lost.append("\(sample.text): event \(index)") }
            }
        }
        return (lost, ruledOut)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what a query rules out does not match it`(seed: UInt64) throws {
        let (lost, ruledOut) = try QueryPropertyTests.lost(seed: seed, mutant: false)
        #expect(lost.isEmpty, "\(lost.prefix(3))")
        #expect(ruledOut > 500)
    }

    @Test func `a condition that asks too much is noticed`() throws {
        #expect(try !QueryPropertyTests.lost(seed: 1, mutant: true).lost.isEmpty)
    }
}
