// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads what ``EventColumnsEncoder`` wrote beside the same records; refuses everything else within stated
/// memory.
struct EventColumnsDecoder {
    private var source: ColumnSource
    private let records: ShapedRecords
    private let base: Offset
    private var batch = EventBatch()
    private var count = 0
    private var layouts: [EventColumns.Layout] = []
    /// First layout of each template, and the end of the last.
    private var firstLayouts: [Int] = [0]
    /// Constant texts, then own values, in the batch's bytes after the records.
    private var arena = TextArena()
    private var constants = TextPlaces(first: 0, stride: 0)
    /// Own values of each field, and which is next.
    private var own: [UInt16: (places: TextPlaces, count: Int, next: Int)] = [:]

    /// The events; `stored` must hold nothing else.
    static func decode(
        _ stored: [UInt8],
        beside records: ShapedRecords,
        base: Offset
    ) throws(ByteReaderError) -> EventBatch {
        var decoder = EventColumnsDecoder(source: try ColumnSource(stored), records: records, base: base)
        try decoder.readNames()
        if decoder.count > 0 {
            try decoder.readLayouts()
            try decoder.readEvents()
        }
        guard decoder.source.isAtEnd else { throw .invalid(position: decoder.source.description.position) }
        return decoder.batch
    }

    private init(source: ColumnSource, records: ShapedRecords, base: Offset) {
        self.source = source
        self.records = records
        self.base = base
    }

    private mutating func readNames() throws(ByteReaderError) {
        guard try source.description.byte() == EventColumns.version else { throw .invalid(position: 0) }
        count = try source.description.count(atMost: EventBatch.storedEventCountMax)
        batch.decoders = try names(atMost: 65_536)
        batch.extensionNames = try names(atMost: FieldTable.nameCountMax + 1)
    }

    private mutating func names(atMost limit: Int) throws(ByteReaderError) -> [String] {
        let count = try source.description.count(atMost: min(limit, source.description.remaining))
        var names: [String] = []
        for _ in 0..<count { names.append(try source.description.text()) }
        return names
    }

    private mutating func readLayouts() throws(ByteReaderError) {
        let position = source.description.position
        guard try source.description.count(atMost: RecordShapes.templateCountMax) == records.templateCount
        else {
            throw .invalid(position: position)
        }
        for count in try IntegerColumn.decode(records.templateCount, from: &source) {
            guard count >= 0, count <= EventColumns.layoutCountMax - firstLayouts[firstLayouts.count - 1]
            else {
                throw .invalid(position: position)
            }
            firstLayouts.append(firstLayouts[firstLayouts.count - 1] + Int(count))
        }
        let count = firstLayouts[firstLayouts.count - 1]
        guard count > 0 else { throw .invalid(position: position) }
        var columns: [[Int64]] = []
        for _ in 0..<11 { columns.append(try IntegerColumn.decode(count, from: &source)) }
        let constantCount = try source.description.count(atMost: EventColumns.layoutCountMax << 4)
        constants = TextPlaces(first: 0, stride: 1)
        if constantCount > 0 {
            constants = try TextColumn.decode(constantCount, references: [], from: &source, into: &arena)
        }
        var total = 0
        for number in columns[10] {
            guard number >= 0, number <= 65_535, total + Int(number) <= TextArena.slotCountMax else {
                throw .invalid(position: position)
            }
            total += Int(number)
        }
        var sources: [[Int64]] = []
        if total > 0 { for _ in 0..<6 { sources.append(try IntegerColumn.decode(total, from: &source)) } }
        var next = 0
        for index in 0..<count {
            var layout = try self.layout(columns.map { $0[index] })
            for place in next..<next + Int(columns[10][index]) {
                layout.sources.append(try self.source(sources.map { $0[place] }, constantCount))
            }
            next += Int(columns[10][index])
            layouts.append(layout)
        }
    }

    private func layout(_ values: [Int64]) throws(ByteReaderError) -> EventColumns.Layout {
        let position = source.description.position
        guard let eventClass = UInt8(exactly: values[0]), let action = UInt8(exactly: values[1]),
            let outcome = UInt8(exactly: values[2]), let severity = UInt8(exactly: values[3]),
            let decoder = UInt16(exactly: values[4]), Int(decoder) < batch.decoders.count,
            let flags = UInt16(exactly: values[5])
        else { throw .invalid(position: position) }
        let blank = Event(offset: .zero, time: .absent, logTime: .absent)
        var header = EventColumns.Header(blank, decoder: decoder)
        header.eventClass = eventClass
        header.action = action
        header.outcome = outcome
        header.severity = severity
        header.flags = flags
        header.issues = UInt64(bitPattern: values[6])
        header.hasDeviceTime = values[7] != 0
        return EventColumns.Layout(header: header, shift: values[8], uncertainty: values[9], sources: [])
    }

    private func source(
        _ values: [Int64],
        _ constantCount: Int
    ) throws(ByteReaderError) -> EventColumns.Source {
        let position = source.description.position
        guard let field = UInt16(exactly: values[0]), let kind = UInt8(exactly: values[1]),
            kind <= EventColumns.SourceKind.column, let start = Int32(exactly: values[2]),
            let startShift = Int32(exactly: values[3]), let length = Int32(exactly: values[4]),
            let endShift = Int32(exactly: values[5]), start >= 0,
            kind != EventColumns.SourceKind.constant || Int(start) < constantCount
        else { throw .invalid(position: position) }
        var source = EventColumns.Source(field: field, kind: kind)
        (source.start, source.startShift) = (Int(start), Int(startShift))
        (source.end, source.endShift) = (Int(start) + Int(length), Int(endShift))
        return source
    }

    private mutating func readEvents() throws(ByteReaderError) {
        let position = source.description.position
        let rowCount = records.batch.rows.count
        guard rowCount > 0 else { throw .invalid(position: position) }
        let counts = try IntegerColumn.decode(rowCount, from: &source)
        var left = Int64(count)
        for number in counts {
            guard number >= 0, number <= left else { throw .invalid(position: position) }
            left -= number
        }
        guard left == 0 else { throw .invalid(position: position) }
        var columns: [[Int64]] = []
        for _ in 0..<7 { columns.append(try IntegerColumn.decode(count, from: &source)) }
        var hashes: [Int64] = []
        if try source.description.byte() != 0 { hashes = try source.planes(count, base: 0, width: 8) }
        try readOwn()
        batch.bytes = records.batch.bytes
        let shift = batch.bytes.count
        batch.bytes.append(contentsOf: arena.bytes)
        guard batch.bytes.count <= EventBatch.storedSizeMaxBytes else { throw .invalid(position: position) }
        batch.events.reserveCapacity(count)
        var next = 0
        for row in 0..<rowCount where counts[row] > 0 {
            let bounds = records.bounds(of: row)
            var hash = StableHash()
            if hashes.isEmpty { hash.combine(records.batch.bytes.span, bounds.range) }
            for number in 0..<counts[row] {
                let layout = try layout(of: row, choice: columns[0][next])
                var event = event(of: row, layout, columns, next)
                event.ordinal = UInt16(truncatingIfNeeded: columns[1][next] &+ number)
                event.contentHash = hashes.isEmpty ? hash.value : UInt64(bitPattern: hashes[next])
                batch.events.append(event)
                try addFields(layout, bounds, shift)
                next += 1
            }
        }
    }

    private mutating func readOwn() throws(ByteReaderError) {
        let position = source.description.position
        let fields = try source.description.count(atMost: 65_536)
        for _ in 0..<fields {
            let field = try source.description.count(atMost: 65_535)
            let size = try source.description.count(atMost: TextArena.slotCountMax)
            guard size > 0 else { throw .invalid(position: position) }
            let places = try TextColumn.decode(size, references: [], from: &source, into: &arena)
            own[UInt16(field)] = (places, size, 0)
        }
    }

    private func layout(of row: Int, choice: Int64) throws(ByteReaderError) -> EventColumns.Layout {
        let first = firstLayouts[Int(records.numbers[row])]
        guard choice >= 0, choice < firstLayouts[Int(records.numbers[row]) + 1] - first else {
            throw .invalid(position: source.description.position)
        }
        return layouts[first + Int(choice)]
    }

    private func event(
        of row: Int,
        _ layout: EventColumns.Layout,
        _ columns: [[Int64]],
        _ index: Int
    ) -> Event {
        let record = records.batch.rows[row]
        let header = layout.header
        var event = Event(offset: base.advanced(by: row), time: .absent, logTime: .absent)
        var start = record.logTime.nanoseconds
        if header.hasDeviceTime {
            start = records.reference(of: row) &+ layout.shift &+ columns[2][index]
            event.deviceTime = UTCTime(nanoseconds: start)
        }
        event.time = UTCTime(nanoseconds: start &+ columns[3][index])
        event.uncertainty = layout.uncertainty &+ columns[4][index]
        event.logTime = UTCTime(nanoseconds: record.logTime.nanoseconds &+ columns[5][index])
        event.receiveTime = UTCTime(nanoseconds: record.receiveTime.nanoseconds &+ columns[6][index])
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

    /// Adds the fields of the newest event; own texts lie `shift` bytes after their place in the arena.
    private mutating func addFields(
        _ layout: EventColumns.Layout,
        _ bounds: RecordBounds,
        _ shift: Int
    ) throws(ByteReaderError) {
        for source in layout.sources {
            var range: Range<Int>?
            switch source.kind {
            case EventColumns.SourceKind.record: range = bounds.range(source)
            case EventColumns.SourceKind.constant:
                let slot = arena.slots[constants.index(source.start)]
                range = slot.range.lowerBound + shift..<slot.range.upperBound + shift
            default:
                if let values = own[source.field], values.next < values.count {
                    let slot = arena.slots[values.places.index(values.next)]
                    own[source.field]?.next += 1
                    range = slot.range.lowerBound + shift..<slot.range.upperBound + shift
                }
            }
            guard let range, batch.entries.count < TextArena.slotCountMax << 1 else {
                throw .invalid(position: self.source.description.position)
            }
            batch.entries.append(
                EventBatch.Entry(
                    field: FieldID(rawValue: source.field),
                    start: UInt32(range.lowerBound),
                    length: UInt32(range.count)
                )
            )
        }
    }
}
