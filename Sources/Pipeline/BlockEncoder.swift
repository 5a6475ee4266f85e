// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SegmentLog

/// The thread that turns full heads into blocks: it waits for their decoded columns, encodes and compresses.
///
/// Holds at most the events of the records that no block has yet, which the log's head limit bounds.
final class BlockEncoder: Sendable {
    private enum Item: Sendable {
        case events(EventBatch, base: Offset, through: Offset, epoch: [UInt8])
        case job(BlockJob)
        /// The log waits: encode without columns what has none yet.
        case hurry
    }

    /// Bytes of events and records that wait for the thread: above it the judge and the log thread wait.
    static let queueMaxBytes = 8 * 1_048_576

    private let queue = HandoverQueue<Item>(capacity: BlockEncoder.queueMaxBytes)
    /// Blocks ready to be committed, or why one could not be made.
    private let done = HandoverQueue<Result<EncodedBlock, LogError>>(capacity: .max)
    private let thread: WorkerThread

    /// Starts the thread; `hasColumns` is false for streams whose records are never decoded, `deflate`
    /// compresses.
    init(hasColumns: Bool, deflate: DeflateLibrary) throws(StorageError) {
        let (queue, done) = (queue, done)
        thread = try WorkerThread("wl-block") {
            var work = BlockWork(hasColumns: hasColumns, deflate: deflate)
            while let item = queue.take() {
                switch item {
                case .events(let events, let base, let through, let epoch):
                    work.add(events, base: base, through: through, epoch: epoch)
                case .job(let job): work.jobs.append(job)
                case .hurry: work.isHurried = true
                }
                work.finish { _ = done.put($0, weight: 1) }
            }
            work.isHurried = true
            work.finish { _ = done.put($0, weight: 1) }
            done.close()
        }
    }

    deinit {
        // Without a stop, as after a failure, the thread must still end.
        queue.close()
    }

    /// Gives decoded columns; every event of `base ..< through` is in `events`.
    func add(_ events: EventBatch, base: Offset, through: Offset, epoch: [UInt8]) {
        let weight = events.bytes.count + events.entries.count * 12 + events.events.count * 80 + 1
        _ = queue.put(.events(events, base: base, through: through, epoch: epoch), weight: weight)
    }

    /// Gives a head; answered through ``finished(waitingNanoseconds:)`` in the order of the jobs.
    func add(_ job: BlockJob) { _ = queue.put(.job(job), weight: job.records.memoryBytes) }

    /// Ends the wait for columns of the jobs given so far.
    func hurry() { _ = queue.put(.hurry, weight: 1) }

    /// The next encoded block, nil when none is ready in time.
    func finished(waitingNanoseconds: Int64) -> Result<EncodedBlock, LogError>? {
        done.take(waitingNanoseconds: waitingNanoseconds)
    }

    /// Encodes what was given and ends the thread.
    func stop() {
        queue.close()
        thread.join()
    }
}

/// The state of the encoder thread.
private struct BlockWork {
    /// Events as they came, with the records that they cover.
    private struct Piece {
        var events: EventBatch
        var base: Offset
        var through: Offset
        var epoch: [UInt8]
    }

    let hasColumns: Bool
    var jobs: [BlockJob] = []
    var isHurried = false
    private var pieces: [Piece] = []
    private var buffers: BlockBuffers

    init(hasColumns: Bool, deflate: DeflateLibrary) {
        self.hasColumns = hasColumns
        buffers = BlockBuffers(.live, deflate)
    }

    mutating func add(_ events: EventBatch, base: Offset, through: Offset, epoch: [UInt8]) {
        guard hasColumns else { return }
        pieces.append(Piece(events: events, base: base, through: through, epoch: epoch))
    }

    /// Encodes the jobs whose columns are there, or all of them in a hurry.
    mutating func finish(_ give: (Result<EncodedBlock, LogError>) -> Void) {
        while let job = jobs.first {
            let end = job.base.advanced(by: job.count)
            let isReady = !hasColumns || pieces.last.map { $0.through >= end } ?? false
            guard isReady || isHurried else { return }
            jobs.removeFirst()
            let found = events(of: job, below: end)
            do {
                give(
                    .success(
                        try job.encode(
                            events: found?.events,
                            epoch: found?.epoch ?? [],
                            eventTimes: found?.times,
                            buffers: &buffers
                        )
                    )
                )
            } catch {
                give(.failure(error))
            }
            pieces.removeAll { $0.through <= end }
        }
        isHurried = false
    }

    /// The events of exactly the records of `job`; nil if some are missing or two decoder sets made them.
    private func events(
        of job: BlockJob,
        below end: Offset
    ) -> (events: [EventBatch], epoch: [UInt8], times: (UTCTime, UTCTime)?)? {
        var batches: [EventBatch] = []
        var epoch: [UInt8]?
        var hasEvents = false
        var next = job.base
        for piece in pieces where piece.through > job.base && piece.base < end {
            // Facts that change the decoders have no events themselves.
            let isOther = epoch != nil && epoch != piece.epoch && hasEvents && !piece.events.events.isEmpty
            guard piece.base == next, piece.through <= end, !isOther else { return nil }
            if epoch == nil || !piece.events.events.isEmpty { epoch = piece.epoch }
            hasEvents = hasEvents || !piece.events.events.isEmpty
            batches.append(piece.events)
            next = piece.through
        }
        guard let epoch, next == end else { return nil }
        return (batches, epoch, BlockWork.times(of: batches, in: job))
    }

    /// Least and greatest time that an event can have: a corrected one lies between device time and log time.
    private static func times(of batches: [EventBatch], in job: BlockJob) -> (UTCTime, UTCTime)? {
        var range: (UTCTime, UTCTime)?
        for event in batches.lazy.flatMap(\.events) {
            let row = Int(event.offset.value - job.base.value)
            // The log time of an import says nothing about its events.
            let isImported = row < job.count && job.records.rows[row].flags.contains(.imported)
            let times = isImported && event.time.isPresent ? [event.time] : [event.time, event.logTime]
            for time in times where time.isPresent {
                range = range.map { (min($0.0, time), max($0.1, time)) } ?? (time, time)
            }
        }
        return range
    }
}
