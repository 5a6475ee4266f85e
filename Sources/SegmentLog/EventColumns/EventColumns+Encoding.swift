// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Turns the events of one block after another into columns; its memory serves from block to block.
struct EventColumnsEncoder {
    private var streams = ColumnStreams()
    private let deflater: ColumnDeflater
    /// Texts of the last events that are not in their records.
    private(set) var ownTexts = TextArena()

    init(_ deflater: ColumnDeflater = ColumnDeflater(.live)) { self.deflater = deflater }

    /// What differs from event to event.
    private struct Rows {
        /// Events of each record.
        var counts: [Int64]
        /// The record of each event.
        var records: [Int32] = []
        /// Which of its template's layouts an event has.
        var choices: [Int64] = []
        var ordinals: [Int64] = []
        var shifts: [Int64] = []
        var corrections: [Int64] = []
        var uncertainties: [Int64] = []
        var logTimes: [Int64] = []
        var receiveTimes: [Int64] = []
        var hashes: [UInt64] = []
        var hasOwnHashes = false
        /// Values of each field that no record holds.
        var own: [UInt16: [RecordShapes.Slot]] = [:]
        var ownBytes: [UInt8] = []

        /// Of no events yet, with room for `eventCount` of `recordCount` records.
        init(recordCount: Int, eventCount: Int) {
            counts = [Int64](repeating: 0, count: recordCount)
            records.reserveCapacity(eventCount)
            choices.reserveCapacity(eventCount)
            ordinals.reserveCapacity(eventCount)
            shifts.reserveCapacity(eventCount)
            corrections.reserveCapacity(eventCount)
            uncertainties.reserveCapacity(eventCount)
            logTimes.reserveCapacity(eventCount)
            receiveTimes.reserveCapacity(eventCount)
            hashes.reserveCapacity(eventCount)
        }

        /// Whether the hash of each event is that of its record's bytes.
        func areHashes(of batch: RecordBatch) -> Bool {
            let (rows, bytes) = (batch.rows.span, batch.bytes.span)
            func range(_ index: Int) -> Range<Int> { rows[Int(records[index])].range }
            var index = 0
            while index + 4 <= hashes.count {
                let ranges = (range(index), range(index + 1), range(index + 2), range(index + 3))
                let found = StableHash.values(bytes, ranges)
                guard hashes[index] == found.0, hashes[index + 1] == found.1,
                    hashes[index + 2] == found.2, hashes[index + 3] == found.3
                else { return false }
                index += 4
            }
            while index < hashes.count {
                var hash = StableHash()
                hash.combine(bytes, range(index))
                guard hashes[index] == hash.value else { return false }
                index += 1
            }
            return true
        }
    }

    /// The stored form of `batches`, whose events are of `records` in order; nil when they are not, or are
    /// too different from one another.
    mutating func encode(
        _ batches: [EventBatch],
        beside records: ShapedRecords,
        base: Offset,
        _ paging: ColumnPaging = ColumnPaging()
    ) -> [UInt8]? {
        streams.removeAll()
        var names = ["none"]
        var layouts = EventLayouts(templateCount: records.templateCount)
        let recordCount = records.batch.rows.count
        var rows = Rows(recordCount: recordCount, eventCount: batches.reduce(0) { $0 + $1.events.count })
        var previous = -1
        for batch in batches {
            let decoders = batch.decoders.map { name -> UInt16 in
                if let known = names.firstIndex(of: name) { return UInt16(known) }
                names.append(name)
                return UInt16(names.count - 1)
            }
            guard let first = batch.events.first else { continue }
            var subject = EventLayouts.Subject(batch: batch, records: records, event: first)
            for event in batch.events {
                guard event.offset >= base, event.offset.value - base.value < UInt64(recordCount) else {
                    return nil
                }
                let row = Int(event.offset.value - base.value)
                guard row >= previous else { return nil }
                previous = row
                subject.event = event
                subject.decoder = decoders[Int(event.decoder)]
                subject.row = row
                subject.shift =
                    event.deviceTime.isPresent
                    ? event.deviceTime.nanoseconds &- records.reference(of: row) : 0
                guard let number = layouts.layout(of: subject, Int(records.numbers[row])) else { return nil }
                add(subject, layouts, number, &rows)
            }
        }
        rows.hasOwnHashes = !rows.areHashes(of: records.batch)
        let extensions = batches.map(\.extensionNames).max { $0.count < $1.count } ?? []
        write(names, extensions, layouts, rows)
        ownTexts = TextArena()
        ownTexts.slots = rows.own.values.flatMap { $0 }
        ownTexts.bytes = rows.ownBytes
        for text in layouts.constants { ownTexts.append(text) }
        return streams.stored(deflater, paging)
    }

    @inline(__always)
    private func add(
        _ subject: EventLayouts.Subject,
        _ layouts: EventLayouts,
        _ number: Int,
        _ rows: inout Rows
    ) {
        let (event, row) = (subject.event, subject.row)
        let record = subject.records.batch.rows[row]
        rows.records.append(Int32(row))
        rows.choices.append(Int64(layouts.rank[number]))
        rows.ordinals.append(Int64(event.ordinal) - rows.counts[row])
        rows.counts[row] += 1
        let start = event.deviceTime.isPresent ? event.deviceTime : record.logTime
        rows.shifts.append(subject.shift &- layouts.layouts[number].shift)
        rows.corrections.append(event.time.nanoseconds &- start.nanoseconds)
        rows.uncertainties.append(event.uncertainty &- layouts.layouts[number].uncertainty)
        rows.logTimes.append(event.logTime.nanoseconds &- record.logTime.nanoseconds)
        rows.receiveTimes.append(event.receiveTime.nanoseconds &- record.receiveTime.nanoseconds)
        rows.hashes.append(event.contentHash)
        guard layouts.hasColumns[number] else { return }
        for (index, source) in layouts.sources[layouts.layouts[number].sources].enumerated()
        where source.kind == EventColumns.SourceKind.column {
            let entry = subject.batch.entries[Int(event.fieldStart) + index]
            rows.own[source.field, default: []].append(
                RecordShapes.Slot(start: UInt32(rows.ownBytes.count), length: entry.length)
            )
            rows.ownBytes.append(subject.batch.bytes.span, entry.range)
        }
    }

    private mutating func write(
        _ names: [String],
        _ extensions: [String],
        _ layouts: EventLayouts,
        _ rows: Rows
    ) {
        streams.description.write(EventColumns.version)
        streams.description.varint(UInt64(rows.choices.count))
        for list in [names, extensions] {
            streams.description.varint(UInt64(list.count))
            for name in list { streams.description.counted(name) }
        }
        guard !rows.choices.isEmpty else { return }
        write(layouts)
        let columns = [
            rows.counts, rows.choices, rows.ordinals, rows.shifts, rows.corrections, rows.uncertainties,
            rows.logTimes, rows.receiveTimes,
        ]
        for column in columns { IntegerColumn.encode(column, into: &streams) }
        streams.description.write(UInt8(rows.hasOwnHashes ? 1 : 0))
        if rows.hasOwnHashes {
            streams.addPlanes(rows.hashes.map { Int64(bitPattern: $0) }, base: 0, width: 8)
        }
        streams.description.varint(UInt64(rows.own.count))
        for field in rows.own.keys.sorted() {
            streams.description.varint(UInt64(field))
            let values = TextValues(bytes: rows.ownBytes, slots: rows.own[field, default: []])
            streams.description.varint(UInt64(values.count))
            TextColumn.encode(values, into: &streams)
        }
    }

    private mutating func write(_ layouts: EventLayouts) {
        streams.description.varint(UInt64(layouts.ofTemplate.count))
        IntegerColumn.encode(layouts.ofTemplate.map { Int64($0.count) }, into: &streams)
        let all = layouts.ofTemplate.flatMap { $0.map { layouts.layouts[Int($0)] } }
        func column(_ value: (EventColumns.Layout) -> Int64) {
            IntegerColumn.encode(all.map(value), into: &streams)
        }
        column { Int64($0.header.eventClass) }
        column { Int64($0.header.action) }
        column { Int64($0.header.outcome) }
        column { Int64($0.header.severity) }
        column { Int64($0.header.decoder) }
        column { Int64($0.header.flags) }
        column { Int64(bitPattern: $0.header.issues) }
        column { $0.header.hasDeviceTime ? 1 : 0 }
        column { $0.shift }
        column { $0.uncertainty }
        column { Int64($0.sources.count) }
        let sources = all.flatMap { layouts.sources[$0.sources] }
        streams.description.varint(UInt64(layouts.constants.count))
        if !layouts.constants.isEmpty {
            var texts = TextValues(bytes: Array(layouts.constants.joined()), slots: [])
            var start = 0
            for text in layouts.constants {
                texts.slots.append(RecordShapes.Slot(start: UInt32(start), length: UInt32(text.count)))
                start += text.count
            }
            TextColumn.encode(texts, into: &streams)
        }
        guard !sources.isEmpty else { return }
        for value in [
            { Int64($0.field) }, { Int64($0.kind) }, { Int64($0.start) }, { Int64($0.startShift) },
            { Int64($0.end) - Int64($0.start) }, { Int64($0.endShift) },
        ] as [(EventColumns.Source) -> Int64] {
            IntegerColumn.encode(sources.map(value), into: &streams)
        }
    }
}
