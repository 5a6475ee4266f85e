// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
import EventModel

/// The acts in force: a fold of their records in offset order.
///
/// What an act decides depends on event times and on the acts alone, never on when its record was judged.
public struct IncidentActs: Hashable, Codable, Sendable {
    /// Acts in force: 16,384, years of closing ten a day, and as many remarks.
    ///
    /// Beyond it the oldest one does not hold any more: what it closed is new again.
    public static let countMax = 16_384

    /// In the order of their records.
    public private(set) var inForce: [IncidentAct] = []

    /// None.
    public init() {}

    /// Folds the next act; a close replaces an earlier one of the same incident.
    public mutating func take(_ act: IncidentAct) {
        switch act.kind {
        case .undo:
            inForce.removeAll { act.undone.contains($0.offset) }
            return
        case .reveal, .hold: return
        case .merge, .split, .acknowledge, .assign, .note: break
        case .close: inForce.removeAll { $0.kind == .close && $0.incident == act.incident }
        }
        inForce.append(act)
        // Notes shall not push out what was closed.
        func isAlike(_ other: IncidentAct) -> Bool { other.kind.isRemark == act.kind.isRemark }
        guard inForce.count > IncidentActs.countMax, inForce.count(where: isAlike) > IncidentActs.countMax,
            let oldest = inForce.firstIndex(where: isAlike)
        else { return }
        inForce.remove(at: oldest)
    }
}

/// The acts in force, by what they can concern.
public struct IncidentActIndex: Codable, Sendable {
    /// The acts.
    public let acts: [IncidentAct]
    /// Closes that mark an alert of this name.
    private var closes: [AlertName: [Int]] = [:]
    /// Suppressions by rule, and by the first part of their scope that names something.
    private var suppressions: [Place: [Int]] = [:]

    /// Splits that mark an alert of this name.
    private var splitsByName: [AlertName: [Int]] = [:]
    /// Remarks that mark an alert of this name.
    private var remarks: [AlertName: [Int]] = [:]

    private struct Place: Hashable, Codable {
        var rule: String
        var part: SuppressionScope
        var value: [String]
    }

    /// Indexes `acts`.
    ///
    /// - Complexity: O(marks).
    public init(_ acts: IncidentActs = IncidentActs()) {
        self.acts = acts.inForce
        for (number, act) in self.acts.enumerated() {
            for mark in act.marks {
                let name = AlertName(rule: mark.rule, key: mark.key)
                if act.kind == .split { splitsByName[name, default: []].append(number) }
                if act.kind.isRemark { remarks[name, default: []].append(number) }
            }
        }
        for (number, act) in self.acts.enumerated() where act.kind == .close {
            let part = act.suppression.map { suppression in
                suppression.scope.first { $0 != .rule } ?? .rule
            }
            var places: Set<Place> = []
            for mark in act.marks {
                closes[AlertName(rule: mark.rule, key: mark.key), default: []].append(number)
                guard let part else { continue }
                for value in IncidentActIndex.values(
                    of: part,
                    mark.key,
                    mark.devices,
                    mark.users,
                    mark.addresses
                ) {
                    places.insert(Place(rule: mark.rule, part: part, value: value))
                }
            }
            for place in places { suppressions[place, default: []].append(number) }
        }
    }

    /// Whether nothing is in force.
    var isEmpty: Bool { acts.isEmpty }

    /// Whether anything is split.
    var hasSplits: Bool { !splitsByName.isEmpty }

    /// Splits that set `alert` apart, by offset.
    func splits(of alert: Alert) -> [Offset] {
        (splitsByName[AlertName(rule: alert.rule, key: alert.key)] ?? []).map { acts[$0] }
            .filter { act in act.marks.contains { $0.isOf(alert) } }.map(\.offset)
    }

    /// Pairs of alerts that are of one incident because an operator said so, with the act.
    ///
    /// The first alerts that a merge names of either incident; and what a split names, each with the next
    /// one. A split that came later wins.
    func ties(of alerts: [Alert]) -> [(one: Int, other: Int, act: IncidentAct)] {
        guard hasSplits || acts.contains(where: { $0.kind == .merge }) else { return [] }
        let byName = Dictionary(grouping: alerts.indices) {
            AlertName(rule: alerts[$0].rule, key: alerts[$0].key)
        }
        func named(_ marks: [AlertMark]) -> [Int] {
            marks.flatMap { mark in
                (byName[AlertName(rule: mark.rule, key: mark.key)] ?? []).filter { mark.isOf(alerts[$0]) }
            }.sorted()
        }
        var found: [(one: Int, other: Int, act: IncidentAct)] = []
        for act in acts where act.kind == .merge || act.kind == .split {
            func later(_ index: Int) -> [Offset] { splits(of: alerts[index]).filter { $0 > act.offset } }
            let ones = named(act.marks)
            let pairs =
                act.kind == .split
                ? Array(zip(ones, ones.dropFirst())) : Array(zip(ones, named(act.otherMarks)).prefix(1))
            for (one, other) in pairs where one != other && later(one) == later(other) {
                found.append((min(one, other), max(one, other), act))
            }
        }
        return found
    }

    /// Closes that mark `alert`, whether or not they still cover it, by offset.
    func marking(_ alert: Alert) -> [IncidentAct] { marking(alert, closes) }

    private func marking(_ alert: Alert, _ numbers: [AlertName: [Int]]) -> [IncidentAct] {
        (numbers[AlertName(rule: alert.rule, key: alert.key)] ?? []).map { acts[$0] }
            .filter { act in act.marks.contains { $0.isOf(alert) } }
    }

    /// The oldest act that keeps `alert` from opening or joining an incident; nil where none does.
    ///
    /// An alert that was closed itself belongs to its incident.
    public func suppression(of alert: Alert) -> IncidentAct? {
        guard !suppressions.isEmpty else { return nil }
        var found: Set<Int> = []
        for part in SuppressionScope.allCases {
            // What an act allows, it allows of every value: one of them finds it.
            for value in IncidentActIndex.values(
                of: part,
                alert.key,
                alert.assets,
                alert.users,
                alert.addresses
            )
            .prefix(1) {
                found.formUnion(suppressions[Place(rule: alert.rule, part: part, value: value)] ?? [])
            }
        }
        guard let first = found.sorted().first(where: { acts[$0].silences(alert) }),
            marking(alert).isEmpty
        else { return nil }
        return acts[first]
    }

    private static func values(
        of part: SuppressionScope,
        _ key: [String],
        _ devices: [String],
        _ users: [String],
        _ addresses: [String]
    ) -> [[String]] {
        switch part {
        case .rule: [[]]
        case .key: [key]
        case .device: devices.map { [$0] }
        case .user: users.map { [$0] }
        case .address: addresses.map { [$0] }
        }
    }

    /// Sets state, closures and remarks of `core`: it is closed where every alert of it is.
    ///
    /// What was closed and came back is new, whoever looked into it before.
    func settle(_ core: inout IncidentCore) {
        var closing: [Offset: IncidentAct] = [:]
        var remarks: [Offset: IncidentAct] = [:]
        var isClosed = true
        for alert in core.alerts {
            let marking = marking(alert)
            for act in marking { closing[act.offset] = act }
            for act in self.marking(alert, self.remarks) { remarks[act.offset] = act }
            isClosed = isClosed && marking.contains { $0.closes(alert) }
        }
        core.closures = closing.values.sorted { $0.offset < $1.offset }.map { IncidentClosure($0) }
        core.remarks = remarks.values.sorted { $0.offset < $1.offset }.map { IncidentRemark($0) }
        let closed = core.closures.last?.act
        let isAcknowledged = core.remarks.contains { remark in
            remark.kind == .acknowledge && closed.map { remark.act > $0 } ?? true
        }
        core.state = isClosed ? .closed : isAcknowledged ? .acknowledged : .new
    }

    /// Forms incidents from `alerts` as the acts have it; closures count what they keep out.
    public func form(
        _ alerts: [Alert]
    ) -> (cores: [IncidentCore], silent: [(alert: Alert, act: IncidentAct)]) {
        let (open, silent) = divide(alerts)
        var cores = IncidentFormation.form(open, acts: self)
        guard !silent.isEmpty else { return (cores, []) }
        let byAct = Dictionary(grouping: silent) { $0.act.offset }
        for core in cores.indices {
            for number in cores[core].closures.indices {
                guard let kept = byAct[cores[core].closures[number].act] else { continue }
                cores[core].closures[number].silencedCount = kept.count
                cores[core].closures[number].silencedLast = kept.map(\.alert.last).max() ?? .absent
            }
        }
        return (cores, silent)
    }

    /// Alerts that take part in incidents, and those that acts keep out, each with its act.
    public func divide(_ alerts: [Alert]) -> (open: [Alert], silent: [(alert: Alert, act: IncidentAct)]) {
        guard !suppressions.isEmpty else { return (alerts, []) }
        var open: [Alert] = []
        var silent: [(alert: Alert, act: IncidentAct)] = []
        for alert in alerts {
            if !alert.isReview, let act = suppression(of: alert) {
                silent.append((alert, act))
            } else {
                open.append(alert)
            }
        }
        return (open, silent)
    }
}
