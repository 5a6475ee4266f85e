// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// The header of one batch in a write-ahead file, 52 bytes.
///
/// - Source: `schemas/disk/wal-v1.md`, section 2.
struct WriteAheadBatch: Hashable {
    static let headerSize = 52
    static let magic: UInt32 = 0x5441_4257  // "WBAT"

    var base: Offset
    var count: Int
    var payloadLength: Int
    var minLogTime: UTCTime
    var maxLogTime: UTCTime
    /// Checksum field of the header of the batch before; that of the file header for the first.
    var previous: UInt32
    var payloadCRC: UInt32

    var end: Offset { base.advanced(by: count) }
    var totalLength: Int { WriteAheadBatch.headerSize + payloadLength }

    /// The header bytes, ended by their own checksum.
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt32(payloadLength))
        writer.write(WriteAheadBatch.magic)
        writer.write(base.value)
        writer.write(UInt32(count))
        writer.write(UInt32(0))
        writer.write(minLogTime.nanoseconds)
        writer.write(maxLogTime.nanoseconds)
        writer.write(previous)
        writer.write(payloadCRC)
        writer.write(CRC32C.masked(CRC32C.checksum(writer.bytes)))
        return writer.bytes
    }

    /// Reads the batch at `position` if header and payload are whole; also gives its checksum for the chain.
    static func read(_ bytes: [UInt8], at position: Int) -> (batch: WriteAheadBatch, crc: UInt32)? {
        guard bytes.count - position >= headerSize else { return nil }
        var reader = ByteReader(bytes, position..<position + headerSize)
        do throws(ByteReaderError) {
            let length = Int(try reader.uint32())
            guard length > 0, length <= bytes.count - position - headerSize else { return nil }
            guard try reader.uint32() == magic else { return nil }
            let base = Offset(try reader.uint64())
            let count = Int(try reader.uint32())
            let flags = try reader.uint32()
            let minimum = UTCTime(nanoseconds: try reader.int64())
            let maximum = UTCTime(nanoseconds: try reader.int64())
            let batch = WriteAheadBatch(
                base: base,
                count: count,
                payloadLength: length,
                minLogTime: minimum,
                maxLogTime: maximum,
                previous: try reader.uint32(),
                payloadCRC: try reader.uint32()
            )
            let crc = try reader.uint32()
            let headerEnd = position + headerSize
            guard crc == CRC32C.masked(CRC32C.checksum(bytes.span, position..<headerEnd - 4)), flags == 0
            else {
                return nil
            }
            let payload = CRC32C.checksum(bytes.span, headerEnd..<headerEnd + length)
            guard batch.payloadCRC == CRC32C.masked(payload) else { return nil }
            guard (1...LogLimits.blockRecordCountMax).contains(count), base.value <= .max - UInt64(count)
            else {
                return nil
            }
            return (batch, crc)
        } catch {
            return nil
        }
    }

    /// First position from `start` on where a whole batch lies, nil if there is none.
    static func next(_ bytes: [UInt8], from start: Int) -> Int? {
        var position = start
        while position + headerSize <= bytes.count {
            if bytes[position + 4] == 0x57, bytes[position + 5] == 0x42, read(bytes, at: position) != nil {
                return position
            }
            position += 1
        }
        return nil
    }
}
