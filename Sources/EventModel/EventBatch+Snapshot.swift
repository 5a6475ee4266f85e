// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension UTCTime: SnapshotCoded {
    /// Eight bytes.
    public func write(to encoder: SnapshotEncoder) { encoder.write(self) }

    /// Eight bytes.
    public static func read(from decoder: SnapshotDecoder) throws -> UTCTime { try decoder.time() }
}

extension Offset: SnapshotCoded {
    /// A varint.
    public func write(to encoder: SnapshotEncoder) { encoder.write(number: value) }

    /// A varint.
    public static func read(from decoder: SnapshotDecoder) throws -> Offset { Offset(try decoder.number()) }
}

extension EventBatch: SnapshotCoded {
    /// Headers, fields and bytes, as they lie.
    public func write(to encoder: SnapshotEncoder) {
        guard !encoder.isAlone else { return reduced.lay(to: encoder) }
        lay(to: encoder)
    }

    /// The same events, with the names that they use and no others.
    private var reduced: EventBatch {
        var own = self
        own.extensionNames = []
        own.decoders = ["none"]
        for index in entries.indices where !entries[index].field.isKnown {
            own.entries[index].field = own.field(adding: name(of: entries[index].field))
        }
        for index in events.indices {
            let decoder = decoders[Int(events[index].decoder)]
            if !own.decoders.contains(decoder) { own.decoders.append(decoder) }
            own.events[index].decoder = UInt16(own.decoders.firstIndex(of: decoder) ?? 0)
        }
        return own
    }

    private mutating func field(adding name: String) -> FieldID {
        if !extensionNames.contains(name) { extensionNames.append(name) }
        let place = extensionNames.firstIndex(of: name) ?? 0
        return FieldID(rawValue: FieldID.firstExtension + UInt16(place))
    }

    private func lay(to encoder: SnapshotEncoder) {
        encoder.write(shared: extensionNames)
        encoder.write(shared: decoders)
        encoder.write(count: events.count)
        for event in events { EventBatch.write(event, to: encoder) }
        encoder.write(count: entries.count)
        for entry in entries {
            encoder.write(number: UInt64(entry.field.rawValue))
            encoder.write(number: UInt64(entry.start))
            encoder.write(number: UInt64(entry.length))
        }
        encoder.write(bytes)
    }

    /// Refuses what points outside of the batch.
    public static func read(from decoder: SnapshotDecoder) throws -> EventBatch {
        var batch = EventBatch()
        batch.extensionNames = try decoder.sharedList()
        batch.decoders = try decoder.sharedList()
        let eventCount = try decoder.count()
        batch.events.reserveCapacity(eventCount)
        for _ in 0..<eventCount { batch.events.append(try readEvent(decoder)) }
        let entryCount = try decoder.count()
        batch.entries.reserveCapacity(entryCount)
        for _ in 0..<entryCount {
            batch.entries.append(
                Entry(
                    field: FieldID(rawValue: try small(decoder)),
                    start: try small(decoder),
                    length: try small(decoder)
                )
            )
        }
        batch.bytes = try decoder.bytes()
        let isSound =
            batch.events.allSatisfy {
                Int($0.fieldStart) + Int($0.fieldCount) <= entryCount
                    && Int($0.decoder) < batch.decoders.count
            } && batch.entries.allSatisfy { Int($0.start) + Int($0.length) <= batch.bytes.count }
        guard isSound else { throw decoder.damage }
        return batch
    }

    private static func write(_ event: Event, to encoder: SnapshotEncoder) {
        encoder.write(number: event.offset.value)
        encoder.write(number: UInt64(event.ordinal))
        encoder.write(event.time)
        // The others are mostly near it, the same, or not known.
        let others = [event.deviceTime, event.logTime, event.receiveTime]
        var forms: UInt64 = 0
        for (place, other) in others.enumerated() where other != event.time {
            forms |= (other == .absent ? 1 : 2) << UInt64(2 * place)
        }
        encoder.write(number: forms)
        for other in others where other != event.time && other != .absent {
            encoder.write(signed: other.nanoseconds &- event.time.nanoseconds)
        }
        encoder.write(signed: event.uncertainty)
        for value in [
            event.eventClass.rawValue, event.action.rawValue, event.outcome.rawValue, event.severity,
        ] {
            encoder.write(value)
        }
        encoder.write(number: UInt64(event.decoder))
        encoder.write(number: UInt64(event.flags.rawValue))
        encoder.write(number: UInt64(event.issues.rawValue))
        encoder.write(hash: event.contentHash)
        encoder.write(number: UInt64(event.fieldStart))
        encoder.write(number: UInt64(event.fieldCount))
    }

    private static func readEvent(_ decoder: SnapshotDecoder) throws -> Event {
        let offset = Offset(try decoder.number())
        let ordinal: UInt16 = try small(decoder)
        var event = Event(offset: offset, time: try decoder.time(), logTime: .absent)
        event.ordinal = ordinal
        let forms = try decoder.number()
        func other(_ place: UInt64) throws -> UTCTime {
            switch forms >> (2 * place) & 3 {
            case 0: event.time
            case 1: .absent
            default: UTCTime(nanoseconds: event.time.nanoseconds &+ (try decoder.signed()))
            }
        }
        event.deviceTime = try other(0)
        event.logTime = try other(1)
        event.receiveTime = try other(2)
        event.uncertainty = try decoder.signed()
        guard let eventClass = EventClass(rawValue: try decoder.byte()),
            let action = Action(rawValue: try decoder.byte()),
            let outcome = Outcome(rawValue: try decoder.byte())
        else { throw decoder.damage }
        event.eventClass = eventClass
        event.action = action
        event.outcome = outcome
        event.severity = try decoder.byte()
        event.decoder = try small(decoder)
        event.flags = EventFlags(rawValue: try small(decoder))
        event.issues = ParseIssues(rawValue: try small(decoder))
        event.contentHash = try decoder.hash()
        event.fieldStart = try small(decoder)
        event.fieldCount = try small(decoder)
        return event
    }

    private static func small<Value: FixedWidthInteger>(_ decoder: SnapshotDecoder) throws -> Value {
        guard let value = Value(exactly: try decoder.number()) else { throw decoder.damage }
        return value
    }
}
