// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import SiteFiles
import Synchronization

/// One UNIX datagram socket on a thread of its own: local programs write to its path as to `/dev/log`.
///
/// A full intake makes senders wait or tells them; nothing is dropped.
final class LocalListener: Sendable {
    let counters: ListenerCounters
    private let definition: ListenerDefinition
    private let receiver: Mutex<LocalDatagramReceiver?>
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<WorkerThread?>(nil)

    /// Binds; datagrams wait in the kernel until ``start(_:clock:)``.
    init(_ definition: ListenerDefinition, limits: Configuration.Limits) throws(WardlineError) {
        let path = definition.extras.path
        do {
            let bound = try LocalDatagramReceiver(
                path,
                mode: definition.extras.mode,
                datagramSizeMax: limits.messageSizeMaxBytes(of: definition)
            )
            receiver = Mutex(bound)
        } catch {
            throw WardlineError(
                .busy,
                "Could not listen on \(definition): choose another path, remove what is there, or stop what "
                    + "uses it.",
                cause: error.description,
                location: definition.name
            )
        }
        self.definition = definition
        counters = ListenerCounters(
            ListenerStatus(
                name: definition.name,
                address: path,
                transport: "unix",
                wireProtocol: definition.wireProtocol.rawValue
            )
        )
    }

    /// Starts reading into `intake`.
    func start(_ intake: IntakeQueue, clock: any WallClock) throws(WardlineError) {
        guard let receiver = receiver.withLock({ $0 }) else { return }
        do {
            let started = try WorkerThread("wl-unix") { [self] in run(receiver, intake, clock) }
            thread.withLock { $0 = started }
        } catch {
            throw WardlineError(
                .internal,
                "The listener could not start its thread.",
                cause: error.description
            )
        }
    }

    /// Lets nothing further in, reads what the kernel still holds, ends, and removes the path.
    ///
    /// Blocks until all of it is in the intake.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        receiver.withLock { $0?.wake() }
        thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }?.join()
        receiver.withLock { $0 = nil }
    }

    private func run(_ receiver: LocalDatagramReceiver, _ intake: IntakeQueue, _ clock: any WallClock) {
        var batch = RecordBatch()
        let from = Origin(listener: definition.name, transport: .unix)
        var end = Int64.max
        while true {
            let isLast = isStopping.load(ordering: .acquiring)
            if isLast, end == .max {
                receiver.refuse()
                end = monotonicNanoseconds() + DatagramListener.drainNanosecondsMax
            }
            let wait =
                isLast
                ? 0
                : batch.count > 0
                    ? Int32(BatchBounds.delayMilliseconds) : DatagramListener.idleWaitMilliseconds
            let first = batch.rows.count
            let origin = batch.index(of: from)
            let time = clock.now()
            var empty: UInt64 = 0
            // An error of the socket concerns one read; the next one may succeed.
            let count =
                (try? receiver.receive(waitingMilliseconds: wait) { length, kept in
                    var last = kept.count
                    let isCut = length > last
                    while !isCut, last > 0, kept[last - 1] == 0x0a || kept[last - 1] == 0 { last -= 1 }
                    guard last > 0 else {
                        empty += 1
                        return
                    }
                    batch.append(
                        kept,
                        0..<last,
                        kind: .device,
                        flags: isCut ? .truncated : [],
                        origin: origin,
                        originalLength: isCut ? length : last,
                        receiveTime: time
                    )
                }) ?? 0
            counters.count(batch, from: first)
            if empty > 0 { counters.update { $0.received += empty } }
            let isDone = isLast && (count == 0 || monotonicNanoseconds() > end)
            if isDone || count == 0 || BatchBounds.isReached(batch), batch.count > 0 {
                guard intake.put(batch) else { return }
                batch = RecordBatch()
            }
            if isDone { return }
        }
    }
}
