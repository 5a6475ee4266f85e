// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import Timelines

/// Alerts on their way to incidents: what is confirmed, what was published, and what changed between the two.
struct IncidentBoard: Codable, Sendable {
    /// Alerts that take part in incidents: 65,536.
    ///
    /// Beyond it the oldest are closed as they were published.
    static let alertCountMax = 65_536

    /// What changed since the board was drawn last.
    struct Changes: Sendable {
        var incidents: [Incident] = []
        var removedIncidents: [String] = []
        var reviews: [Alert] = []
        var removedReviews: [String] = []
        var facts: [JSONValue] = []
    }

    private var alerts: [Int: Alert] = [:]
    private var memory = EvidenceMemory()
    /// Judged events of the stretch that is not whole yet.
    private var newest: [JudgedEvent] = []
    private var incidents: [String: Incident] = [:]
    private var cores: [String: IncidentCore] = [:]
    private var reviews: [String: Alert] = [:]
    private var provisional: [String] = []
    /// What operators decided, as of the newest record.
    private var acts = IncidentActs()
    /// ``acts`` by what they can concern; nil when it must be made anew.
    private var index: IncidentActIndex? = IncidentActIndex()
    /// Alerts that acts keep out, with the act: what the journal was told.
    private var silent: [String: Alert.Suppression] = [:]
    /// Why alerts were retracted since the board was drawn last, by id.
    private var retracted: [String: String] = [:]
    /// Event times that were judged since the board was drawn last.
    private var judgedRange: ClosedRange<UTCTime>?
    private var isChanged = false

    /// Takes what was judged; answers with the facts for the journal.
    mutating func take(_ judgements: [Judgement]) -> [JSONValue] {
        var facts: [JSONValue] = []
        for (number, judgement) in judgements.enumerated() {
            for alert in judgement.alerts { facts.append(note(alert)) }
            facts += judgement.revisions.compactMap { note($0) }
            for judged in judgement.judged { widen(judged.event.time) }
            newest += judgement.judged
            guard number + 1 < judgements.count else { continue }
            let stretch = newest
            newest = []
            let current = alerts
            memory.append(stretch) { IncidentFormation.form(Array(current.values)) }
        }
        return facts
    }

    /// Lets the events that are remembered be resolved anew.
    mutating func reconsider(_ resolve: ([JudgedEvent]) -> [JudgedEvent]) {
        let before = memory.events + newest
        let after = resolve(before)
        for (old, new) in zip(before, after)
        where (old.subject, old.source, old.target) != (new.subject, new.source, new.target) {
            widen(new.event.time)
        }
        memory.replace(Array(after.dropLast(newest.count)))
        newest = Array(after.suffix(newest.count))
    }

    /// Takes what an operator decided.
    mutating func decide(_ act: IncidentAct) {
        acts.take(act)
        index = nil
        isChanged = true
    }

    private mutating func widen(_ time: UTCTime) {
        let known = judgedRange ?? time...time
        judgedRange = min(known.lowerBound, time)...max(known.upperBound, time)
    }

    /// Takes what late evidence changed; nil where nobody was told what is gone.
    private mutating func note(_ revision: Revision) -> JSONValue? {
        guard revision.kind == .retracted else { return note(revision.alert, revision.reason) }
        guard let gone = alerts.removeValue(forKey: revision.alert.episode) else { return nil }
        isChanged = true
        retracted[gone.id] = revision.reason
        return VerdictFacts.retracted(gone, revision.reason)
    }

    private mutating func note(_ alert: Alert, _ reason: String = "") -> JSONValue {
        isChanged = true
        let before = alerts.updateValue(alert, forKey: alert.episode)
        if alerts.count > IncidentBoard.alertCountMax, let oldest = alerts.keys.min() { alerts[oldest] = nil }
        guard let before else { return VerdictFacts.alert("alert.confirmed", alert, because: reason) }
        let replaced = before.id == alert.id ? "" : before.id
        return VerdictFacts.alert("alert.amended", alert, replacing: replaced, because: reason)
    }

    /// Draws incidents from what is confirmed and what would follow if nothing more came.
    ///
    /// `ahead` is what a copy of the correlator concluded from the events that still wait.
    mutating func draw(_ ahead: [Judgement], _ register: AssetRegister) -> Changes {
        var all = alerts
        var waiting: [JudgedEvent] = []
        for judgement in ahead {
            waiting += judgement.judged
            for var alert in judgement.alerts {
                alert.isProvisional = true
                all[alert.episode] = alert
            }
            for revision in judgement.revisions {
                var alert = revision.alert
                alert.isProvisional = true
                all[alert.episode] = revision.kind == .retracted ? nil : alert
            }
        }
        let ids = all.values.filter(\.isProvisional).map(\.id).sorted()
        guard isChanged || judgedRange != nil || ids != provisional || !ids.isEmpty else { return Changes() }
        var changes = Changes()
        if ids != provisional { changes.facts.append(VerdictFacts.provisional(ids)) }
        provisional = ids
        for judged in waiting { widen(judged.event.time) }
        let kept = drawIncidents(Array(all.values), newest + waiting, register, &changes)
        let cited = Set(cores.values.flatMap { $0.alerts.map(\.id) })
        // What opened no incident and joined none still needs eyes; what is kept silent is told with its act.
        drawReviews(
            all.values.filter {
                kept[$0.id] == nil && ($0.isReview || $0.level >= .medium && !cited.contains($0.id))
            } + kept.values,
            &changes
        )
        judgedRange = nil
        isChanged = false
        retracted = [:]
        return changes
    }

    private mutating func drawIncidents(
        _ alerts: [Alert],
        _ newest: [JudgedEvent],
        _ register: AssetRegister,
        _ changes: inout Changes
    ) -> [String: Alert] {
        let index = index ?? IncidentActIndex(acts)
        self.index = index
        let (formed, silenced) = index.form(alerts)
        let lineage = IncidentLineage(before: incidents, formed: formed, index, retracted)
        var stale: [IncidentCore] = []
        for core in formed {
            let isTouched = judgedRange.map { $0.overlaps(IncidentAssembly.range(of: core)) } ?? false
            if cores[core.id] != core || isTouched { stale.append(core) }
        }
        var drawing = IncidentDrawing(stale)
        for digest in memory.digests(for: drawing, newest: newest) { drawing.take(digest) }
        for (core, assembly) in zip(stale, drawing.assemblies) {
            let incident = assembly.incident { name, time in
                register.asset(named: name).map { AssetStanding($0, in: register, at: time) }
            }
            cores[core.id] = core
            guard incidents[core.id] != incident else { continue }
            let origin = incidents[core.id] == nil ? lineage.origin(of: core) : nil
            let name = origin == nil ? IncidentBoard.name(incidents[core.id], incident) : "incident.split"
            changes.facts.append(VerdictFacts.incident(name, incident, origin: origin))
            incidents[core.id] = incident
            changes.incidents.append(incident)
        }
        let kept = silence(silenced, &changes)
        retire(lineage, Set(alerts.map(\.id)), kept, &changes)
        return kept
    }

    private static func name(_ before: Incident?, _ incident: Incident) -> String {
        guard let before else { return "incident.opened" }
        if before.state != incident.state {
            switch incident.state {
            case .closed: return "incident.closed"
            case .acknowledged where before.state == .new: return "incident.acknowledged"
            case .new, .acknowledged: return "incident.reopened"
            }
        }
        var remarked = before
        remarked.remarks = incident.remarks
        return remarked == incident ? "incident.remarked" : "incident.extended"
    }

    /// Tells which alerts acts keep out now, and which no more.
    private mutating func silence(
        _ silenced: [(alert: Alert, act: IncidentAct)],
        _ changes: inout Changes
    ) -> [String: Alert] {
        var kept: [String: Alert] = [:]
        for (alert, act) in silenced {
            var alert = alert
            alert.suppression = Alert.Suppression(incident: act.incident, act: act.offset)
            kept[alert.id] = alert
        }
        for id in silent.keys.sorted() where kept[id] == nil {
            changes.facts.append(VerdictFacts.suppression(id, nil))
        }
        for id in kept.keys.sorted() where silent[id] != kept[id]?.suppression {
            changes.facts.append(VerdictFacts.suppression(id, kept[id]?.suppression))
        }
        silent = kept.compactMapValues(\.suppression)
        return kept
    }

    /// Incidents that are no more: merged into another, or their alerts were replaced.
    private mutating func retire(
        _ lineage: IncidentLineage,
        _ living: Set<String>,
        _ kept: [String: Alert],
        _ changes: inout Changes
    ) {
        let current = Set(lineage.formed.map(\.id))
        for id in incidents.keys.sorted() where !current.contains(id) {
            guard let gone = incidents.removeValue(forKey: id) else { continue }
            cores[id] = nil
            // Closed by the bound on alerts: it stays as it was published.
            if !gone.alerts.contains(where: { living.contains($0.id) }),
                alerts.count >= IncidentBoard.alertCountMax
            {
                continue
            }
            let heirs = lineage.heirs(of: gone)
            changes.removedIncidents.append(id)
            let act = gone.alerts.lazy.compactMap { kept[$0.id]?.suppression }.first
            if heirs.isEmpty, let act {
                changes.facts.append(VerdictFacts.suppressed(id, act))
            } else {
                let reason = lineage.reason(gone, heirs)
                changes.facts.append(VerdictFacts.retired(id, into: heirs.map(\.id), because: reason))
            }
        }
    }

    private mutating func drawReviews(_ found: [Alert], _ changes: inout Changes) {
        var current: [String: Alert] = [:]
        for alert in found { current[alert.id] = alert }
        for id in reviews.keys.sorted() where current[id] == nil { changes.removedReviews.append(id) }
        for id in current.keys.sorted() where reviews[id] != current[id] {
            if let alert = current[id] { changes.reviews.append(alert) }
        }
        reviews = current
    }
}
