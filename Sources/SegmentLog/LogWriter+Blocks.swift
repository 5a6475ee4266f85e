// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
import Platform

extension LogWriter {
    /// Records in memory that no block holds yet.
    public var headCount: Int {
        heads.reduce(0) { $0 + $1.records.count } + handedOut.reduce(0) { $0 + $1.records.count }
    }

    /// First offset that no block holds.
    public var headBase: Offset { handedOut.first?.base ?? heads.first?.base ?? nextOffset }

    /// Bytes in memory that no block holds yet.
    ///
    /// At twice `blockSizeMaxBytes` the owner stops appending until a block is committed; that bounds memory.
    public var headBytes: Int {
        heads.reduce(0) { $0 + $1.records.bytes.count } + handedOut.reduce(0) { $0 + $1.records.bytes.count }
    }

    /// Whether the owner should commit a block before it appends more.
    public var isHeadAtLimit: Bool {
        headBytes >= 2 * options.blockSizeMaxBytes || headCount >= options.headRecordCountMax
    }

    /// The oldest head if it is full or aged, or with `force` in any case; nil while it is not durable.
    ///
    /// - Parameters:
    ///   - force: Whether a head that is neither full nor aged is taken too.
    ///   - now: Log time of the moment, for the age; the last appended record's unless given.
    /// - Returns: A value for another thread; commit the results in the order of the jobs.
    public func takeBlockJob(force: Bool, now: UTCTime? = nil) -> BlockJob? {
        guard !isSuspect, let head = heads.first, head.end <= durableOffset, !head.records.rows.isEmpty else {
            return nil
        }
        let isClosed = heads.count > 1 || head.isFull(options)
        guard isClosed || force || head.isAged(now ?? lastLogTime, options) else { return nil }
        heads.removeFirst()
        handedOut.append(head)
        let leaves = LeafRuns(head.leaves, base: head.base)
        return BlockJob(base: head.base, records: head.records, leaves: leaves)
    }

    /// Appends a block to the active segment, makes it durable, and removes the write-ahead files that it
    /// covers.
    ///
    /// - Throws: ``LogError/storageFull(_:)``: the segment is cut back and the same block may be committed
    ///   later. After a failed synchronisation the writer is suspect; the records are still in the
    ///   write-ahead log.
    public func commit(_ block: EncodedBlock) throws(LogError) {
        guard !isSuspect else { throw .suspect }
        guard let first = handedOut.first, first.base == block.base, first.records.count == block.count else {
            throw .blockOutOfOrder(base: block.base)
        }
        if let segment, isSegmentDone(segment, block) { try sealActive() }
        if segment == nil { try beginSegment(block) }
        try appendBlock(block)
        handedOut.removeFirst()
        // Recovery counted records in that an earlier block lost and the write-ahead log still had.
        if block.tree.begin >= blockTree.end {
            blockTree.skip(to: block.base)
            blockTree.append(block.tree)
        }
        try dropCovered(through: block.header.end)
    }

    /// Seals the active segment with a footer, if it has any block.
    public func seal() throws(LogError) {
        guard !isSuspect else { throw .suspect }
        if let segment, !segment.places.isEmpty { try sealActive() }
    }

    /// Seals the active segment if its first record is older than a segment may be; a stream to which nothing
    /// comes seals none by itself.
    public func sealAged(now: UTCTime) throws(LogError) {
        guard let segment,
            now.nanoseconds &- segment.firstLogTime.nanoseconds >= options.segmentAgeMaxNanoseconds
        else { return }
        try seal()
    }

    /// Synchronises and lets go of the files.
    ///
    /// Records stay in the write-ahead log until the next run blocks them.
    public func close() throws(LogError) {
        _ = try sync()
        current = nil
        segment = nil
    }

    /// Frees the space held back, so that the fact that the disk is full can be recorded.
    public func releaseReserve() throws(LogError) {
        let path = directory + "/" + FileNames.reserve
        try onDisk { () throws(StorageError) in
            if try storage.exists(path) { try storage.remove(path) }
        }
    }

    /// Holds space back again; a disk that is still full leaves it for later.
    public func restoreReserve() throws(LogError) {
        guard options.reserveSizeBytes > 0 else { return }
        let path = directory + "/" + FileNames.reserve
        do throws(StorageError) {
            guard try !storage.exists(path) else { return }
            try storage.open(path, .create).preallocate(to: options.reserveSizeBytes)
        } catch {
            guard error.isFull else { throw LogError(error) }
            try releaseReserve()
        }
    }

    private func isSegmentDone(_ segment: ActiveSegment, _ block: EncodedBlock) -> Bool {
        guard !segment.places.isEmpty else { return false }
        let age = block.header.maxLogTime.nanoseconds &- segment.firstLogTime.nanoseconds
        return segment.size + block.size > options.segmentSizeMaxBytes
            || age >= options.segmentAgeMaxNanoseconds
    }

    private func beginSegment(_ block: EncodedBlock) throws(LogError) {
        let name = FileNames.segment(block.base)
        let path = directory + "/" + name
        let header = FileHeader(.segment, block.base, stream: stream).encoded()
        let file = try onDisk { () throws(StorageError) in
            // A segment of that name without a whole block: its records were in the write-ahead log.
            if try storage.exists(path) { try storage.moveAside(path, FileNames.damagedSuffix) }
            let file = try storage.open(path, .create)
            do throws(StorageError) {
                try file.write(header.span, at: 0)
            } catch {
                try storage.remove(path)
                throw error
            }
            return file
        }
        try orSuspect { () throws(StorageError) in
            try file.synchronise()
            try storage.synchroniseDirectory(directory)
        }
        segment = ActiveSegment(
            name: name,
            base: block.base,
            file: file,
            header: header,
            firstLogTime: block.header.minLogTime,
            frontier: blockTree.end <= block.base.value ? blockTree.skipped(to: block.base) : nil
        )
    }

    private func appendBlock(_ block: EncodedBlock) throws(LogError) {
        guard var active = segment else { return }
        try writeOrCut(active, block.bytes)
        try orSuspect { () throws(StorageError) in try active.file.synchronise() }
        active.add(block)
        segment = active
    }

    private func sealActive() throws(LogError) {
        guard let active = segment else { return }
        try writeOrCut(active, try active.footer().encoded())
        try orSuspect { () throws(StorageError) in try active.file.synchronise() }
        segment = nil
        if blockTree.end == active.end.value {
            sealedTrees.append(TreeState(size: active.end, root: blockTree.root))
        }
    }

    /// The tree at the end of each segment that was sealed since the last call: heads of these make a segment
    /// provable by itself.
    public func takeSealedTrees() -> [TreeState] {
        defer { sealedTrees = [] }
        return sealedTrees
    }

    private func writeOrCut(_ active: ActiveSegment, _ bytes: [UInt8]) throws(LogError) {
        do throws(StorageError) {
            try active.file.write(bytes.span, at: active.size)
        } catch {
            let failure = LogError(error)
            // If cutting fails too, the next block overwrites the torn bytes or recovery cuts them.
            do throws(StorageError) { try active.file.truncate(to: active.size) } catch { throw failure }
            throw failure
        }
    }

    /// A synchronisation that fails is never tried again.
    func orSuspect(_ body: () throws(StorageError) -> Void) throws(LogError) {
        do throws(StorageError) {
            try body()
        } catch {
            isSuspect = true
            throw .storage(error)
        }
    }

    /// Removes write-ahead files that end at or before `end`; one always stays, to tell how far the log had
    /// come.
    private func dropCovered(through end: Offset) throws(LogError) {
        guard walFiles.contains(where: { $0.end <= end && !$0.isPinned }) else { return }
        if walFiles.allSatisfy({ $0.end <= end }) && !(walFiles.last.map { $0.base == end } ?? false) {
            try orSuspectOnFailure { () throws(LogError) in
                let file = try beginFile()
                try file.synchronise(storage, walDirectory)
            }
        }
        let kept = walFiles.last
        for file in walFiles where file.end <= end && file !== kept && !file.isPinned {
            try onDisk { () throws(StorageError) in try storage.remove(walDirectory + "/" + file.name) }
            walFiles.removeAll { $0 === file }
        }
    }

    private func orSuspectOnFailure(_ body: () throws(LogError) -> Void) throws(LogError) {
        do throws(LogError) {
            try body()
        } catch {
            if case .storageFull = error { throw error }
            isSuspect = true
            throw error
        }
    }
}
