// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Glibc
import Ingest
import NIOCore
import NIOPosix
import Pipeline
import Platform
import SiteFiles
import Synchronization
import Testing

/// Sends datagrams to a UNIX socket, in order.
private func send(_ datagrams: [[UInt8]], to path: String) throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let channel = try DatagramBootstrap(group: group).connect(unixDomainSocketPath: path).wait()
    for datagram in datagrams { try channel.writeAndFlush(ByteBuffer(bytes: datagram)).wait() }
    try channel.close().wait()
}

@Suite(.serialized) struct LocalListenerTests {
    private func definition(_ store: StoreFixture, mode: UInt32 = 0o600) -> ListenerDefinition {
        var definition = ListenerDefinition(name: "local", .syslog, .unix, host: "", port: 0)
        definition.extras.path = store.path + "/log"
        definition.extras.mode = mode
        return definition
    }

    @Test func `datagrams become records, and the path has its mode and goes with the listener`() throws {
        let store = try StoreFixture()
        let listeners = try Listeners([definition(store)], intake: store.engine.intake)
        let path = store.path + "/log"
        #expect(listeners.status[0].address == path)
        #expect(try isOwnerOnly(path))
        try send([Array("<13>one\nline\n\0".utf8), [0x0a], Array("<13>two".utf8)], to: path)
        listeners.stop()
        #expect(try !POSIXStorage().exists(path))
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == ["<13>one\nline", "<13>two"])
        #expect(stored.allSatisfy { $0.origin.transport == .unix && $0.row.receiveTime.isPresent })
        #expect(listeners.status[0].received == 3)
    }

    @Test func `what a sender was told is sent is stored, also while the listener ends`() throws {
        for _ in 0..<8 {
            let store = try StoreFixture()
            let listeners = try Listeners([definition(store)], intake: store.engine.intake)
            let path = store.path + "/log"
            let sent = Mutex(0)
            let sender = try WorkerThread("sender") {
                let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
                defer { try? group.syncShutdownGracefully() }
                guard
                    let channel = try? DatagramBootstrap(group: group).connect(unixDomainSocketPath: path)
                        .wait()
                else { return }
                while (try? channel.writeAndFlush(ByteBuffer(string: "<13>x")).wait()) != nil {
                    sent.withLock { $0 += 1 }
                }
            }
            while sent.withLock({ $0 }) < 200 { sched_yield() }
            listeners.stop()
            sender.join()
            try store.engine.stop()
            #expect(try store.stored().count == sent.withLock { $0 })
        }
    }

    @Test func `a datagram above the cap is cut and keeps its length`() throws {
        let store = try StoreFixture()
        var limits = Configuration.Limits()
        limits.messageSizeMaxBytes = 2_048
        let listeners = try Listeners([definition(store)], limits: limits, intake: store.engine.intake)
        try send([[UInt8](repeating: 0x78, count: 3_000)], to: store.path + "/log")
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.row.originalLength) == [3_000])
        #expect(try store.stored().map(\.row.flags) == [.truncated])
    }

    @Test func `a socket that somebody listens on is left alone, one that nobody does is replaced`() throws {
        let store = try StoreFixture()
        let first = try Listeners([definition(store)], intake: store.engine.intake)
        let error = try #require(throws: WardlineError.self) {
            try Listeners([definition(store)], intake: store.engine.intake)
        }
        #expect(error.code == .busy && error.location == "local")
        try send([[0x78]], to: store.path + "/log")
        first.stop()
        // What a process that died leaves: the path without a listener.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let left = try DatagramBootstrap(group: group)
            .bind(unixDomainSocketPath: store.path + "/log").wait()
        try left.close().wait()
        try group.syncShutdownGracefully()
        #expect(try POSIXStorage().exists(store.path + "/log"))
        let second = try Listeners([definition(store)], intake: store.engine.intake)
        try send([[0x79]], to: store.path + "/log")
        second.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["x", "y"])
    }

    @Test func `what is no socket is never removed`() throws {
        let store = try StoreFixture()
        let path = try store.write(Array("precious".utf8), to: "log")
        #expect(throws: WardlineError.self) {
            try Listeners([definition(store)], intake: store.engine.intake)
        }
        #expect(try POSIXStorage().readFile(path) == Array("precious".utf8))
        try store.engine.stop()
    }
}
