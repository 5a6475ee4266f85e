// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

extension LogPart {
    /// Reads, checks and decodes the records.
    func readRecords() throws(LogError) -> RecordBatch {
        var batch = RecordBatch()
        if header != nil {
            guard let (bytes, encoding) = try chunk(ChunkEntry.Kind.records) else {
                throw damaged(places[0].lowerBound)
            }
            batch = try decode(bytes, 0..<bytes.count, encoding, at: places[0].lowerBound)
        } else {
            for place in places {
                let bytes = try SegmentScan.read(file, place.lowerBound, place.count)
                guard let (found, _) = WriteAheadBatch.read(bytes, at: 0), found.totalLength == place.count
                else {
                    throw damaged(place.lowerBound)
                }
                let records = try decode(
                    bytes,
                    WriteAheadBatch.headerSize..<bytes.count,
                    ChunkEntry.Encoding.records,
                    at: place.lowerBound
                )
                guard records.count == found.count else { throw damaged(place.lowerBound) }
                batch.merge(records)
            }
        }
        guard batch.count == count + skipped + trimmed else { throw damaged(places[0].lowerBound) }
        if skipped > 0 { batch.rows.removeFirst(skipped) }
        if trimmed > 0 { batch.rows.removeLast(trimmed) }
        return batch
    }

    /// Reads, checks and decompresses one chunk, and tells its encoding; nil if the block has no such chunk.
    ///
    /// What is allocated is bounded by the checksummed header, which is refused when it claims more than 64
    /// MiB.
    func chunk(_ kind: UInt16) throws(LogError) -> (bytes: [UInt8], encoding: UInt8)? {
        guard let header, let (position, entry) = header.place(of: kind) else { return nil }
        let start = places[0].lowerBound + position
        let stored = try SegmentScan.read(file, start, entry.storedLength)
        guard stored.count == entry.storedLength, CRC32C.masked(CRC32C.checksum(stored)) == entry.storedCRC
        else {
            throw damaged(start)
        }
        guard entry.isDeflated else { return (stored, entry.encoding) }
        guard let raw = Deflate.decompress(stored, 0..<stored.count, length: entry.rawLength),
            CRC32C.masked(CRC32C.checksum(raw)) == entry.rawCRC
        else { throw damaged(start) }
        return (raw, entry.encoding)
    }

    private func decode(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        _ encoding: UInt8,
        at position: Int
    ) throws(LogError) -> RecordBatch {
        do throws(ByteReaderError) {
            switch encoding {
            case ChunkEntry.Encoding.records: return try RecordCodec.decode(bytes, range)
            case ChunkEntry.Encoding.recordColumns: return try RecordColumnsDecoder.decode(bytes)
            default: throw .invalid(position: range.lowerBound)
            }
        } catch {
            throw damaged(position)
        }
    }

    func damaged(_ position: Int) -> LogError { .damaged(file: fileName, position: position) }
}
