// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Platform

/// Appends records to one stream.
///
/// One owner thread; the store's lock is the caller's business.
///
/// Life: open (recovers), then append and sync in groups; when a head is full, take a block job, encode it on
/// another thread, commit the result. After a failed synchronisation the writer is suspect: every call
/// throws, because what is durable is unknown until the log is opened again.
public final class LogWriter {
    /// What opening found and did.
    public internal(set) var recovery = RecoveryReport()
    /// Offset of the next record.
    public internal(set) var nextOffset = Offset.zero
    /// First offset that is not yet durable.
    public internal(set) var durableOffset = Offset.zero
    /// Whether a synchronisation has failed.
    public internal(set) var isSuspect = false

    let storage: any LogStorage
    let directory: String
    let stream: String
    let options: LogOptions

    var heads: [Head] = []
    var handedOut: [Head] = []
    var lastLogTime = UTCTime.absent
    /// The tree of all records in blocks.
    var blockTree = CompactRange()
    /// Trees at the ends of segments that were sealed.
    var sealedTrees: [TreeState] = []

    /// Write-ahead files by the first offset after them; the last is being written when `current` is set.
    var walFiles: [WriteAheadFile] = []
    var current: WriteAheadFile?
    var segment: ActiveSegment?
    private var buffer = ByteWriter()

    init(storage: any LogStorage, directory: String, stream: String, options: LogOptions) {
        self.storage = storage
        self.directory = directory
        self.stream = stream
        self.options = options
    }

    /// Opens a stream for writing; makes it if it is not there, recovers it if it is.
    ///
    /// - Parameters:
    ///   - storage: The disk.
    ///   - path: The store; the stream lies in the directory of its name in it.
    ///   - stream: At most 24 bytes: `records` or `journal`.
    ///   - options: Sizes and ages; the defaults suit one hospital.
    /// - Returns: A writer whose ``durableOffset`` is the end of what was found.
    /// - Throws: ``LogError``; files are then as they were, except for tails already cut and kept aside.
    public static func open(
        storage: any LogStorage,
        path: String,
        stream: String,
        options: LogOptions = LogOptions()
    ) throws(LogError) -> LogWriter {
        precondition(
            stream.utf8.count <= FileHeader.streamNameMaxBytes,
            "a stream's name has at most 24 bytes"
        )
        let directory = FileNames.stream(path, stream)
        let writer = LogWriter(storage: storage, directory: directory, stream: stream, options: options)
        try onDisk { () throws(StorageError) in
            try storage.makeDirectories(directory + "/" + FileNames.walDirectory)
        }
        try writer.recover()
        try writer.restoreReserve()
        return writer
    }

    /// Writes a batch to the write-ahead log and stamps its log times: max(previous, `wall`).
    ///
    /// Not yet durable.
    ///
    /// - Parameters:
    ///   - batch: 1...65,536 records, at most 16 MiB with its frame.
    ///   - wall: The wall clock now.
    /// - Returns: Offset of the first record; the batch occupies `first ..< first + batch.count`.
    /// - Throws: ``LogError/storageFull(_:)`` when there is no space: nothing is appended, call again later.
    /// - Complexity: O(bytes); one write.
    public func append(_ batch: inout RecordBatch, wall: UTCTime) throws(LogError) -> Offset {
        guard !isSuspect else { throw .suspect }
        guard batch.count > 0 else { return nextOffset }
        guard batch.count <= min(LogLimits.blockRecordCountMax, options.blockRecordCountMax) else {
            throw .batchTooLarge(bytes: batch.bytes.count, records: batch.count)
        }
        let time = max(lastLogTime, wall)
        for index in batch.rows.indices { batch.rows[index].logTime = time }
        buffer.bytes.removeAll(keepingCapacity: true)
        buffer.bytes.append(contentsOf: LogWriter.blankHeader)
        RecordCodec.encode(batch, into: &buffer)
        let length = buffer.bytes.count - WriteAheadBatch.headerSize
        guard length <= LogLimits.batchSizeMaxBytes else {
            throw .batchTooLarge(bytes: length, records: batch.count)
        }
        let file = try writableFile()
        let crc = CRC32C.checksum(buffer.bytes.span, WriteAheadBatch.headerSize..<buffer.bytes.count)
        let header = WriteAheadBatch(
            base: nextOffset,
            count: batch.count,
            payloadLength: length,
            minLogTime: time,
            maxLogTime: time,
            previous: file.chain,
            payloadCRC: CRC32C.masked(crc)
        ).encoded()
        buffer.bytes.replaceSubrange(0..<WriteAheadBatch.headerSize, with: header)
        try file.append(buffer.bytes, through: nextOffset.advanced(by: batch.count))
        lastLogTime = time
        let first = nextOffset
        nextOffset = nextOffset.advanced(by: batch.count)
        addToHead(batch, at: first)
        return first
    }

    /// Makes everything appended so far durable.
    ///
    /// - Returns: First offset that is not durable: equal to ``nextOffset``.
    /// - Throws: Any failure makes the writer suspect; nothing appended since the last sync may be
    ///   acknowledged.
    public func sync() throws(LogError) -> Offset {
        guard !isSuspect else { throw .suspect }
        guard durableOffset < nextOffset else { return durableOffset }
        do throws(LogError) {
            for file in walFiles where file.isDirty { try file.synchronise(storage, walDirectory) }
        } catch {
            isSuspect = true
            throw error
        }
        durableOffset = nextOffset
        return durableOffset
    }

    var walDirectory: String { directory + "/" + FileNames.walDirectory }

    private static let blankHeader = [UInt8](repeating: 0, count: WriteAheadBatch.headerSize)

    private func writableFile() throws(LogError) -> WriteAheadFile {
        if let current, current.size < options.walFileSizeMaxBytes { return current }
        return try beginFile()
    }

    /// Begins a write-ahead file at the next offset.
    func beginFile() throws(LogError) -> WriteAheadFile {
        let file = try WriteAheadFile.create(storage, walDirectory, stream, nextOffset)
        walFiles.append(file)
        current = file
        return file
    }

    func addToHead(_ batch: RecordBatch, at base: Offset) {
        let leaves = RecordLeaf.hashes(of: batch, base: base)
        if let last = heads.indices.last, heads[last].end == base, heads[last].accepts(batch, options) {
            heads[last].records.merge(batch)
            heads[last].leaves += leaves
        } else {
            var head = Head(base: base)
            head.records.merge(batch)
            head.leaves = leaves
            heads.append(head)
        }
    }
}
