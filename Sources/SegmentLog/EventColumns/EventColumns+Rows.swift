// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension EventColumnsDecoder {
    /// The events of the records that were read.
    mutating func events(
        beside records: ShapedRecords,
        base: Offset
    ) throws(ByteReaderError) -> EventBatch {
        var assembly = EventAssembly(self, records, base)
        guard count > 0 else { return assembly.batch }
        try assembly.read(&self)
        return assembly.batch
    }
}

/// Events of a block on their way to memory.
private struct EventAssembly {
    var batch = EventBatch()
    private let records: ShapedRecords
    private let base: Offset
    /// Constant texts, then own values, in the batch's bytes after the records.
    private var memory = ColumnMemory()
    private let constants: TextPlaces
    /// Own values of each field, and which is next.
    private var own: [UInt16: (places: TextPlaces, count: Int, next: Int)] = [:]

    init(_ decoder: EventColumnsDecoder, _ records: ShapedRecords, _ base: Offset) {
        self.records = records
        self.base = base
        memory.texts = decoder.constantTexts
        constants = decoder.constants
        batch.decoders = decoder.decoders
        batch.extensionNames = decoder.extensionNames
    }

    mutating func read(_ decoder: inout EventColumnsDecoder) throws(ByteReaderError) {
        let position = decoder.source.description.position
        var columns: [[Int64]] = []
        for cursor in decoder.columns {
            decoder.source.seek(cursor)
            columns.append(try IntegerColumn.decode(decoder.count, from: &decoder.source))
        }
        var hashes: [Int64] = []
        if let cursor = decoder.hashes {
            decoder.source.seek(cursor)
            hashes = try decoder.source.planes(decoder.count, base: 0, width: 8)
        }
        for (field, column) in decoder.own.sorted(by: { $0.key < $1.key }) {
            decoder.source.seek(column.sketch.cursor)
            let places = try TextColumn.decode(column.count, from: &decoder.source, into: &memory)
            own[field] = (places, column.count, 0)
        }
        batch.bytes = records.batch.bytes
        let shift = batch.bytes.count
        let texts = memory.texts
        batch.bytes.append(texts.bytes.span, 0..<texts.end)
        guard batch.bytes.count <= EventBatch.storedSizeMaxBytes else { throw .invalid(position: position) }
        let sizes = decoder.layouts.map(\.sources.count)
        let fieldCount = decoder.choices.reduce(0) { $0 + sizes[Int($1)] }
        guard fieldCount <= EventBatch.storedFieldCountMax else { throw .invalid(position: position) }
        if records.rows == nil { batch.entries.reserveCapacity(fieldCount) }
        batch.events.reserveCapacity(records.rows == nil ? decoder.count : records.batch.rows.count)
        let (layouts, counts, choices) = (decoder.layouts, decoder.counts, decoder.choices)
        let ownFields = layouts.map { layout in
            layout.sources.filter { $0.kind == EventColumns.SourceKind.column }.map(\.field)
        }
        var next = 0
        var index = 0
        for row in counts.indices {
            let end = next + Int(counts[row])
            guard records.rows.map({ index < $0.count && Int($0[index]) == row }) ?? true else {
                while next < end {
                    for field in ownFields[Int(choices[next])] { own[field]?.next += 1 }
                    next += 1
                }
                continue
            }
            defer { index += 1 }
            guard next < end else { continue }
            let bounds = records.bounds(of: index)
            var hash = StableHash()
            if hashes.isEmpty { hash.combine(records.batch.bytes.span, bounds.range) }
            for number in 0..<counts[row] {
                let layout = layouts[Int(choices[next])]
                var event = event(of: index, row, layout, columns, next)
                event.ordinal = UInt16(truncatingIfNeeded: columns[0][next] &+ number)
                event.contentHash = hashes.isEmpty ? hash.value : UInt64(bitPattern: hashes[next])
                batch.events.append(event)
                guard addFields(layout, bounds, shift) else { throw .invalid(position: position) }
                next += 1
            }
        }
    }

    private func event(
        of record: Int,
        _ row: Int,
        _ layout: EventColumns.Layout,
        _ columns: [[Int64]],
        _ index: Int
    ) -> Event {
        let received = records.batch.rows[record]
        let header = layout.header
        var event = Event(offset: base.advanced(by: row), time: .absent, logTime: .absent)
        var start = received.logTime.nanoseconds
        if header.hasDeviceTime {
            start = records.reference(of: record) &+ layout.shift &+ columns[1][index]
            event.deviceTime = UTCTime(nanoseconds: start)
        }
        event.time = UTCTime(nanoseconds: start &+ columns[2][index])
        event.uncertainty = layout.uncertainty &+ columns[3][index]
        event.logTime = UTCTime(nanoseconds: received.logTime.nanoseconds &+ columns[4][index])
        event.receiveTime = UTCTime(nanoseconds: received.receiveTime.nanoseconds &+ columns[5][index])
        event.eventClass = EventClass(rawValue: header.eventClass) ?? .unclassified
        event.action = Action(rawValue: header.action) ?? .other
        event.outcome = Outcome(rawValue: header.outcome) ?? .unknown
        event.severity = header.severity
        event.decoder = header.decoder
        event.flags = EventFlags(rawValue: header.flags)
        event.issues = ParseIssues(rawValue: header.issues)
        event.fieldStart = UInt32(batch.entries.count)
        event.fieldCount = UInt16(layout.sources.count)
        return event
    }

    /// Adds the fields of the newest event, whose own texts lie `shift` bytes after their place in the arena;
    /// false when one is not there.
    private mutating func addFields(
        _ layout: EventColumns.Layout,
        _ bounds: RecordBounds,
        _ shift: Int
    ) -> Bool {
        for source in layout.sources {
            var range: Range<Int>?
            switch source.kind {
            case EventColumns.SourceKind.record: range = bounds.range(source)
            case EventColumns.SourceKind.constant:
                let place = memory.texts.range(constants.index(source.start))
                range = place.lowerBound + shift..<place.upperBound + shift
            default:
                if let values = own[source.field], values.next < values.count {
                    let place = memory.texts.range(values.places.index(values.next))
                    own[source.field]?.next += 1
                    range = place.lowerBound + shift..<place.upperBound + shift
                }
            }
            guard let range else { return false }
            batch.entries.append(
                EventBatch.Entry(
                    field: FieldID(rawValue: source.field),
                    start: UInt32(range.lowerBound),
                    length: UInt32(range.count)
                )
            )
        }
        return true
    }
}
