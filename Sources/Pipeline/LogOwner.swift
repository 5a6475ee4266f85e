// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform
public import SegmentLog
import Synchronization

/// One stream with its block encoder: appends, synchronises, and moves full heads into blocks meanwhile.
///
/// Appending and synchronising is for one thread; decoded columns and reads may come from another.
public final class LogOwner: EngineLog {
    private let writer: Mutex<LogWriter>
    private let reader = Mutex<LogReader?>(nil)
    private let encoder: BlockEncoder
    /// Encoded blocks that did not fit the disk, oldest first.
    private let waiting = Mutex<[EncodedBlock]>([])
    /// How far records are in blocks, and how far their events came.
    private let progress: Mutex<BlockProgress>
    private let clock: any WallClock
    private let heads: HeadWriter?
    private let openReader: @Sendable () throws(LogError) -> LogReader
    /// What opening found and did.
    public let recovery: RecoveryReport

    /// Longest wait for a block when the head is at its limit, in nanoseconds, before the writer is asked
    /// again.
    private static let blockWaitNanoseconds: Int64 = 100_000_000

    /// Opens and recovers a stream.
    ///
    /// `path` is the store, `stream` is `records` or `journal`, and `hasColumns` says whether records of the
    /// stream are decoded. Without a `signer` no heads are signed; `report` gets what an operator should know
    /// of them.
    public init(
        storage: any LogStorage,
        path: String,
        stream: String,
        hasColumns: Bool,
        options: LogOptions = LogOptions(),
        clock: any WallClock = SystemWallClock(),
        signer: HeadSigner? = nil,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(WardlineError) {
        do throws(LogError) {
            let opened = try LogWriter.open(storage: storage, path: path, stream: stream, options: options)
            recovery = opened.recovery
            progress = Mutex(BlockProgress(blocked: opened.headBase, decoded: .zero))
            writer = Mutex(opened)
        } catch {
            throw error.wardlineError("open", stream)
        }
        do throws(StorageError) {
            encoder = try BlockEncoder(hasColumns: hasColumns, deflate: options.deflate)
        } catch {
            throw WardlineError(
                .internal,
                "The log could not start its block thread.",
                cause: error.description
            )
        }
        self.clock = clock
        heads = signer.map { HeadWriter($0, storage: storage, path: path, stream: stream, report: report) }
        openReader = { () throws(LogError) in
            try LogReader.open(storage: storage, path: path, stream: stream)
        }
    }

    /// Offset of the next record.
    public var next: Offset { writer.withLock { $0.nextOffset } }

    /// Appends records; their log times are set.
    ///
    /// See ``LogWriter/append(_:wall:)``.
    public func append(_ batch: inout RecordBatch) throws(EngineLogFault) -> Offset {
        var stamped = batch
        let wall = clock.now()
        let base = try writer.withLock { (writer: inout sending LogWriter) throws(EngineLogFault) -> Offset in
            do throws(LogError) {
                if writer.isHeadAtLimit { try shrinkHead(writer) }
                return try writer.append(&stamped, wall: wall)
            } catch {
                throw error.fault("append")
            }
        }
        batch = stamped
        return base
    }

    /// Makes everything appended durable, and moves blocks along.
    public func synchronise() throws(EngineLogFault) {
        let now = clock.now()
        try writer.withLock { (writer: inout sending LogWriter) throws(EngineLogFault) in
            do throws(LogError) {
                _ = try writer.sync()
                while let job = writer.takeBlockJob(force: false, now: now) { encoder.add(job) }
                try commitFinished(writer, waitingNanoseconds: 0)
                for tree in writer.takeSealedTrees() { heads?.signSeal(tree) }
                heads?.signIfDue(writer.treeState, now)
            } catch {
                // Blocks that do not fit stay in the write-ahead log: the records themselves are durable.
                if case .storageFull = error { return }
                throw error.fault("synchronise")
            }
        }
    }

    /// See ``LogWriter/releaseReserve()``; a disk that refuses even that has its own say at the next append.
    public func releaseReserve() { writer.withLock { try? $0.releaseReserve() } }

    /// See ``LogWriter/restoreReserve()``; it is tried again when the disk was full again.
    public func restoreReserve() { writer.withLock { try? $0.restoreReserve() } }

    /// Takes decoded columns for the block that will hold these records.
    public func decoded(_ events: EventBatch, base: Offset, through: Offset, epoch: [UInt8]) {
        let isWanted = progress.withLock { progress in
            progress.decoded = max(progress.decoded, through)
            // Records that are judged again after a start have their block.
            return through > progress.blocked
        }
        if isWanted { encoder.add(events, base: base, through: through, epoch: epoch) }
    }

    /// Reads the records of one stored part from `offset` on.
    ///
    /// A hole is skipped, and so is what is damaged: `base` is then greater than `offset`.
    public func read(
        from offset: Offset,
        below end: Offset
    ) throws(WardlineError) -> (base: Offset, records: RecordBatch)? {
        do throws(LogError) {
            let open = openReader
            return try reader.withLock { (reader) throws(LogError) -> (base: Offset, records: RecordBatch)? in
                if reader == nil { reader = try open() }
                guard var current = reader else { return nil }
                // The writer has moved on since the files were listed.
                if current.end < end { try current.refresh() }
                reader = current
                for part in current.parts(from: offset) {
                    guard part.base < end else { return nil }
                    guard var records = try current.soundRecords(part) else { continue }
                    let skipped = offset > part.base ? Int(offset.value - part.base.value) : 0
                    records.rows.removeFirst(skipped)
                    let base = part.base.advanced(by: skipped)
                    let excess = records.count - Int(clamping: end.value - base.value)
                    if excess > 0 { records.rows.removeLast(excess) }
                    return (base, records)
                }
                return nil
            }
        } catch {
            throw error.wardlineError("read", "the log")
        }
    }

    /// Lets go of the files that reading has opened.
    public func endReading() { reader.withLock { $0 = nil } }

    /// Puts the rest into a block and closes the files.
    ///
    /// Records that fit no block stay in the write-ahead log.
    public func close() throws(WardlineError) {
        do throws(LogError) {
            try writer.withLock { (writer: inout sending LogWriter) throws(LogError) in
                _ = try writer.sync()
                while let job = writer.takeBlockJob(force: true) { encoder.add(job) }
                encoder.stop()
                do throws(LogError) {
                    try commitFinished(writer, waitingNanoseconds: 0)
                } catch {
                    guard case .storageFull = error else { throw error }
                }
                try writer.close()
                for tree in writer.takeSealedTrees() { heads?.signSeal(tree) }
                heads?.sign(writer.treeState, clock.now())
            }
        } catch {
            throw error.wardlineError("close", "the log")
        }
    }

    /// Waits for blocks until the head is below its limit.
    ///
    /// Events are waited for only while they come: senders must not wait for a judge that is busy with the
    /// past.
    private func shrinkHead(_ writer: LogWriter) throws(LogError) {
        _ = try writer.sync()
        while writer.isHeadAtLimit {
            if let job = writer.takeBlockJob(force: false) { encoder.add(job) }
            let before = progress.withLock { $0 }
            try commitFinished(writer, waitingNanoseconds: LogOwner.blockWaitNanoseconds)
            let isComing = progress.withLock {
                $0.blocked > before.blocked || $0.decoded > before.decoded && $0.decoded > $0.blocked
            }
            if writer.isHeadAtLimit, !isComing { encoder.hurry() }
        }
    }

    /// Commits what the encoder has finished, in order; waits for the first.
    private func commitFinished(_ writer: LogWriter, waitingNanoseconds: Int64) throws(LogError) {
        var wait = waiting.withLock { $0.isEmpty } ? waitingNanoseconds : 0
        while let result = encoder.finished(waitingNanoseconds: wait) {
            switch result {
            case .success(let block): waiting.withLock { $0.append(block) }
            case .failure(let error): throw error
            }
            wait = 0
        }
        while let block = waiting.withLock({ $0.first }) {
            try writer.commit(block)
            progress.withLock { $0.blocked = block.base.advanced(by: block.count) }
            waiting.withLock { _ = $0.removeFirst() }
        }
    }
}

/// Offsets that a stream's owner keeps in mind between its threads.
private struct BlockProgress {
    /// First record that is in no block.
    var blocked: Offset
    /// First record whose events have not come.
    var decoded: Offset
}

extension LogError {
    func fault(_ what: String) -> EngineLogFault {
        if case .storageFull = self { return .full(wardlineError(what, "the log")) }
        return .suspect(wardlineError(what, "the log"))
    }

    /// The error as people meet it; `what` could not be done to `stream`.
    public func wardlineError(_ what: String, _ stream: String) -> WardlineError {
        switch self {
        case .storage(let error):
            WardlineError(.storage, "Could not \(what) \(stream): check the disk.", cause: error.description)
        case .storageFull(let error):
            WardlineError(
                .storage,
                "The disk of the store is full: free some space.",
                cause: error.description
            )
        case .suspect:
            WardlineError(
                .storage,
                "A synchronisation of the log failed: what is durable is unknown. Check the disk, then start "
                    + "again; the log is checked when it is opened."
            )
        case .damaged(let file, let position):
            WardlineError(
                .integrity,
                "Stored bytes are not what was written. Run `wardline verify`.",
                location: "\(file):\(position)"
            )
        case .unsupported(let file, let version, let flags):
            WardlineError(
                .storage,
                "The file was written by a newer version (format \(version), flags \(flags)). Use that one.",
                location: file
            )
        case .newerEvents(let file, let position, let schema):
            WardlineError(
                .storage,
                "Could not \(what) \(stream): events are of version \(schema) of the event schema, and this "
                    + "Wardline knows up to \(EventSchema.version). Use the version that wrote them.",
                location: "\(file):\(position)"
            )
        case .batchTooLarge, .blockOutOfOrder, .compression:
            WardlineError(.internal, "Could not \(what) \(stream).", cause: "\(self)")
        }
    }
}
