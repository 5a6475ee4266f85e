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

    /// Number of records.
    public var count: Int { records.count }

    /// As ``encode(columns:epoch:eventTimes:level:buffers:)``, with memory of its own.
    public func encode(
        columns: [UInt8]?,
        epoch: [UInt8],
        eventTimes: (UTCTime, UTCTime)?
    ) throws(LogError) -> EncodedBlock {
        var buffers = BlockBuffers()
        return try encode(columns: columns, epoch: epoch, eventTimes: eventTimes, buffers: &buffers)
    }

    /// The stored block: records and columns, each compressed and checksummed on its own.
    ///
    /// - Parameters:
    ///   - columns: Decoded columns, stored as given; at most 64 MiB.
    ///   - epoch: Hash of the decoder set that made the columns, 32 bytes; empty for none.
    ///   - eventTimes: Least and greatest event time, already widened by the caller.
    ///   - level: zlib's level, 1...9.
    ///   - buffers: Memory that serves from block to block.
    /// - Returns: The block, for ``LogWriter/commit(_:)``.
    /// - Throws: ``LogError/batchTooLarge(bytes:records:)`` when a chunk is over its cap.
    /// - Complexity: O(bytes); blocks the thread for about 0.1 s per full block.
    public func encode(
        columns: [UInt8]?,
        epoch: [UInt8],
        eventTimes: (UTCTime, UTCTime)?,
        level: Int32 = 1,
        buffers: inout BlockBuffers
    ) throws(LogError) -> EncodedBlock {
        precondition(epoch.isEmpty || epoch.count == BlockHeader.epochSize, "an epoch is a SHA-256")
        buffers.records.bytes.removeAll(keepingCapacity: true)
        RecordCodec.encode(records, into: &buffers.records)
        var entries: [ChunkEntry] = []
        var parts: [[UInt8]] = []
        var sources: [(UInt16, UInt8, [UInt8])] = [(ChunkEntry.Kind.records, 1, buffers.records.bytes)]
        if let columns { sources.append((ChunkEntry.Kind.columns, 2, columns)) }
        for (kind, encoding, raw) in sources {
            guard raw.count <= LogLimits.chunkSizeMaxBytes, count <= LogLimits.blockRecordCountMax else {
                throw .batchTooLarge(bytes: raw.count, records: count)
            }
            let packed = try Deflate.compress(raw, level: level)
            let stored = packed ?? raw
            entries.append(
                ChunkEntry(
                    kind: kind,
                    encoding: encoding,
                    isDeflated: packed != nil,
                    rawLength: raw.count,
                    storedLength: stored.count,
                    storedCRC: CRC32C.masked(CRC32C.checksum(stored)),
                    rawCRC: CRC32C.masked(CRC32C.checksum(raw))
                )
            )
            parts.append(stored)
        }
        // Frees the buffer for the next block.
        sources.removeAll()
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
            chunks: entries,
            kinds: kinds.indices.filter { kinds[$0] > 0 }.map { KindCount(kind: $0, count: kinds[$0]) }
        )
        var bytes = header.encoded()
        for part in parts { bytes.append(contentsOf: part) }
        return EncodedBlock(header: header, bytes: bytes)
    }
}

/// Memory for encoding blocks one after another.
public struct BlockBuffers: Sendable {
    var records = ByteWriter()

    /// Holds nothing yet.
    public init() {}
}

/// A block as it will lie in a segment.
public struct EncodedBlock: Sendable {
    let header: BlockHeader
    let bytes: [UInt8]

    /// Offset of the first record.
    public var base: Offset { header.base }
    /// Number of records.
    public var count: Int { header.count }
    /// Length in the segment.
    public var size: Int { bytes.count }
}
