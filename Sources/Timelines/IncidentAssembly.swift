// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel

/// Draws the timeline of an incident: evidence, not only detections.
public struct IncidentAssembly: Sendable {
    /// How far before and after a trigger an event can support it: the join window of four hours.
    public static let supportNanoseconds: Int64 = 4 * 3_600 * UTCTime.second
    /// How far before and after the triggers context reaches: half an hour.
    public static let contextNanoseconds: Int64 = 1_800 * UTCTime.second
    /// Most support and context entries of one timeline: beyond it the latest are left to `query`.
    public static let entryCountMax = 256

    private let core: IncidentCore
    private let rulesByWitness: [Place: Set<String>]
    /// Assets that it is about.
    let devices: Set<String>
    /// Users that it is about, in lower case.
    let users: Set<String>
    private let addresses: Set<String>
    private let triggerTimes: [UTCTime]
    /// Where users of the incident came from when they were on a device of it.
    private var sessionAddresses: Set<String> = []
    /// Addresses of the context entries of class network, by position in `entries`.
    private var contextFlows: [(position: Int, addresses: [String])] = []
    private var entries: [TimelineEntry] = []
    private var counts: [EntryRole: Int] = [:]

    /// A record and the index of an event in it.
    struct Place: Hashable, Sendable {
        var offset: Offset
        var ordinal: UInt16
    }

    /// Prepares for the events around `core`.
    public init(_ core: IncidentCore) {
        self.core = core
        var rules: [Place: Set<String>] = [:]
        for alert in core.alerts {
            for witness in alert.evidence {
                rules[Place(offset: witness.offset, ordinal: witness.ordinal), default: []].insert(alert.rule)
            }
        }
        rulesByWitness = rules
        devices = Set(core.devices)
        users = Set(core.users.map { $0.lowercased() })
        addresses = Set(core.addresses)
        triggerTimes = core.alerts.flatMap { $0.evidence.map(\.time) }.sorted()
    }

    /// Events that its alerts cite.
    var places: some Sequence<Place> { rulesByWitness.keys }

    /// Event times that can matter to `core`: from four hours before the first trigger to four after the
    /// last.
    public static func range(of core: IncidentCore) -> ClosedRange<UTCTime> {
        var (first, last) = (UTCTime.absent, UTCTime.absent)
        for alert in core.alerts {
            for witness in alert.evidence {
                first = first.isPresent ? min(first, witness.time) : witness.time
                last = max(last, witness.time)
            }
        }
        return first.advanced(by: -supportNanoseconds)...last.advanced(by: supportNanoseconds)
    }

    /// Whether an event at `time` can matter: some trigger is within four hours.
    public func isNear(_ time: UTCTime, within reach: Int64 = supportNanoseconds) -> Bool {
        var low = 0
        var high = triggerTimes.count
        while low < high {
            let middle = (low + high) / 2
            if triggerTimes[middle] < time { low = middle + 1 } else { high = middle }
        }
        let after = low < triggerTimes.count && triggerTimes[low] <= time.advanced(by: reach)
        return after || low > 0 && triggerTimes[low - 1].advanced(by: reach) >= time
    }

    /// The part that an event has in this incident; nil if none.
    public func role(of event: EventDigest) -> EntryRole? {
        if rulesByWitness[Place(offset: event.offset, ordinal: event.ordinal)] != nil { return .trigger }
        if supports(event) { return .support }
        return isContext(event) ? .context : nil
    }

    /// Takes the next event in the order of time and offset: beyond the bound of a role, the later ones are
    /// left out.
    public mutating func take(_ event: EventDigest) {
        guard let role = role(of: event) else { return }
        if role != .trigger {
            guard counts[role, default: 0] < IncidentAssembly.entryCountMax else { return }
            counts[role, default: 0] += 1
        }
        if role == .context, event.eventClass == .network, !event.addresses.isEmpty {
            contextFlows.append((position: entries.count, addresses: event.addresses))
        } else if event.eventClass == .access, role == .trigger || isSession(event) {
            sessionAddresses.formUnion(event.addresses)
        }
        let rules = rulesByWitness[Place(offset: event.offset, ordinal: event.ordinal)]
        entries.append(
            TimelineEntry(
                offset: event.offset,
                ordinal: event.ordinal,
                time: event.time,
                uncertainty: event.uncertainty,
                deviceTime: event.deviceTime,
                eventClass: event.eventClass,
                role: role,
                device: event.device,
                zonePath: event.zonePath,
                summary: event.summary,
                rules: rules?.sorted() ?? []
            )
        )
    }

    /// On a device of the incident and by a user or address of it, or a change or failure there, or between
    /// two of its devices past the conduits; or the user elsewhere.
    private func supports(_ event: EventDigest) -> Bool {
        guard event.eventClass != .unclassified, isNear(event.time) else { return false }
        let sharesUser = event.users.contains { users.contains($0.lowercased()) }
        guard event.assets.contains(where: devices.contains) else {
            return sharesUser && event.eventClass == .access
        }
        return sharesUser || event.addresses.contains(where: addresses.contains)
            || event.eventClass == .update
            || event.outcome == .failure
            || !event.isAllowedFlow && event.assets.count { devices.contains($0) } > 1
    }

    private func isSession(_ event: EventDigest) -> Bool {
        event.assets.contains(where: devices.contains)
            && event.users.contains { users.contains($0.lowercased()) }
    }

    /// The entries in order: a connection that carried a session of a user of the incident supports it,
    /// whether it was reported before or after the logon.
    private var sortedEntries: [TimelineEntry] {
        var entries = entries
        for flow in contextFlows where flow.addresses.contains(where: sessionAddresses.contains) {
            entries[flow.position].role = .support
        }
        return entries.sorted { ($0.time, $0.offset, $0.ordinal) < ($1.time, $1.offset, $1.ordinal) }
    }

    private func isContext(_ event: EventDigest) -> Bool {
        event.assets.contains(where: devices.contains)
            && isNear(event.time, within: IncidentAssembly.contextNanoseconds)
    }

    /// The incident with its timeline.
    ///
    /// `standing` says what of an asset of the inventory weighs in its risk, as of the last witness.
    public func incident(standing: (String, UTCTime) -> AssetStanding?) -> Incident {
        let last = core.last
        let sorted = sortedEntries
        let evidence = sorted.filter { $0.role != .context }
        let severity = core.alerts.map(\.level).max() ?? .medium
        let classes = EventClass.allCases.filter { found in
            found != .unclassified && evidence.contains { $0.eventClass == found }
        }
        return Incident(
            id: core.id,
            mergedIDs: core.otherIDs,
            state: core.state,
            severity: severity,
            risk: IncidentRisk.risk(of: core.alerts) { standing($0, last) },
            title: title,
            alerts: core.alerts,
            rules: Set(core.alerts.map(\.rule)).sorted(),
            classes: classes,
            devices: core.devices,
            users: core.users,
            first: evidence.first?.time ?? core.first,
            last: evidence.last?.time ?? core.last,
            entries: sorted,
            absences: Set(core.alerts.flatMap(\.statedAbsences)).sorted(),
            whyJoined: core.whyJoined,
            isProvisional: core.alerts.contains(where: \.isProvisional),
            closures: core.closures,
            remarks: core.remarks,
            joins: core.joins,
            entities: IncidentEntity.all(of: core.alerts),
            techniques: IncidentTechnique.all(of: core.alerts),
            stages: IncidentStage.all(of: core.alerts)
        )
    }

    /// Titles of the alerts in order, the most serious ones, three at most.
    private var title: String {
        let most = core.alerts.map(\.level).max() ?? .medium
        var titles: [String] = []
        let ordered =
            core.alerts.filter { $0.level == most }
            + core.alerts.filter { $0.level != most && $0.level >= .high }
        for alert in ordered where !titles.contains(alert.title) { titles.append(alert.title) }
        let shown = titles.prefix(3).joined(separator: "; ")
        return core.devices.isEmpty
            ? shown : shown + " (" + core.devices.prefix(3).joined(separator: ", ") + ")"
    }
}
