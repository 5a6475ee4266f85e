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
    /// Sources of the layouts that wanted events have, and where those of each layout lie among them.
    private var sources: [EventColumns.Source] = []
    private var sourceRanges: [Range<Int>] = []
    /// Own values of the fields that wanted events have: where they lie, and which is next.
    private var own: [(field: UInt16, places: TextPlaces, count: Int, next: Int)] = []
    /// Places in ``own`` of the values of each layout, from its first to the next layout's.
    private var ownPlaces: [Int] = []
    private var firstOwnPlaces: [Int] = [0]

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
        let runs = EventRuns(decoder.counts, records.rows)
        let sizes = try prepare(&decoder, runs)
        guard sizes.fields <= EventBatch.storedFieldCountMax else { throw .invalid(position: position) }
        guard sizes.events > 0 else { return }
        var columns: [EventNumbers] = []
        for cursor in decoder.columns {
            decoder.source.seek(cursor)
            columns.append(try EventNumbers(decoder.count, from: &decoder.source))
        }
        var hashes: [Int64] = []
        if let cursor = decoder.hashes {
            decoder.source.seek(cursor)
            hashes = try decoder.source.planes(decoder.count, base: 0, width: 8)
        }
        batch.bytes = records.batch.bytes
        let shift = batch.bytes.count
        let texts = memory.texts
        batch.bytes.append(texts.bytes.span, 0..<texts.end)
        guard batch.bytes.count <= EventBatch.storedSizeMaxBytes else { throw .invalid(position: position) }
        batch.entries.reserveCapacity(sizes.fields)
        batch.events.reserveCapacity(sizes.events)
        let (layouts, choices) = (decoder.layouts, decoder.choices)
        var next = 0
        for run in runs.runs {
            while next < run.events.lowerBound {
                pass(Int(choices[next]))
                next += 1
            }
            let bounds = records.bounds(of: run.record)
            var hash = StableHash()
            if hashes.isEmpty { hash.combine(records.batch.bytes.span, bounds.range) }
            while next < run.events.upperBound {
                let number = Int(choices[next])
                let layout = layouts[number]
                var event = event(of: run.record, run.row, layout, columns, next)
                let place = Int64(next - run.events.lowerBound)
                event.ordinal = UInt16(truncatingIfNeeded: columns[0][next] &+ place)
                event.contentHash = hashes.isEmpty ? hash.value : UInt64(bitPattern: hashes[next])
                batch.events.append(event)
                guard addFields(number, bounds, shift) else { throw .invalid(position: position) }
                next += 1
            }
        }
    }

    /// Reads the own values that wanted events have; gives how many fields and events there will be.
    private mutating func prepare(
        _ decoder: inout EventColumnsDecoder,
        _ runs: EventRuns
    ) throws(ByteReaderError) -> (fields: Int, events: Int) {
        try decoder.readSources()
        var isUsed = [Bool](repeating: false, count: decoder.layouts.count)
        var (fields, events) = (0, 0)
        for run in runs.runs {
            for next in run.events {
                let choice = Int(decoder.choices[next])
                fields += decoder.layouts[choice].sources.count
                isUsed[choice] = true
            }
            events += run.events.count
        }
        var isWanted: [Bool] = []
        for number in isUsed.indices {
            let first = sources.count
            if isUsed[number] {
                for place in decoder.layouts[number].sources {
                    let source = try decoder.source(place)
                    if source.kind == EventColumns.SourceKind.column {
                        isWanted.grow(to: Int(source.field) + 1)
                        isWanted[Int(source.field)] = true
                    }
                    sources.append(source)
                }
            }
            sourceRanges.append(first..<sources.count)
        }
        try readOwn(&decoder, isWanted)
        return (fields, events)
    }

    /// Reads the own values of the wanted fields, and notes which of them each layout has.
    private mutating func readOwn(
        _ decoder: inout EventColumnsDecoder,
        _ isWanted: [Bool]
    ) throws(ByteReaderError) {
        var places = [Int](repeating: -1, count: isWanted.count)
        for field in isWanted.indices where isWanted[field] {
            guard let column = decoder.own[UInt16(field)] else { continue }
            decoder.source.seek(column.sketch.cursor)
            let texts = try TextColumn.decode(column.count, from: &decoder.source, into: &memory)
            places[field] = own.count
            own.append((UInt16(field), texts, column.count, 0))
        }
        for layout in decoder.layouts {
            if !own.isEmpty {
                for place in layout.sources
                where decoder.sourceNumbers[1][place] == Int64(EventColumns.SourceKind.column) {
                    let field = decoder.sourceNumbers[0][place]
                    if field >= 0, field < places.count, places[Int(field)] >= 0 {
                        ownPlaces.append(places[Int(field)])
                    }
                }
            }
            firstOwnPlaces.append(ownPlaces.count)
        }
    }

    /// Goes past the own values of an event of layout `number`.
    private mutating func pass(_ number: Int) {
        for index in firstOwnPlaces[number]..<firstOwnPlaces[number + 1] { own[ownPlaces[index]].next += 1 }
    }

    private func event(
        of record: Int,
        _ row: Int,
        _ layout: EventColumns.Layout,
        _ columns: [EventNumbers],
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
        _ number: Int,
        _ bounds: RecordBounds,
        _ shift: Int
    ) -> Bool {
        var nextOwn = firstOwnPlaces[number]
        for source in sources[sourceRanges[number]] {
            var range: Range<Int>?
            switch source.kind {
            case EventColumns.SourceKind.record: range = bounds.range(source)
            case EventColumns.SourceKind.constant:
                let place = memory.texts.range(constants.index(source.start))
                range = place.lowerBound + shift..<place.upperBound + shift
            default:
                guard nextOwn < firstOwnPlaces[number + 1] else { return false }
                let column = ownPlaces[nextOwn]
                nextOwn += 1
                if own[column].field == source.field, own[column].next < own[column].count {
                    let place = memory.texts.range(own[column].places.index(own[column].next))
                    own[column].next += 1
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

/// Which events the records that were read have.
private struct EventRuns {
    struct Run {
        /// Row of the block, and its place among the records that were read.
        var row: Int
        var record: Int
        var events: Range<Int>
    }

    var runs: [Run] = []

    /// The events of `rows`, which rise, or of all; `counts` are those of each row of the block.
    init(_ counts: [Int64], _ rows: [Int32]?) {
        runs.reserveCapacity(rows?.count ?? counts.count)
        var start = 0
        var index = 0
        for row in counts.indices {
            let end = start + Int(counts[row])
            if rows.map({ index < $0.count && Int($0[index]) == row }) ?? true {
                if end > start { runs.append(Run(row: row, record: index, events: start..<end)) }
                index += 1
            }
            start = end
        }
    }
}

/// Numbers of an integer column, which need no memory where they are all the same.
private struct EventNumbers {
    private var constant: Int64 = 0
    private var values: [Int64] = []

    init(_ count: Int, from source: inout ColumnSource) throws(ByteReaderError) {
        let cursor = source.cursor
        if try source.description.byte() == IntegerColumn.Encoding.constant {
            constant = try source.description.signed()
        } else {
            source.seek(cursor)
            values = try IntegerColumn.decode(count, from: &source)
        }
    }

    subscript(_ index: Int) -> Int64 { values.isEmpty ? constant : values[index] }
}

extension [Bool] {
    /// Adds false until there are at least `count`.
    fileprivate mutating func grow(to count: Int) {
        if self.count < count { append(contentsOf: repeatElement(false, count: count - self.count)) }
    }
}
