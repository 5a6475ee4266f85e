// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import Pipeline
import Platform
import WireFormats

/// What all connections of one listener share: the batch under way, and whether they may read.
///
/// Confined to the listener's event loop. While the intake is full no connection reads, so that at most one
/// read of each connection is held beyond the batch.
final class StreamIntake {
    let loop: any EventLoop
    let intake: IntakeQueue
    let counters: ListenerCounters
    let clock: any WallClock
    let framing: ConnectionFramer
    let flags: FrameFlags
    let listener: String
    let connectionCountMax: Int

    private var batch = RecordBatch()
    private var connections: [ObjectIdentifier: StreamConnection] = [:]
    private var isFull = false
    private var isScheduled = false

    init(
        loop: any EventLoop,
        intake: IntakeQueue,
        counters: ListenerCounters,
        clock: any WallClock,
        framing: ConnectionFramer,
        flags: FrameFlags,
        listener: String,
        connectionCountMax: Int
    ) {
        self.loop = loop
        self.intake = intake
        self.counters = counters
        self.clock = clock
        self.framing = framing
        self.flags = flags
        self.listener = listener
        self.connectionCountMax = connectionCountMax
    }

    /// Registers a connection; false at the limit.
    func add(_ connection: StreamConnection, _ channel: any Channel) -> Bool {
        guard connections.count < connectionCountMax else {
            counters.update { $0.refused += 1 }
            return false
        }
        connections[ObjectIdentifier(connection)] = connection
        counters.update { $0.connections += 1 }
        if isFull { StreamIntake.setReading(false, channel) }
        return true
    }

    func remove(_ connection: StreamConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        counters.update { $0.connections -= 1 }
    }

    /// Lets `body` append records of a connection, then hands over what is due.
    func collect(from origin: Origin, _ body: (inout FrameTarget) -> Void) {
        let first = batch.rows.count
        let index = batch.index(of: origin)
        var target = FrameTarget(batch: batch, origin: index, flags: flags, time: clock.now())
        batch = RecordBatch()
        body(&target)
        batch = target.batch
        if batch.rows.count > first { counters.count(batch, from: first) }
        if BatchBounds.isReached(batch) {
            flush()
        } else if batch.rows.count > 0, !isScheduled {
            isScheduled = true
            let bound = NIOLoopBound(self, eventLoop: loop)
            loop.scheduleTask(in: .milliseconds(Int64(BatchBounds.delayMilliseconds))) {
                bound.value.isScheduled = false
                bound.value.flush()
            }
        }
    }

    /// Hands over the batch, or stops all reading until there is room.
    func flush() {
        guard batch.rows.count > 0, !isFull else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        if intake.tryPut(batch, resume: { loop.execute { bound.value.resume() } }) {
            batch = RecordBatch()
            return
        }
        isFull = true
        for connection in connections.values { connection.setReading(false) }
    }

    private func resume() {
        guard isFull else { return }
        isFull = false
        flush()
        guard !isFull else { return }
        for connection in connections.values { connection.setReading(true) }
    }

    /// Whether everything read so far was handed over.
    var isEmpty: Bool { batch.rows.count == 0 }

    /// Closes all connections; what is left of their frames becomes records.
    func closeConnections() {
        for connection in connections.values { connection.close() }
    }

    static func setReading(_ isReading: Bool, _ channel: any Channel) {
        channel.setOption(.autoRead, value: isReading).whenComplete { _ in }
    }
}
