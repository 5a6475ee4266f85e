// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOHTTP1
import NIOTLS
import Pipeline
import Platform
import WireFormats

/// What all connections of one HTTP listener share; confined to its event loop.
final class HTTPShared {
    /// Bytes of bodies that connections hold before they are whole: eight of the greatest by default, and one
    /// where the greatest is greater.
    var receivingMaxBytes: Int { max(64 * 1_048_576, rules.bodySizeMaxBytes) }
    static let tooMany = HTTPAnswer.later(429, "too many requests at once")

    let loop: any EventLoop
    /// Those of the newest token.
    var rules: HTTPRules
    let intake: HTTPIntake
    let clock: any WallClock
    let counters: ListenerCounters
    var receivingBytes = 0
    let queue: IntakeQueue
    private var gate: IntakeGate
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    /// What was refused, on its way to the log.
    private var facts = RecordBatch()
    private var isFactScheduled = false

    init(
        loop: any EventLoop,
        rules: HTTPRules,
        intake: HTTPIntake,
        queue: IntakeQueue,
        clock: any WallClock,
        gate: IntakeGate
    ) {
        self.loop = loop
        self.rules = rules
        self.intake = intake
        self.queue = queue
        self.clock = clock
        self.gate = gate
        counters = gate.counters
    }

    var listener: String { gate.listener }

    /// Registers a connection; false where the gate refuses it.
    func add(_ connection: HTTPConnection) -> Bool {
        guard gate.enter(connection.peer) else {
            scheduleFacts()
            return false
        }
        connections[ObjectIdentifier(connection)] = connection
        counters.update { $0.connections += 1 }
        return true
    }

    func remove(_ connection: HTTPConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        gate.leave(connection.peer)
        counters.update { $0.connections -= 1 }
    }

    /// Counts a fault of a connection before its first request; it becomes a fact soon.
    func note(_ fault: IntakeFault, peer: IPAddress?, detail: String) {
        gate.note(fault, peer: peer, detail: detail)
        scheduleFacts()
    }

    private func scheduleFacts() {
        guard !isFactScheduled, let due = gate.factsDue else { return }
        isFactScheduled = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(max(0, due - monotonicNanoseconds()))) {
            bound.value.isFactScheduled = false
            bound.value.tellFacts()
        }
    }

    /// Hands over what was noted.
    func tellFacts() {
        gate.takeFacts(into: &facts)
        guard facts.rows.count > 0 else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        let resume: @Sendable () -> Void = { loop.execute { bound.value.tellFacts() } }
        if queue.tryPut(facts, receipt: nil, resume: resume) { facts = RecordBatch() }
    }

    /// Closes all connections; those whose bodies are being stored close after their answer.
    func closeConnections() {
        for connection in connections.values { connection.close() }
    }

    var isEmpty: Bool { connections.isEmpty && facts.rows.count == 0 }
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

    let peer: IPAddress?
    private let shared: HTTPShared
    private let channel: any Channel
    private let handshake: PeerHandshake?
    private var origin: Origin
    private var state = State.idle
    private var isStopping = false
    private var isSecured: Bool
    private var isRefused = false

    /// A connection; with `handshake` no request comes before it is over.
    init(_ shared: HTTPShared, channel: any Channel, handshake: PeerHandshake? = nil) {
        self.shared = shared
        self.channel = channel
        self.handshake = handshake
        isSecured = handshake == nil
        let remote = channel.remoteAddress
        peer = remote?.ipAddress.flatMap { IPAddress($0) }
        origin = Origin(
            listener: shared.listener,
            transport: .http,
            peer: peer,
            peerPort: UInt16(clamping: remote?.port ?? 0)
        )
    }

    func channelActive(context: ChannelHandlerContext) {
        if handshake != nil { watchHandshake() }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes): take(bytes)
        case .end: end()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isSecured { refuseOnceJudged() }
        forget()
        shared.remove(self)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            isSecured = true
            origin.identity = handshake?.identity ?? ""
        }
        guard event is IdleStateHandler.IdleStateEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        if case .storing = state { return }
        if case .receiving = state { shared.intake.note(.refused(408, "a body stopped coming")) }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isSecured {
            let (fault, detail) = PeerHandshake.fault(of: error)
            refuse(handshake?.fault ?? fault, detail: handshake?.detail ?? detail)
        }
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
            } else if shared.queue.isHeldUp {
                answer = HTTPIntake.full
            } else if shared.receivingBytes >= shared.receivingMaxBytes {
                answer = HTTPShared.tooMany
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
        // An answer to HEAD has no body: who reads ours as the next answer must not stay connected.
        state = .refusing(answer, taken: 0, keepsAlive: head.isKeepAlive && head.method != .HEAD)
    }

    private func take(_ bytes: ByteBuffer) {
        switch state {
        case .receiving(let task, var body, let keepsAlive):
            // Nobody else holds the array, so that it grows in place.
            state = .idle
            shared.receivingBytes += bytes.readableBytes
            body.append(contentsOf: bytes.readableBytesView)
            state = .receiving(task, body, keepsAlive: keepsAlive)
            if body.count > shared.rules.bodySizeMaxBytes {
                refuseNow(shared.rules.tooLarge)
            } else if shared.receivingBytes > shared.receivingMaxBytes {
                refuseNow(HTTPShared.tooMany)
            }
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

    // MARK: - TLS

    /// Notes why there was no connection, once.
    private func refuse(_ fault: IntakeFault, detail: String) {
        guard !isRefused else { return }
        isRefused = true
        shared.note(fault, peer: peer, detail: detail)
    }

    /// The same for a peer that left: its certificate may still be with the judge.
    private func refuseOnceJudged() {
        guard let handshake else { return }
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let loop = channel.eventLoop
        handshake.whenJudged {
            loop.execute {
                bound.value.refuse(
                    handshake.fault ?? .handshakeFailed,
                    detail: handshake.detail ?? "the peer ended it"
                )
            }
        }
    }

    private func watchHandshake() {
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(in: .seconds(PeerHandshake.secondsMax)) {
            let connection = bound.value
            guard !connection.isSecured else { return }
            connection.refuse(.handshakeSlow, detail: "")
            connection.channel.close(promise: nil)
        }
    }
}
