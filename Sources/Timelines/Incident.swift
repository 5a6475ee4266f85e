// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel

/// Where an incident stands with the people who handle it.
public enum IncidentState: String, Codable, Sendable, CaseIterable {
    /// Nobody has looked at it.
    case new
    /// Somebody has.
    case acknowledged
    /// It is dealt with.
    case closed
}

/// Why an entry stands in a timeline.
public enum EntryRole: UInt8, Comparable, Codable, Sendable, CaseIterable {
    /// A witness of an alert.
    case trigger = 0
    /// Shares an entity and an actor, address or session with the alerts.
    case support = 1
    /// Concerns the same entities in the same time, nothing more.
    case context = 2

    /// The name used in output.
    public var name: String { "\(self)" }

    /// Triggers first.
    public static func < (left: EntryRole, right: EntryRole) -> Bool { left.rawValue < right.rawValue }
}

/// One line of a timeline: an event, cited.
public struct TimelineEntry: Hashable, Codable, Sendable {
    /// Record offset of the evidence.
    public var offset: Offset
    /// Index among the events of the record.
    public var ordinal: UInt16
    /// Corrected event time.
    public var time: UTCTime
    /// Half width of the uncertainty band, nanoseconds.
    public var uncertainty: Int64
    /// Device clock as it was written, resolved to UTC; absent if the line had none.
    public var deviceTime: UTCTime
    /// The log it belongs to.
    public var eventClass: EventClass
    /// Trigger, support or context.
    public var role: EntryRole
    /// Asset id of the subject, or the claimed host where no asset is known; empty if neither.
    public var device: String
    /// `zone` or `zone > zone`; empty if not known.
    public var zonePath: String
    /// One line in words, made from the event's fields; device text in it is not escaped yet.
    public var summary: String
    /// Rules that cite the event, sorted.
    public var rules: [String]

    /// Makes an entry.
    public init(
        offset: Offset,
        ordinal: UInt16,
        time: UTCTime,
        uncertainty: Int64,
        deviceTime: UTCTime,
        eventClass: EventClass,
        role: EntryRole,
        device: String,
        zonePath: String,
        summary: String,
        rules: [String]
    ) {
        self.offset = offset
        self.ordinal = ordinal
        self.time = time
        self.uncertainty = uncertainty
        self.deviceTime = deviceTime
        self.eventClass = eventClass
        self.role = role
        self.device = device
        self.zonePath = zonePath
        self.summary = summary
        self.rules = rules
    }
}

/// Alerts joined by key and time, with a state and a timeline.
public struct Incident: Hashable, Codable, Sendable {
    /// `INC-` and ten characters: identity of its oldest alert.
    public var id: String
    /// Earlier ids of incidents that were merged into this one, sorted.
    public var mergedIDs: [String]
    /// Where it stands.
    public var state: IncidentState
    /// Highest level of its alerts.
    public var severity: Level
    /// 0...100 as of its last evidence, by level, criticality and exposure; the same for the same evidence.
    public var risk: Int
    /// What happened, in one line.
    public var title: String
    /// Alerts in time order.
    public var alerts: [Alert]
    /// Rule ids, sorted.
    public var rules: [String]
    /// Classes of trigger and support evidence, in the order access, network, update.
    public var classes: [EventClass]
    /// Asset ids with trigger or support evidence, sorted.
    public var devices: [String]
    /// Users with trigger or support evidence, sorted.
    public var users: [String]
    /// Time of the first trigger or support entry.
    public var first: UTCTime
    /// Time of the last trigger or support entry.
    public var last: UTCTime
    /// Timeline in corrected time: triggers, support and (bounded) context.
    public var entries: [TimelineEntry]
    /// What was not seen: missing change records, silent sources, stops that were expected.
    public var absences: [String]
    /// Chain of keys that joins the alerts, one step a line.
    public var whyJoined: [String]
    /// The same as edges between alerts.
    public var joins: [IncidentJoin]
    /// What its alerts are about, by kind and value.
    public var entities: [IncidentEntity]
    /// Techniques of ATT&CK that its rules name, by matrix and id.
    public var techniques: [IncidentTechnique]
    /// Stages that it has come to, in the order of their matrices.
    public var stages: [IncidentStage]
    /// Whether any of its alerts may still change before the watermark.
    public var isProvisional: Bool
    /// Closes in force of it and of what became part of it, by offset.
    public var closures: [IncidentClosure]
    /// What people said about handling it and what became part of it, by offset.
    public var remarks: [IncidentRemark]

    /// Makes an incident.
    public init(
        id: String,
        mergedIDs: [String] = [],
        state: IncidentState = .new,
        severity: Level,
        risk: Int,
        title: String,
        alerts: [Alert],
        rules: [String],
        classes: [EventClass],
        devices: [String],
        users: [String],
        first: UTCTime,
        last: UTCTime,
        entries: [TimelineEntry],
        absences: [String],
        whyJoined: [String],
        isProvisional: Bool,
        closures: [IncidentClosure] = [],
        remarks: [IncidentRemark] = [],
        joins: [IncidentJoin] = [],
        entities: [IncidentEntity] = [],
        techniques: [IncidentTechnique] = [],
        stages: [IncidentStage] = []
    ) {
        self.id = id
        self.mergedIDs = mergedIDs
        self.state = state
        self.severity = severity
        self.risk = risk
        self.title = title
        self.alerts = alerts
        self.rules = rules
        self.classes = classes
        self.devices = devices
        self.users = users
        self.first = first
        self.last = last
        self.entries = entries
        self.absences = absences
        self.whyJoined = whyJoined
        self.isProvisional = isProvisional
        self.closures = closures
        self.remarks = remarks
        self.joins = joins
        self.entities = entities
        self.techniques = techniques
        self.stages = stages
    }
}
