// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import Pipeline
import Platform
import WireFormats

/// What all connections of one listener share: the gate, the batch under way, and whether they may read.
///
/// Confined to the listener's event loop. While the intake is full each connection stops after one more read,
/// so
/// that at most one read of each is held beyond the batch; idle connections cost nothing then.
final class StreamIntake {
    /// Bytes of frames that are not complete, of all connections, from which on longer frames are cut at
    /// ``crowdedSizeMaxBytes``: many connections must not hold a mebibyte each.
    static let carriedMaxBytes = 64 * 1_048_576
    /// Kept bytes of a record while too much is carried.
    static let crowdedSizeMaxBytes = 65_536

    /// What a read gave.
    struct Collected {
        var count = 0
        var flags: FrameFlags = []
        /// Whether records without a count were among them.
        var hasUncounted = false
    }

    let loop: any EventLoop
    let intake: IntakeQueue
    let counters: ListenerCounters
    let clock: any WallClock
    let reader: StreamReader
    let flags: FrameFlags
    let sizeMaxBytes: Int
    var gate: IntakeGate

    private var batch = RecordBatch()
    private var connections: [ObjectIdentifier: StreamConnection] = [:]
    /// Connections that stopped reading because the intake was full.
    private var paused: [StreamConnection] = []
    /// Who waits until records of `batch` are durable, and for how many.
    private var waiting: [(connection: StreamConnection, count: Int)] = []
    /// Hand-overs that were not answered yet.
    private var unansweredCount = 0
    private var carriedBytes = 0
    private(set) var isFull = false
    private var isScheduled = false
    private var isFactScheduled = false

    init(
        loop: any EventLoop,
        intake: IntakeQueue,
        clock: any WallClock,
        reader: StreamReader,
        flags: FrameFlags,
        sizeMaxBytes: Int,
        gate: IntakeGate
    ) {
        self.loop = loop
        self.intake = intake
        self.clock = clock
        self.reader = reader
        self.flags = flags
        self.sizeMaxBytes = sizeMaxBytes
        self.gate = gate
        counters = gate.counters
    }

    /// Registers a connection; false where the gate refuses it.
    func add(_ connection: StreamConnection) -> Bool {
        guard gate.enter(connection.peer) else {
            scheduleFacts()
            return false
        }
        connections[ObjectIdentifier(connection)] = connection
        counters.update { $0.connections += 1 }
        return true
    }

    func remove(_ connection: StreamConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        gate.leave(connection.peer)
        counters.update { $0.connections -= 1 }
    }

    /// Cap of a record while so much is carried.
    var sizeMaxBytesNow: Int {
        carriedBytes > StreamIntake.carriedMaxBytes
            ? min(sizeMaxBytes, StreamIntake.crowdedSizeMaxBytes) : sizeMaxBytes
    }

    func carry(_ change: Int) { carriedBytes += change }

    /// Counts a fault; it becomes a fact soon.
    func note(_ fault: IntakeFault, peer: IPAddress?, detail: String = "") {
        gate.note(fault, peer: peer, detail: detail)
        scheduleFacts()
    }

    /// Lets `body` append records of a connection, then hands over what is due.
    ///
    /// With `waiter` it is told once they are durable.
    func collect(
        from origin: Origin,
        waiter: StreamConnection? = nil,
        _ body: (inout FrameTarget) -> Void
    ) -> Collected {
        let first = batch.rows.count
        let index = batch.index(of: origin)
        var target = FrameTarget(batch: batch, origin: index, flags: flags, time: clock.now())
        batch = RecordBatch()
        body(&target)
        batch = target.batch
        var collected = Collected(count: batch.rows.count - first)
        guard collected.count > 0 else { return collected }
        for row in batch.rows[first...] {
            collected.flags.formUnion(row.flags)
            if !row.flags.contains(.counted) { collected.hasUncounted = true }
        }
        counters.count(batch, from: first)
        if let waiter {
            waiting.append((waiter, collected.count))
            // Who waits is not made to wait for others, but those that send at the same time share the way.
            scheduleFlush(.zero)
        } else {
            scheduleFlush(.milliseconds(Int64(BatchBounds.delayMilliseconds)))
        }
        if BatchBounds.isReached(batch) { flush() }
        return collected
    }

    private func scheduleFlush(_ delay: TimeAmount) {
        guard !isScheduled else { return }
        isScheduled = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: delay) {
            bound.value.isScheduled = false
            bound.value.flush()
        }
    }

    private func scheduleFacts() {
        guard !isFactScheduled, let due = gate.factsDue else { return }
        isFactScheduled = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(max(0, due - monotonicNanoseconds()))) {
            bound.value.isFactScheduled = false
            bound.value.flushFacts()
        }
    }

    /// Hands over what was noted.
    func flushFacts() {
        gate.takeFacts(into: &batch)
        flush()
    }

    /// Hands over the batch; while that is refused, who reads stops.
    func flush() {
        guard batch.rows.count > 0, !isFull else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        let resume: @Sendable () -> Void = { loop.execute { bound.value.resume() } }
        guard intake.tryPut(batch, receipt: receipt(), resume: resume) else {
            isFull = true
            return
        }
        if !waiting.isEmpty {
            waiting = []
            unansweredCount += 1
        }
        batch = RecordBatch()
    }

    /// What tells those that wait for the batch; nil where nobody does.
    private func receipt() -> IntakeReceipt? {
        guard !waiting.isEmpty else { return nil }
        let bound = NIOLoopBound((self, waiting), eventLoop: loop)
        let loop = loop
        return IntakeReceipt { result in
            loop.execute {
                let (intake, waiting) = bound.value
                intake.unansweredCount -= 1
                for (connection, count) in waiting {
                    if case .success = result { connection.confirm(count) } else { connection.close() }
                }
            }
        }
    }

    /// Makes a connection stop reading until there is room.
    func pause(_ connection: StreamConnection) { paused.append(connection) }

    private func resume() {
        guard isFull else { return }
        isFull = false
        flush()
        guard !isFull else { return }
        let waking = paused
        paused = []
        for connection in waking { connection.resume() }
    }

    /// Whether everything read so far was handed over, and answered where somebody waits.
    var isSettled: Bool { batch.rows.count == 0 && unansweredCount == 0 }

    /// Whether everything read so far was handed over.
    var isEmpty: Bool { batch.rows.count == 0 }

    /// Closes connections on which nothing came for `quiet`.
    func closeIdle(_ quiet: TimeAmount) {
        let due = NIODeadline.now() - quiet
        for connection in connections.values where connection.isIdle(since: due) { connection.expire() }
    }

    /// Closes all connections; what is left of their frames becomes records.
    func closeConnections() {
        for connection in connections.values { connection.end() }
    }
}
