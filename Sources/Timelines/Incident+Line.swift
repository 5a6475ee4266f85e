// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel

extension Incident {
    /// The object of `schemas/output/incident-v1.schema.json`, in its order.
    ///
    /// Times are RFC 3339 in UTC.
    ///
    /// `evidence` holds trigger and support entries; context stays in the timeline.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .text(id)),
            .init("state", .text(state.rawValue)),
            .init("severity", .text(severity.name)),
            .init("risk", .integer(Int64(risk))),
            .init("title", .text(title)),
            .init("rules", .texts(rules)),
            .init("classes", .texts(classes.map(\.name))),
            .init("devices", .texts(devices)),
            .init("users", .texts(users)),
            .init("first", .text(first.description)),
            .init("last", .text(last.description)),
            .init("evidence", .array(entries.filter { $0.role != .context }.map(\.json))),
            .init("absences", .texts(absences)),
            .init("why_joined", .texts(whyJoined)),
            .init("joins", .array(joins.map(\.json))),
            .init("entities", .array(entities.map(\.json))),
            .init("attack", .array(techniques.map(\.json))),
            .init("stages", .array(stages.map(\.json))),
            .init("merged", .texts(mergedIDs)),
            .init("provisional", .bool(isProvisional)),
        ]
        if !closures.isEmpty { members.append(.init("closures", .array(closures.map(\.json)))) }
        if !remarks.assignee.isEmpty { members.append(.init("assignee", .text(remarks.assignee))) }
        if !remarks.isEmpty { members.append(.init("remarks", .array(remarks.map(\.json)))) }
        return .object(members)
    }
}

extension TimelineEntry {
    /// The object of an `evidence` element.
    public var json: JSONValue {
        .object([
            .init("offset", .integer(Int64(offset.value))),
            .init("class", .text(eventClass.name)),
            .init("time", .text(time.description)),
            .init("uncertainty_ms", .integer(uncertainty / 1_000_000)),
            .init("device_time", deviceTime.isPresent ? .text(deviceTime.description) : .null),
            .init("role", .text(role.name)),
            .init("device", .text(device)),
            .init("zone_path", .text(zonePath)),
            .init("summary", .text(summary)),
            .init("rules", .texts(rules)),
        ])
    }
}
