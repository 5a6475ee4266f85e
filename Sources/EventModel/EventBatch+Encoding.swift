// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension EventBatch {
    /// First byte of the stored form; version 1 is read too, any other is refused.
    ///
    /// Version 2 stores neither content hashes nor messages that the records beside it hold.
    public static let storedVersion: UInt8 = 2

    /// Most events in one stored batch: a block has at most 65,536 records, and few records give several
    /// events.
    public static let storedEventCountMax = 1_048_576
    /// Most fields of the events of a stored form: 128 for each record of the largest block.
    ///
    /// A stored form that claims more is refused before anything is allocated for them.
    public static let storedFieldCountMax = 8_388_608

    /// Most bytes of values: four times the largest chunk, for messages that several events share.
    public static let storedSizeMaxBytes = 256 * 1_048_576

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
    public func encoded(beside records: RecordsInPlace = RecordsInPlace()) -> [UInt8] {
        var writer = ByteWriter()
        var columns = ColumnBuffers()
        EventBatch.encode([self], beside: records, columns: &columns, into: &writer)
        return writer.bytes
    }

    /// Appends the stored form of all of `batches` as if they were one.
    ///
    /// They must have been decoded in this order with the same field table, from records among `records`.
    ///
    /// - Complexity: O(bytes); value bytes are copied once, straight into `writer`.
    public static func encode(
        _ batches: [EventBatch],
        beside records: RecordsInPlace,
        columns: inout ColumnBuffers,
        into writer: inout ByteWriter
    ) {
        var names = ["none"]
        let numbers = batches.map { batch in
            batch.decoders.map { name in
                if let known = names.firstIndex(of: name) { return known }
                names.append(name)
                return names.count - 1
            }
        }
        let size = batches.reduce(0) { $0 + $1.bytes.count + $1.events.count * 32 }
        writer.bytes.reserveCapacity(writer.bytes.count + size)
        writer.write(EventBatch.storedVersion)
        writer.varint(UInt64(batches.reduce(0) { $0 + $1.events.count }))
        writer.varint(UInt64(names.count))
        for name in names { writer.counted(name) }
        let fields = batches.map(\.extensionNames).max { $0.count < $1.count } ?? []
        writer.varint(UInt64(fields.count))
        for name in fields { writer.counted(name) }
        encodeHeaders(batches, numbers, into: &writer)
        encodeHashes(batches, records, into: &writer)
        encodeFields(batches, records, &columns, into: &writer)
    }

    private static func encodeHeaders(
        _ batches: [EventBatch],
        _ decoderNumbers: [[Int]],
        into writer: inout ByteWriter
    ) {
        func each(_ write: (Event, inout ByteWriter) -> Void) {
            for batch in batches { for event in batch.events { write(event, &writer) } }
        }
        var last: UInt64 = 0
        each { event, writer in
            writer.varint(event.offset.value &- last)
            last = event.offset.value
        }
        each { $1.varint(UInt64($0.ordinal)) }
        var time: Int64 = 0
        each { event, writer in
            writer.signed(event.time.nanoseconds &- time)
            time = event.time.nanoseconds
        }
        each { $1.signed($0.deviceTime.nanoseconds &- $0.time.nanoseconds) }
        time = 0
        each { event, writer in
            writer.signed(event.logTime.nanoseconds &- time)
            time = event.logTime.nanoseconds
        }
        each { $1.signed($0.receiveTime.nanoseconds &- $0.logTime.nanoseconds) }
        each { $1.signed($0.uncertainty) }
        each { $1.write($0.eventClass.rawValue) }
        each { $1.write($0.action.rawValue) }
        each { $1.write($0.outcome.rawValue) }
        each { $1.write($0.severity) }
        for (batch, numbers) in zip(batches, decoderNumbers) {
            for event in batch.events { writer.varint(UInt64(numbers[Int(event.decoder)])) }
        }
        each { $1.varint(UInt64($0.flags.rawValue)) }
        each { $1.varint($0.issues.rawValue) }
        each { $1.varint(UInt64($0.fieldCount)) }
    }

    /// Content hashes follow from the records: they are stored only where one does not.
    private static func encodeHashes(
        _ batches: [EventBatch],
        _ records: RecordsInPlace,
        into writer: inout ByteWriter
    ) {
        let areOwn = batches.allSatisfy { batch in
            batch.events.allSatisfy { records.contentHash($0.offset) == $0.contentHash }
        }
        writer.write(UInt8(areOwn ? 0 : 1))
        guard !areOwn else { return }
        for batch in batches { for event in batch.events { writer.write(event.contentHash) } }
    }

    /// Values lie grouped by field; within a field in event order.
    ///
    /// A message that ends its record is a length with the lowest bit set, and the count of bytes after it.
    /// One pass over the events: each is read while it is near, and goes to the ends of its columns.
    private static func encodeFields(
        _ batches: [EventBatch],
        _ records: RecordsInPlace,
        _ columns: inout ColumnBuffers,
        into writer: inout ByteWriter
    ) {
        columns.removeAll()
        for batch in batches {
            let (entries, source) = (batch.entries, batch.bytes)
            for event in batch.events {
                let first = Int(event.fieldStart)
                for index in first..<first + Int(event.fieldCount) {
                    let entry = entries[index]
                    writer.varint(UInt64(entry.field.rawValue))
                    let tail =
                        entry.field == .message
                        ? records.tail(after: source.span, entry.range, in: event.offset) : nil
                    columns.add(entry, source.span, tail)
                }
            }
        }
        columns.write(into: &writer)
    }
}

/// Lengths and values of each field while events are encoded; their memory serves from block to block.
public struct ColumnBuffers: Sendable {
    private struct Column: Sendable {
        var lengths = ByteWriter()
        var values = ByteWriter()
    }

    /// By field number.
    private var columns: [Column] = []

    /// Holds nothing yet.
    public init() {}

    mutating func removeAll() {
        for number in columns.indices {
            columns[number].lengths.bytes.removeAll(keepingCapacity: true)
            columns[number].values.bytes.removeAll(keepingCapacity: true)
        }
    }

    /// Adds a value, or how many bytes of its record follow it there.
    mutating func add(_ entry: EventBatch.Entry, _ source: Span<UInt8>, _ tail: Int?) {
        let number = Int(entry.field.rawValue)
        while columns.count <= number { columns.append(Column()) }
        columns[number].lengths.varint(UInt64(entry.length) << 1 | (tail == nil ? 0 : 1))
        if let tail {
            columns[number].values.varint(UInt64(tail))
        } else {
            columns[number].values.bytes.append(source, entry.range)
        }
    }

    func write(into writer: inout ByteWriter) {
        for column in columns { writer.bytes.append(contentsOf: column.lengths.bytes) }
        for column in columns { writer.bytes.append(contentsOf: column.values.bytes) }
    }
}

/// Positions of `fields` grouped by field number, stable within a group: a counting sort.
func fieldOrder(of fields: [FieldID]) -> [Int] {
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

extension EventBatch {
    /// Appends the events of a batch with another field table; `table` numbers the names of this one.
    public mutating func merge(_ other: EventBatch, table: inout FieldTable) {
        if events.isEmpty, table.names.isEmpty {
            self = other
            for name in other.extensionNames { _ = table.field(named: name) }
            return
        }
        let fields = other.extensionNames.map { table.field(named: $0) }
        let first = Int(FieldID.firstExtension)
        var renumbered = other
        for index in renumbered.entries.indices where !renumbered.entries[index].field.isKnown {
            renumbered.entries[index].field = fields[Int(renumbered.entries[index].field.rawValue) - first]
        }
        renumbered.extensionNames = table.names
        append(renumbered)
        extensionNames = table.names
    }
}
