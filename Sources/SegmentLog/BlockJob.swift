// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel

/// Records on their way into a block.
///
/// A value: encode it on any thread, then give the result to ``LogWriter/commit(_:)``.
public struct BlockJob: Sendable {
    /// Offset of the first record.
    public let base: Offset
    /// The records.
    public let records: RecordBatch
    /// Their leaves in the stream's tree.
    let leaves: LeafRuns

    /// Number of records.
    public var count: Int { records.count }

    /// As ``encode(events:epoch:eventTimes:schema:level:buffers:)``, with memory of its own.
    public func encode(
        events: [EventBatch]?,
        epoch: [UInt8],
        eventTimes: (UTCTime, UTCTime)?,
        schema: Int = EventSchema.version
    ) throws(LogError) -> EncodedBlock {
        var buffers = BlockBuffers()
        return try encode(
            events: events,
            epoch: epoch,
            eventTimes: eventTimes,
            schema: schema,
            buffers: &buffers
        )
    }

    /// The stored block: records and columns, each compressed and checksummed on its own.
    ///
    /// - Parameters:
    ///   - events: The events of exactly these records in their order, decoded with one field table; nil for
    ///     none.
    ///   - epoch: Hash of the decoder set that made the events, 32 bytes; empty for none.
    ///   - eventTimes: Least and greatest event time, already widened by the caller.
    ///   - schema: Version of the event schema that the events are of.
    ///   - level: zlib's level, 1...9.
    ///   - buffers: Memory that serves from block to block.
    /// - Returns: The block, for ``LogWriter/commit(_:)``.
    /// - Throws: ``LogError/batchTooLarge(bytes:records:)`` when a chunk is over its cap.
    /// - Complexity: O(bytes); blocks the thread for about 0.1 s per full block.
    public func encode(
        events: [EventBatch]?,
        epoch: [UInt8],
        eventTimes: (UTCTime, UTCTime)?,
        schema: Int = EventSchema.version,
        level: Int32 = 1,
        buffers: inout BlockBuffers
    ) throws(LogError) -> EncodedBlock {
        precondition(epoch.isEmpty || epoch.count == BlockHeader.epochSize, "an epoch is a SHA-256")
        guard count <= LogLimits.blockRecordCountMax, records.bytes.count <= LogLimits.chunkSizeMaxBytes
        else {
            throw .batchTooLarge(bytes: records.bytes.count, records: count)
        }
        var chunks = [try buffers.records(of: records, level: level)]
        if let events {
            var columns = try buffers.events(events, base: base, level: level)
            columns.entry.schema = schema == 1 ? 0 : schema
            chunks.append(columns)
            chunks += try buffers.filters(events, level: level)
        }
        if !leaves.removed.isEmpty {
            let (kind, encoding) = (ChunkEntry.Kind.removed, ChunkEntry.Encoding.removedRuns)
            chunks.append(BlockChunk(kind, encoding, parts: leaves.encodedRemoved()))
        }
        let range = leaves.range
        chunks.append(
            BlockChunk(
                ChunkEntry.Kind.proof,
                ChunkEntry.Encoding.compactRange,
                parts: range.hashes.flatMap(\.bytes)
            )
        )
        var kinds = [Int](repeating: 0, count: 256)
        for row in records.rows { kinds[Int(row.kind.rawValue)] += 1 }
        let header = BlockHeader(
            base: base,
            count: count,
            minLogTime: records.rows.first?.logTime ?? .absent,
            maxLogTime: records.rows.last?.logTime ?? .absent,
            minEventTime: eventTimes?.0 ?? .absent,
            maxEventTime: eventTimes?.1 ?? .absent,
            epoch: epoch.isEmpty ? [UInt8](repeating: 0, count: BlockHeader.epochSize) : epoch,
            chunks: chunks.map(\.entry),
            kinds: kinds.indices.filter { kinds[$0] > 0 }.map { KindCount(kind: $0, count: kinds[$0]) },
            hasContainers: chunks.contains(where: \.isContainer)
        )
        var bytes = header.encoded()
        for chunk in chunks { bytes.append(contentsOf: chunk.stored) }
        return EncodedBlock(header: header, bytes: bytes, tree: range, sets: events.map(HeaderSets.init))
    }
}

/// A chunk as it will lie in a block.
struct BlockChunk {
    var entry: ChunkEntry
    let stored: [UInt8]

    /// Whether it is a container of columns.
    var isContainer: Bool {
        [
            ChunkEntry.Encoding.recordColumns, ChunkEntry.Encoding.eventColumns,
            ChunkEntry.Encoding.companionEventColumns,
        ].contains(entry.encoding)
    }

    /// A chunk that is compressed as a whole, if that makes it smaller.
    init(_ kind: UInt16, _ encoding: UInt8, _ raw: [UInt8], level: Int32) throws(LogError) {
        guard raw.count <= LogLimits.chunkSizeMaxBytes else {
            throw .batchTooLarge(bytes: raw.count, records: 0)
        }
        let packed = try Deflate.compress(raw, level: level)
        self.init(kind, encoding, raw, packed: packed)
    }

    /// A chunk whose parts are compressed already.
    init(_ kind: UInt16, _ encoding: UInt8, parts: [UInt8]) { self.init(kind, encoding, parts, packed: nil) }

    private init(_ kind: UInt16, _ encoding: UInt8, _ raw: [UInt8], packed: [UInt8]?) {
        stored = packed ?? raw
        let crc = CRC32C.masked(CRC32C.checksum(stored))
        entry = ChunkEntry(
            kind: kind,
            encoding: encoding,
            isDeflated: packed != nil,
            rawLength: raw.count,
            storedLength: stored.count,
            storedCRC: crc,
            rawCRC: packed == nil ? crc : CRC32C.masked(CRC32C.checksum(raw))
        )
    }
}

/// A block as it will lie in a segment.
public struct EncodedBlock: Sendable {
    let header: BlockHeader
    let bytes: [UInt8]
    /// Its records in the stream's tree.
    let tree: CompactRange
    /// What occurs in the headers of its events; nil when it has none stored.
    let sets: HeaderSets?

    /// Offset of the first record.
    public var base: Offset { header.base }
    /// Number of records.
    public var count: Int { header.count }
    /// Length in the segment.
    public var size: Int { bytes.count }
}
