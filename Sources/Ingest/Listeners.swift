// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import NIOCore
import NIOPosix
public import Pipeline
public import Platform
public import SiteFiles

/// What all listeners of a process share.
struct ListenerWorld: Sendable {
    var limits: Configuration.Limits
    var intake: IntakeQueue
    var clock: any WallClock
    var inventory: InventoryAddresses
}

/// The open listeners of a process: all of them, or none.
public final class Listeners: Sendable {
    private let streams: [StreamListener]
    private let datagrams: [DatagramListener]
    private let requests: [HTTPListener]
    private let locals: [LocalListener]
    private let group: MultiThreadedEventLoopGroup

    /// Opens listeners.
    ///
    /// Datagrams wait in the kernel and connections in their backlog until ``Engine/start()``. `inventory`
    /// says
    /// whom listeners with `allow: inventory` let in.

    /// - Throws: `busy` when an address is taken, `usage` when a certificate cannot be used; nothing stays
    /// open
    ///   then.
    public init(
        _ definitions: [ListenerDefinition],
        limits: Configuration.Limits = Configuration.Limits(),
        intake: IntakeQueue,
        inventory: InventoryAddresses = InventoryAddresses(),
        clock: any WallClock = SystemWallClock()
    ) throws(WardlineError) {
        let world = ListenerWorld(limits: limits, intake: intake, clock: clock, inventory: inventory)
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
                case .tcp, .tls, .relp:
                    streams.append(try StreamListener(definition, world, loop: group.next()))
                case .udp: datagrams.append(try DatagramListener(definition, world))
                case .unix: locals.append(try LocalListener(definition, limits: limits))
                case .http:
                    requests.append(try HTTPListener(definition, world, loop: group.next()))
                }
            }
            for listener in datagrams { try listener.start() }
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

    /// Reads certificates, keys, authorities and tokens again, for connections that are opened from now on.
    ///
    /// What cannot be used goes to `report`; that listener goes on with what it had. Blocks.
    public func reload(_ report: (String) -> Void) {
        let reloads: [() throws(WardlineError) -> Void] =
            streams.map { $0.reload } + requests.map { $0.reload }
        for reload in reloads {
            do throws(WardlineError) {
                try reload()
            } catch {
                report("error: certificates and token stay as they were: \(error)")
            }
        }
    }

    /// What of the certificates, keys, authorities and tokens of a listener cannot be used; nil if all can.
    public static func fault(of definition: ListenerDefinition) -> WardlineError? {
        do throws(WardlineError) {
            if let security = definition.security {
                try ServerSecurity.check(security, listener: definition.name)
            }
            try HTTPListener.check(definition)
            return nil
        } catch {
            return error
        }
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
