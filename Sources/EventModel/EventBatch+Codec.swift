// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension EventBatch {
    /// First byte of the stored form; a reader refuses any other.
    public static let storedVersion: UInt8 = 1

    /// Most events in one stored batch: a block has at most 65,536 records, and few records give several
    /// events.
    public static let storedEventCountMax = 1_048_576

    /// Appends the events of `other`, which must have been decoded after these with the same field table.
    public mutating func append(_ other: EventBatch) {
        let byteShift = UInt32(bytes.count)
        let entryShift = UInt32(entries.count)
        var decoderNumbers: [UInt16] = []
        for name in other.decoders {
            if let known = decoders.firstIndex(of: name) {
                decoderNumbers.append(UInt16(known))
            } else {
                decoders.append(name)
                decoderNumbers.append(UInt16(decoders.count - 1))
            }
        }
        bytes.append(contentsOf: other.bytes)
        entries.reserveCapacity(entries.count + other.entries.count)
        for var entry in other.entries {
            entry.start += byteShift
            entries.append(entry)
        }
        events.reserveCapacity(events.count + other.events.count)
        for var event in other.events {
            event.fieldStart += entryShift
            event.decoder = decoderNumbers[Int(event.decoder)]
            events.append(event)
        }
        if other.extensionNames.count > extensionNames.count { extensionNames = other.extensionNames }
    }

    /// The stored form: one column after another, so that DEFLATE meets like with like.
    ///
    /// Not yet compressed.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(bytes.count + events.count * 32)
        writer.write(EventBatch.storedVersion)
        writer.varint(UInt64(events.count))
        writer.varint(UInt64(decoders.count))
        for name in decoders { writer.counted(name) }
        writer.varint(UInt64(extensionNames.count))
        for name in extensionNames { writer.counted(name) }
        encodeHeaders(into: &writer)
        encodeFields(into: &writer)
        return writer.bytes
    }

    private func encodeHeaders(into writer: inout ByteWriter) {
        var offset: UInt64 = 0
        for event in events {
            writer.varint(event.offset.value &- offset)
            offset = event.offset.value
        }
        for event in events { writer.varint(UInt64(event.ordinal)) }
        var time: Int64 = 0
        for event in events {
            writer.signed(event.time.nanoseconds &- time)
            time = event.time.nanoseconds
        }
        for event in events { writer.signed(event.deviceTime.nanoseconds &- event.time.nanoseconds) }
        var logTime: Int64 = 0
        for event in events {
            writer.signed(event.logTime.nanoseconds &- logTime)
            logTime = event.logTime.nanoseconds
        }
        for event in events { writer.signed(event.receiveTime.nanoseconds &- event.logTime.nanoseconds) }
        for event in events { writer.signed(event.uncertainty) }
        for event in events { writer.write(event.eventClass.rawValue) }
        for event in events { writer.write(event.action.rawValue) }
        for event in events { writer.write(event.outcome.rawValue) }
        for event in events { writer.write(event.severity) }
        for event in events { writer.varint(UInt64(event.decoder)) }
        for event in events { writer.varint(UInt64(event.flags.rawValue)) }
        for event in events { writer.varint(event.issues.rawValue) }
        for event in events { writer.write(event.contentHash) }
        for event in events { writer.varint(UInt64(event.fieldCount)) }
    }

    /// Values lie grouped by field; within a field in event order.
    private func encodeFields(into writer: inout ByteWriter) {
        for entry in entries { writer.varint(UInt64(entry.field.rawValue)) }
        let order = fieldOrder(of: entries.map(\.field))
        for index in order { writer.varint(UInt64(entries[index].length)) }
        for index in order { writer.bytes.append(contentsOf: bytes[entries[index].range]) }
    }

    /// Reads the stored form.
    ///
    /// - Throws: ``ByteReaderError`` with the position; nothing is returned then.
    public init(decoding stored: [UInt8]) throws(ByteReaderError) {
        self.init()
        var reader = ByteReader(stored)
        guard try reader.byte() == EventBatch.storedVersion else { throw .invalid(position: 0) }
        let count = try reader.count(atMost: EventBatch.storedEventCountMax)
        decoders = try EventBatch.names(&reader, atMost: 65_536)
        extensionNames = try EventBatch.names(&reader, atMost: FieldTable.nameCountMax + 1)
        try decodeHeaders(&reader, count)
        try decodeFields(&reader)
    }

    private static func names(
        _ reader: inout ByteReader,
        atMost limit: Int
    ) throws(ByteReaderError) -> [String] {
        let count = try reader.count(atMost: limit)
        var names: [String] = []
        for _ in 0..<count { names.append(try reader.text()) }
        return names
    }

    private mutating func decodeHeaders(_ reader: inout ByteReader, _ count: Int) throws(ByteReaderError) {
        let blank = Event(offset: .zero, time: .absent, logTime: .absent)
        events = Array(repeating: blank, count: count)
        var offset: UInt64 = 0
        for index in 0..<count {
            offset &+= try reader.varint()
            events[index].offset = Offset(offset)
        }
        for index in 0..<count { events[index].ordinal = UInt16(truncatingIfNeeded: try reader.varint()) }
        var time: Int64 = 0
        for index in 0..<count {
            time &+= try reader.signed()
            events[index].time = UTCTime(nanoseconds: time)
        }
        for index in 0..<count {
            events[index].deviceTime = UTCTime(
                nanoseconds: try reader.signed() &+ events[index].time.nanoseconds
            )
        }
        var logTime: Int64 = 0
        for index in 0..<count {
            logTime &+= try reader.signed()
            events[index].logTime = UTCTime(nanoseconds: logTime)
        }
        for index in 0..<count {
            let shift = try reader.signed()
            events[index].receiveTime = UTCTime(nanoseconds: shift &+ events[index].logTime.nanoseconds)
        }
        for index in 0..<count { events[index].uncertainty = try reader.signed() }
        try decodeEnumerations(&reader, count)
    }

    private mutating func decodeEnumerations(_ reader: inout ByteReader, _ count: Int) throws(ByteReaderError)
    {
        for index in 0..<count {
            events[index].eventClass = EventClass(rawValue: try reader.byte()) ?? .unclassified
        }
        for index in 0..<count { events[index].action = Action(rawValue: try reader.byte()) ?? .other }
        for index in 0..<count { events[index].outcome = Outcome(rawValue: try reader.byte()) ?? .unknown }
        for index in 0..<count { events[index].severity = try reader.byte() }
        for index in 0..<count {
            let number = try reader.count(atMost: max(0, decoders.count - 1))
            events[index].decoder = UInt16(number)
        }
        for index in 0..<count {
            events[index].flags = EventFlags(rawValue: UInt16(truncatingIfNeeded: try reader.varint()))
        }
        for index in 0..<count { events[index].issues = ParseIssues(rawValue: try reader.varint()) }
        for index in 0..<count { events[index].contentHash = try reader.uint64() }
        var start: UInt32 = 0
        for index in 0..<count {
            let fields = try reader.count(atMost: 65_535)
            events[index].fieldStart = start
            events[index].fieldCount = UInt16(fields)
            start += UInt32(fields)
        }
    }

    private mutating func decodeFields(_ reader: inout ByteReader) throws(ByteReaderError) {
        let count = events.last.map { Int($0.fieldStart) + Int($0.fieldCount) } ?? 0
        guard count <= reader.remaining else { throw .truncated(position: reader.position) }
        var fields: [FieldID] = []
        fields.reserveCapacity(count)
        for _ in 0..<count {
            fields.append(FieldID(rawValue: UInt16(truncatingIfNeeded: try reader.varint())))
        }
        let order = fieldOrder(of: fields)
        entries = fields.map { Entry(field: $0, start: 0, length: 0) }
        var start = 0
        for index in order {
            let length = try reader.count(atMost: reader.remaining)
            entries[index].start = UInt32(truncatingIfNeeded: start)
            entries[index].length = UInt32(truncatingIfNeeded: length)
            start += length
        }
        bytes = Array(reader.bytes[try reader.range(start)])
        guard reader.remaining == 0 else { throw .invalid(position: reader.position) }
    }
}

/// Positions of `fields` grouped by field number, stable within a group: a counting sort.
private func fieldOrder(of fields: [FieldID]) -> [Int] {
    var starts = [Int](repeating: 0, count: Int((fields.max()?.rawValue ?? 0)) + 2)
    for field in fields { starts[Int(field.rawValue) + 1] += 1 }
    for number in 1..<starts.count { starts[number] += starts[number - 1] }
    var order = [Int](repeating: 0, count: fields.count)
    for (index, field) in fields.enumerated() {
        order[starts[Int(field.rawValue)]] = index
        starts[Int(field.rawValue)] += 1
    }
    return order
}
