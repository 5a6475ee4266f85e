// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOPosix
import Pipeline
import Platform
import SiteFiles
import WireFormats

/// One TCP listener on one event loop, with or without TLS, for lines or for RELP.
final class StreamListener: Sendable {
    /// Bytes of one read: large enough for a batch in a few reads, small enough for many connections.
    static let readSizeBytes = 65_536
    /// Connections that the kernel holds for us until they are accepted.
    static let backlog: Int32 = 1_024
    /// Quiet time after which a stopping listener takes no more, in milliseconds.
    static let quietMilliseconds: Int64 = 50
    /// Longest time that a stop waits for senders that keep sending, in seconds.
    static let drainSecondsMax: Int64 = 10
    /// Longest pause between two looks for idle connections, in seconds.
    static let idleLookSecondsMax: Int64 = 10

    let counters: ListenerCounters
    private let definition: ListenerDefinition
    private let channel: any Channel
    private let shared: NIOLoopBound<StreamIntake>
    private let security: ServerSecurity?

    /// Binds and listens.
    ///
    /// Blocks; not for event loops.
    init(_ definition: ListenerDefinition, _ world: ListenerWorld, loop: any EventLoop) throws(WardlineError)
    {
        self.definition = definition
        security = try definition.security.map { value throws(WardlineError) in
            try ServerSecurity(value, listener: definition.name)
        }
        let counters = ListenerCounters(
            ListenerStatus(
                name: definition.name,
                address: "",
                transport: definition.carrier.rawValue,
                wireProtocol: definition.wireProtocol.rawValue
            )
        )
        do {
            let shared = try loop.submit {
                NIOLoopBound(
                    StreamListener.intake(definition, world, counters, loop),
                    eventLoop: loop
                )
            }.wait()
            channel = try StreamListener.bind(definition, shared, security, loop).wait()
            if let idle = definition.limits.idleNanoseconds {
                let pause = min(TimeAmount.nanoseconds(idle / 4), .seconds(StreamListener.idleLookSecondsMax))
                loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
                    shared.value.closeIdle(.nanoseconds(idle))
                }
            }
            self.shared = shared
            self.counters = counters
            let port = channel.localAddress?.port ?? definition.port
            var bound = definition
            bound.port = port
            let address = bound.address
            counters.update { $0.address = address }
        } catch {
            throw WardlineError(
                .busy,
                "Could not listen on \(definition): choose another address or stop what uses it.",
                cause: "\(error)",
                location: definition.name
            )
        }
    }

    private static func intake(
        _ definition: ListenerDefinition,
        _ world: ListenerWorld,
        _ counters: ListenerCounters,
        _ loop: any EventLoop
    ) -> StreamIntake {
        let isJSON = definition.wireProtocol == .jsonLines
        let size = world.limits.messageSizeMaxBytes(of: definition)
        return StreamIntake(
            loop: loop,
            intake: world.intake,
            clock: world.clock,
            reader: definition.carrier == .relp
                ? .relp(RelpReader(sizeMaxBytes: size))
                : .frames(ConnectionFramer(style(of: definition.wireProtocol), sizeMaxBytes: size)),
            flags: isJSON ? .jsonLines : [],
            sizeMaxBytes: size,
            gate: IntakeGate(
                listener: definition.name,
                limits: definition.limits,
                connectionCountMax: world.limits.connectionCountMax,
                counters: counters,
                inventory: world.inventory,
                clock: world.clock
            )
        )
    }

    private static func bind(
        _ definition: ListenerDefinition,
        _ shared: NIOLoopBound<StreamIntake>,
        _ security: ServerSecurity?,
        _ loop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        let transport: Transport =
            definition.carrier == .relp ? .relp : security == nil ? .tcp : .tls
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // The end of what a peer sends is not the end of what it is answered.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // A peer that is gone without a word must not hold its connection for ever.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: readSizeBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handshake = security.map { _ in PeerHandshake() }
                    let barrier = handshake.map { HandshakeGuard($0) }
                    let connection = StreamConnection(
                        shared.value,
                        channel: channel,
                        transport: transport,
                        handshake: handshake,
                        barrier: barrier
                    )
                    guard shared.value.add(connection) else { throw ChannelError.connectTimeout(.zero) }
                    do {
                        if let security, let handshake, let barrier {
                            try channel.pipeline.syncOperations.addHandler(barrier)
                            try channel.pipeline.syncOperations.addHandler(security.handler(handshake))
                        }
                        try channel.pipeline.syncOperations.addHandler(connection)
                    } catch {
                        shared.value.remove(connection)
                        throw error
                    }
                }
            }
            .bind(host: definition.host, port: definition.port)
    }

    /// Reads certificates, keys and authorities again; connections that are open stay as they are.
    func reload() throws(WardlineError) { try security?.reload() }

    private static func style(of wire: ListenerDefinition.WireProtocol) -> ConnectionFramer.Style {
        switch wire {
        case .syslog: .syslog
        case .jsonLines: .jsonLines
        case .gelf: .gelf
        }
    }

    /// Reads what connections have sent, then closes them and the socket.
    ///
    /// Blocks until all of it is in the intake, and until records that senders wait for are durable.
    func stop() {
        let end = monotonicNanoseconds() + StreamListener.drainSecondsMax * UTCTime.second
        var before = counters.status.bytes
        let shared = shared
        while monotonicNanoseconds() < end {
            // The loop's timer is the pause: when it fires, the loop has served every socket that had bytes.
            let isSettled = try? channel.eventLoop.scheduleTask(
                in: .milliseconds(StreamListener.quietMilliseconds)
            ) {
                shared.value.flush()
                return shared.value.isSettled
            }.futureResult.wait()
            let now = counters.status.bytes
            if isSettled != false, now == before { break }
            before = now
        }
        try? channel.close().wait()
        try? channel.eventLoop.submit { shared.value.closeConnections() }.wait()
        while true {
            let isDone = try? channel.eventLoop.scheduleTask(in: .milliseconds(1)) {
                shared.value.flushFacts()
                return shared.value.isEmpty
            }.futureResult.wait()
            // A closed intake never takes the rest: its owner reports that.
            if isDone != false || monotonicNanoseconds() > end { return }
        }
    }
}
