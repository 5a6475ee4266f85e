// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// An event as one flat JSON object with dotted names (`schemas/output/event-v1.schema.json`).
///
/// Absent values are left out. Ports and byte counts are integers where they are written as such; a field
/// that occurs more than once is an array.
public enum EventObject {
    /// The object of event `index`; times are RFC 3339 in UTC.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - index: The event.
    ///   - withPosition: Whether offset and log time are shown; a decoded line outside a store has none.
    /// - Returns: The object.
    public static func json(_ batch: EventBatch, _ index: Int, withPosition: Bool = true) -> JSONValue {
        .object(members(batch, index, withPosition: withPosition))
    }

    /// The members of the object of event `index`, in output order.
    public static func members(
        _ batch: EventBatch,
        _ index: Int,
        withPosition: Bool = true
    ) -> [JSONValue.Member] {
        let event = batch.events[index]
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue?) {
            if let value { members.append(JSONValue.Member(name, value)) }
        }
        if withPosition {
            add("offset", .integer(Int64(clamping: event.offset.value)))
            if event.ordinal > 0 { add("ordinal", .integer(Int64(event.ordinal))) }
        }
        add("class", .text(event.eventClass.name))
        add("action", .text(event.action.name))
        add("outcome", .text(event.outcome.name))
        if Int(event.severity) < SeverityName.all.count { add("severity", .integer(Int64(event.severity))) }
        add("time", time(event.time))
        add("device_time", time(event.deviceTime))
        if withPosition {
            add("log_time", time(event.logTime))
            add("receive_time", time(event.receiveTime))
        }
        if event.uncertainty > 0 { add("uncertainty_ms", .integer(event.uncertainty / 1_000_000)) }
        add("decoder", event.decoder == 0 ? nil : .text(decoder(batch, index)))
        members += fields(batch, index)
        if !event.flags.isEmpty { add("flags", .texts(flags(event.flags))) }
        if !event.issues.isEmpty { add("issues", .texts(event.issues.names)) }
        return members
    }

    /// Identifier of the decoder of event `index`.
    public static func decoder(_ batch: EventBatch, _ index: Int) -> String {
        let number = Int(batch.events[index].decoder)
        return number < batch.decoders.count ? batch.decoders[number] : "none"
    }

    /// Names of the flags that are set.
    public static func flags(_ flags: EventFlags) -> [String] {
        QueryField.flagNames.indices.filter { flags.rawValue & 1 << UInt16($0) != 0 }.map {
            QueryField.flagNames[$0]
        }
    }

    private static func time(_ time: UTCTime) -> JSONValue? { time.isPresent ? .text(time.description) : nil }

    private static let integerFields: Set<FieldID> = [.sourcePort, .targetPort, .networkBytes]

    private static func fields(_ batch: EventBatch, _ index: Int) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        var places: [FieldID: Int] = [:]
        for entry in batch.fields(of: index) {
            let text = String(decoding: batch.bytes[entry.range], as: UTF8.self)
            let value: JSONValue
            if integerFields.contains(entry.field), let number = Int64(text), String(number) == text {
                value = .integer(number)
            } else {
                value = .text(text)
            }
            guard let place = places[entry.field] else {
                places[entry.field] = members.count
                members.append(JSONValue.Member(batch.name(of: entry.field), value))
                continue
            }
            let earlier = members[place].value
            members[place].value = .array((earlier.elements ?? [earlier]) + [value])
        }
        return members
    }
}
