// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// A test of one text, case folded: equal, begins with, ends with, contains, or merely present; possibly
/// negated.
struct TextTest: Sendable {
    enum Kind: UInt8, Sendable { case equal, prefix, suffix, contains, present }

    var kind: Kind
    var isNegated: Bool
    /// The text, in the texts of ``RuleTables``.
    var text: TablePart
    /// By which bytes it is looked for.
    var lead: LeadBytes

    /// Reads `x`, `x*`, `*x`, `*x*`, `*` or one of these after `!`.
    ///
    /// A quoted star or bang cannot be expressed.
    init(_ written: String, _ tables: inout RuleTables) {
        var rest = Array(written.utf8)[...]
        isNegated = rest.count > 1 && rest.first == 0x21
        if isNegated { rest = rest.dropFirst() }
        let opens = rest.first == 0x2a
        let closes = rest.count > 1 && rest.last == 0x2a
        if rest.count == 1, opens {
            kind = .present
            rest = []
        } else if opens, closes {
            kind = .contains
            rest = rest.dropFirst().dropLast()
        } else if opens {
            kind = .suffix
            rest = rest.dropFirst()
        } else if closes {
            kind = .prefix
            rest = rest.dropLast()
        } else {
            kind = .equal
        }
        text = tables.add(text: rest.map(\.folded))
        lead = LeadBytes(rest.map(\.folded))
    }

    /// Whether the value at `range` passes, the negation not yet applied; `texts` are those of the tables.
    func holds(
        _ texts: Span<UInt8>,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ budget: inout SearchBudget
    ) -> Bool {
        let count = Int(text.count)
        switch kind {
        case .present: return true
        case .equal: return range.count == count && matches(texts, bytes, range.lowerBound)
        case .prefix: return range.count >= count && matches(texts, bytes, range.lowerBound)
        case .suffix: return range.count >= count && matches(texts, bytes, range.upperBound - count)
        case .contains:
            return ByteSearch.firstFolded(texts, text.range, by: lead, bytes, range, &budget) != nil
        }
    }

    private func matches(_ texts: Span<UInt8>, _ bytes: Span<UInt8>, _ start: Int) -> Bool {
        let first = Int(text.start)
        for lane in 0..<Int(text.count) where bytes[start + lane].folded != texts[first + lane] {
            return false
        }
        return true
    }
}

/// A condition on one slot: any of the positive tests, and none of the negated ones.
struct SlotCondition: Sendable {
    var slot: Int32
    /// In `tests`, the negated ones first.
    var tests: TablePart
    /// Whether a missing value fulfils the condition: so when every test is negated.
    var acceptsMissing: Bool

    /// Whether the value at `range` fulfils the condition.
    func holds(
        _ tables: borrowing RuleTables,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ budget: inout SearchBudget
    ) -> Bool {
        let tests = tables.tests.span
        let texts = tables.texts.span
        for index in self.tests.range where tests[index].holds(texts, bytes, range, &budget) {
            return !tests[index].isNegated
        }
        return acceptsMissing
    }
}
