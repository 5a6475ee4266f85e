// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Time, class and one field of the events of a part, read without the rest.
public struct EventValues: Sendable {
    /// Event times.
    public internal(set) var times: [Int64] = []
    /// Raw values of `EventClass`.
    public internal(set) var classes: [UInt8] = []
    /// The bytes that the values lie in; a value that occurs often may lie there once.
    public var bytes: [UInt8] { memory.texts.bytes }

    var memory = ColumnMemory()
    /// Where the value of each event lies; of length ``noLength`` for none.
    var slots: [RecordShapes.Slot] = []

    static let noLength = UInt32.max

    /// Number of events.
    public var count: Int { times.count }

    /// Nothing yet; memory serves from part to part.
    public init() {}

    /// Where the field's first value of event `index` lies in ``bytes``; nil when it has none.
    public func range(_ index: Int) -> Range<Int>? {
        slots[index].length == EventValues.noLength ? nil : slots[index].range
    }
}

/// Reads times, classes and one field of the events of a block; of its records only what those need.
struct EventValueReader {
    private var records: RecordColumnsDecoder
    private var events: EventColumnsDecoder
    private var values: EventValues
    private let field: UInt16
    /// Columns of the slots of all templates that were read.
    private var columns: [TextPlaces?]
    /// Which source of the field each layout has, and how many own values of the field.
    private var sources: [EventColumns.Source?] = []
    private var ownUses: [Int] = []
    private var constants = TextPlaces(first: 0, stride: 1)
    private var own = TextPlaces(first: 0, stride: 1)
    private var nextOwn = 0

    init(
        _ records: RecordColumnsDecoder,
        _ events: EventColumnsDecoder,
        _ field: UInt16,
        _ values: consuming EventValues
    ) {
        self.records = records
        self.events = events
        self.field = field
        self.values = values
        columns = [TextPlaces?](repeating: nil, count: records.kinds.count)
    }

    /// Reads all; hands the memory back with it.
    consuming func read(_ buffers: inout RecordBuffers) throws(ByteReaderError) -> EventValues {
        values.memory.texts.removeAll()
        values.times.removeAll(keepingCapacity: true)
        values.classes.removeAll(keepingCapacity: true)
        values.slots.removeAll(keepingCapacity: true)
        guard events.count > 0 else { return values }
        try readTimes(&buffers)
        try readSources()
        try readValues()
        buffers.raw = records.source.raw
        buffers.eventRaw = events.source.raw
        return values
    }

    /// Reads the times of all events and their classes.
    private mutating func readTimes(_ buffers: inout RecordBuffers) throws(ByteReaderError) {
        try records.readReferences(into: &buffers)
        let references = buffers.references
        for (number, place) in [(1, 1), (2, 2)] {
            events.source.seek(events.columns[place])
            try IntegerColumn.decode(events.count, from: &events.source, into: &buffers.metadata[number])
        }
        let (logTimes, shifts, corrections) = (buffers.metadata[0], buffers.metadata[1], buffers.metadata[2])
        let (counts, choices) = (events.counts, events.choices)
        let headers = events.layouts.map { ($0.header.eventClass, $0.header.hasDeviceTime, $0.shift) }
        values.times.reserveCapacity(events.count)
        values.classes.reserveCapacity(events.count)
        var next = 0
        for row in counts.indices {
            for _ in 0..<counts[row] {
                let (eventClass, hasDeviceTime, shift) = headers[Int(choices[next])]
                var start = logTimes[row]
                if hasDeviceTime {
                    let known = references[row]
                    start = (known == RecordColumns.noReference ? start : known) &+ shift &+ shifts[next]
                }
                values.times.append(start &+ corrections[next])
                values.classes.append(eventClass)
                next += 1
            }
        }
    }

    /// Finds out where each layout has the field, and reads the texts that no record holds.
    private mutating func readSources() throws(ByteReaderError) {
        for layout in events.layouts {
            var source: EventColumns.Source?
            var uses = 0
            for found in layout.sources where found.field == field {
                if source == nil { source = found }
                if found.kind == EventColumns.SourceKind.column { uses += 1 }
            }
            sources.append(source)
            ownUses.append(uses)
        }
        constants = events.constants
        constants.first += values.memory.texts.count
        values.memory.texts.append(events.constantTexts)
        guard let column = events.own[field] else { return }
        events.source.seek(column.sketch.cursor)
        own = try TextColumn.decode(column.count, from: &events.source, into: &values.memory)
    }

    private mutating func readValues() throws(ByteReaderError) {
        let position = events.source.description.position
        let (counts, choices, numbers) = (events.counts, events.choices, records.numbers)
        // Whole variables, which are most: the slot of each layout, or below zero.
        let whole = sources.map { $0.flatMap(EventValueReader.variable) ?? -1 }
        var places = [Int](repeating: 0, count: records.slotCounts.count)
        let none = RecordShapes.Slot(start: 0, length: EventValues.noLength)
        values.slots.reserveCapacity(events.count)
        var next = 0
        for row in counts.indices {
            let template = Int(numbers[row])
            let place = places[template]
            places[template] += 1
            for _ in 0..<counts[row] {
                let choice = Int(choices[next])
                next += 1
                if whole[choice] >= 0, whole[choice] < records.slotCounts[template] {
                    let slot = records.firstKinds[template] + whole[choice]
                    let column = try column(slot, template)
                    values.slots.append(values.memory.texts.slots[column.index(place)])
                } else if let source = sources[choice] {
                    values.slots.append(try slot(source, template, place, position))
                } else {
                    values.slots.append(none)
                }
                nextOwn += ownUses[choice]
            }
        }
    }

    /// The slot that a source is all of; nil if it is anything else.
    private static func variable(_ source: EventColumns.Source) -> Int? {
        guard source.kind == EventColumns.SourceKind.record, source.start % 2 == 1,
            source.end == source.start + 1, source.startShift == 0, source.endShift == 0
        else { return nil }
        return source.start / 2
    }

    private mutating func slot(
        _ source: EventColumns.Source,
        _ template: Int,
        _ place: Int,
        _ position: Int
    ) throws(ByteReaderError) -> RecordShapes.Slot {
        switch source.kind {
        case EventColumns.SourceKind.constant:
            return values.memory.texts.slots[constants.index(source.start)]
        case EventColumns.SourceKind.column:
            guard let column = events.own[field], nextOwn < column.count else {
                throw .invalid(position: position)
            }
            return values.memory.texts.slots[own.index(nextOwn)]
        default:
            let text = try part(source, template, place, position)
            values.memory.texts.append(text)
            guard values.memory.texts.isBounded else { throw .invalid(position: position) }
            return values.memory.texts.slots[values.memory.texts.count - 1]
        }
    }

    /// A part of a record that is no whole variable, made of as little of the record as holds it.
    ///
    /// Bound `n` lies before element `n`: pieces of constant text and variables in turn.
    private mutating func part(
        _ source: EventColumns.Source,
        _ template: Int,
        _ place: Int,
        _ position: Int
    ) throws(ByteReaderError) -> [UInt8] {
        let elementCount = 2 * records.slotCounts[template] + 1
        guard source.start <= elementCount, source.end >= 0, source.end <= elementCount else {
            throw .invalid(position: position)
        }
        let isPlain = source.startShift >= 0 && source.start <= source.end
        let first = isPlain ? source.start : 0
        var text: [UInt8] = []
        var (start, end) = (source.startShift, source.endShift)
        var element = first
        // What lies before the bounds counts; what follows them is read as far as the value goes.
        while element < elementCount, element < max(source.start, source.end) || text.count < max(start, end)
        {
            let length = text.count
            try append(element, template, place, to: &text)
            let more = text.count - length
            if element < source.start { start += more }
            if element < source.end { end += more }
            element += 1
        }
        guard start >= 0, start <= end, end <= text.count else { throw .invalid(position: position) }
        return Array(text[start..<end])
    }

    private mutating func append(
        _ element: Int,
        _ template: Int,
        _ place: Int,
        to text: inout [UInt8]
    ) throws(ByteReaderError) {
        if element % 2 == 0 {
            text.append(records.literals.span, records.piece(element / 2, of: template))
        } else {
            let slot = records.firstKinds[template] + element / 2
            let column = try column(slot, template)
            let texts = values.memory.texts
            text.append(texts.bytes.span, texts.range(column.index(place)))
        }
    }

    /// The column of a slot, which is read when it is first asked for.
    private mutating func column(_ slot: Int, _ template: Int) throws(ByteReaderError) -> TextPlaces {
        if let known = columns[slot] { return known }
        let column = try records.readColumn(slot - records.firstKinds[template], template, &values.memory)
        columns[slot] = column
        return column
    }
}

extension LogPart {
    /// Reads time, class and one field of the events; nil for a part that does not store them as columns.
    func readValues(
        _ field: FieldID,
        _ values: consuming EventValues,
        _ buffers: inout RecordBuffers
    ) throws(LogError) -> EventValues? {
        guard skipped + trimmed == 0, try eventSchema() == EventSchema.version,
            let records = try pages(ChunkEntry.Kind.records, ChunkEntry.Encoding.recordColumns),
            let events = try pages(ChunkEntry.Kind.columns, ChunkEntry.Encoding.eventColumns)
        else { return nil }
        var (raw, eventRaw): ([UInt8], [UInt8]) = ([], [])
        swap(&raw, &buffers.raw)
        swap(&eventRaw, &buffers.eventRaw)
        do throws(ByteReaderError) {
            var columns = try RecordColumnsDecoder(records, reusing: raw)
            raw = []
            guard columns.count == count else { throw .invalid(position: 0) }
            try columns.sketchColumns()
            let decoder = try EventColumnsDecoder(
                events,
                templateCount: columns.slotCounts.count,
                numbers: columns.numbers,
                reusing: eventRaw
            )
            eventRaw = []
            return try EventValueReader(columns, decoder, field.rawValue, values).read(&buffers)
        } catch { throw damaged(places[0].lowerBound) }
    }
}
