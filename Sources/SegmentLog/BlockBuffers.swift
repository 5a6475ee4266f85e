// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// How much time compressing a block may take.
public enum BlockEffort: Hashable, Sendable {
    /// While records arrive.
    case live
    /// When a segment is written anew, once.
    case archive

    /// zlib's level for text.
    var textLevel: Int32 { self == .live ? 3 : 6 }
    /// zlib's level for bytes of numbers.
    var planeLevel: Int32 { self == .live ? 1 : 6 }
    /// libdeflate's level.
    var libdeflateLevel: Int32 { self == .live ? 1 : 12 }
}

/// Memory for encoding blocks one after another; owned by one thread.
public struct BlockBuffers {
    private var shaper = RecordShaper()
    private var recordEncoder: RecordColumnsEncoder
    private var eventEncoder: EventColumnsEncoder
    private var batch = RecordBatch()
    /// Whether the records under way became columns, which events can refer to.
    private var areColumns = false
    /// How the columns of the records under way come to pages.
    private var paging = ColumnPaging()
    /// Whether the events became columns, which tell the values that their records have not.
    private var areEventsColumns = false

    /// Holds nothing yet; pages are compressed by `library`.
    public init(_ effort: BlockEffort = .live, _ library: DeflateLibrary = .auto) {
        let deflater = ColumnDeflater(effort, library)
        recordEncoder = RecordColumnsEncoder(deflater)
        eventEncoder = EventColumnsEncoder(deflater)
    }

    /// The records as columns, or row by row where columns do not pay.
    mutating func records(of records: RecordBatch, level: Int32) throws(LogError) -> BlockChunk {
        batch = records
        shaper.take(batch)
        areColumns = true
        let kind = ChunkEntry.Kind.records
        paging = ColumnPaging(isSmall: BlockBuffers.isSmall(batch))
        let columns = recordEncoder.encode(batch, shaper.shapes, paging)
        if columns.count < batch.bytes.count {
            return BlockChunk(kind, ChunkEntry.Encoding.recordColumns, parts: columns)
        }
        var rows = ByteWriter()
        RecordCodec.encode(batch, into: &rows)
        let chunk = try BlockChunk(kind, ChunkEntry.Encoding.records, rows.bytes, level: level)
        areColumns = chunk.stored.count > columns.count
        return areColumns ? BlockChunk(kind, ChunkEntry.Encoding.recordColumns, parts: columns) : chunk
    }

    /// The events of the records that ``records(of:level:)`` was given last.
    mutating func events(_ events: [EventBatch], base: Offset, level: Int32) throws(LogError) -> BlockChunk {
        let kind = ChunkEntry.Kind.columns
        if areColumns {
            let shaped = ShapedRecords(
                batch: batch,
                templateCount: shaper.shapes.templates.count,
                numbers: shaper.shapes.numbers,
                slots: shaper.shapes.slots,
                firstSlots: shaper.shapes.firstSlots,
                references: recordEncoder.references
            )
            if paging.isSmall { paging.companion = PresetDictionary(batch) }
            if let columns = eventEncoder.encode(events, beside: shaped, base: base, paging) {
                areEventsColumns = true
                let encoding =
                    paging.companion == nil
                    ? ChunkEntry.Encoding.eventColumns : ChunkEntry.Encoding.companionEventColumns
                return BlockChunk(kind, encoding, parts: columns)
            }
        }
        areEventsColumns = false
        var writer = ByteWriter()
        var fields = ColumnBuffers()
        EventBatch.encode(events, beside: RecordsInPlace(batch, base: base), columns: &fields, into: &writer)
        return try BlockChunk(kind, ChunkEntry.Encoding.events, writer.bytes, level: level)
    }

    /// Whether all of a block is read at once, because it is as small as a few pages.
    private static func isSmall(_ batch: RecordBatch) -> Bool {
        batch.count < BlockFilters.recordCountMin && batch.bytes.count <= smallSizeMaxBytes
    }

    /// Most bytes of the records of a small block.
    private static let smallSizeMaxBytes = 1 << 20

    /// What rules out the records and events that were given last; nothing for few records, or where
    /// ``LogPart`` could not use it.
    mutating func filters(_ events: [EventBatch], level: Int32) throws(LogError) -> [BlockChunk] {
        guard areColumns, areEventsColumns, batch.count >= BlockFilters.recordCountMin else { return [] }
        var marks = TrigramMarks()
        insertRecords(into: &marks)
        let others = eventEncoder.ownTexts
        for slot in others.slots { marks.insert(others.bytes.span, slot.range) }
        var filters = BlockFilters(TrigramMap(marks))
        var keys = ValueKeys()
        for batch in events {
            filters.insert(batch.events)
            keys.insert(batch)
        }
        filters.hasUsualAddresses = keys.hasUsualAddresses
        let kind = ChunkEntry.Kind.filters
        var chunks = [
            try BlockChunk(kind, ChunkEntry.Encoding.blockFilters, filters.encoded(), level: level)
        ]
        if let values = FuseFilter(keys.all) {
            chunks.append(
                BlockChunk(ChunkEntry.Kind.values, ChunkEntry.Encoding.fuse8, parts: values.encoded())
            )
        }
        return chunks
    }

    /// Adds each template once as a whole, and of its other records the variables with what is beside them.
    private func insertRecords(into marks: inout TrigramMarks) {
        let shapes = shaper.shapes
        let (bytes, rows, slots) = (batch.bytes.span, batch.rows.span, shapes.slots.span)
        var isKnown = [Bool](repeating: false, count: shapes.templates.count)
        for index in rows.indices {
            let record = rows[index].range
            let template = Int(shapes.numbers[index])
            guard isKnown[template] else {
                isKnown[template] = true
                marks.insert(bytes, record)
                continue
            }
            let numbers = Int(shapes.firstSlots[index])..<Int(shapes.firstSlots[index + 1])
            marks.insert(bytes, record, around: slots, numbers)
        }
    }
}
