// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Timelines

/// Where an incident that was not there before comes from.
struct IncidentOrigin: Hashable, Sendable {
    /// The incident that its alerts were of.
    var incident: String
    /// Why they are not any more.
    var reason: String
}

/// How incidents follow from those of the drawing before: what fell apart, and what was joined.
///
/// For facts of the journal, which tell what was believed when; what incidents are depends on none of it.
struct IncidentLineage: Sendable {
    /// Alerts named as reasons at most: more do not help a person.
    private static let reasonCountMax = 3

    let formed: [IncidentCore]
    private let before: [String: Incident]
    private let index: IncidentActIndex
    private let retracted: [String: String]
    private var ownerByAlert: [String: String] = [:]
    private var ownerByEpisode: [Episode: String] = [:]
    private var coreByAlert: [String: Int] = [:]
    private var coreByEpisode: [Episode: Int] = [:]

    /// What stays of an alert when evidence changes its id.
    private struct Episode: Hashable {
        var number: Int
        var rule: String
        var key: [String]

        init(_ alert: Alert) {
            number = alert.episode
            rule = alert.rule
            key = alert.key
        }
    }

    init(
        before: [String: Incident],
        formed: [IncidentCore],
        _ index: IncidentActIndex,
        _ retracted: [String: String]
    ) {
        self.before = before
        self.formed = formed
        self.index = index
        self.retracted = retracted
        let current = Set(formed.map(\.id))
        // Most drawings change no membership: they need no maps.
        guard current.count != before.count || !current.allSatisfy({ before[$0] != nil }) else { return }
        for (id, incident) in before {
            for alert in incident.alerts {
                ownerByAlert[alert.id] = id
                ownerByEpisode[Episode(alert)] = id
            }
        }
        for (number, core) in formed.enumerated() {
            for alert in core.alerts {
                coreByAlert[alert.id] = number
                coreByEpisode[Episode(alert)] = number
            }
        }
    }

    private func owner(of alert: Alert) -> String? {
        ownerByAlert[alert.id] ?? ownerByEpisode[Episode(alert)]
    }

    /// The incidents that have alerts of `gone` now, in order.
    func heirs(of gone: Incident) -> [IncidentCore] {
        let numbers = gone.alerts.compactMap { coreByAlert[$0.id] ?? coreByEpisode[Episode($0)] }
        return Set(numbers).sorted().map { formed[$0] }
    }

    /// What a new incident was split from; nil where its alerts were of none, or are all that is left of it.
    func origin(of core: IncidentCore) -> IncidentOrigin? {
        guard let parent = core.alerts.lazy.compactMap({ owner(of: $0) }).first.flatMap({ before[$0] })
        else { return nil }
        let heirs = heirs(of: parent)
        guard heirs.count > 1 else { return nil }
        return IncidentOrigin(incident: parent.id, reason: reason(parent, heirs))
    }

    /// Why `gone` is not what it was: who merged or split it, what was retracted, or what joins it now.
    func reason(_ gone: Incident, _ heirs: [IncidentCore]) -> String {
        let known = Set(gone.alerts.map(\.id))
        if heirs.count != 1 {
            for act in index.acts.reversed() where act.kind == .split {
                let marked = gone.alerts.filter { alert in act.marks.contains { $0.isOf(alert) } }
                if !marked.isEmpty, marked.count < gone.alerts.count { return "split by " + act.words }
            }
        }
        let lost = gone.alerts.filter { coreByAlert[$0.id] == nil }
        let named = lost.prefix(IncidentLineage.reasonCountMax).map { alert in
            let why = retracted[alert.id].map { "was retracted, " + $0 } ?? "does not hold any more"
            return "\(alert.id) of \(alert.rule) \(why)"
        }
        let bridges = heirs.flatMap(\.joins).filter { known.contains($0.first) != known.contains($0.second) }
        let reasons = named + bridges.prefix(IncidentLineage.reasonCountMax - min(named.count, 2)).map(\.text)
        return reasons.isEmpty ? "what joined its alerts changed" : reasons.joined(separator: "; ")
    }
}
