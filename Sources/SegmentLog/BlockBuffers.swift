// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Memory for encoding blocks one after another; owned by one thread.
public struct BlockBuffers {
    private var shaper = RecordShaper()
    private var recordEncoder = RecordColumnsEncoder()
    private var eventEncoder = EventColumnsEncoder()
    private var batch = RecordBatch()
    /// Whether the records under way became columns, which events can refer to.
    private var areColumns = false

    /// Holds nothing yet.
    public init() {}

    /// The records as columns, or row by row where columns do not pay.
    mutating func records(of records: RecordBatch, level: Int32) throws(LogError) -> BlockChunk {
        batch = records
        shaper.take(batch)
        areColumns = true
        let kind = ChunkEntry.Kind.records
        let columns = recordEncoder.encode(batch, shaper.shapes)
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
            if let columns = eventEncoder.encode(events, beside: shaped, base: base) {
                return BlockChunk(kind, ChunkEntry.Encoding.eventColumns, parts: columns)
            }
        }
        var writer = ByteWriter()
        var fields = ColumnBuffers()
        EventBatch.encode(events, beside: RecordsInPlace(batch, base: base), columns: &fields, into: &writer)
        return try BlockChunk(kind, ChunkEntry.Encoding.events, writer.bytes, level: level)
    }
}
