// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// Where one block lies in a sealed segment, and of which time its records are.
struct BlockPlace: Hashable, Sendable {
    var position: Int
    var length: Int
    var base: Offset
    var count: Int
    /// Least and greatest log time; absent in footers of form 1.
    var minLogTime = UTCTime.absent
    var maxLogTime = UTCTime.absent
    /// Least and greatest event time as the block's header has them; absent for none.
    var minEventTime = UTCTime.absent
    var maxEventTime = UTCTime.absent
}

/// The end of a sealed segment: what it must contain.
///
/// Ends with its own length, checksum and `WARDEND\n`.
///
/// - Source: `schemas/disk/segment-v1.md`, section 3.
struct SegmentFooter: Hashable, Sendable {
    static let magic: UInt32 = 0x5254_4657  // "WFTR"
    static let trailer = Array("WARDEND\n".utf8)
    static let trailerSize = 16
    /// 100,000 blocks of 56 bytes and as many holes: far beyond what 256 MiB can hold.
    static let sizeMax = 8 << 20

    /// What stands in a footer.
    enum Form: UInt32 {
        /// Blocks, kinds and holes.
        case plain = 0
        /// Times of blocks, frontiers and sets besides.
        case summary = 2
    }

    /// The tree of the stream where the segment begins and where it ends, as the fewest hashes.
    struct Frontiers: Hashable, Sendable {
        var start: CompactRange
        var end: CompactRange
    }

    var form = Form.summary
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
    /// Nil when it was not known what lies before.
    var frontiers: Frontiers?
    /// What occurs in the headers of all events; nil when it was not known of every block.
    var sets: HeaderSets?
    /// Bytes in the file; 0 of a footer that was not read from one.
    private(set) var storedLength = 0

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(SegmentFooter.magic)
        writer.write(form.rawValue)
        writer.write(base.value)
        writer.write(end.value)
        writer.write(count)
        writer.write(minLogTime.nanoseconds)
        writer.write(maxLogTime.nanoseconds)
        writer.bytes.append(contentsOf: digest.bytes)
        writer.write(UInt32(blocks.count))
        writer.write(UInt32(kinds.count))
        writer.write(UInt32(holes.count))
        for block in blocks { write(block, into: &writer) }
        for kind in kinds {
            writer.write(UInt32(kind.kind))
            writer.write(UInt64(kind.count))
        }
        for hole in holes {
            writer.write(hole.from.value)
            writer.write(hole.end.value)
        }
        if form == .summary { writeSummary(into: &writer) }
        let crc = CRC32C.masked(CRC32C.checksum(writer.bytes))
        writer.write(UInt32(writer.bytes.count + SegmentFooter.trailerSize))
        writer.write(crc)
        writer.bytes.append(contentsOf: SegmentFooter.trailer)
        return writer.bytes
    }

    private func write(_ block: BlockPlace, into writer: inout ByteWriter) {
        writer.write(UInt64(block.position))
        writer.write(UInt32(block.length))
        writer.write(UInt32(block.count))
        writer.write(block.base.value)
        guard form == .summary else { return }
        for time in [block.minLogTime, block.maxLogTime, block.minEventTime, block.maxEventTime] {
            writer.write(time.nanoseconds)
        }
    }

    private func writeSummary(into writer: inout ByteWriter) {
        writer.write(UInt8((frontiers == nil ? 0 : 1) | (sets == nil ? 0 : 2)))
        if let frontiers {
            for range in [frontiers.start, frontiers.end] {
                for hash in range.hashes { writer.bytes.append(contentsOf: hash.bytes) }
            }
        }
        sets?.encode(into: &writer)
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
            guard try reader.uint32() == magic, let form = Form(rawValue: try reader.uint32()) else {
                return nil
            }
            return try body(form, &reader)
        } catch {
            return nil
        }
    }

    private static func body(
        _ form: Form,
        _ reader: inout ByteReader
    ) throws(ByteReaderError) -> SegmentFooter? {
        let base = Offset(try reader.uint64())
        let end = Offset(try reader.uint64())
        let count = try reader.uint64()
        let minimum = UTCTime(nanoseconds: try reader.int64())
        let maximum = UTCTime(nanoseconds: try reader.int64())
        guard let digest = SHA256Digest(bytes: Array(reader.bytes[try reader.range(32)])) else { return nil }
        let blockCount = Int(try reader.uint32())
        let kindCount = Int(try reader.uint32())
        let holeCount = Int(try reader.uint32())
        let listed = blockCount * (form == .summary ? 56 : 24) + kindCount * 12 + holeCount * 16
        guard form == .summary ? listed < reader.remaining : listed == reader.remaining, base <= end else {
            return nil
        }
        var footer = SegmentFooter(
            form: form,
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
        for _ in 0..<blockCount { footer.blocks.append(try place(form, &reader)) }
        for _ in 0..<kindCount {
            let kind = Int(try reader.uint32())
            footer.kinds.append(KindCount(kind: kind, count: Int(truncatingIfNeeded: try reader.uint64())))
        }
        for _ in 0..<holeCount {
            let from = Offset(try reader.uint64())
            footer.holes.append(OffsetHole(from: from, end: Offset(try reader.uint64())))
        }
        if form == .summary { try footer.readSummary(&reader) }
        footer.storedLength = reader.position + trailerSize
        return reader.remaining == 0 ? footer : nil
    }

    private static func place(
        _ form: Form,
        _ reader: inout ByteReader
    ) throws(ByteReaderError) -> BlockPlace {
        let position = Int(truncatingIfNeeded: try reader.uint64())
        let length = Int(try reader.uint32())
        let records = Int(try reader.uint32())
        let base = Offset(try reader.uint64())
        var place = BlockPlace(position: position, length: length, base: base, count: records)
        guard form == .summary else { return place }
        place.minLogTime = UTCTime(nanoseconds: try reader.int64())
        place.maxLogTime = UTCTime(nanoseconds: try reader.int64())
        place.minEventTime = UTCTime(nanoseconds: try reader.int64())
        place.maxEventTime = UTCTime(nanoseconds: try reader.int64())
        return place
    }

    private mutating func readSummary(_ reader: inout ByteReader) throws(ByteReaderError) {
        let position = reader.position
        let flags = try reader.byte()
        guard flags < 4 else { throw .invalid(position: position) }
        if flags & 1 != 0 {
            let start = try SegmentFooter.range(upTo: base, &reader)
            frontiers = Frontiers(start: start, end: try SegmentFooter.range(upTo: end, &reader))
        }
        if flags & 2 != 0 { sets = try HeaderSets(&reader) }
    }

    private static func range(
        upTo end: Offset,
        _ reader: inout ByteReader
    ) throws(ByteReaderError) -> CompactRange {
        let position = reader.position
        var hashes: [TreeHash] = []
        for _ in CompactRange.subtrees(of: 0..<end.value) {
            guard let hash = TreeHash(reader.bytes[try reader.range(TreeHash.byteCount)]) else {
                throw .invalid(position: position)
            }
            hashes.append(hash)
        }
        guard let range = CompactRange(0..<end.value, hashes: hashes) else {
            throw .invalid(position: position)
        }
        return range
    }
}
