// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import Synchronization

/// Records appended and not yet durable.
private struct CommitGroup {
    var batches: [(records: RecordBatch, base: Offset)] = []
    var bytes = 0
    var receipts: [(receipt: IntakeReceipt, isSettled: Bool)] = []
    /// Monotonic time at which the group is due.
    var due: Int64 = 0

    var isEmpty: Bool { batches.isEmpty && receipts.isEmpty }
}

/// The log thread: group commit.
extension Engine {
    /// Longest wait of the idle log thread, in nanoseconds: how late a tick may be.
    private static let idleWaitNanoseconds: Int64 = 250_000_000

    func runLog() {
        defer { decodeQueue.close() }
        var group = CommitGroup()
        while true {
            let now = monotonicNanoseconds()
            let wait = group.isEmpty ? Engine.idleWaitNanoseconds : group.due - now
            let item = intake.take(waitingNanoseconds: wait)
            switch item {
            case .records(let batch, let receipt):
                guard take(batch, into: &group) else {
                    if let receipt { group.receipts.append((receipt, false)) }
                    return refuse(group)
                }
                if let receipt { group.receipts.append((receipt, false)) }
            case .durable(let receipt): group.receipts.append((receipt, false))
            case .settled(let receipt): group.receipts.append((receipt, true))
            case nil:
                if group.isEmpty, let tick = dueTick() {
                    guard append(tick, to: &group) else { return refuse(group) }
                }
            }
            let isDrained = item == nil && intake.isDrained
            // Who waits is answered at once, but those that gave records meanwhile share the synchronisation.
            let isDue =
                group.bytes >= options.groupSizeMaxBytes || !group.receipts.isEmpty && intake.isEmpty
                || isDrained || monotonicNanoseconds() >= group.due
            if isDue, !group.isEmpty { guard commit(&group) else { return refuse(group) } }
            if isDrained { return }
        }
    }

    /// Appends a batch in pieces that the log takes, and commits what is due meanwhile.
    ///
    /// - Returns: False when the log can take no more, now and later.
    private func take(_ batch: RecordBatch, into group: inout CommitGroup) -> Bool {
        for piece in batch.pieces() {
            guard append(piece, to: &group) else { return false }
            if group.bytes >= options.groupSizeMaxBytes, !commit(&group) { return false }
        }
        return true
    }

    /// Appends; waits as long as the disk is full.
    ///
    /// - Returns: False when the log can take no more, now and later.
    private func append(_ batch: RecordBatch, to group: inout CommitGroup) -> Bool {
        var batch = batch
        while true {
            do throws(EngineLogFault) {
                let base = try records.append(&batch)
                if group.isEmpty { group.due = monotonicNanoseconds() + options.groupDelayNanoseconds }
                group.bytes += batch.memoryBytes
                group.batches.append((batch, base))
                leaveFull(by: .log)
                tellSpace(&group)
                return true
            } catch {
                guard case .full(let reason) = error else {
                    fail(error.error)
                    return false
                }
                guard waitForSpace(reason, &group, holding: batch.count) else { return false }
            }
        }
    }

    /// Pauses until the next attempt; false when there will be none.
    private func waitForSpace(_ reason: WardlineError, _ group: inout CommitGroup, holding count: Int) -> Bool
    {
        enterFull(reason, by: .log)
        tellFull(&group)
        // What was appended before is made durable meanwhile: its senders may wait for it.
        guard group.batches.isEmpty || commit(&group) else { return false }
        guard !pause.isClosed else {
            fail(
                WardlineError(
                    .storage,
                    "The disk is full: at least \(count) records could not be stored at the stop.",
                    cause: reason.description
                )
            )
            return false
        }
        _ = pause.take(waitingNanoseconds: options.fullRetryNanoseconds)
        return true
    }

    /// Records that nothing is taken from now on, in the space that was held back for it.
    private func tellFull(_ group: inout CommitGroup) {
        let now = options.clock.now()
        let isFirst = fullSince.withLock { since in
            guard since == nil else { return false }
            since = now
            return true
        }
        guard isFirst else { return }
        records.releaseReserve()
        _ = add(
            Engine.spaceFact(from: now, through: nil, "the disk of the store is full: nothing is taken"),
            kind: .fault,
            to: &group
        )
    }

    /// Records how long nothing was taken: what was sent then may be lost, and its absence proves nothing.
    private func tellSpace(_ group: inout CommitGroup) {
        guard let since = fullSince.withLock({ $0 }) else { return }
        let fact = Engine.spaceFact(
            from: since,
            through: options.clock.now(),
            "the disk of the store was full: nothing was taken"
        )
        // Full again at once: the next one tells it.
        guard add(fact, kind: .loss, to: &group) else { return }
        fullSince.withLock { $0 = nil }
        records.restoreReserve()
    }

    private static func spaceFact(from: UTCTime, through: UTCTime?, _ reason: String) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("count", .integer(0)), .init("from", .text(from.description)),
        ]
        if let through { members.append(.init("through", .text(through.description))) }
        return .object(members + [.init("reason", .text(reason))])
    }

    /// Appends one record of the service itself; false when there is no space for it.
    private func add(_ fact: JSONValue, kind: RecordKind, to group: inout CommitGroup) -> Bool {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        batch.append(Array(fact.line.utf8), kind: kind, origin: origin, receiveTime: options.clock.now())
        guard let base = try? records.append(&batch) else { return false }
        if group.isEmpty { group.due = monotonicNanoseconds() + options.groupDelayNanoseconds }
        group.bytes += batch.memoryBytes
        group.batches.append((batch, base))
        return true
    }

    /// Makes the group durable, publishes the offset and hands the records on.
    private func commit(_ group: inout CommitGroup) -> Bool {
        do throws(EngineLogFault) {
            try records.synchronise()
        } catch {
            fail(error.error)
            return false
        }
        let durable = records.next
        state.withLock { status in
            status.durableOffset = durable
            status.commits += 1
        }
        for (records, base) in group.batches {
            _ = decodeQueue.put(.records(records, base: base), weight: records.memoryBytes)
        }
        for (receipt, isSettled) in group.receipts {
            if isSettled, decodeQueue.put(.settle(receipt), weight: 1) { continue }
            receipt.fulfil(isSettled ? .failure(closingError) : .success(durable))
        }
        group = CommitGroup()
        return true
    }

    private func refuse(_ group: CommitGroup) {
        for (receipt, _) in group.receipts { receipt.fulfil(.failure(closingError)) }
        while let item = intake.take(waitingNanoseconds: 0) {
            switch item {
            case .records(_, let receipt): receipt?.fulfil(.failure(closingError))
            case .durable(let receipt), .settled(let receipt): receipt.fulfil(.failure(closingError))
            }
        }
    }

    private var closingError: WardlineError {
        state.withLock { $0.failure }
            ?? WardlineError(.storage, "The store closed before the records were judged.")
    }

    /// A tick, if the judge waits for one and its time has come.
    private func dueTick() -> RecordBatch? {
        let now = options.clock.now()
        let isDue = deadline.withLock { deadline in
            guard let time = deadline, time <= now else { return false }
            // The judge sets the next one when it has seen this tick.
            deadline = nil
            return true
        }
        guard isDue else { return nil }
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        batch.append([], kind: .tick, origin: origin, receiveTime: now)
        return batch
    }

    /// Notes that a thread waits for space; people are told when it is the first.
    func enterFull(_ error: WardlineError, by waiter: SpaceWaiter) {
        if waiter == .log { intake.holdUp(true) }
        let isFirst = spaceWaiters.withLock { waiters in
            let isFirst = waiters.isEmpty
            waiters.insert(waiter)
            return isFirst
        }
        guard isFirst else { return }
        state.withLock { status in
            guard status.state == .ok else { return }
            status.state = .full
            status.failure = error
        }
        options.report("error: the disk is full; no records are taken until there is space: \(error)")
    }

    /// Notes that a thread waits for space no longer; people are told when it was the last.
    func leaveFull(by waiter: SpaceWaiter) {
        if waiter == .log, intake.isHeldUp { intake.holdUp(false) }
        let wasLast = spaceWaiters.withLock { $0.remove(waiter) != nil && $0.isEmpty }
        guard wasLast else { return }
        state.withLock { status in
            guard status.state == .full else { return }
            status.state = .ok
            status.failure = nil
        }
        options.report("note: there is space again; records are taken")
    }
}

/// Threads that a full disk can hold up.
enum SpaceWaiter: Sendable {
    case log
    case judge
}
