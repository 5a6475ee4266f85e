// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import SiteFiles
import Synchronization

/// One UDP listener on a thread of its own: received and counted drops add up to what was sent.
final class DatagramListener: Sendable {
    /// Time between two looks at the kernel's drop counter, in nanoseconds.
    static let dropPollNanoseconds: Int64 = 1_000_000_000
    /// Longest wait for the first datagram, in milliseconds: how late drops are noticed when nothing arrives.
    static let idleWaitMilliseconds: Int32 = 1_000

    /// Longest time that a stop takes from senders that keep sending, in nanoseconds.
    static let drainNanosecondsMax: Int64 = 5_000_000_000

    let counters: ListenerCounters
    private let receiver: UDPReceiver
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<WorkerThread?>(nil)
    private let gelf: GELFIntake?

    private let definition: ListenerDefinition
    private let world: ListenerWorld

    /// Binds; datagrams wait in the kernel until ``start()``.
    init(_ definition: ListenerDefinition, _ world: ListenerWorld) throws(WardlineError) {
        self.definition = definition
        self.world = world
        let limits = world.limits
        guard let address = IPAddress(definition.host) else {
            throw WardlineError(
                .usage,
                "'\(definition.host)' is no numeric address.",
                location: definition.name
            )
        }
        do {
            receiver = try UDPReceiver(
                SocketAddress(address, UInt16(clamping: definition.port)),
                receiveBufferBytes: limits.receiveBufferBytes,
                // What a compressed or chunked datagram holds is known only when all of it is there.
                datagramSizeMax: definition.wireProtocol == .gelf
                    ? UDPReceiver.datagramSizeMaxBytes
                    : min(limits.messageSizeMaxBytes(of: definition), UDPReceiver.datagramSizeMaxBytes)
            )
        } catch {
            throw WardlineError(
                .busy,
                "Could not listen on \(definition): choose another address or stop what uses it.",
                cause: error.description,
                location: definition.name
            )
        }
        var bound = definition
        bound.port = Int(receiver.local.port)
        var status = ListenerStatus(
            name: definition.name,
            address: bound.address,
            transport: "udp",
            wireProtocol: definition.wireProtocol.rawValue
        )
        status.receiveBufferBytes = receiver.grantedBufferBytes
        counters = ListenerCounters(status)
        gelf =
            definition.wireProtocol == .gelf
            ? GELFIntake(
                listener: definition.name,
                recordSizeMaxBytes: limits.messageSizeMaxBytes(of: definition)
            ) : nil
    }

    /// Starts reading into the intake.
    func start() throws(WardlineError) {
        do {
            let started = try WorkerThread("wl-udp") { [self] in
                var loop = DatagramLoop(definition, world, counters, gelf)
                loop.run(receiver, until: isStopping)
            }
            thread.withLock { $0 = started }
        } catch {
            throw WardlineError(
                .internal,
                "The listener could not start its thread.",
                cause: error.description
            )
        }
    }

    /// Reads what the kernel still holds, counts the last drops and ends.
    ///
    /// Blocks until all of it is in the intake.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        receiver.wake()
        thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }?.join()
    }
}

/// The state of a datagram thread.
private struct DatagramLoop {
    let counters: ListenerCounters
    let intake: IntakeQueue
    let clock: any WallClock
    let listener: String
    let isJSON: Bool
    var gate: IntakeGate
    /// Whether every datagram is taken, whoever sent it.
    let isOpen: Bool
    var batch = RecordBatch()
    var drops: UInt32 = 0
    /// Wall clock of the last look at the drop counter: losses lie after it.
    var lastLook: UTCTime
    var nextLook: Int64 = 0
    var emptyCount: UInt64 = 0
    var gelf: GELFIntake?

    init(
        _ definition: ListenerDefinition,
        _ world: ListenerWorld,
        _ counters: ListenerCounters,
        _ gelf: GELFIntake?
    ) {
        self.gelf = gelf
        self.counters = counters
        intake = world.intake
        clock = world.clock
        listener = definition.name
        isJSON = definition.wireProtocol == .jsonLines
        gate = IntakeGate(
            listener: definition.name,
            limits: definition.limits,
            connectionCountMax: 0,
            counters: counters,
            inventory: world.inventory,
            clock: world.clock
        )
        isOpen = gate.isOpen
        lastLook = clock.now()
    }

    mutating func run(_ receiver: UDPReceiver, until isStopping: borrowing Atomic<Bool>) {
        var end = Int64.max
        while true {
            let isLast = isStopping.load(ordering: .acquiring)
            if isLast, end == .max { end = monotonicNanoseconds() + DatagramListener.drainNanosecondsMax }
            let wait =
                isLast
                ? 0
                : batch.count > 0
                    ? Int32(BatchBounds.delayMilliseconds) : DatagramListener.idleWaitMilliseconds
            let first = batch.rows.count
            let time = clock.now()
            // An error of the socket (an ICMP answer, a lack of memory) concerns one read; the next one may
            // succeed.
            let count = (try? receiver.receive(waitingMilliseconds: wait) { add($0, $1, at: time) }) ?? 0
            counters.count(batch, from: first)
            if emptyCount > 0 {
                let empty = emptyCount
                counters.update { $0.received += empty }
                emptyCount = 0
            }
            if let due = gate.factsDue, isLast || monotonicNanoseconds() >= due {
                gate.takeFacts(into: &batch)
            }
            let isDone = isLast && (count == 0 || monotonicNanoseconds() > end)
            if monotonicNanoseconds() >= nextLook || isDone {
                look(receiver)
                if var messages = gelf.take() {
                    let now = isDone ? .max : monotonicNanoseconds()
                    messages.look(at: clock.now(), now, counters, into: &batch)
                    gelf = messages
                }
            }
            if isDone || count == 0 || BatchBounds.isReached(batch), batch.count > 0 {
                guard intake.put(batch) else { return }
                batch = RecordBatch()
            }
            if isDone { return }
        }
    }

    private mutating func add(_ facts: DatagramFacts, _ bytes: Span<UInt8>, at time: UTCTime) {
        guard isOpen || gate.admitDatagram(facts.peer.address) else { return }
        let origin = batch.index(
            of: Origin(
                listener: listener,
                transport: .udp,
                peer: facts.peer.address,
                peerPort: facts.peer.port
            )
        )
        if var messages = gelf.take() {
            let now = monotonicNanoseconds()
            if !messages.take(bytes, from: facts.peer, origin, at: time, now, into: &batch) {
                emptyCount += 1
            }
            gelf = messages
            return
        }
        var flags: FrameFlags = isJSON ? .jsonLines : []
        if facts.isTruncated {
            flags.insert(.truncated)
            gate.note(.oversized, peer: facts.peer.address)
        }
        if isJSON, !facts.isTruncated {
            addLines(bytes, flags, origin, time)
            return
        }
        var end = bytes.count
        while !facts.isTruncated, end > 0, bytes[end - 1] == 0x0a || bytes[end - 1] == 0 { end -= 1 }
        guard end > 0 else {
            emptyCount += 1
            return
        }
        batch.append(
            bytes,
            0..<end,
            kind: .device,
            flags: flags,
            origin: origin,
            originalLength: facts.isTruncated ? facts.originalLength : end,
            receiveTime: time
        )
    }

    /// A datagram of JSON lines holds one or more of them.
    private mutating func addLines(
        _ bytes: Span<UInt8>,
        _ flags: FrameFlags,
        _ origin: UInt32,
        _ time: UTCTime
    ) {
        let before = batch.rows.count
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == 0x0a {
            var end = index
            while end > start, bytes[end - 1] == 0x0d || bytes[end - 1] == 0 { end -= 1 }
            if end > start {
                batch.append(
                    bytes,
                    start..<end,
                    kind: .device,
                    flags: flags,
                    origin: origin,
                    receiveTime: time
                )
            }
            start = index + 1
        }
        if batch.rows.count == before { emptyCount += 1 }
    }

    /// Counts what the kernel dropped since the last look and records it.
    private mutating func look(_ receiver: UDPReceiver) {
        nextLook = monotonicNanoseconds() + DatagramListener.dropPollNanoseconds
        let now = clock.now()
        guard let total = try? receiver.kernelDrops(), total != drops else {
            lastLook = now
            return
        }
        // The counter wraps at 2^32.
        let lost = total &- drops
        drops = total
        counters.update { $0.kernelDrops += UInt64(lost) }
        let facts = JSONValue.object([
            .init("listener", .text(listener)), .init("count", .integer(Int64(lost))),
            .init("from", .text(lastLook.description)), .init("through", .text(now.description)),
            .init("reason", .text("dropped by the kernel: receive buffer full")),
        ])
        let origin = batch.index(of: Origin(listener: listener, transport: .internal))
        batch.append(Array(facts.line.utf8), kind: .loss, origin: origin, receiveTime: now)
        lastLook = now
    }
}
