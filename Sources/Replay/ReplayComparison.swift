// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Projections

/// How the incidents of one judgement differ from those of another over the same records.
public struct ReplayComparison: Hashable, Sendable {
    /// What became of one incident.
    public struct Change: Hashable, Sendable {
        /// Its id.
        public var id: String
        /// Names of the parts that differ, in the order of the incident's fields.
        public var parts: [String]
    }

    /// Ids that only the stored judgement has.
    public let missing: [String]
    /// Ids that only the new judgement has.
    public let surplus: [String]
    /// Incidents that both have and that differ.
    public let changed: [Change]
    /// How many incidents are the same in every byte.
    public let sameCount: Int

    /// Whether both judgements agree in every byte.
    public var isEqual: Bool { missing.isEmpty && surplus.isEmpty && changed.isEmpty }

    /// Compares by id.
    public init(stored: [StoredIncident], judged: [StoredIncident]) {
        let old = Dictionary(stored.map { ($0.id, $0) }) { first, _ in first }
        let new = Dictionary(judged.map { ($0.id, $0) }) { first, _ in first }
        missing = old.keys.filter { new[$0] == nil }.sorted()
        surplus = new.keys.filter { old[$0] == nil }.sorted()
        var changed: [Change] = []
        var sameCount = 0
        for id in old.keys.sorted() {
            guard let before = old[id], let after = new[id] else { continue }
            if before == after {
                sameCount += 1
            } else {
                changed.append(Change(id: id, parts: ReplayComparison.parts(before, after)))
            }
        }
        self.changed = changed
        self.sameCount = sameCount
    }

    private static func parts(_ before: StoredIncident, _ after: StoredIncident) -> [String] {
        let found: [(String, Bool)] = [
            ("merged", before.mergedIDs == after.mergedIDs), ("state", before.state == after.state),
            ("severity", before.severity == after.severity), ("risk", before.risk == after.risk),
            ("title", before.title == after.title), ("first", before.first == after.first),
            ("last", before.last == after.last), ("provisional", before.isProvisional == after.isProvisional),
            ("rules", before.rules == after.rules), ("classes", before.classes == after.classes),
            ("devices", before.devices == after.devices), ("users", before.users == after.users),
            ("absences", before.absences == after.absences),
            ("why_joined", before.whyJoined == after.whyJoined),
            ("alerts", before.alerts == after.alerts), ("timeline", before.entries == after.entries),
            ("json", before.json == after.json),
        ]
        return found.filter { !$0.1 }.map(\.0)
    }

    /// One sentence for each difference; a single line of agreement where there is none.
    public var report: [String] {
        guard !isEqual else { return ["same: \(sameCount) incidents are equal in every byte"] }
        return missing.map { "missing: \($0) was stored and did not come again" }
            + surplus.map { "new: \($0) came and was not stored" }
            + changed.map { "changed: \($0.id) differs in \($0.parts.joined(separator: ", "))" }
            + ["\(sameCount) incidents are equal in every byte"]
    }
}
