// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Normalization

/// Looking for texts anywhere in a line costs no more than ``SearchBudget`` allows.
@Suite struct SearchBudgetTests {
    /// Decodes a body by a decoder of `count` rules that each look for a text of their own; the last is
    /// `user fr` and then `end`.
    private func decode(_ body: String, count: Int) throws -> Event {
        var definition = DecoderDefinition(id: PlacedText("gate"))
        definition.select.applications = [PlacedText("gated")]
        for number in 0..<count {
            var rule = RuleDefinition(id: PlacedText("r\(number)"))
            rule.patterns = [PlacedText("{_:rest}")]
            rule.base.action = PlacedText(number == count - 1 ? "logout" : "login")
            let text = number == count - 1 ? "*end*" : "*user fr\(number)*"
            rule.base.conditions = [
                ConditionDefinition(source: PlacedText("$body"), values: [PlacedText(text)])
            ]
            definition.rules.append(rule)
        }
        let decoders = try DecoderSet(compiling: [definition])
        var normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "test", secret: [1]))
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "test", transport: .file))
        let line = "<13>1 2026-10-05T04:00:00Z h gated - - - " + body
        for text in [line, "<13>1 2026-10-05T04:00:01Z h gated - - - the end"] {
            records.append(Array(text.utf8), kind: .device, origin: origin, receiveTime: .absent)
        }
        var events = EventBatch()
        normalizer.decode(records, base: .zero, reference: UTCTime(nanoseconds: 0), into: &events)
        // What one record spent is nothing to the next.
        #expect(events.events[1].action == .logout && !events.events[1].issues.contains(.decodeTruncated))
        return events.events[0]
    }

    @Test func `a long line is searched whole by as many texts as a decoder has`() throws {
        let event = try decode(String(repeating: "x", count: 65_000) + " end", count: 12)
        #expect(event.action == .logout && !event.issues.contains(.decodeTruncated))
    }

    @Test func `what is left when the budget is spent counts as absent, and the record says so`() throws {
        let event = try decode(String(repeating: "user from ", count: 6_500) + " end", count: 100)
        #expect(event.action != .logout && event.issues.contains(.decodeTruncated))
    }

    @Test func `a search costs what it looked at`() {
        let bytes = Array(String(repeating: "user from ", count: 6_000).utf8)
        for (text, least) in [("zq", bytes.count - 2), ("user fron", 6_000 * SearchBudget.comparisonCost)] {
            var budget = SearchBudget()
            let part = Array(text.utf8)
            let found = ByteSearch.firstFolded(
                part.span,
                part.indices,
                by: LeadBytes(part),
                bytes.span,
                bytes.indices,
                .none,
                &budget
            )
            #expect(found == nil && !budget.isSpent)
            #expect(SearchBudget.bytesMax - budget.left >= least)
        }
        var budget = SearchBudget()
        budget.spend(SearchBudget.bytesMax, comparisons: 0)
        let part = Array("user".utf8)
        #expect(
            ByteSearch.firstFolded(
                part.span,
                part.indices,
                by: LeadBytes(part),
                bytes.span,
                bytes.indices,
                .none,
                &budget
            ) == nil
        )
    }

    @Test(arguments: [
        (["*a*", "!*b*"], "a", true), (["*a*", "!*b*"], "ab", false), (["!*b*", "*a*"], "ba", false),
        (["!*b*"], "c", true), (["*a*", "*c*"], "c", true), (["*a*", "!*b*"], "c", false),
    ])
    func `a negated test decides wherever it stands`(_ values: [String], _ text: String, _ holds: Bool) {
        var tables = RuleTables()
        let condition = tables.condition(slot: 0, values: values)
        let bytes = Array(text.utf8)
        var budget = SearchBudget()
        #expect(condition.holds(tables, bytes.span, bytes.indices, .none, &budget) == holds)
    }
}
