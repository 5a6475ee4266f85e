// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// Where one block lies in a sealed segment.
struct BlockPlace: Hashable {
    var position: Int
    var length: Int
    var base: Offset
    var count: Int
}

/// The end of a sealed segment: what it must contain.
///
/// Ends with its own length, checksum and `WARDEND\n`.
///
/// - Source: `schemas/disk/segment-v1.md`, section 3.
struct SegmentFooter: Hashable {
    static let magic: UInt32 = 0x5254_4657  // "WFTR"
    static let trailer = Array("WARDEND\n".utf8)
    static let trailerSize = 16
    /// 100,000 blocks of 24 bytes and as many holes: far beyond what 256 MiB can hold.
    static let sizeMax = 8 << 20

    var base: Offset
    var end: Offset
    var count: UInt64
    var minLogTime: UTCTime
    var maxLogTime: UTCTime
    var blocks: [BlockPlace]
    var kinds: [KindCount]
    var holes: [OffsetHole]
    /// SHA-256 of every byte of the file before the footer.
    var digest: SHA256Digest

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(SegmentFooter.magic)
        writer.write(UInt32(0))
        writer.write(base.value)
        writer.write(end.value)
        writer.write(count)
        writer.write(minLogTime.nanoseconds)
        writer.write(maxLogTime.nanoseconds)
        writer.bytes.append(contentsOf: digest.bytes)
        writer.write(UInt32(blocks.count))
        writer.write(UInt32(kinds.count))
        writer.write(UInt32(holes.count))
        for block in blocks {
            writer.write(UInt64(block.position))
            writer.write(UInt32(block.length))
            writer.write(UInt32(block.count))
            writer.write(block.base.value)
        }
        for kind in kinds {
            writer.write(UInt32(kind.kind))
            writer.write(UInt64(kind.count))
        }
        for hole in holes {
            writer.write(hole.from.value)
            writer.write(hole.end.value)
        }
        let crc = CRC32C.masked(CRC32C.checksum(writer.bytes))
        writer.write(UInt32(writer.bytes.count + SegmentFooter.trailerSize))
        writer.write(crc)
        writer.bytes.append(contentsOf: SegmentFooter.trailer)
        return writer.bytes
    }

    /// Reads a footer that fills all of `bytes`; nil if it is not whole.
    static func read(_ bytes: [UInt8]) -> SegmentFooter? {
        let end = bytes.count - trailerSize
        guard end > 0, Array(bytes[(end + 8)...]) == trailer else { return nil }
        do throws(ByteReaderError) {
            var tail = ByteReader(bytes, end..<end + 8)
            guard Int(try tail.uint32()) == bytes.count else { return nil }
            guard try tail.uint32() == CRC32C.masked(CRC32C.checksum(bytes.span, 0..<end)) else { return nil }
            var reader = ByteReader(bytes, 0..<end)
            guard try reader.uint32() == magic, try reader.uint32() == 0 else { return nil }
            return try body(&reader)
        } catch {
            return nil
        }
    }

    private static func body(_ reader: inout ByteReader) throws(ByteReaderError) -> SegmentFooter? {
        let base = Offset(try reader.uint64())
        let end = Offset(try reader.uint64())
        let count = try reader.uint64()
        let minimum = UTCTime(nanoseconds: try reader.int64())
        let maximum = UTCTime(nanoseconds: try reader.int64())
        guard let digest = SHA256Digest(bytes: Array(reader.bytes[try reader.range(32)])) else { return nil }
        let blockCount = Int(try reader.uint32())
        let kindCount = Int(try reader.uint32())
        let holeCount = Int(try reader.uint32())
        guard blockCount * 24 + kindCount * 12 + holeCount * 16 == reader.remaining else { return nil }
        var footer = SegmentFooter(
            base: base,
            end: end,
            count: count,
            minLogTime: minimum,
            maxLogTime: maximum,
            blocks: [],
            kinds: [],
            holes: [],
            digest: digest
        )
        for _ in 0..<blockCount {
            let position = Int(truncatingIfNeeded: try reader.uint64())
            let length = Int(try reader.uint32())
            let records = Int(try reader.uint32())
            footer.blocks.append(
                BlockPlace(
                    position: position,
                    length: length,
                    base: Offset(try reader.uint64()),
                    count: records
                )
            )
        }
        for _ in 0..<kindCount {
            let kind = Int(try reader.uint32())
            footer.kinds.append(KindCount(kind: kind, count: Int(truncatingIfNeeded: try reader.uint64())))
        }
        for _ in 0..<holeCount {
            let from = Offset(try reader.uint64())
            footer.holes.append(OffsetHole(from: from, end: Offset(try reader.uint64())))
        }
        return footer
    }
}
