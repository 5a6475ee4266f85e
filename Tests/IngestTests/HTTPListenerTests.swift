// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import NIOCore
import NIOPosix
import Platform
import SiteFiles
import Synchronization
import Testing
import WireFormats

@testable import Pipeline

/// Keeps what a server says until it closes, or until `isEnough`.
private final class Answers: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let text = Mutex("")
    let done: EventLoopPromise<Void>
    let count: Int

    init(_ done: EventLoopPromise<Void>, count: Int) {
        self.done = done
        self.count = count
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let more = String(buffer: unwrapInboundIn(data))
        let found = text.withLock { text in
            text += more
            return text.components(of: "HTTP/1.1 ") - 1
        }
        if found >= count, text.withLock({ $0.hasSuffix("\n") }) { done.succeed() }
    }

    func channelInactive(context: ChannelHandlerContext) { done.succeed() }
}

/// Hands what any of several connections is told to one listener.
private final class Relay: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let answers: Answers

    init(_ answers: Answers) { self.answers = answers }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answers.channelRead(context: context, data: data)
    }
}

extension String {
    fileprivate func components(of mark: String) -> Int {
        var count = 1
        var rest = self[...]
        while let range = rest.firstRange(of: mark) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}

/// Sends text over one connection and gives back what is answered, up to `count` answers.
private func exchange(_ bytes: [UInt8], _ address: String, count: Int = 1) throws -> String {
    let (host, port) = try #require(ListenerDefinition.split(address: address))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let answers = Answers(group.next().makePromise(of: Void.self), count: count)
    let channel = try ClientBootstrap(group: group).channelInitializer { $0.pipeline.addHandler(answers) }
        .connect(host: host, port: port).wait()
    try channel.writeAndFlush(ByteBuffer(bytes: bytes)).wait()
    try answers.done.futureResult.wait()
    channel.close(promise: nil)
    return answers.text.withLock { $0 }
}

private func post(_ body: [UInt8], _ fields: [String] = [], path: String = "/ingest") -> [UInt8] {
    let head = ["POST \(path) HTTP/1.1", "Host: wardline", "Content-Length: \(body.count)"] + fields
    return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
}

@Suite(.serialized) struct HTTPListenerTests {
    private let store: StoreFixture
    private let lines = "Content-Type: application/x-ndjson"

    init() throws { store = try StoreFixture() }

    private func listen(_ change: (inout ListenerDefinition) -> Void = { _ in }) throws -> Listeners {
        var definition = ListenerDefinition(name: "web", .jsonLines, .http, host: "127.0.0.1", port: 0)
        change(&definition)
        return try Listeners([definition], intake: store.engine.intake)
    }

    private func finish(_ listeners: Listeners) throws -> ListenerStatus {
        listeners.stop()
        let status = listeners.status[0]
        try store.engine.stop()
        return status
    }

    @Test func `only allowed addresses are let in, and of one address so many connections`() throws {
        let listeners = try listen { definition in
            definition.limits.allowed = .prefixes([IPPrefix("127.0.0.1/32")].compactMap { $0 })
            definition.limits.connectionsPerPeerMax = 1
        }
        let address = listeners.status[0].address
        let first = try TestConnection(to: address)
        first.send(post(Array("{\"a\":1}\n".utf8), [lines]))
        #expect(first.hear(through: "{\"accepted\":1}\n").hasPrefix("HTTP/1.1 200 OK"))
        let second = try TestConnection(to: address)
        #expect(second.hearEnd().isEmpty)
        let stranger = try TestConnection(to: address, from: "127.0.0.2")
        #expect(stranger.hearEnd().isEmpty)
        first.close()
        let status = try finish(listeners)
        #expect(status.faults == ["too many connections of one peer": 1, "address not allowed": 1])
        #expect(status.refused == 2 && status.connections == 0)
        let facts = try store.stored(.fault).compactMap { try? JSONValue(parsing: $0.text) }
        let peers = facts.map { ($0["reason"]?.text ?? "") + " " + ($0["peer"]?.text ?? "") }
        let told = ["address not allowed 127.0.0.2", "too many connections of one peer 127.0.0.1"]
        #expect(peers.sorted() == told)
        #expect(try store.stored().map(\.text) == ["{\"a\":1}"])
    }

    @Test func `a body is answered when its records are in the log`() throws {
        let listeners = try listen()
        let body = Array("{\"a\":1}\n{\"a\":2}\n".utf8)
        let answer = try exchange(post(body, [lines]), listeners.status[0].address)
        // Before anything is closed: the answer says that it is durable.
        #expect(store.engine.durableOffset == Offset(3))
        #expect(try store.stored().map(\.text) == ["{\"a\":1}", "{\"a\":2}"])
        #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
        #expect(answer.hasSuffix("{\"accepted\":2}\n"))
        let status = try finish(listeners)
        #expect(status.received == 2 && status.refused == 0 && status.connections == 0)
        let stored = try store.stored()
        #expect(stored.allSatisfy { $0.origin.transport == .http && $0.row.flags == .jsonLines })
        #expect(stored.allSatisfy { $0.origin.peer == IPAddress("127.0.0.1") })
    }

    @Test func `one connection carries many requests, in any form and coding`() throws {
        let listeners = try listen()
        let first = post(Array("<13>a\n<13>b".utf8), ["Content-Type: text/plain; charset=utf-8"])
        let second = post(gzip(Array("{\"c\":1}".utf8)), [lines, "Content-Encoding: gzip"])
        let third = post(Array("[{\"d\":1},{\"e\":1}]".utf8), ["Content-Type: application/json"])
        let head = "POST /ingest HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        let fourth = Array((head + "8\r\n{\"f\":1}\n\r\n0\r\n\r\n").utf8)
        let answers = try exchange(first + second + third + fourth, listeners.status[0].address, count: 4)
        #expect(answers.components(of: "200 OK") == 5)
        _ = try finish(listeners)
        let texts = ["<13>a", "<13>b", "{\"c\":1}", "{\"d\":1}", "{\"e\":1}", "{\"f\":1}"]
        #expect(try store.stored().map(\.text) == texts)
        #expect(try store.stored()[2].row.flags == [.jsonLines, .inflated])
    }

    @Test func `a body that cannot be read is refused whole, with line and reason, and one fact`() throws {
        let listeners = try listen()
        let body = Array("{\"a\":1}\n{\"a\":\n".utf8)
        let answer = try exchange(post(body, [lines]), listeners.status[0].address)
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.contains("\"line\":2"))
        let damaged = try exchange(
            post(Array(gzip(body).dropLast(3)), [lines, "Content-Encoding: gzip"]),
            listeners.status[0].address
        )
        #expect(damaged.hasPrefix("HTTP/1.1 400 "))
        let status = try finish(listeners)
        #expect(status.refused == 2)
        #expect(try store.stored().isEmpty)
        let reasons = try store.stored(.loss).compactMap { try? JSONValue(parsing: $0.text)["reason"]?.text }
        #expect(reasons.contains { $0.contains("HTTP 400: line 2") })
    }

    @Test(arguments: [
        ("GET /ingest HTTP/1.1\r\n\r\n", 405), ("HEAD /ingest HTTP/1.1\r\n\r\n", 405),
        ("GET / HTTP/1.1\r\n\r\n", 404), ("POST /ingest/x HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 404),
        ("POST /ingest HTTP/1.1\r\nContent-Length: 1\r\nContent-Type: image/png\r\n\r\nx", 415),
        ("POST /ingest HTTP/1.1\r\nContent-Length: 1\r\nContent-Encoding: br\r\n\r\nx", 415),
        ("POST /ingest HTTP/1.1\r\nContent-Length: 9000\r\n\r\n", 413),
        ("POST /ingest HTTP/1.1\r\nContent-Length: 9000\r\nExpect: 100-continue\r\n\r\n", 413),
        ("POST /ingest HTTP/1.1\r\nOrigin: http://page\r\nContent-Length: 1\r\n\r\nx", 403),
        ("nonsense\r\n\r\n", 400),
    ])
    func `a request that is not taken is answered by its fault`(request: String, code: Int) throws {
        let listeners = try listen { $0.extras.bodySizeMaxBytes = 8_192 }
        let answer = try exchange(Array(request.utf8), listeners.status[0].address)
        #expect(answer.hasPrefix("HTTP/1.1 \(code) "), "\(answer)")
        let status = try finish(listeners)
        #expect(status.refused == 1)
        #expect(try store.stored().isEmpty)
    }

    @Test func `a body beyond the cap is refused, as sent and as inflated`() throws {
        let listeners = try listen { $0.extras.bodySizeMaxBytes = 8_192 }
        let body = [UInt8](repeating: 0x20, count: 20_000)
        let inflated = post(gzip(body), [lines, "Content-Encoding: gzip"])
        #expect(try exchange(inflated, listeners.status[0].address).hasPrefix("HTTP/1.1 413 "))
        let piece = "2000\r\n" + String(repeating: "x", count: 8_192) + "\r\n"
        let streamed = "POST /ingest HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + piece + piece
        #expect(try exchange(Array(streamed.utf8), listeners.status[0].address).hasPrefix("HTTP/1.1 413 "))
        _ = try finish(listeners)
        #expect(try store.stored().isEmpty)
    }

    @Test func `a sender that asks first is told to go on`() throws {
        let listeners = try listen()
        let request = post(Array("{\"a\":1}".utf8), [lines, "Expect: 100-continue"])
        let answer = try exchange(request, listeners.status[0].address, count: 2)
        #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"))
        _ = try finish(listeners)
    }

    @Test func `a token is asked for, and its file must be its owner's`() throws {
        let path = try store.write(Array("sesame\n".utf8), to: "token")
        #expect(throws: WardlineError.self) { try listen { $0.extras.tokenFile = path } }
        try restrictToOwner(path)
        let listeners = try listen { $0.extras.tokenFile = path }
        let address = listeners.status[0].address
        let body = Array("{\"a\":1}".utf8)
        #expect(try exchange(post(body), address).hasPrefix("HTTP/1.1 401 "))
        for wrong in ["Bearer sesamf", "Bearer sesame2", "Basic sesame", "sesame"] {
            #expect(try exchange(post(body, ["Authorization: \(wrong)"]), address).hasPrefix("HTTP/1.1 401 "))
        }
        #expect(
            try exchange(post(body, ["Authorization: bearer sesame"]), address).hasPrefix("HTTP/1.1 200 ")
        )
        let status = try finish(listeners)
        #expect(status.refused == 5)
        #expect(try store.stored().count == 1)
    }

    @Test
    func `a token that was changed is asked for after a reload, and one that cannot be read changes nothing`()
        throws
    {
        let path = try store.write(Array("sesame\n".utf8), to: "token")
        try restrictToOwner(path)
        let listeners = try listen { $0.extras.tokenFile = path }
        let address = listeners.status[0].address
        let body = Array("{\"a\":1}".utf8)
        func code(_ token: String) throws -> Substring {
            try exchange(post(body, ["Authorization: Bearer \(token)"]), address).dropFirst(9).prefix(3)
        }
        #expect(try code("sesame") == "200")
        _ = try store.write(Array("tahini\n".utf8), to: "token")
        try restrictToOwner(path)
        #expect(try code("sesame") == "200")
        let reports = Mutex<[String]>([])
        listeners.reload { report in reports.withLock { $0.append(report) } }
        #expect(try code("sesame") == "401")
        #expect(try code("tahini") == "200")
        _ = try store.write([], to: "token")
        listeners.reload { report in reports.withLock { $0.append(report) } }
        #expect(try code("tahini") == "200")
        #expect(reports.withLock { $0.count } == 1)
        _ = try finish(listeners)
    }

    @Test func `while the disk is full, who asks is told to come again, and is taken when there is space`()
        throws
    {
        let listeners = try listen()
        let address = listeners.status[0].address
        let body = Array("{\"a\":1}".utf8)
        store.engine.intake.holdUp(true)
        let answer = try exchange(post(body), address)
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("full"))
        #expect(answer.contains("Retry-After: "))
        store.engine.intake.holdUp(false)
        #expect(try exchange(post(body), address).hasPrefix("HTTP/1.1 200 "))
        _ = try finish(listeners)
        #expect(try store.stored().count == 1)
    }

    @Test func `many who send large bodies at once are bounded together`() throws {
        let listeners = try listen { $0.extras.bodySizeMaxBytes = 8 * 1_048_576 }
        let (host, port) = try #require(ListenerDefinition.split(address: listeners.status[0].address))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let head =
            "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n"
            + "Content-Type: application/x-ndjson\r\n\r\n"
        // None of them ends, so that each holds what it has sent: 12 times 7 MiB are more than may be held.
        let part = ByteBuffer(bytes: Array(head.utf8) + Array(repeating: 0x20, count: 7 * 1_048_576))
        let refused = Answers(group.next().makePromise(of: Void.self), count: 1)
        let channels = try (0..<12).map { _ in
            try ClientBootstrap(group: group).channelInitializer { channel in
                channel.pipeline.addHandler(Relay(refused))
            }.connect(host: host, port: port).wait()
        }
        for channel in channels { channel.writeAndFlush(part, promise: nil) }
        try refused.done.futureResult.wait()
        #expect(refused.text.withLock { $0.hasPrefix("HTTP/1.1 429 ") })
        for channel in channels { try? channel.close().wait() }
        _ = try finish(listeners)
        #expect(try store.stored().isEmpty)
    }

    @Test func `a store that is behind makes senders come again, and nothing is stored twice`() throws {
        let gate = HandoverQueue<Bool>(capacity: 1)
        let held = try StoreFixture(gate: gate) { options in
            options.judgeQueueMaxBytes = 65_536
            options.decodeQueueMaxBytes = 65_536
            options.groupSizeMaxBytes = 65_536
        }
        var definition = ListenerDefinition(name: "web", .syslog, .http, host: "127.0.0.1", port: 0)
        definition.extras.bodySizeMaxBytes = 4 * 1_048_576
        let listeners = try Listeners([definition], intake: held.engine.intake)
        let address = listeners.status[0].address
        let line = String(repeating: "y", count: 4_000) + "\n"
        let body = Array(String(repeating: line, count: 1_000).utf8)
        let accepted = Mutex(0)
        let refused = HandoverQueue<Bool>(capacity: 1)
        // Each sender has one body under way; more than intake and waiting bodies hold together.
        let senders = try (0..<24).map { _ in
            try WorkerThread("test-sender") {
                guard let answer = try? exchange(post(body), address) else { return }
                if answer.hasPrefix("HTTP/1.1 200 ") { accepted.withLock { $0 += 1 } }
                let isLater = answer.hasPrefix("HTTP/1.1 503 ") || answer.hasPrefix("HTTP/1.1 429 ")
                if isLater, answer.contains("Retry-After: 1") { _ = refused.tryPut(true, weight: 1) }
            }
        }
        #expect(refused.take(waitingNanoseconds: 60_000_000_000) == true)
        _ = gate.tryPut(true, weight: 1)
        for sender in senders { sender.join() }
        listeners.stop()
        try held.engine.stop()
        let count = accepted.withLock { $0 }
        #expect(try held.stored().count == count * 1_000)
    }
}
