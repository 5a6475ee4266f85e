// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel
import WireFormats

extension Incident {
    /// Reads the object of `schemas/output/incident-v1.schema.json`, with a member `context` or without; nil
    /// for anything else.
    ///
    /// Its alerts are named by their rules only.
    public init?(_ object: JSONValue) {
        guard let id = object["id"]?.text,
            let state = object["state"]?.text.flatMap(IncidentState.init(rawValue:)),
            let severity = object["severity"]?.text.flatMap({ name in
                Level.allCases.first { $0.name == name }
            }),
            let risk = object["risk"]?.integer, let title = object["title"]?.text,
            let first = object["first"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let last = object["last"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let evidence = object["evidence"]?.elements, let isProvisional = object["provisional"]?.bool
        else { return nil }
        let all = evidence + (object["context"]?.elements ?? [])
        let entries = all.compactMap { TimelineEntry($0) }
        guard entries.count == all.count else { return nil }
        func texts(_ name: String) -> [String] { (object[name]?.elements ?? []).compactMap(\.text) }
        self.init(
            id: id,
            mergedIDs: texts("merged"),
            state: state,
            severity: severity,
            risk: Int(clamping: risk),
            title: title,
            alerts: [],
            rules: texts("rules"),
            classes: texts("classes").compactMap { EventClass(name: $0) },
            devices: texts("devices"),
            users: texts("users"),
            first: first,
            last: last,
            entries: entries.sorted { ($0.time, $0.offset) < ($1.time, $1.offset) },
            absences: texts("absences"),
            whyJoined: texts("why_joined"),
            isProvisional: isProvisional,
            closures: (object["closures"]?.elements ?? []).compactMap { IncidentClosure($0) },
            remarks: (object["remarks"]?.elements ?? []).compactMap { IncidentRemark($0) },
            joins: (object["joins"]?.elements ?? []).compactMap { IncidentJoin($0) },
            entities: (object["entities"]?.elements ?? []).compactMap { IncidentEntity($0) },
            techniques: (object["attack"]?.elements ?? []).compactMap { IncidentTechnique($0) },
            stages: (object["stages"]?.elements ?? []).compactMap { IncidentStage($0) }
        )
    }

    /// Takes the members that the canonical line of this incident has beside what is stored by itself.
    public mutating func addMembers(ofLine line: String) {
        guard let object = try? JSONValue(parsing: line), let whole = Incident(object) else { return }
        remarks = whole.remarks
        joins = whole.joins
        entities = whole.entities
        techniques = whole.techniques
        stages = whole.stages
    }
}

extension TimelineEntry {
    /// Reads an element of `evidence`; nil for anything else.
    init?(_ object: JSONValue) {
        guard let offset = object["offset"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let eventClass = object["class"]?.text.flatMap({ EventClass(name: $0) }),
            let time = object["time"]?.text.flatMap({ UTCTime(rfc3339: $0) }),
            let uncertainty = object["uncertainty_ms"]?.integer, abs(uncertainty) < .max / 1_000_000,
            let role = object["role"]?.text.flatMap({ name in EntryRole.allCases.first { $0.name == name } }),
            let device = object["device"]?.text, let zonePath = object["zone_path"]?.text,
            let summary = object["summary"]?.text, let rules = object["rules"]?.elements
        else { return nil }
        self.init(
            offset: Offset(offset),
            ordinal: 0,
            time: time,
            uncertainty: uncertainty * 1_000_000,
            deviceTime: object["device_time"]?.text.flatMap { UTCTime(rfc3339: $0) } ?? .absent,
            eventClass: eventClass,
            role: role,
            device: device,
            zonePath: zonePath,
            summary: summary,
            rules: rules.compactMap(\.text)
        )
    }
}
