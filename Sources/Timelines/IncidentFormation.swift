// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel

/// Alerts that belong together, before their timeline is drawn.
public struct IncidentCore: Hashable, Sendable {
    /// Alerts in order of first witness.
    public var alerts: [Alert]
    /// Chain of keys that joins them, one step a line.
    public var whyJoined: [String]
    /// Closed where an operator closed every alert of it, else new.
    public var state = IncidentState.new
    /// Closes in force of any of its alerts, by offset.
    public var closures: [IncidentClosure] = []

    /// Identity: that of the oldest alert.
    public var id: String { alerts.first.map(IncidentCore.id) ?? "" }
    /// Ids under which parts of it would stand alone, sorted: look-ups accept them after a merge.
    public var otherIDs: [String] {
        alerts.dropFirst().filter { $0.level >= .high && !$0.assets.isEmpty }.map(IncidentCore.id).sorted()
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

/// Forms incidents from alerts: a pure function of the set of alerts, so neither order nor crashes matter.
public enum IncidentFormation {
    /// An entity that more assets than this share joins nothing: scanners, proxies, shared jump hosts.
    public static let degreeMax = 16

    private struct Key: Hashable, Comparable {
        var kind: String
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
        var parents = Array(sorted.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while parents[index] != index {
                parents[index] = parents[parents[index]]
                index = parents[index]
            }
            return index
        }
        var steps: [(first: Int, second: Int, key: Key)] = []
        for (key, members) in groups(sorted) {
            var previous = members[0]
            for member in members.dropFirst() {
                let window = max(sorted[previous].joinWindow, sorted[member].joinWindow)
                if sorted[member].first <= sorted[previous].last.advanced(by: window) {
                    let (left, right) = (root(previous), root(member))
                    if left != right {
                        parents[max(left, right)] = min(left, right)
                        steps.append((previous, member, key))
                    }
                }
                if sorted[member].last >= sorted[previous].last { previous = member }
            }
        }
        var components: [Int: [Int]] = [:]
        for index in sorted.indices { components[root(index), default: []].append(index) }
        let stepsByRoot = Dictionary(grouping: steps) { root($0.first) }
        return components.keys.sorted().compactMap { number in
            guard let members = components[number] else { return nil }
            let parts = members.map { sorted[$0] }
            guard opens(parts) else { return nil }
            let chain = (stepsByRoot[number] ?? []).map { step in
                let rules = sorted[step.first].rule + " and " + sorted[step.second].rule
                return "\(rules) share \(step.key.kind) \(step.key.value)"
            }
            var core = IncidentCore(alerts: parts, whyJoined: chain)
            if !acts.isEmpty { acts.close(&core) }
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

    private static func groups(_ alerts: [Alert]) -> [(Key, [Int])] {
        var members: [Key: [Int]] = [:]
        for (index, alert) in alerts.enumerated() {
            for asset in alert.assets { members[Key(kind: "asset", value: asset), default: []].append(index) }
            for user in alert.users {
                members[Key(kind: "user", value: user.lowercased()), default: []].append(index)
            }
            for address in alert.addresses {
                members[Key(kind: "address", value: address), default: []].append(index)
            }
            for artefact in alert.artefacts {
                members[Key(kind: "artefact", value: artefact.lowercased()), default: []].append(index)
            }
            for session in alert.sessions {
                members[Key(kind: "session", value: session), default: []].append(index)
            }
        }
        return members.filter { key, indices in
            guard indices.count > 1 else { return false }
            return key.kind == "asset" || Set(indices.flatMap { alerts[$0].assets }).count <= degreeMax
        }.sorted { $0.key < $1.key }
    }
}
