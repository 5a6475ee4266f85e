// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel
public import Timelines

/// How the incidents that one rule set finds differ from those of another over the same events.
///
/// A rule that was edited gives its alerts other identities; so incidents correspond by the events that they
/// rest on, not by their ids.
public struct BacktestDifference: Hashable, Sendable {
    /// What became of an incident.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Only the new rules open it.
        case gained
        /// Only the old rules open it.
        case lost
        /// Both open it, of different alerts.
        case changed
    }

    /// An alert that is on one side only, or differs.
    public struct Cause: Hashable, Sendable {
        /// Rule id, else name.
        public var rule: String
        /// Rule title.
        public var title: String
        /// Level.
        public var level: Level
        /// Whether the old rules raise it; otherwise the new ones do.
        public var isOld: Bool
        /// Offset and time of its earliest witness.
        public var offset: Offset
        /// Time of that witness.
        public var time: UTCTime
        /// Events in it.
        public var count: Int
    }

    /// One incident that is not the same on both sides.
    public struct Change: Hashable, Sendable {
        /// What became of it.
        public var kind: Kind
        /// Its id by the old rules; by the new ones if it was gained.
        public var id: String
        /// Its id by the new rules, when it was changed.
        public var newID: String?
        /// Time of the first witness.
        public var first: UTCTime
        /// Devices.
        public var devices: [String]
        /// Highest level.
        public var level: Level
        /// Title of the most serious alert.
        public var title: String
        /// Alerts that make the difference.
        public var causes: [Cause]
    }

    /// The differences, by time and id.
    public private(set) var changes: [Change] = []
    /// Incidents that are the same.
    public private(set) var sameCount = 0
    /// Incidents of the old rules.
    public let oldCount: Int
    /// Incidents of the new rules.
    public let newCount: Int

    /// What identifies an event.
    private struct Place: Hashable {
        var offset: Offset
        var ordinal: UInt16
    }

    /// Compares what two rule sets found.
    ///
    /// - Complexity: O(n log n) in witnesses.
    public init(from old: [IncidentCore], to new: [IncidentCore]) {
        oldCount = old.count
        newCount = new.count
        var newByPlace: [Place: [Int]] = [:]
        for (number, core) in new.enumerated() {
            for place in BacktestDifference.places(core) { newByPlace[place, default: []].append(number) }
        }
        // Pairs that share most come first; each incident has one counterpart at most.
        var pairs: [(shared: Int, old: Int, new: Int)] = []
        for (number, core) in old.enumerated() {
            var shared: [Int: Int] = [:]
            for place in BacktestDifference.places(core) {
                for other in newByPlace[place] ?? [] { shared[other, default: 0] += 1 }
            }
            for (other, count) in shared { pairs.append((count, number, other)) }
        }
        pairs.sort { ($1.shared, $0.old, $0.new) < ($0.shared, $1.old, $1.new) }
        var counterparts: [Int: Int] = [:]
        var taken: Set<Int> = []
        for pair in pairs where counterparts[pair.old] == nil && !taken.contains(pair.new) {
            counterparts[pair.old] = pair.new
            taken.insert(pair.new)
        }
        for (number, core) in old.enumerated() {
            guard let counterpart = counterparts[number] else {
                add(.lost, core, BacktestDifference.causes(core.alerts, isOld: true))
                continue
            }
            compare(core, new[counterpart])
        }
        for (number, core) in new.enumerated() where !taken.contains(number) {
            add(.gained, core, BacktestDifference.causes(core.alerts, isOld: false))
        }
        changes.sort { ($0.first, $0.id, $0.kind.rawValue) < ($1.first, $1.id, $1.kind.rawValue) }
    }

    private mutating func compare(_ old: IncidentCore, _ new: IncidentCore) {
        let before = Set(old.alerts.map(Essence.init))
        let after = Set(new.alerts.map(Essence.init))
        guard before != after else {
            sameCount += 1
            return
        }
        let gone = old.alerts.filter { !after.contains(Essence($0)) }
        let come = new.alerts.filter { !before.contains(Essence($0)) }
        let causes =
            BacktestDifference.causes(gone, isOld: true) + BacktestDifference.causes(come, isOld: false)
        add(.changed, old, causes, newID: new.id)
    }

    private mutating func add(_ kind: Kind, _ core: IncidentCore, _ causes: [Cause], newID: String? = nil) {
        let level = core.alerts.map(\.level).max() ?? .informational
        changes.append(
            Change(
                kind: kind,
                id: core.id,
                newID: newID,
                first: core.first,
                devices: core.devices,
                level: level,
                title: core.alerts.first { $0.level == level }?.title ?? "",
                causes: causes
            )
        )
    }

    /// Events that an incident rests on.
    private static func places(_ core: IncidentCore) -> Set<Place> {
        Set(core.alerts.flatMap { $0.evidence.map { Place(offset: $0.offset, ordinal: $0.ordinal) } })
    }

    private static func causes(_ alerts: [Alert], isOld: Bool) -> [Cause] {
        alerts.map { alert in
            Cause(
                rule: alert.rule,
                title: alert.title,
                level: alert.level,
                isOld: isOld,
                offset: alert.evidence.first?.offset ?? alert.cause,
                time: alert.first,
                count: alert.count
            )
        }
    }

    /// What of an alert people see, without the identity of the rule's text.
    private struct Essence: Hashable {
        var rule: String
        var level: Level
        var key: [String]
        var first: UTCTime
        var last: UTCTime
        var count: Int
        var offsets: [Offset]

        init(_ alert: Alert) {
            rule = alert.rule
            level = alert.level
            key = alert.key
            first = alert.first
            last = alert.last
            count = alert.count
            offsets = alert.evidence.map(\.offset)
        }
    }
}
