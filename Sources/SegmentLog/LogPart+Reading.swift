// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

extension LogPart {
    /// Reads, checks and decodes the records.
    func readRecords() throws(LogError) -> RecordBatch {
        var buffers = RecordBuffers()
        return try readRecords(&buffers)
    }

    /// Reads, checks and decodes the records in memory that serves from part to part.
    func readRecords(_ buffers: inout RecordBuffers) throws(LogError) -> RecordBatch {
        guard !isBlock else { return own(try readBlock(&buffers, isShaped: false).batch) }
        var batch = RecordBatch()
        for place in places {
            let bytes = try SegmentScan.read(file, place.lowerBound, place.count)
            guard let (found, _) = WriteAheadBatch.read(bytes, at: 0), found.totalLength == place.count else {
                throw damaged(place.lowerBound)
            }
            let records = try read(at: place.lowerBound) { () throws(ByteReaderError) in
                try RecordCodec.decode(bytes, WriteAheadBatch.headerSize..<bytes.count)
            }
            guard records.count == found.count else { throw damaged(place.lowerBound) }
            batch.merge(records)
        }
        guard batch.count == count + skipped + trimmed else { throw damaged(places[0].lowerBound) }
        return own(batch)
    }

    /// Reads the records and, if they are stored, their events, in today's version of the event schema.
    ///
    /// - Throws: ``LogError/newerEvents(file:position:schema:)`` for events of a later version.
    func readStored() throws(LogError) -> (records: RecordBatch, events: EventBatch?) {
        guard let header = try blockHeader() else { return (try readRecords(), nil) }
        let schema = try eventSchema() ?? EventSchema.version
        let shaped = try readShaped()
        guard let (bytes, encoding) = try chunk(ChunkEntry.Kind.columns) else {
            return (own(shaped.batch), nil)
        }
        var events = try read(at: places[0].lowerBound) { () throws(ByteReaderError) in
            switch encoding {
            case ChunkEntry.Encoding.events:
                try EventBatch(decoding: bytes, beside: RecordsInPlace(shaped.batch, base: header.base))
            case ChunkEntry.Encoding.eventColumns:
                try EventColumnsDecoder.decode(bytes, beside: shaped, base: header.base)
            case ChunkEntry.Encoding.companionEventColumns:
                try EventColumnsDecoder.decode(
                    bytes,
                    beside: shaped,
                    base: header.base,
                    companion: PresetDictionary(shaped.batch)
                )
            default: throw .invalid(position: 0)
            }
        }
        EventSchema.upcast(&events, from: schema)
        if skipped + trimmed > 0 { events.events.removeAll { $0.offset < base || $0.offset >= end } }
        return (own(shaped.batch), events)
    }

    /// Texts that a block is looked at for before it is read: 32.
    private static let textCountMax = 32

    /// Version of the schema of the stored events; nil if there are none.
    ///
    /// - Throws: ``LogError/newerEvents(file:position:schema:)`` for a later version than today's.
    func eventSchema() throws(LogError) -> Int? {
        guard let header = try blockHeader(), let schema = header.eventSchema else { return nil }
        guard schema <= EventSchema.version else {
            throw .newerEvents(file: fileName, position: places[0].lowerBound, schema: schema)
        }
        return schema
    }

    /// Reads what satisfies `condition`, and perhaps more.
    ///
    /// Damaged columns of events hide no record: all records are given then, without events.
    ///
    /// What is left of the condition by what filters rule out is not asked either where it looks for many
    /// texts: each of them goes through all columns, and reading the block costs as much as some dozens.
    func readRows(where condition: RowCondition) throws(LogError) -> StoredRows {
        guard sets?.mayHold(condition) ?? true else { return ruledOut }
        do throws(LogError) {
            var part = self
            part.header = try blockHeader()
            return try part.readSoundRows(where: condition)
        } catch {
            guard case .damaged = error, isBlock else { throw error }
            return StoredRows(records: try readRecords(), offsets: .consecutive(from: base), events: nil)
        }
    }

    /// Nothing of it was read.
    private var ruledOut: StoredRows {
        StoredRows(
            records: RecordBatch(),
            offsets: OffsetList(base: base, rows: []),
            events: EventBatch(),
            isRuledOut: true
        )
    }

    private func readSoundRows(where condition: RowCondition) throws(LogError) -> StoredRows {
        // What was made of fields as they were says nothing about fields as they are.
        if let schema = try eventSchema(), schema < EventSchema.version {
            let (records, events) = try readStored()
            return StoredRows(records: records, offsets: .consecutive(from: base), events: events)
        }
        let filters = condition == .everything ? nil : filters()
        var condition = condition
        if let filters {
            guard let left = reduced(condition, filters) else { return ruledOut }
            condition = left.textCount > LogPart.textCountMax ? .everything : left
        }
        guard condition != .everything, skipped + trimmed == 0, let header = try blockHeader(),
            let records = try pages(ChunkEntry.Kind.records, ChunkEntry.Encoding.recordColumns),
            let events = try pages(ChunkEntry.Kind.columns, ChunkEntry.Encoding.eventColumns)
        else {
            let (records, events) = try readStored()
            return StoredRows(records: records, offsets: .consecutive(from: base), events: events)
        }
        return try read(at: places[0].lowerBound) { () throws(ByteReaderError) in
            let columns = try RecordColumnsDecoder(records)
            guard columns.count == count else { throw .invalid(position: 0) }
            var block = BlockRows(
                records: columns,
                events: try EventColumnsDecoder(
                    events,
                    templateCount: columns.slotCounts.count,
                    numbers: columns.numbers
                ),
                hasUsualAddresses: filters?.hasUsualAddresses ?? false
            )
            let wanted = try block.rows(condition)
            if wanted?.isEmpty ?? false {
                return StoredRows(
                    records: RecordBatch(),
                    offsets: OffsetList(base: base, rows: []),
                    events: EventBatch()
                )
            }
            let shaped = try block.records.records(wanted)
            return StoredRows(
                records: shaped.batch,
                offsets: OffsetList(base: base, rows: shaped.rows),
                events: try block.events.events(beside: shaped, base: header.base)
            )
        }
    }

    /// The filters of a block; nil if it has none, or damaged ones: what they would have saved is read.
    private func filters() -> BlockFilters? {
        guard let (bytes, encoding) = try? chunk(ChunkEntry.Kind.filters),
            encoding == ChunkEntry.Encoding.blockFilters
        else { return nil }
        return try? BlockFilters(bytes)
    }

    /// What is left of `condition` by the block's filters alone; nil when no record can satisfy it.
    private func reduced(_ condition: RowCondition, _ filters: BlockFilters) -> RowCondition? {
        guard let left = filters.reduced(condition, values: { _ in true }) else { return nil }
        guard left.testsValues, let (stored, encoding) = try? chunk(ChunkEntry.Kind.values),
            encoding == ChunkEntry.Encoding.fuse8, let values = try? FuseFilter(stored)
        else { return left }
        return filters.reduced(left, values: values.mayContain)
    }

    /// All records of a block.
    private func readShaped() throws(LogError) -> ShapedRecords {
        var buffers = RecordBuffers()
        return try readBlock(&buffers, isShaped: true)
    }

    private func readBlock(
        _ buffers: inout RecordBuffers,
        isShaped: Bool
    ) throws(LogError) -> ShapedRecords {
        guard let (bytes, encoding) = try chunk(ChunkEntry.Kind.records) else {
            throw damaged(places[0].lowerBound)
        }
        let shaped = try read(at: places[0].lowerBound) { () throws(ByteReaderError) -> ShapedRecords in
            switch encoding {
            case ChunkEntry.Encoding.records: ShapedRecords(try RecordCodec.decode(bytes, 0..<bytes.count))
            case ChunkEntry.Encoding.recordColumns:
                try RecordColumnsDecoder.decode(bytes, &buffers, isShaped: isShaped)
            default: throw .invalid(position: 0)
            }
        }
        guard shaped.batch.count == count + skipped + trimmed else { throw damaged(places[0].lowerBound) }
        return shaped
    }

    /// The records of `batch` that belong to the part.
    private func own(_ batch: RecordBatch) -> RecordBatch {
        var batch = batch
        if skipped > 0 { batch.rows.removeFirst(skipped) }
        if trimmed > 0 { batch.rows.removeLast(trimmed) }
        return batch
    }

    /// Reads, checks and decompresses one chunk, and tells its encoding; nil if the block has no such chunk.
    ///
    /// What is allocated is bounded by the checksummed header, which is refused when it claims more than 64
    /// MiB.
    func chunk(_ kind: UInt16) throws(LogError) -> (bytes: [UInt8], encoding: UInt8)? {
        guard let (stored, start, entry) = try storedChunk(kind) else { return nil }
        guard entry.isDeflated else { return (stored, entry.encoding) }
        guard let raw = Deflate.decompress(stored, 0..<stored.count, length: entry.rawLength),
            CRC32C.masked(CRC32C.checksum(raw)) == entry.rawCRC
        else { throw damaged(start) }
        return (raw, entry.encoding)
    }

    /// Reads the stored bytes of one chunk and checks them, and tells where they lie; nil if the block has no
    /// such chunk.
    func storedChunk(
        _ kind: UInt16
    ) throws(LogError) -> (bytes: [UInt8], start: Int, entry: ChunkEntry)? {
        guard let (position, entry) = try blockHeader()?.place(of: kind) else { return nil }
        let start = places[0].lowerBound + position
        let stored = try SegmentScan.read(file, start, entry.storedLength)
        guard stored.count == entry.storedLength, CRC32C.masked(CRC32C.checksum(stored)) == entry.storedCRC
        else {
            throw damaged(start)
        }
        return (stored, start, entry)
    }

    /// The stored bytes of a chunk whose pages have checksums of their own; nil for another encoding.
    func pages(_ kind: UInt16, _ encoding: UInt8) throws(LogError) -> [UInt8]? {
        guard let (position, entry) = try blockHeader()?.place(of: kind), entry.encoding == encoding,
            !entry.isDeflated
        else { return nil }
        let start = places[0].lowerBound + position
        let stored = try SegmentScan.read(file, start, entry.storedLength)
        guard stored.count == entry.storedLength else { throw damaged(start) }
        return stored
    }

    private func read<T>(at position: Int, _ body: () throws(ByteReaderError) -> T) throws(LogError) -> T {
        do throws(ByteReaderError) { return try body() } catch { throw damaged(position) }
    }

    func damaged(_ position: Int) -> LogError { .damaged(file: fileName, position: position) }
}
