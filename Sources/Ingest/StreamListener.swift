// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOPosix
import Pipeline
import Platform
import SiteFiles
import WireFormats

/// One TCP listener on one event loop.
final class StreamListener: Sendable {
    /// Bytes of one read: large enough for a batch in a few reads, small enough for many connections.
    static let readSizeBytes = 65_536
    /// Connections that the kernel holds for us until they are accepted.
    static let backlog: Int32 = 1_024
    /// Quiet time after which a stopping listener takes no more, in milliseconds.
    static let quietMilliseconds: Int64 = 50
    /// Longest time that a stop waits for senders that keep sending, in seconds.
    static let drainSecondsMax: Int64 = 10

    let counters: ListenerCounters
    private let channel: any Channel
    private let shared: NIOLoopBound<StreamIntake>

    /// Binds and listens.
    ///
    /// Blocks; not for event loops.
    init(
        _ definition: ListenerDefinition,
        limits: Configuration.Limits,
        intake: IntakeQueue,
        clock: any WallClock,
        loop: any EventLoop
    ) throws(WardlineError) {
        do {
            let counters = ListenerCounters(
                ListenerStatus(
                    name: definition.name,
                    address: "",
                    transport: "tcp",
                    wireProtocol: definition.wireProtocol.rawValue
                )
            )
            let isJSON = definition.wireProtocol == .jsonLines
            let shared = try loop.submit {
                NIOLoopBound(
                    StreamIntake(
                        loop: loop,
                        intake: intake,
                        counters: counters,
                        clock: clock,
                        framing: ConnectionFramer(
                            StreamListener.style(of: definition.wireProtocol),
                            sizeMaxBytes: limits.recordSizeMaxBytes
                        ),
                        flags: isJSON ? .jsonLines : [],
                        listener: definition.name,
                        connectionCountMax: limits.connectionCountMax
                    ),
                    eventLoop: loop
                )
            }.wait()
            channel = try ServerBootstrap(group: loop)
                .serverChannelOption(.backlog, value: StreamListener.backlog)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelOption(
                    .recvAllocator,
                    value: FixedSizeRecvByteBufferAllocator(capacity: StreamListener.readSizeBytes)
                )
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let connection = StreamConnection(shared.value, channel: channel)
                        guard shared.value.add(connection, channel) else {
                            throw ChannelError.connectTimeout(.zero)
                        }
                        try channel.pipeline.syncOperations.addHandler(connection)
                    }
                }
                .bind(host: definition.host, port: definition.port).wait()
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

    private static func style(of wire: ListenerDefinition.WireProtocol) -> ConnectionFramer.Style {
        switch wire {
        case .syslog: .syslog
        case .jsonLines: .jsonLines
        case .gelf: .gelf
        }
    }

    /// Reads what connections have sent, then closes them and the socket.
    ///
    /// Blocks until all of it is in the intake.
    func stop() {
        let end = monotonicNanoseconds() + StreamListener.drainSecondsMax * UTCTime.second
        var before = counters.status.bytes
        let shared = shared
        while monotonicNanoseconds() < end {
            // The loop's timer is the pause: when it fires, the loop has served every socket that had bytes.
            let isEmpty = try? channel.eventLoop.scheduleTask(
                in: .milliseconds(StreamListener.quietMilliseconds)
            ) {
                shared.value.flush()
                return shared.value.isEmpty
            }.futureResult.wait()
            let now = counters.status.bytes
            if isEmpty != false, now == before { break }
            before = now
        }
        try? channel.close().wait()
        try? channel.eventLoop.submit { shared.value.closeConnections() }.wait()
        while true {
            let isDone = try? channel.eventLoop.scheduleTask(in: .milliseconds(1)) {
                shared.value.flush()
                return shared.value.isEmpty
            }.futureResult.wait()
            // A closed intake never takes the rest: its owner reports that.
            if isDone != false || monotonicNanoseconds() > end { return }
        }
    }
}
