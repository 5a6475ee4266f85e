// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// A part of a test that stands behind a star between two texts.
struct TextPiece: Sendable {
    /// The text, in the texts of ``RuleTables``.
    var text: TablePart
    /// By which bytes it is looked for.
    var lead: LeadBytes
}

/// A test of one text, case folded: equal, begins with, ends with, contains, or merely present; possibly
/// negated.
///
/// Several texts with stars between them stand in that order, each at its first place behind the one before.
struct TextTest: Sendable {
    enum Kind: UInt8, Sendable { case equal, prefix, suffix, contains, present }

    var kind: Kind
    var isNegated: Bool
    /// What follows the first text, in the pieces of ``RuleTables``.
    var pieces = TablePart()
    /// Whether the last of the pieces has to be the end.
    var isClosed = false
    /// The text, in the texts of ``RuleTables``.
    var text: TablePart
    /// By which bytes it is looked for.
    var lead: LeadBytes

    /// Reads `x`, `x*`, `*x`, `*x*`, `x*y` and the like, `*` or one of these after `!`.
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
        let texts = rest.split(separator: 0x2a).map { $0.map(\.folded) }
        text = tables.add(text: texts.first ?? [])
        lead = LeadBytes(texts.first ?? [])
        guard texts.count > 1 else { return }
        isClosed = kind == .suffix || kind == .equal
        kind = opens ? .contains : .prefix
        let followers = texts.dropFirst().map { TextPiece(text: tables.add(text: $0), lead: LeadBytes($0)) }
        pieces = RuleTables.add(followers, to: &tables.pieces)
    }

    /// Whether the value at `range` passes, the negation not yet applied.
    func holds(
        _ tables: borrowing RuleTables,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ sketch: borrowing TextSketch,
        _ budget: inout SearchBudget
    ) -> Bool {
        let texts = tables.texts.span
        let count = Int(text.count)
        switch kind {
        case .present: return true
        case .equal: return range.count == count && matches(texts, bytes, range.lowerBound)
        case .prefix:
            guard range.count >= count, matches(texts, bytes, range.lowerBound) else { return false }
            return pieces.isEmpty || continues(tables, bytes, range.dropFirst(count), sketch, &budget)
        case .suffix: return range.count >= count && matches(texts, bytes, range.upperBound - count)
        case .contains:
            guard
                let start = ByteSearch.firstFolded(
                    texts,
                    text.range,
                    by: lead,
                    bytes,
                    range,
                    sketch,
                    &budget
                )
            else { return false }
            return pieces.isEmpty
                || continues(tables, bytes, start + count..<range.upperBound, sketch, &budget)
        }
    }

    /// Whether the pieces stand in `range` in their order.
    private func continues(
        _ tables: borrowing RuleTables,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ sketch: borrowing TextSketch,
        _ budget: inout SearchBudget
    ) -> Bool {
        var rest = range
        for index in pieces.range {
            let piece = tables.pieces[index]
            let count = Int(piece.text.count)
            // The last one that has to be the end is looked for there only.
            if isClosed, index == pieces.range.upperBound - 1 {
                guard rest.count >= count else { return false }
                rest = rest.upperBound - count..<rest.upperBound
            }
            let texts = tables.texts.span
            guard
                let start = ByteSearch.firstFolded(
                    texts,
                    piece.text.range,
                    by: piece.lead,
                    bytes,
                    rest,
                    sketch,
                    &budget
                )
            else { return false }
            rest = start + count..<rest.upperBound
        }
        return true
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
        _ sketch: borrowing TextSketch,
        _ budget: inout SearchBudget
    ) -> Bool {
        let tests = tables.tests.span
        for index in self.tests.range where tests[index].holds(tables, bytes, range, sketch, &budget) {
            return !tests[index].isNegated
        }
        return acceptsMissing
    }
}
