// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// One chunk of a block: how its bytes are stored and what they must come to.
struct ChunkEntry: Hashable {
    static let size = 24

    enum Kind {
        static let records: UInt16 = 1
        static let columns: UInt16 = 2
        /// The block's part of the stream's tree.
        static let proof: UInt16 = 3
        /// What rules records out.
        static let filters: UInt16 = 4
        /// Which values the fields of the events have.
        static let values: UInt16 = 5
        /// Hashes of the leaves of removed records.
        static let removed: UInt16 = 6
    }

    /// What the chunk holds, in a word.
    var kindName: String {
        switch kind {
        case Kind.records: "records"
        case Kind.columns: "events"
        case Kind.proof: "proof"
        case Kind.filters: "filters"
        case Kind.values: "values"
        case Kind.removed: "removed"
        default: "unknown"
        }
    }

    /// How the bytes of a chunk are laid out.
    enum Encoding {
        /// Rows one after another.
        static let records: UInt8 = 1
        /// Events as `EventBatch` stores them.
        static let events: UInt8 = 2
        /// Templates and columns of variables.
        static let recordColumns: UInt8 = 3
        /// Layouts and columns of events.
        static let eventColumns: UInt8 = 4
        /// Hashes of a compact range.
        static let compactRange: UInt8 = 5
        /// Sets of header bytes, and a map of trigrams.
        static let blockFilters: UInt8 = 6
        /// A binary fuse filter with 8 bits.
        static let fuse8: UInt8 = 7
        /// Runs of records and the hashes of their subtrees.
        static let removedRuns: UInt8 = 8
        /// Layouts and columns of events, whose text refers to the bytes of the records.
        static let companionEventColumns: UInt8 = 9
    }

    var kind: UInt16
    /// 1 = record batch v1, 2 = bytes that the log does not interpret.
    var encoding: UInt8
    var isDeflated: Bool
    var rawLength: Int
    var storedLength: Int
    var storedCRC: UInt32
    var rawCRC: UInt32
    /// Version of the event schema of a chunk of events; 0 for version 1 and in chunks of other kinds.
    var schema = 0
}

/// The header of a block: everything needed to find, bound and check its chunks.
///
/// - Source: `schemas/disk/block-v1.md`.
struct BlockHeader: Hashable {
    static let magic: UInt32 = 0x4b4c_4257  // "WBLK"
    static let version: UInt16 = 1
    static let fixedSize = 100
    /// Fixed part, at most 64 chunks, at most 256 kinds, checksum.
    static let sizeMax = fixedSize + LogLimits.chunkCountMax * ChunkEntry.size + 256 * 6 + 4
    static let epochSize = 32
    /// Incompatible flag: some of the records were removed, see the chunk `removed`.
    static let removedFlag: UInt32 = 1
    /// Incompatible flag: columns are in containers of version 2.
    static let containerFlag: UInt32 = 2

    var base: Offset
    var count: Int
    var minLogTime: UTCTime
    var maxLogTime: UTCTime
    var minEventTime: UTCTime
    var maxEventTime: UTCTime
    var epoch: [UInt8]
    var chunks: [ChunkEntry]
    /// Records per kind, by kind.
    var kinds: [KindCount]
    /// Whether columns are in containers of version 2, which older software cannot read.
    var hasContainers = false

    var end: Offset { base.advanced(by: count) }
    var size: Int { BlockHeader.fixedSize + chunks.count * ChunkEntry.size + kinds.count * 6 + 4 }
    var totalLength: Int { chunks.reduce(size) { $0 + $1.storedLength } }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(BlockHeader.magic)
        writer.write(UInt32(size))
        writer.write(BlockHeader.version)
        writer.write(UInt16(chunks.count))
        writer.write(UInt32(0))
        let isRemoved = chunks.contains { $0.kind == ChunkEntry.Kind.removed }
        writer.write(
            (isRemoved ? BlockHeader.removedFlag : 0) | (hasContainers ? BlockHeader.containerFlag : 0)
        )
        writer.write(UInt32(count))
        writer.write(base.value)
        for time in [minLogTime, maxLogTime, minEventTime, maxEventTime] { writer.write(time.nanoseconds) }
        writer.bytes.append(contentsOf: epoch)
        writer.write(UInt16(kinds.count))
        writer.write(UInt16(0))
        for chunk in chunks {
            writer.write(chunk.kind)
            writer.write(chunk.encoding)
            writer.write(UInt8(chunk.isDeflated ? 1 : 0))
            writer.write(UInt32(chunk.rawLength))
            writer.write(UInt32(chunk.storedLength))
            writer.write(chunk.storedCRC)
            writer.write(chunk.rawCRC)
            writer.write(UInt32(chunk.schema))
        }
        for kind in kinds {
            writer.write(UInt16(kind.kind))
            writer.write(UInt32(kind.count))
        }
        writer.write(CRC32C.masked(CRC32C.checksum(writer.bytes)))
        return writer.bytes
    }

    /// Reads a header at the start of `bytes`; nil if it is not whole and sound.
    static func read(_ bytes: [UInt8], file: String) throws(LogError) -> BlockHeader? {
        guard bytes.count >= fixedSize + 4 else { return nil }
        var flags: UInt32 = 0
        var number: UInt16 = version
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            guard try reader.uint32() == magic else { return nil }
            let size = Int(try reader.uint32())
            guard size <= min(sizeMax, bytes.count), size >= fixedSize + 4 else { return nil }
            var tail = ByteReader(bytes, size - 4..<size)
            guard try tail.uint32() == CRC32C.masked(CRC32C.checksum(bytes.span, 0..<size - 4)) else {
                return nil
            }
            number = try reader.uint16()
            let chunkCount = Int(try reader.uint16())
            _ = try reader.uint32()
            flags = try reader.uint32()
            if number == version, flags & ~(removedFlag | containerFlag) == 0 {
                var header = try body(&reader, chunkCount, size)
                header?.hasContainers = flags & containerFlag != 0
                return header
            }
        } catch {
            return nil
        }
        throw .unsupported(file: file, version: number, flags: flags)
    }

    private static func body(
        _ reader: inout ByteReader,
        _ chunkCount: Int,
        _ size: Int
    ) throws(ByteReaderError) -> BlockHeader? {
        let count = Int(try reader.uint32())
        let base = Offset(try reader.uint64())
        var times: [UTCTime] = []
        for _ in 0..<4 { times.append(UTCTime(nanoseconds: try reader.int64())) }
        let epoch = Array(reader.bytes[try reader.range(epochSize)])
        let kindCount = Int(try reader.uint16())
        _ = try reader.uint16()
        guard chunkCount <= LogLimits.chunkCountMax, (1...LogLimits.blockRecordCountMax).contains(count),
            base.value <= .max - UInt64(count),
            size == fixedSize + chunkCount * ChunkEntry.size + kindCount * 6 + 4
        else { return nil }
        var chunks: [ChunkEntry] = []
        for _ in 0..<chunkCount {
            let kind = try reader.uint16()
            let encoding = try reader.byte()
            let packing = try reader.byte()
            let rawLength = Int(try reader.uint32())
            let storedLength = Int(try reader.uint32())
            var chunk = ChunkEntry(
                kind: kind,
                encoding: encoding,
                isDeflated: packing == 1,
                rawLength: rawLength,
                storedLength: storedLength,
                storedCRC: try reader.uint32(),
                rawCRC: try reader.uint32()
            )
            chunk.schema = Int(try reader.uint32())
            guard packing <= 1, rawLength <= LogLimits.chunkSizeMaxBytes,
                packing == 1 ? storedLength < rawLength : storedLength == rawLength
            else { return nil }
            chunks.append(chunk)
        }
        var kinds: [KindCount] = []
        for _ in 0..<kindCount {
            let kind = Int(try reader.uint16())
            kinds.append(KindCount(kind: kind, count: Int(try reader.uint32())))
        }
        return BlockHeader(
            base: base,
            count: count,
            minLogTime: times[0],
            maxLogTime: times[1],
            minEventTime: times[2],
            maxEventTime: times[3],
            epoch: epoch,
            chunks: chunks,
            kinds: kinds
        )
    }

    /// Version of the schema of the events; nil when the block holds none.
    var eventSchema: Int? { place(of: ChunkEntry.Kind.columns).map { max($0.entry.schema, 1) } }

    /// Position of a chunk's stored bytes from the start of the block, with its entry; nil if there is no
    /// such chunk.
    func place(of kind: UInt16) -> (position: Int, entry: ChunkEntry)? {
        var position = size
        for chunk in chunks {
            if chunk.kind == kind { return (position, chunk) }
            position += chunk.storedLength
        }
        return nil
    }
}

/// How many records of one kind there are; the kind is the raw value of a `RecordKind`.
public struct KindCount: Hashable, Sendable {
    /// Raw value of the kind.
    public var kind: Int
    /// Records.
    public var count: Int
}
