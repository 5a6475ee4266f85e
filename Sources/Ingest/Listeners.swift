// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import NIOCore
import NIOPosix
public import Pipeline
public import Platform
public import SiteFiles

/// The open listeners of a process: all of them, or none.
public final class Listeners: Sendable {
    private let streams: [StreamListener]
    private let datagrams: [DatagramListener]
    private let requests: [HTTPListener]
    private let locals: [LocalListener]
    private let group: MultiThreadedEventLoopGroup

    /// Opens listeners.
    ///
    /// Datagrams wait in the kernel and connections in their backlog until ``Engine/start()``.
    ///
    /// - Throws: `busy` when an address is taken; nothing stays open then.
    public init(
        _ definitions: [ListenerDefinition],
        limits: Configuration.Limits = Configuration.Limits(),
        intake: IntakeQueue,
        clock: any WallClock = SystemWallClock()
    ) throws(WardlineError) {
        // One loop: cutting frames takes a tenth of what the log thread takes, and order per connection is
        // free.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var streams: [StreamListener] = []
        var datagrams: [DatagramListener] = []
        var requests: [HTTPListener] = []
        var locals: [LocalListener] = []
        do {
            for definition in definitions {
                switch definition.carrier {
                case .tcp:
                    streams.append(
                        try StreamListener(
                            definition,
                            limits: limits,
                            intake: intake,
                            clock: clock,
                            loop: group.next()
                        )
                    )
                case .udp: datagrams.append(try DatagramListener(definition, limits: limits))
                case .unix: locals.append(try LocalListener(definition, limits: limits))
                case .http:
                    requests.append(
                        try HTTPListener(
                            definition,
                            limits: limits,
                            intake: intake,
                            clock: clock,
                            loop: group.next()
                        )
                    )
                }
            }
            for listener in datagrams { try listener.start(intake, clock: clock) }
            for listener in locals { try listener.start(intake, clock: clock) }
        } catch {
            for listener in streams { listener.stop() }
            for listener in datagrams { listener.stop() }
            for listener in locals { listener.stop() }
            for listener in requests { listener.stop() }
            try? group.syncShutdownGracefully()
            throw error
        }
        self.group = group
        self.streams = streams
        self.datagrams = datagrams
        self.requests = requests
        self.locals = locals
    }

    /// What each listener did, datagrams first.
    public var status: [ListenerStatus] {
        (datagrams.map(\.counters) + streams.map(\.counters) + requests.map(\.counters)
            + locals.map(\.counters)).map(\.status)
    }

    /// Takes what senders have sent, then closes everything.
    ///
    /// Blocks until all of it is in the intake.
    public func stop() {
        for listener in streams { listener.stop() }
        for listener in datagrams { listener.stop() }
        for listener in locals { listener.stop() }
        for listener in requests { listener.stop() }
        try? group.syncShutdownGracefully()
    }
}
