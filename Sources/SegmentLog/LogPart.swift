// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Platform

/// A run of records that is read at once: a block, or neighbouring batches of the write-ahead log.
public struct LogPart: Sendable {
    /// Offset of the first record.
    public internal(set) var base: Offset
    /// Number of records.
    public internal(set) var count: Int
    /// Least log time.
    public internal(set) var minLogTime: UTCTime
    /// Greatest log time.
    public internal(set) var maxLogTime: UTCTime
    /// Least event time, widened by whoever encoded the block; nil for the write-ahead log and blocks without
    /// columns.
    public internal(set) var minEventTime: UTCTime?
    /// Greatest event time; nil as above.
    public internal(set) var maxEventTime: UTCTime?
    /// Whether this is a block of a segment.
    public internal(set) var isBlock = false

    /// First offset after this part.
    public var end: Offset { base.advanced(by: count) }

    /// The open file: what was listed can be read although the writer has removed its name since.
    var file: any LogFile
    var fileName: String
    /// Ordinal of the block, or of the first batch, in its file.
    var ordinal: Int
    /// Where the block or each batch lies.
    var places: [Range<Int>]
    /// The block's header; nil of batches, and where the block is known from the footer of its segment only.
    var header: BlockHeader?
    /// What occurs in the headers of the segment's events; nil when that is not known.
    var sets: HeaderSets?
    /// Records at the start that an earlier part already holds.
    var skipped = 0
    /// Records at the end that a later part holds.
    var trimmed = 0

    /// Only the records of `range`, which must lie in this part.
    func clipped(to range: Range<Offset>) -> LogPart {
        var part = self
        part.skipped += Int(range.lowerBound.value - base.value)
        part.trimmed += Int(end.value - range.upperBound.value)
        part.base = range.lowerBound
        part.count = Int(range.upperBound.value - range.lowerBound.value)
        return part
    }

    /// The header of a block, read if it was not yet; nil of batches.
    func blockHeader() throws(LogError) -> BlockHeader? {
        guard isBlock, header == nil else { return header }
        let place = places[0]
        let bytes = try SegmentScan.read(file, place.lowerBound, min(BlockHeader.sizeMax, place.count))
        guard let found = try BlockHeader.read(bytes, file: fileName),
            found.base == Offset(base.value - UInt64(skipped)), found.count == count + skipped + trimmed,
            found.totalLength == place.count
        else { throw damaged(place.lowerBound) }
        return found
    }

    /// Whether it may hold records that no device sent.
    public var mayHoldControlRecords: Bool {
        guard let found = try? blockHeader() else { return true }
        return found.kinds.contains { $0.kind != Int(RecordKind.device.rawValue) && $0.count > 0 }
    }

    /// Length in the file.
    var storedLength: Int { places.reduce(0) { $0 + $1.count } }
}
