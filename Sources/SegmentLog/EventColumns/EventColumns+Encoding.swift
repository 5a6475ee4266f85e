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
        var rows = Rows(counts: [Int64](repeating: 0, count: records.batch.rows.count))
        var previous = -1
        for batch in batches {
            let decoders = batch.decoders.map { name -> UInt16 in
                if let known = names.firstIndex(of: name) { return UInt16(known) }
                names.append(name)
                return UInt16(names.count - 1)
            }
            guard let first = batch.events.first else { continue }
            var subject = EventLayouts.Subject(batch: batch, bytes: records.batch.bytes, event: first)
            for event in batch.events {
                guard event.offset >= base, event.offset.value - base.value < UInt64(records.batch.rows.count)
                else {
                    return nil
                }
                let row = Int(event.offset.value - base.value)
                guard row >= previous else { return nil }
                previous = row
                let record = records.batch.rows[row]
                subject.event = event
                subject.decoder = decoders[Int(event.decoder)]
                subject.bounds = records.bounds(of: row)
                subject.shift =
                    event.deviceTime.isPresent
                    ? event.deviceTime.nanoseconds &- records.reference(of: row) : 0
                let template = Int(records.numbers[row])
                guard let number = layouts.layout(of: subject, template) else { return nil }
                add(subject, layouts.layouts[number], record, row, &rows)
                rows.choices.append(Int64(layouts.rank[number]))
            }
        }
        let extensions = batches.map(\.extensionNames).max { $0.count < $1.count } ?? []
        write(names, extensions, layouts, rows)
        ownTexts = TextArena()
        ownTexts.slots = rows.own.values.flatMap { $0 }
        ownTexts.bytes = rows.ownBytes
        for text in layouts.constants { ownTexts.append(text) }
        return streams.stored(deflater, paging)
    }

    private func add(
        _ subject: EventLayouts.Subject,
        _ layout: EventColumns.Layout,
        _ record: RecordBatch.Row,
        _ row: Int,
        _ rows: inout Rows
    ) {
        let event = subject.event
        rows.ordinals.append(Int64(event.ordinal) - rows.counts[row])
        rows.counts[row] += 1
        let start = event.deviceTime.isPresent ? event.deviceTime : record.logTime
        rows.shifts.append(subject.shift &- layout.shift)
        rows.corrections.append(event.time.nanoseconds &- start.nanoseconds)
        rows.uncertainties.append(event.uncertainty &- layout.uncertainty)
        rows.logTimes.append(event.logTime.nanoseconds &- record.logTime.nanoseconds)
        rows.receiveTimes.append(event.receiveTime.nanoseconds &- record.receiveTime.nanoseconds)
        var hash = StableHash()
        hash.combine(subject.bytes.span, record.range)
        if hash.value != event.contentHash { rows.hasOwnHashes = true }
        rows.hashes.append(event.contentHash)
        for (index, source) in layout.sources.enumerated() where source.kind == EventColumns.SourceKind.column
        {
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
        let sources = all.flatMap(\.sources)
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
