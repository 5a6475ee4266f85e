// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform

/// How blocks of sealed segments become known.
public enum LogListing: Hashable, Sendable {
    /// By the header of each.
    case blocks
    /// By the footer of their segment where that tells enough; a damaged header shows when its block is read.
    case footers
}

/// Reads a stream without a lock: beside a live writer, on a read-only mount, writing nothing.
///
/// Holds the files it listed open, so every part stays readable until ``refresh()`` although the writer has
/// moved on.
public struct LogReader: Sendable {
    private let storage: any LogStorage
    private let directory: String
    private let stream: String
    private let listing: LogListing
    private var contents: LogContents

    /// Lists what is stored now.
    ///
    /// - Parameters:
    ///   - storage: The disk.
    ///   - path: The store; the stream lies in the directory of its name in it. A stream that is not there is
    ///     empty.
    ///   - stream: `records` or `journal`.
    ///   - listing: How much is looked at; `.footers` suits searches over many segments.
    /// - Returns: A reader of what is there now.
    /// - Throws: ``LogError/unsupported(file:version:flags:)`` for files of a newer version.
    /// - Complexity: `.blocks` one read a block, `.footers` one a sealed segment.
    public static func open(
        storage: any LogStorage,
        path: String,
        stream: String,
        listing: LogListing = .blocks
    ) throws(LogError) -> LogReader {
        try LogReader(storage, FileNames.stream(path, stream), stream, listing)
    }

    private init(
        _ storage: any LogStorage,
        _ directory: String,
        _ stream: String,
        _ listing: LogListing
    ) throws(LogError) {
        self.storage = storage
        self.directory = directory
        self.stream = stream
        self.listing = listing
        contents = try LogContents(storage, directory, stream, listing)
    }

    /// Lists again.
    ///
    /// Offsets never go back.
    public mutating func refresh() throws(LogError) {
        contents = try LogContents(storage, directory, stream, listing)
    }

    /// Runs of records in offset order, none twice.
    public var parts: [LogPart] { contents.parts }

    /// First offset after the last record.
    public var end: Offset { contents.parts.last?.end ?? .zero }

    /// Offsets that are missing below ``end``, or below where the log is known to have come to.
    public var holes: [OffsetHole] { contents.holes }

    /// What is damaged, as far as listing shows it; ``verifyLog(storage:path:stream:)`` looks at every byte.
    public var damage: [DamageNote] { contents.damage }

    /// Checks and decodes the records of a part; their offsets are `part.base ..< part.end`.
    ///
    /// - Throws: ``LogError/damaged(file:position:)``; other parts stay readable.
    public func records(_ part: LogPart) throws(LogError) -> RecordBatch {
        try part.readRecords()
    }

    /// As ``records(_:)``, in memory that serves from part to part.
    ///
    /// Hand the batch back with ``RecordBuffers/recycle(_:)`` before the next call.
    public func records(
        _ part: LogPart,
        reusing buffers: inout RecordBuffers
    ) throws(LogError) -> RecordBatch {
        try part.readRecords(&buffers)
    }

    /// As ``records(_:)``; nil when they are damaged, for whoever goes on with what is whole.
    ///
    /// - Throws: ``LogError`` when the disk does not answer.
    public func soundRecords(_ part: LogPart) throws(LogError) -> RecordBatch? {
        do throws(LogError) { return try part.readRecords() } catch {
            guard case .damaged = error else { throw error }
            return nil
        }
    }

    /// As ``records(_:)``, with the events that were stored with a block; nil if there are none.
    ///
    /// Events lie beside the records that they refer to, so both are read in one go. They are given in
    /// ``EventSchema/version``, whatever version they are stored in.
    ///
    /// - Throws: ``LogError/newerEvents(file:position:schema:)`` for events of a later version.
    public func stored(_ part: LogPart) throws(LogError) -> (records: RecordBatch, events: EventBatch?) {
        try part.readStored()
    }

    /// As ``stored(_:)``, without what `condition` rules out, as far as that is cheap to tell.
    ///
    /// - Throws: ``LogError/damaged(file:position:)`` when something that was read is damaged.
    public func rows(_ part: LogPart, where condition: RowCondition) throws(LogError) -> StoredRows {
        try part.readRows(where: condition)
    }

    /// Whether a part may hold something that satisfies `condition`, by what its segment says of its headers.
    public func mayHold(_ part: LogPart, _ condition: RowCondition) -> Bool {
        part.sets?.mayHold(condition) ?? true
    }

    /// Reads headers, times and one field of the events of a part, and of its columns only what those need.
    ///
    /// - Parameters:
    ///   - part: A part of ``parts``.
    ///   - wish: What is wanted of them.
    ///   - values: What another part gave, whose memory serves again.
    ///   - buffers: Memory that serves from part to part.
    /// - Returns: The values in the order of the events; nil when the part does not store its events as
    ///   columns beside its records, so that it must be read with ``stored(_:)``.
    /// - Throws: ``LogError/damaged(file:position:)`` when something that was read is damaged.
    public func values(
        _ part: LogPart,
        _ wish: EventValues.Wish,
        reusing values: consuming EventValues,
        _ buffers: inout RecordBuffers
    ) throws(LogError) -> EventValues? {
        try part.readValues(wish, values, &buffers)
    }

    /// Hash of the decoder set that made the columns, 32 bytes; nil if there are none.
    public func epoch(_ part: LogPart) -> [UInt8]? {
        guard let header = try? part.blockHeader(), header.place(of: ChunkEntry.Kind.columns) != nil else {
            return nil
        }
        return header.epoch
    }

    /// Version of the event schema in which the events of a part are stored; nil if there are none.
    public func eventSchema(_ part: LogPart) -> Int? { (try? part.blockHeader())?.eventSchema }

    /// The part that holds an offset, nil in a hole or beyond the end.
    public func part(holding offset: Offset) -> LogPart? {
        guard let part = parts(from: offset).first, part.base <= offset else { return nil }
        return part
    }

    /// The parts that hold an offset or what comes after it.
    public func parts(from offset: Offset) -> ArraySlice<LogPart> {
        let parts = contents.parts
        var low = 0
        var high = parts.count
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        return parts[low...]
    }

    /// The segments, in offset order.
    public var segments: [StoredSegment] { contents.segments.map(StoredSegment.init) }

    /// Sizes and counts of what is listed.
    public var statistics: LogStatistics { LogStatistics(contents) }
}

/// A file of blocks.
public struct StoredSegment: Hashable, Sendable {
    /// File name.
    public let name: String
    /// Offsets of its records.
    public let offsets: Range<Offset>
    /// Whether it has a footer and takes no more blocks.
    public let isSealed: Bool
    /// Least log time; absent without records.
    public let minLogTime: UTCTime

    /// Whether it is sealed or old enough for it at `now`.
    public func canBeSealed(_ now: UTCTime) -> Bool {
        isSealed
            || minLogTime.isPresent
                && now.nanoseconds &- minLogTime.nanoseconds >= LogOptions().segmentAgeMaxNanoseconds
    }

    init(_ scan: SegmentScan) {
        name = scan.fileName
        offsets = scan.base..<max(scan.base, scan.end)
        isSealed = scan.footer != nil
        minLogTime = scan.parts.first?.minLogTime ?? .absent
    }
}

/// Sizes and counts of a stream.
public struct LogStatistics: Hashable, Sendable {
    /// Records.
    public var records: UInt64 = 0
    /// Bytes of blocks before compression, and of batches as they lie in the write-ahead log.
    public var rawBytes: UInt64 = 0
    /// Bytes of all files.
    public var diskBytes: UInt64 = 0
    /// Segments.
    public var segments = 0
    /// Blocks.
    public var blocks = 0
    /// Bytes of the chunks of all blocks as they lie there, by what they hold: `records`, `events`, `proof`,
    /// `filters` (runs of three bytes, header sets), `values` (hashes of entities), `removed`.
    public var chunkBytes: [String: UInt64] = [:]

    init(_ contents: LogContents) {
        segments = contents.segments.count
        diskBytes = contents.segments.reduce(0) { $0 + UInt64($1.size) }
        diskBytes += contents.writeAhead.reduce(0) { $0 + UInt64($1.size) }
        for part in contents.parts {
            records += UInt64(part.count)
            if part.isBlock {
                blocks += 1
                for chunk in part.header?.chunks ?? [] {
                    rawBytes += UInt64(chunk.rawLength)
                    chunkBytes[chunk.kindName, default: 0] += UInt64(chunk.storedLength)
                }
            } else {
                rawBytes += UInt64(part.storedLength)
            }
        }
    }
}
