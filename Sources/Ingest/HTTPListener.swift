// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOHTTP1
import NIOPosix
import Pipeline
import Platform
import SiteFiles
import WireFormats

/// One HTTP listener: `POST /ingest` on an event loop, with or without TLS, its bodies on a thread.
final class HTTPListener: Sendable {
    /// Longest time that a stop waits for answers to be written, in nanoseconds.
    static let drainNanosecondsMax: Int64 = 5_000_000_000
    /// Bytes of a token file that are read.
    static let tokenSizeMaxBytes = 4_096

    let counters: ListenerCounters
    private let channel: any Channel
    private let intake: HTTPIntake
    private let shared: NIOLoopBound<HTTPShared>
    private let security: ServerSecurity?
    private let tokenFile: String?

    /// Binds and listens.
    ///
    /// Blocks; not for event loops.
    init(_ definition: ListenerDefinition, _ world: ListenerWorld, loop: any EventLoop) throws(WardlineError)
    {
        let security = try definition.security.map { value throws(WardlineError) in
            try ServerSecurity(value, listener: definition.name)
        }
        let token = try definition.extras.tokenFile.map { path throws(WardlineError) in
            try HTTPListener.token(path, definition.name)
        }
        let counters = ListenerCounters(
            ListenerStatus(
                name: definition.name,
                address: "",
                transport: "http",
                wireProtocol: definition.wireProtocol.rawValue
            )
        )
        let intake = HTTPIntake(
            definition,
            limits: world.limits,
            intake: world.intake,
            clock: world.clock,
            counters: counters
        )
        let rules = HTTPRules(
            form: definition.wireProtocol == .syslog ? .lines : .jsonLines,
            token: token,
            bodySizeMaxBytes: definition.extras.bodySizeMaxBytes
        )
        do {
            let shared = try loop.submit {
                NIOLoopBound(
                    HTTPShared(
                        loop: loop,
                        rules: rules,
                        intake: intake,
                        queue: world.intake,
                        clock: world.clock,
                        gate: IntakeGate(
                            listener: definition.name,
                            limits: definition.limits,
                            connectionCountMax: world.limits.connectionCountMax,
                            counters: counters,
                            inventory: world.inventory,
                            clock: world.clock
                        )
                    ),
                    eventLoop: loop
                )
            }.wait()
            channel = try HTTPListener.bind(definition, shared, security, loop)
            self.security = security
            tokenFile = definition.extras.tokenFile
            self.shared = shared
            self.counters = counters
            self.intake = intake
            var bound = definition
            bound.port = channel.localAddress?.port ?? definition.port
            let address = bound.address
            counters.update { $0.address = address }
            try intake.start()
        } catch {
            throw WardlineError(
                .busy,
                "Could not listen on \(definition): choose another address or stop what uses it.",
                cause: "\(error)",
                location: definition.name
            )
        }
    }

    /// Reads certificates, keys, authorities and the token again; connections that are open stay as they are,
    /// and their next request needs the new token.
    ///
    /// Blocks.
    func reload() throws(WardlineError) {
        try security?.reload()
        guard let tokenFile else { return }
        let token = try HTTPListener.token(tokenFile, counters.status.name)
        let shared = shared
        try? channel.eventLoop.submit { shared.value.rules.token = token }.wait()
    }

    /// Reads the files that the listener needs, as its start does.
    ///
    /// - Throws: `usage` when one cannot be read or used.
    static func check(_ definition: ListenerDefinition) throws(WardlineError) {
        guard let path = definition.extras.tokenFile else { return }
        _ = try token(path, definition.name)
    }

    /// Takes no more requests, answers those that are whole, and closes.
    ///
    /// Blocks until all that was taken is in the log.
    func stop() {
        try? channel.close().wait()
        let shared = shared
        try? channel.eventLoop.submit { shared.value.closeConnections() }.wait()
        intake.stop()
        let end = monotonicNanoseconds() + HTTPListener.drainNanosecondsMax
        while monotonicNanoseconds() < end {
            let isDone = try? channel.eventLoop.scheduleTask(in: .milliseconds(1)) {
                shared.value.tellFacts()
                return shared.value.isEmpty
            }.futureResult.wait()
            if isDone != false { return }
        }
    }

    private static func bind(
        _ definition: ListenerDefinition,
        _ shared: NIOLoopBound<HTTPShared>,
        _ security: ServerSecurity?,
        _ loop: any EventLoop
    ) throws -> any Channel {
        try ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: StreamListener.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handshake = security.map { _ in PeerHandshake() }
                    let connection = HTTPConnection(shared.value, channel: channel, handshake: handshake)
                    guard shared.value.add(connection) else { throw ChannelError.connectTimeout(.zero) }
                    let operations = channel.pipeline.syncOperations
                    do {
                        if let security, let handshake {
                            try operations.addHandler(security.handler(handshake))
                        }
                        try operations.addHandler(
                            IdleStateHandler(allTimeout: .seconds(HTTPConnection.idleSeconds))
                        )
                        try operations.configureHTTPServerPipeline(withErrorHandling: false)
                        try operations.addHandler(connection)
                    } catch {
                        shared.value.remove(connection)
                        throw error
                    }
                }
            }
            .bind(host: definition.host, port: definition.port).wait()
    }

    /// The first line of a token file, which nobody but its owner may read.
    private static func token(_ path: String, _ listener: String) throws(WardlineError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            guard try isOwnerOnly(path) else {
                throw WardlineError(
                    .usage,
                    "The token file \(path) can be read by others: take their permissions (chmod 600).",
                    location: listener
                )
            }
            bytes = try InputFile(path).read(tokenSizeMaxBytes)
        } catch let error as StorageError {
            throw WardlineError(
                .usage,
                "The token file cannot be read: \(error.reason).",
                location: "\(listener), \(path)"
            )
        } catch let error as WardlineError {
            throw error
        } catch {
            throw WardlineError(.internal, "\(error)", location: listener)
        }
        let line = bytes.prefix { $0 != 0x0a && $0 != 0x0d }
        guard !line.isEmpty, line.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw WardlineError(
                .usage,
                "The token file holds no token: put one line of printable characters without blanks in it.",
                location: "\(listener), \(path)"
            )
        }
        return Array(line)
    }
}
