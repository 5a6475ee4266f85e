// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform
public import Projections
import Synchronization

/// The one way from received bytes to verdicts: append, synchronise, judge, journal, project.
///
/// Three threads of its own, joined by bounded queues: the log thread commits in groups, the decode thread
/// and behind it the judge thread see nothing that is not durable. Every hand-over is a batch; no lock or
/// queue is touched per record.
public final class Engine: Sendable {
    /// What can be chosen.
    public struct Options: Sendable {
        /// Longest time that a record waits for its group, in nanoseconds.
        public var groupDelayNanoseconds: Int64 = 20_000_000
        /// Bytes that close a group before its time; also the most that a group holds beyond one batch.
        public var groupSizeMaxBytes = 4 * 1_048_576
        /// Quiet time after which provisional verdicts are given, in nanoseconds.
        public var settleDelayNanoseconds: Int64 = 1_000_000_000
        /// Bytes that wait for the decode thread: bounds memory while judging is slower than the disk.
        public var decodeQueueMaxBytes = 8 * 1_048_576
        /// Bytes, with their events, that wait for the judge thread.
        public var judgeQueueMaxBytes = 8 * 1_048_576
        /// Time between attempts while the disk is full, in nanoseconds: soon enough to be noticed as prompt.
        public var fullRetryNanoseconds: Int64 = 200_000_000
        /// Records after which the state of judgement is kept while the engine runs: some seconds of judging
        /// for the start after a crash.
        public var snapshotCount = 1_048_576
        /// Records after which it is kept at a stop.
        public var snapshotCountAtStop = 16_384
        /// Wall clock for ticks.
        public var clock: any WallClock = SystemWallClock()
        /// Version, stored in the start record.
        public var version = ""
        /// Tells people what changed: disk full, space again, suspect.
        ///
        /// Called from the engine's threads.
        public var report: @Sendable (String) -> Void = { _ in }

        /// The defaults.
        public init() {}
    }

    /// What the decode thread is given.
    enum DecodeItem: Sendable {
        case records(RecordBatch, base: Offset)
        case settle(IntakeReceipt)
    }

    /// What the judge thread is given.
    enum JudgeItem: Sendable {
        case records(DecodedRecords)
        case settle(IntakeReceipt)
    }

    /// Where records are given.
    public let intake: IntakeQueue

    let records: any EngineLog
    let journal: any EngineLog
    let options: Options
    let apply: @Sendable (ProjectionUpdate) throws(WardlineError) -> Void
    let keep: (@Sendable (JudgeSnapshot) throws(WardlineError) -> Void)?
    private let close: (@Sendable () throws(WardlineError) -> Void)?
    /// Where judgement stood when its state was kept last.
    let kept = Mutex(Offset.zero)
    let decodeQueue: HandoverQueue<DecodeItem>
    let judgeQueue: HandoverQueue<JudgeItem>
    /// Never given anything: waiting on it is a pause that ``stop()`` ends.
    let pause = HandoverQueue<Never>(capacity: 1)
    let state = Mutex(EngineStatus())
    /// Who waits for space on a full disk.
    let spaceWaiters = Mutex<Set<SpaceWaiter>>([])
    /// Since when the log thread has waited for space; nil while it does not.
    let fullSince = Mutex<UTCTime?>(nil)
    /// Log time of the tick that the judge waits for.
    let deadline = Mutex<UTCTime?>(nil)
    /// Held for its whole life by the judge thread.
    private let judge: Mutex<any RecordJudge>
    private let threads = Mutex<[WorkerThread]>([])

    /// Makes an engine that does not run yet.
    ///
    /// `apply` applies a read-model change in one transaction; `keep` keeps the state of judgement together
    /// with the read models as they are. Both are called on the judge thread. `close` ends the read models
    /// when ``stop()`` has ended the threads.
    public init(
        records: any EngineLog,
        journal: any EngineLog,
        judge: any RecordJudge,
        intake: IntakeQueue = IntakeQueue(),
        options: Options = Options(),
        apply: @escaping @Sendable (ProjectionUpdate) throws(WardlineError) -> Void,
        keep: (@Sendable (JudgeSnapshot) throws(WardlineError) -> Void)? = nil,
        close: (@Sendable () throws(WardlineError) -> Void)? = nil
    ) {
        self.records = records
        self.journal = journal
        self.judge = Mutex(judge)
        self.intake = intake
        self.options = options
        self.apply = apply
        self.keep = keep
        self.close = close
        decodeQueue = HandoverQueue(capacity: options.decodeQueueMaxBytes)
        judgeQueue = HandoverQueue(capacity: options.judgeQueueMaxBytes)
        state.withLock { status in
            status.durableOffset = records.next
            status.journalOffset = journal.next
        }
    }

    /// Starts the threads and appends a start record.
    ///
    /// The judge catches up from the log while records are taken.
    public func start() throws(WardlineError) {
        let durable = records.next
        let facts = JSONValue.object([
            .init("version", .text(options.version)), .init("engine", .integer(Engine.formatVersion)),
        ])
        _ = intake.put(Engine.control(.start, facts, at: options.clock.now()))
        do {
            let logThread = try WorkerThread("wl-log") { [self] in runLog() }
            threads.withLock { $0.append(logThread) }
            let (decoder, next) = judge.withLock { ($0.decoder(), $0.next) }
            let decodeThread = try WorkerThread("wl-decode") { [self] in
                var decoder = decoder
                runDecode(&decoder, from: next, startedAt: durable)
            }
            threads.withLock { $0.append(decodeThread) }
            let judgeThread = try WorkerThread("wl-judge") { [self] in
                judge.withLock { runJudge(&$0, startedAt: durable) }
            }
            threads.withLock { $0.append(judgeThread) }
        } catch {
            abandon()
            throw WardlineError(
                .internal,
                "The engine could not start its threads.",
                cause: error.description
            )
        }
    }

    /// Version of the control records that the engine writes.
    static let formatVersion: Int64 = 1

    /// First offset that is not durable.
    public var durableOffset: Offset { state.withLock { $0.durableOffset } }

    /// What the engine is doing.
    public var status: EngineStatus {
        var status = state.withLock { $0 }
        status.intakeBytes = intake.bytes
        status.judgeBytes = decodeQueue.weight + judgeQueue.weight
        return status
    }

    /// Waits until all records given so far are durable.
    ///
    /// - Returns: The first offset after them.
    public func synchronise() throws(WardlineError) -> Offset {
        let receipt = IntakeReceipt()
        guard intake.put(.durable(receipt)) else { throw closedError }
        return try receipt.wait()
    }

    /// Waits until all records given so far are durable and judged, provisional verdicts included.
    ///
    /// - Returns: The first offset after them.
    public func settle() throws(WardlineError) -> Offset {
        let receipt = IntakeReceipt()
        guard intake.put(.settled(receipt)) else { throw closedError }
        return try receipt.wait()
    }

    /// Takes no more records, makes those taken durable, judges them, appends a stop record and closes the
    /// log and the read models.
    ///
    /// - Throws: What made the state `suspect`, or `storage` when a full disk kept records from being stored.
    public func stop() throws(WardlineError) {
        endWaitingForSpace()
        _ = intake.put(Engine.control(.stop, .object([]), at: options.clock.now()))
        abandon()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try records.close()
        try journal.close()
        try close?()
    }

    /// Waits for space on a full disk no longer: who waits to give records is refused.
    ///
    /// Call before listeners stop.
    public func endWaitingForSpace() {
        if state.withLock({ $0.state == .full }) { pause.close() }
    }

    /// Ends the threads without a stop record, after what is queued.
    ///
    /// For errors, and for tests of recovery.
    public func abandon() {
        intake.close()
        pause.close()
        let running = threads.withLock { list in
            let all = list
            list.removeAll()
            return all
        }
        for thread in running { thread.join() }
    }

    private var closedError: WardlineError {
        state.withLock { $0.failure }
            ?? WardlineError(.storage, "The store is closing and takes no more records.")
    }

    /// A batch of one control record.
    public static func control(_ kind: RecordKind, _ facts: JSONValue, at time: UTCTime) -> RecordBatch {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        batch.append(Array(facts.line.utf8), kind: kind, origin: origin, receiveTime: time)
        return batch
    }

    /// Stops taking records for good and keeps the first reason.
    func fail(_ error: WardlineError) {
        let isFirst = state.withLock { status in
            guard status.state != .suspect else { return false }
            status.state = .suspect
            status.failure = error
            return true
        }
        if isFirst { options.report("error: nothing is acknowledged any more: \(error)") }
        intake.close()
        decodeQueue.close()
        judgeQueue.close()
        pause.close()
    }
}
