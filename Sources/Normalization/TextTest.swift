// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// A test of one text, case folded: equal, begins with, ends with, contains, or merely present; possibly
/// negated.
struct TextTest: Hashable, Sendable {
    enum Kind: UInt8, Sendable { case equal, prefix, suffix, contains, present }

    var kind: Kind
    var isNegated: Bool
    var text: [UInt8]

    /// Reads `x`, `x*`, `*x`, `*x*`, `*` or one of these after `!`.
    ///
    /// A quoted star or bang cannot be expressed.
    init(_ written: String) {
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
        text = rest.map(\.folded)
    }

    /// Whether the value at `range` passes, the negation not yet applied.
    func holds(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        switch kind {
        case .present: true
        case .equal: range.count == text.count && matches(bytes, range.lowerBound)
        case .prefix: range.count >= text.count && matches(bytes, range.lowerBound)
        case .suffix: range.count >= text.count && matches(bytes, range.upperBound - text.count)
        case .contains: contained(bytes, range)
        }
    }

    private func matches(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
        for index in text.indices where bytes[start + index].folded != text[index] { return false }
        return true
    }

    private func contained(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= text.count else { return false }
        var start = range.lowerBound
        while start <= range.upperBound - text.count {
            if matches(bytes, start) { return true }
            start += 1
        }
        return false
    }
}

/// A condition on one slot: any of the positive tests, and none of the negated ones.
struct SlotCondition: Sendable {
    var slot: Int
    var tests: [TextTest]
    /// Whether a missing value fulfils the condition: so when every test is negated.
    var acceptsMissing: Bool

    init(slot: Int, values: [String]) {
        self.slot = slot
        tests = values.map(TextTest.init)
        acceptsMissing = tests.allSatisfy(\.isNegated)
    }

    /// Whether the value at `range` fulfils the condition.
    func holds(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var isAccepted = acceptsMissing
        for index in tests.indices where tests[index].holds(bytes, range) {
            if tests[index].isNegated { return false }
            isAccepted = true
        }
        return isAccepted
    }
}
