// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOHTTP1
import Platform
import WireFormats

/// What all connections of one HTTP listener share; confined to its event loop.
final class HTTPShared {
    /// Bytes of bodies that connections hold before they are whole: eight of the greatest by default.
    static let receivingMaxBytes = 64 * 1_048_576

    let listener: String
    let rules: HTTPRules
    let intake: HTTPIntake
    let clock: any WallClock
    let counters: ListenerCounters
    let connectionCountMax: Int
    var receivingBytes = 0
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]

    init(
        listener: String,
        rules: HTTPRules,
        intake: HTTPIntake,
        clock: any WallClock,
        counters: ListenerCounters,
        connectionCountMax: Int
    ) {
        self.listener = listener
        self.rules = rules
        self.intake = intake
        self.clock = clock
        self.counters = counters
        self.connectionCountMax = connectionCountMax
    }

    /// Registers a connection; false at the limit.
    func add(_ connection: HTTPConnection) -> Bool {
        guard connections.count < connectionCountMax else {
            intake.note(.refused(503, "more than \(connectionCountMax) connections"))
            return false
        }
        connections[ObjectIdentifier(connection)] = connection
        counters.update { $0.connections += 1 }
        return true
    }

    func remove(_ connection: HTTPConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        counters.update { $0.connections -= 1 }
    }

    /// Closes all connections; those whose bodies are being stored close after their answer.
    func closeConnections() {
        for connection in connections.values { connection.close() }
    }

    var isEmpty: Bool { connections.isEmpty }
}

/// One HTTP connection: requests one after another, each answered when it is durable or refused.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of a refused body that are read and thrown away so that the sender sees the answer; after more
    /// the connection is closed.
    static let discardMaxBytes = 1_048_576
    /// Time without a byte after which a connection is closed, unless it waits for our answer.
    static let idleSeconds: Int64 = 60

    private enum State {
        /// Between requests.
        case idle
        /// Taking a body.
        case receiving(HTTPRules.Task, [UInt8], keepsAlive: Bool)
        /// Throwing the body away; answered at its end.
        case refusing(HTTPAnswer, taken: Int, keepsAlive: Bool)
        /// Being stored.
        case storing(keepsAlive: Bool)
        /// Answered before the body ended: nothing more counts.
        case closing
    }

    private let shared: HTTPShared
    private let channel: any Channel
    private let origin: Origin
    private var state = State.idle
    private var isStopping = false

    init(_ shared: HTTPShared, channel: any Channel) {
        self.shared = shared
        self.channel = channel
        let peer = channel.remoteAddress
        origin = Origin(
            listener: shared.listener,
            transport: .http,
            peer: peer?.ipAddress.flatMap { IPAddress($0) },
            peerPort: UInt16(clamping: peer?.port ?? 0)
        )
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes): take(bytes)
        case .end: end()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        shared.remove(self)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        if case .storing = state { return }
        if case .receiving = state { shared.intake.note(.refused(408, "a body stopped coming")) }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else {
            // A reset: the sender has no answer, so it still has what it sent.
            context.close(promise: nil)
            return
        }
        guard case .idle = state else {
            context.close(promise: nil)
            return
        }
        refuseNow(.refused(400, "this is no HTTP request"))
    }

    /// Closes, after the answer that is under way.
    func close() {
        isStopping = true
        if case .storing = state { return }
        channel.close(promise: nil)
    }

    private func begin(_ head: HTTPRequestHead) {
        guard case .idle = state else { return }
        var answer: HTTPAnswer?
        switch shared.rules.judge(head) {
        case .failure(let refusal): answer = refusal.answer
        case .success(let task):
            if shared.intake.isClosed || isStopping {
                answer = HTTPIntake.closing
            } else if shared.receivingBytes >= HTTPShared.receivingMaxBytes {
                answer = .later(429, "too many requests at once")
            } else {
                state = .receiving(task, [], keepsAlive: head.isKeepAlive)
            }
        }
        let expects = head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
        guard let answer else {
            guard expects else { return }
            let go = HTTPResponseHead(version: head.version, status: .continue)
            channel.writeAndFlush(HTTPServerResponsePart.head(go), promise: nil)
            return
        }
        // Who asks first, or has much to send, is told before it sends.
        if expects || answer.code == 413 { return refuseNow(answer) }
        state = .refusing(answer, taken: 0, keepsAlive: head.isKeepAlive)
    }

    private func take(_ bytes: ByteBuffer) {
        switch state {
        case .receiving(let task, var body, let keepsAlive):
            // Nobody else holds the array, so that it grows in place.
            state = .idle
            shared.receivingBytes += bytes.readableBytes
            body.append(contentsOf: bytes.readableBytesView)
            state = .receiving(task, body, keepsAlive: keepsAlive)
            if body.count > shared.rules.bodySizeMaxBytes { refuseNow(shared.rules.tooLarge) }
        case .refusing(let answer, let taken, let keepsAlive):
            let sum = taken + bytes.readableBytes
            guard sum <= HTTPConnection.discardMaxBytes else { return refuseNow(answer) }
            state = .refusing(answer, taken: sum, keepsAlive: keepsAlive)
        case .idle, .storing, .closing: break
        }
    }

    private func end() {
        switch state {
        case .receiving(let task, let body, let keepsAlive):
            forget()
            state = .storing(keepsAlive: keepsAlive)
            let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
            let loop = channel.eventLoop
            let isTaken = shared.intake.offer(
                HTTPBody(
                    bytes: body,
                    form: task.form,
                    coding: task.coding,
                    origin: origin,
                    time: shared.clock.now(),
                    answer: { answer in loop.execute { bound.value.finish(answer) } }
                )
            )
            if !isTaken {
                let isClosed = shared.intake.isClosed
                let answer = isClosed ? HTTPIntake.closing : .later(503, "the store is behind")
                shared.intake.note(answer)
                finish(answer)
            }
        case .refusing(let answer, _, let keepsAlive):
            shared.intake.note(answer)
            state = .storing(keepsAlive: keepsAlive)
            finish(answer)
        case .idle, .storing, .closing: break
        }
    }

    /// Answers a request that has been read whole.
    private func finish(_ answer: HTTPAnswer) {
        guard case .storing(let keepsAlive) = state else { return }
        state = .idle
        write(answer, keepsAlive: keepsAlive && !isStopping)
    }

    /// Answers before the request has ended, and closes when the sender has had time to read that.
    private func refuseNow(_ answer: HTTPAnswer) {
        forget()
        state = .closing
        shared.intake.note(answer)
        write(answer, keepsAlive: false)
    }

    private func write(_ answer: HTTPAnswer, keepsAlive: Bool) {
        let text = answer.body.line + "\n"
        var fields = HTTPHeaders()
        fields.add(name: "Content-Type", value: "application/json")
        fields.add(name: "Content-Length", value: "\(text.utf8.count)")
        for field in answer.fields { fields.add(name: field.name, value: field.value) }
        if !keepsAlive { fields.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .init(statusCode: answer.code),
            headers: fields
        )
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
        let done = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        guard !keepsAlive else { return }
        let channel = channel
        done.whenComplete { _ in
            // What the sender still has under way is read until it closes: a reset would take our answer
            // away.
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        }
    }

    /// Lets go of a body that is under way.
    private func forget() {
        guard case .receiving(_, let body, _) = state else { return }
        shared.receivingBytes -= body.count
        state = .idle
    }
}
