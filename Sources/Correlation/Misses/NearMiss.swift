// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Inventory

/// How near events came to a rule that did not speak.
public struct NearMiss: Sendable {
    /// A test that was wanted to hold and did not, or the other way round.
    public struct Test: Hashable, Sendable {
        /// Search of the rule; empty where a filter from outside narrows it.
        public var search: String
        /// Field and modifiers; empty for a whole search.
        public var label: String
        /// Values that the rule names, three at most.
        public var wanted: String
        /// Values of the event, three at most; empty where it has none.
        public var found: [String]
        /// Whether it holds and must not.
        public var isForbidden = false

        /// The test with both sides.
        public var words: String {
            guard !wanted.isEmpty else { return "`\(label)`" }
            let isKeyword = label.hasPrefix("(")
            let none = isKeyword ? "no field has it" : "the field is missing"
            let has = found.isEmpty ? none : "found \(found.joined(separator: ", "))"
            return "`\(label)` (wants \(wanted); \(has))"
        }
    }

    /// Offset of the nearest event; nil for a correlation, and without events.
    public var offset: Offset?
    /// What was wanted and not there, one reason each.
    public var reasons: [String]
    /// Events that came nearest, in order of time: one for a detection, what a correlation had.
    public var events: [Witness] = []
    /// Group of a correlation that came nearest: `name=value`.
    public var group: [String] = []
    /// Tests of the nearest event that failed.
    public var tests: [Test] = []
    /// How much of what is wanted was there, 0...1: to compare, not to believe.
    public var share = 0.0
    /// Whether anything was there at all.
    public var isNear = false

    init(offset: Offset?, reasons: [String]) {
        self.offset = offset
        self.reasons = reasons
    }

    /// Longest value that is shown: 80 characters.
    static func shortened(_ text: String) -> String {
        text.count > 80 ? String(text.prefix(77)) + "..." : text
    }

    /// Looks for it.
    ///
    /// Joined facts are those of the events' times; what earlier alerts add to them is not there.
    ///
    /// - Parameters:
    ///   - rule: name, id or title.
    ///   - batches: events of the case.
    /// - Returns: nil for a rule that the set does not have.
    public static func find(
        _ rule: String,
        in rules: RuleSet,
        _ batches: [EventBatch],
        register: AssetRegister
    ) -> NearMiss? {
        guard var search = MissSearch(rule, in: rules) else { return nil }
        for candidate in placed(batches, register) { search.take(candidate) }
        return search.result()
    }

    /// The events with what they join, in order of time.
    private static func placed(_ batches: [EventBatch], _ register: AssetRegister) -> [Candidate] {
        var surroundings = Surroundings(register: register)
        var pending = PendingEvents()
        for batch in batches where !batch.events.isEmpty {
            let number = pending.hold(batch)
            for index in batch.events.indices { pending.add(index, of: number) }
        }
        var found: [Candidate] = []
        while let next = pending.next() {
            let candidate = next.view.placed(in: surroundings.situation(of: next.view), copies: next.copies)
            surroundings.observe(candidate)
            found.append(candidate)
        }
        return found
    }
}
