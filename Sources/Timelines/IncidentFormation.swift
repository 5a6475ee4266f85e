// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel

/// Alerts that belong together, before their timeline is drawn.
public struct IncidentCore: Hashable, Codable, Sendable {
    /// Alerts in order of first witness.
    public var alerts: [Alert]
    /// Edges that join them, in the order of what is shared.
    public var joins: [IncidentJoin]
    /// Closed where an operator closed every alert of it, acknowledged where one looks into it, else new.
    public var state = IncidentState.new
    /// Closes in force of any of its alerts, by offset.
    public var closures: [IncidentClosure] = []
    /// What was said about any of its alerts, by offset.
    public var remarks: [IncidentRemark] = []

    /// Merges by operators that hold it together, by offset.
    var merges: [IncidentAct] = []

    /// Makes a core of alerts in order of first witness.
    init(alerts: [Alert], joins: [IncidentJoin]) {
        self.alerts = alerts
        self.joins = joins
    }

    /// Chain of keys that joins them, one step a line.
    public var whyJoined: [String] { joins.map(\.text) }
    /// Identity: that of the oldest alert.
    public var id: String { alerts.first.map(IncidentCore.id) ?? "" }
    /// Ids under which parts of it would stand alone, sorted: look-ups accept them after a merge.
    public var otherIDs: [String] {
        let parts = alerts.dropFirst().filter { $0.level >= .high && !$0.assets.isEmpty }
        let merged = merges.flatMap { [$0.incident, $0.other] }.filter { $0 != id }
        return Set(parts.map(IncidentCore.id) + merged).sorted()
    }

    private static func id(_ alert: Alert) -> String { "INC-" + alert.id.dropFirst(3) }

    /// First witness.
    public var first: UTCTime { alerts.map(\.first).min() ?? .absent }
    /// Last witness.
    public var last: UTCTime { alerts.map(\.last).max() ?? .absent }
    /// Assets that take part in the evidence, sorted.
    public var devices: [String] {
        Set(alerts.flatMap { $0.assets + $0.evidence.flatMap(\.assets) }).sorted()
    }
    /// Users that the alerts are about, sorted.
    public var users: [String] { Set(alerts.flatMap(\.users)).sorted() }
    /// Addresses that the alerts are about, sorted.
    public var addresses: [String] { Set(alerts.flatMap(\.addresses)).sorted() }
}

/// Forms incidents from alerts: a pure function of the set of alerts and of acts, so neither order nor
/// crashes matter.
public enum IncidentFormation {
    /// An entity that more assets than this share joins nothing: scanners, proxies, shared jump hosts.
    public static let degreeMax = 16

    private struct Key: Hashable, Comparable {
        var kind: JoinKind
        var value: String

        static func < (left: Key, right: Key) -> Bool { (left.kind, left.value) < (right.kind, right.value) }
    }

    /// Joins alerts that share an entity within the join window and keeps the groups that are incidents.
    ///
    /// - Parameters:
    ///   - alerts: alerts with their identities; reviews are passed over.
    ///   - acts: what operators decided; ``IncidentActIndex/divide(_:)`` leaves out what they keep out.
    /// - Returns: Incident cores ordered by first witness, then id.
    /// - Complexity: O(n log n) in alerts times their keys.
    public static func form(
        _ alerts: [Alert],
        acts: IncidentActIndex = IncidentActIndex()
    ) -> [IncidentCore] {
        let sorted = alerts.filter { !$0.isReview }.sorted { ($0.first, $0.id) < ($1.first, $1.id) }
        var parts = AlertParts(count: sorted.count)
        var joins: [(first: Int, join: IncidentJoin)] = []
        func join(_ one: Int, _ other: Int, _ kind: JoinKind, _ value: String) {
            guard parts.unite(one, other) else { return }
            joins.append((one, IncidentJoin(sorted[one], sorted[other], kind, value)))
        }
        for (key, members) in groups(sorted, acts) {
            var previous = members[0]
            for member in members.dropFirst() {
                let window = max(sorted[previous].joinWindow, sorted[member].joinWindow)
                if sorted[member].first <= sorted[previous].last.advanced(by: window) {
                    join(previous, member, key.kind, key.value)
                }
                if sorted[member].last >= sorted[previous].last { previous = member }
            }
        }
        var merges: [Int: [IncidentAct]] = [:]
        for tie in acts.ties(of: sorted) {
            join(tie.one, tie.other, .act, tie.act.words)
            if tie.act.kind == .merge { merges[tie.one, default: []].append(tie.act) }
        }
        var components: [Int: [Int]] = [:]
        for index in sorted.indices { components[parts.root(index), default: []].append(index) }
        let joinsByRoot = Dictionary(grouping: joins) { parts.root($0.first) }
        return components.keys.sorted().compactMap { number in
            guard let members = components[number] else { return nil }
            let all = members.map { sorted[$0] }
            guard opens(all) else { return nil }
            var core = IncidentCore(alerts: all, joins: (joinsByRoot[number] ?? []).map(\.join))
            if !merges.isEmpty { core.merges = members.flatMap { merges[$0] ?? [] } }
            if !acts.isEmpty { acts.settle(&core) }
            return core
        }
    }

    /// A high or critical alert on an asset, or alerts of two classes joined on one.
    ///
    /// An absence that is not known joins others and opens nothing.
    private static func opens(_ all: [Alert]) -> Bool {
        let alerts = all.filter(\.coverageGap.isEmpty)
        let onAssets = alerts.filter { !$0.assets.isEmpty }
        if onAssets.contains(where: { $0.level >= .high }) { return true }
        let classes = Set(alerts.flatMap { $0.classes.map(\.rawValue) })
        return !onAssets.isEmpty && alerts.count > 1 && classes.count > 1
            && alerts.contains { $0.level >= .medium }
    }

    /// Alerts that share an entity, in order, apart where an operator split them.
    private static func groups(_ alerts: [Alert], _ acts: IncidentActIndex) -> [(Key, [Int])] {
        var members: [Key: [Int]] = [:]
        for (index, alert) in alerts.enumerated() {
            for (kind, value) in alert.entities {
                members[Key(kind: kind, value: value), default: []].append(index)
            }
        }
        let shared = members.filter { key, indices in
            guard indices.count > 1 else { return false }
            return key.kind == .asset || Set(indices.flatMap { alerts[$0].assets }).count <= degreeMax
        }.sorted { $0.key < $1.key }
        guard acts.hasSplits else { return shared.map { ($0.key, $0.value) } }
        return shared.flatMap { key, indices in
            Dictionary(grouping: indices) { acts.splits(of: alerts[$0]) }
                .sorted { $0.value[0] < $1.value[0] }.map { (key, $0.value) }
        }
    }
}

/// Which alerts are of one incident: parts that are united.
private struct AlertParts {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    /// The first alert of the part that `index` is of.
    mutating func root(_ index: Int) -> Int {
        var index = index
        while parents[index] != index {
            parents[index] = parents[parents[index]]
            index = parents[index]
        }
        return index
    }

    /// Unites two parts; false if they are one.
    mutating func unite(_ one: Int, _ other: Int) -> Bool {
        let (left, right) = (root(one), root(other))
        guard left != right else { return false }
        parents[max(left, right)] = min(left, right)
        return true
    }
}
