// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Headers, times and one field of the events of a part, read without the rest.
public struct EventValues: Sendable {
    /// What is wanted of events.
    public struct Wish: Hashable, Sendable {
        /// A field with a fixed number, or one that the part's extension names number; nil for none.
        public var field: FieldID?
        /// Whether times are wanted.
        public var needsTimes: Bool

        /// Makes a wish.
        public init(_ field: FieldID? = nil, needsTimes: Bool = true) {
            self.field = field
            self.needsTimes = needsTimes
        }
    }

    /// Event times, where they were wanted.
    public internal(set) var times: [Int64] = []
    /// The different headers: class, action, outcome, severity, decoder, flags and issues.
    ///
    /// Everything else of them is absent.
    public internal(set) var headers: [Event] = []
    /// For each event its place in ``headers``.
    public internal(set) var choices: [Int32] = []
    /// What the headers' decoders are called.
    public internal(set) var decoders: [String] = []
    /// Whether no event has the field more than once.
    public internal(set) var isSingle = true
    /// The bytes that the values lie in; a value that occurs often may lie there once.
    public var bytes: [UInt8] { memory.texts.bytes }

    var memory = ColumnMemory()
    /// Where the value of each event lies; of length ``noLength`` for none.
    var slots: [RecordShapes.Slot] = []

    static let noLength = UInt32.max

    /// Number of events.
    public var count: Int { choices.count }

    /// Nothing yet; memory serves from part to part.
    public init() {}

    /// Where the field's first value of event `index` lies in ``bytes``; nil when it has none.
    public func range(_ index: Int) -> Range<Int>? {
        slots[index].length == EventValues.noLength ? nil : slots[index].range
    }
}

/// Reads headers, times and one field of the events of a block; of its records only what those need.
struct EventValueReader {
    /// Where an event of a layout has the value, as far as that is known of all of them.
    private enum Place {
        case nowhere
        /// A text for each record of the template, or one for all.
        case texts(TextPlaces)
        /// A part of it: bytes from its start, and bytes from its start or from its end.
        case slices(TextPlaces, start: Int32, end: Int32, isFromStart: Bool)
        /// The next own value.
        case own
        /// A part of the record that may hold several variables.
        case part
    }

    /// A value that is put together of what the record holds.
    private struct Part {
        var event: Int
        var template: Int
        /// Place of the record among those of the template.
        var place: Int
        var layout: Int
    }

    private var records: RecordColumnsDecoder
    private var events: EventColumnsDecoder
    private var values: EventValues
    private let wish: EventValues.Wish
    private var field: UInt16 { wish.field?.rawValue ?? 0 }
    /// Columns of the slots of all templates that were read.
    private var columns: [TextPlaces?]
    /// Of each layout: where the first value of the field is, and how many own values of it there are.
    private var places: [Place] = []
    private var sources: [EventColumns.Source] = []
    private var ownUses: [Int32] = []
    private var own = TextPlaces(first: 0, stride: 1)

    init(
        _ records: RecordColumnsDecoder,
        _ events: EventColumnsDecoder,
        _ wish: EventValues.Wish,
        _ values: consuming EventValues
    ) {
        self.records = records
        self.events = events
        self.wish = wish
        self.values = values
        columns = [TextPlaces?](repeating: nil, count: records.kinds.count)
    }

    /// Reads all; hands the memory back with it.
    consuming func read(_ buffers: inout RecordBuffers) throws(ByteReaderError) -> EventValues {
        values.memory.texts.removeAll()
        values.times.removeAll(keepingCapacity: true)
        values.slots.removeAll(keepingCapacity: true)
        values.headers = events.layouts.map(\.header.event)
        values.choices = events.choices
        values.decoders = events.decoders
        values.isSingle = true
        guard events.count > 0 else { return values }
        if wish.needsTimes { try readTimes(&buffers) }
        if wish.field != nil {
            try readPlaces()
            try readValues()
        }
        buffers.raw = records.source.raw
        buffers.eventRaw = events.source.raw
        return values
    }

    /// Reads the times of all events.
    private mutating func readTimes(_ buffers: inout RecordBuffers) throws(ByteReaderError) {
        try records.readReferences(into: &buffers)
        for (number, place) in [(1, 1), (2, 2)] {
            events.source.seek(events.columns[place])
            try IntegerColumn.decode(events.count, from: &events.source, into: &buffers.metadata[number])
        }
        var times: [Int64] = []
        swap(&times, &values.times)
        times.append(contentsOf: repeatElement(0, count: events.count))
        setTimes(buffers, &times)
        swap(&times, &values.times)
    }

    /// Puts together what was read: log times, shifts and corrections are the metadata of `buffers`.
    private func setTimes(_ buffers: RecordBuffers, _ times: inout [Int64]) {
        let layouts = events.layouts.map { (hasDeviceTime: $0.header.hasDeviceTime, shift: $0.shift) }
        let (logged, shifted, corrected) = (buffers.metadata[0], buffers.metadata[1], buffers.metadata[2])
        let (counts, choices, headers) = (events.counts.span, events.choices.span, layouts.span)
        let (references, logTimes) = (buffers.references.span, logged.span)
        let (shifts, corrections) = (shifted.span, corrected.span)
        var times = times.mutableSpan
        var next = 0
        for row in counts.indices {
            let end = next + Int(counts[row])
            while next < end {
                let header = headers[Int(choices[next])]
                var start = logTimes[row]
                if header.hasDeviceTime {
                    let known = references[row]
                    start = (known == RecordColumns.noReference ? start : known) &+ header.shift
                    start &+= shifts[next]
                }
                times[next] = start &+ corrections[next]
                next += 1
            }
        }
    }

    /// Finds out where the events of each layout have the field, and reads the columns that hold it.
    private mutating func readPlaces() throws(ByteReaderError) {
        var constants = events.constants
        constants.first += values.memory.texts.count
        values.memory.texts.append(events.constantTexts)
        if let column = events.own[field] {
            events.source.seek(column.sketch.cursor)
            own = try TextColumn.decode(column.count, from: &events.source, into: &values.memory)
        }
        places = [Place](repeating: .nowhere, count: events.layouts.count)
        let blank = EventColumns.Source(field: field, kind: EventColumns.SourceKind.record)
        sources = [EventColumns.Source](repeating: blank, count: events.layouts.count)
        ownUses = [Int32](repeating: 0, count: events.layouts.count)
        try events.readSources()
        var template = 0
        var number = 0
        for place in events.sources(of: field) {
            while events.layouts[number].sources.upperBound <= place { number += 1 }
            while events.firstLayouts[template + 1] <= number { template += 1 }
            let source = try events.source(place)
            if source.kind == EventColumns.SourceKind.column { ownUses[number] += 1 }
            guard case .nowhere = places[number] else {
                values.isSingle = false
                continue
            }
            sources[number] = source
            places[number] = try self.place(source, template, constants)
        }
    }

    /// Where the events of a layout of `template` have the value of a source.
    private mutating func place(
        _ source: EventColumns.Source,
        _ template: Int,
        _ constants: TextPlaces
    ) throws(ByteReaderError) -> Place {
        switch source.kind {
        case EventColumns.SourceKind.constant:
            return .texts(TextPlaces(first: constants.index(source.start), stride: 0))
        case EventColumns.SourceKind.column: return .own
        default: break
        }
        let element = source.start / 2
        guard source.startShift >= 0, source.end == source.start || source.end == source.start + 1 else {
            return .part
        }
        if source.start % 2 == 1, element < records.slotCounts[template] {
            let column = try column(records.firstKinds[template] + element, template)
            guard source.variable == nil else { return .texts(column) }
            return .slices(
                column,
                start: Int32(source.startShift),
                end: Int32(source.endShift),
                isFromStart: source.end == source.start
            )
        }
        guard source.start % 2 == 0, element <= records.slotCounts[template] else { return .part }
        // Constant text between two variables.
        let piece = records.piece(element, of: template)
        let end = (source.end == source.start ? 0 : piece.count) + source.endShift
        guard source.startShift <= end, end <= piece.count else { return .part }
        let text = records.literals[piece.lowerBound + source.startShift..<piece.lowerBound + end]
        values.memory.texts.append(Array(text))
        return .texts(TextPlaces(first: values.memory.texts.count - 1, stride: 0))
    }

    private mutating func readValues() throws(ByteReaderError) {
        let position = events.source.description.position
        let none = RecordShapes.Slot(start: 0, length: EventValues.noLength)
        values.slots.append(contentsOf: repeatElement(none, count: events.count))
        var slots: [RecordShapes.Slot] = []
        swap(&slots, &values.slots)
        guard let parts = findTexts(into: &slots) else { throw .invalid(position: position) }
        swap(&slots, &values.slots)
        for part in parts {
            let text = try self.text(of: part, position)
            values.memory.texts.append(text)
            guard values.memory.texts.isBounded else { throw .invalid(position: position) }
            values.slots[part.event] = values.memory.texts.slots[values.memory.texts.count - 1]
        }
    }

    /// Finds the values that lie in one text each, and gives the others; nil when an own value is not there.
    private func findTexts(into slots: inout [RecordShapes.Slot]) -> [Part]? {
        var parts: [Part] = []
        let ownCount = events.own[field]?.count ?? 0
        // Records of each template so far.
        var rows = [Int](repeating: 0, count: records.slotCounts.count)
        let (counts, choices, numbers) = (events.counts.span, events.choices.span, records.numbers.span)
        let (places, uses, texts) = (places.span, ownUses.span, values.memory.texts.slots.span)
        var target = slots.mutableSpan
        var (next, nextOwn) = (0, 0)
        for row in counts.indices {
            let template = Int(numbers[row])
            let place = rows[template]
            rows[template] = place + 1
            let end = next + Int(counts[row])
            while next < end {
                let layout = Int(choices[next])
                switch places[layout] {
                case .nowhere: break
                case .texts(let column): target[next] = texts[column.index(place)]
                case .slices(let column, let start, let end, let isFromStart):
                    let whole = texts[column.index(place)]
                    let last = isFromStart ? Int(end) : Int(whole.length) + Int(end)
                    if Int(start) <= last, last <= Int(whole.length) {
                        let length = UInt32(last - Int(start))
                        target[next] = RecordShapes.Slot(start: whole.start + UInt32(start), length: length)
                    } else {
                        parts.append(Part(event: next, template: template, place: place, layout: layout))
                    }
                case .own:
                    guard nextOwn < ownCount else { return nil }
                    target[next] = texts[own.index(nextOwn)]
                case .part:
                    parts.append(Part(event: next, template: template, place: place, layout: layout))
                }
                nextOwn += Int(uses[layout])
                next += 1
            }
        }
        return parts
    }

    /// A part of a record that is no whole variable, made of as little of the record as holds it.
    ///
    /// Bound `n` lies before element `n`: pieces of constant text and variables in turn.
    private mutating func text(
        of part: Part,
        _ position: Int
    ) throws(ByteReaderError) -> [UInt8] {
        let (source, template, place) = (sources[part.layout], part.template, part.place)
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
    /// Reads headers, times and one field of the events; nil for a part that does not store them as columns.
    func readValues(
        _ wish: EventValues.Wish,
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
            return try EventValueReader(columns, decoder, wish, values).read(&buffers)
        } catch { throw damaged(places[0].lowerBound) }
    }
}
