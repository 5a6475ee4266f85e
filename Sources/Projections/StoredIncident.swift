// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel
public import Timelines

/// An incident as the read models hold it.
public struct StoredIncident: Hashable, Sendable {
    /// Id.
    public var id: String
    /// Earlier ids of incidents that were merged into this one, sorted.
    public var mergedIDs: [String]
    /// Where it stands.
    public var state: IncidentState
    /// Highest level of its alerts.
    public var severity: Level
    /// 0...100.
    public var risk: Int
    /// What happened, in one line.
    public var title: String
    /// Time of the first trigger or support entry.
    public var first: UTCTime
    /// Time of the last trigger or support entry.
    public var last: UTCTime
    /// Whether any of its alerts may still change.
    public var isProvisional: Bool
    /// Rule ids, sorted.
    public var rules: [String]
    /// Classes of trigger and support evidence.
    public var classes: [EventClass]
    /// Asset ids, sorted.
    public var devices: [String]
    /// Users, sorted.
    public var users: [String]
    /// What was not seen.
    public var absences: [String]
    /// Chain of keys that joins the alerts.
    public var whyJoined: [String]
    /// Closes in force, by offset.
    public var closures: [IncidentClosure]
    /// Who is to handle it; empty where nobody was told.
    public var assignee: String
    /// Alerts in time order; empty in answers without detail.
    public var alerts: [Alert]
    /// Timeline with its context; empty in answers without detail.
    public var entries: [TimelineEntry]
    /// The canonical JSON object on one line (`schemas/output/incident-v1.schema.json`).
    public var json: String

    /// The incident itself.
    ///
    /// Only for answers with detail: without, its alerts and entries are missing.
    public var incident: Incident {
        var incident = Incident(
            id: id,
            mergedIDs: mergedIDs,
            state: state,
            severity: severity,
            risk: risk,
            title: title,
            alerts: alerts,
            rules: rules,
            classes: classes,
            devices: devices,
            users: users,
            first: first,
            last: last,
            entries: entries,
            absences: absences,
            whyJoined: whyJoined,
            isProvisional: isProvisional,
            closures: closures
        )
        incident.addMembers(ofLine: json)
        return incident
    }
}

extension StoredIncident {
    /// `incident` as it would be read back, with detail.
    public init(_ incident: Incident) {
        self.init(
            id: incident.id,
            mergedIDs: incident.mergedIDs,
            state: incident.state,
            severity: incident.severity,
            risk: incident.risk,
            title: incident.title,
            first: incident.first,
            last: incident.last,
            isProvisional: incident.isProvisional,
            rules: incident.rules,
            classes: incident.classes,
            devices: incident.devices,
            users: incident.users,
            absences: incident.absences,
            whyJoined: incident.whyJoined,
            closures: incident.closures,
            assignee: incident.remarks.assignee,
            alerts: incident.alerts,
            entries: incident.entries,
            json: incident.json.line
        )
    }
}

/// What a look-up by id or prefix found.
public enum IncidentLookup: Hashable, Sendable {
    /// One incident, with its alerts and timeline.
    case found(StoredIncident)
    /// The prefix fits several; their ids, sorted, at most ``ReadModels/candidateCountMax``.
    case ambiguous([String])
    /// Nothing has that id or prefix.
    case missing
}
