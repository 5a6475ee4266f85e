// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOTLS
import Pipeline
import SiteFiles
import WireFormats

/// One stream connection: its bytes through a reader into the listener's batch, and answers back.
final class StreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Quiet time after which an undecided start of a frame is taken for text.
    static let undecidedWaitSeconds: Int64 = 1
    /// Bytes between frames, without a frame, that are called a flood.
    static let fillerCountMax = 65_536

    let peer: IPAddress?
    private let shared: StreamIntake
    private let channel: any Channel
    private let handshake: PeerHandshake?
    private let barrier: HandshakeGuard?
    private var origin: Origin
    private var reader: StreamReader
    private var replies = RelpReplies()
    private var lastRead = NIODeadline.now()
    private var isWatching = false
    private var isHeld = false
    private var isPaused = false
    private var isReading = true
    private var isEnded = false
    private var hasEndOfInput = false
    private var isSecured: Bool
    private var hasCounted = false
    private var hasUncounted = false
    /// Faults of this connection that are facts already: one each.
    private var noted: Set<IntakeFault> = []

    /// A connection; with `handshake` nothing is read before it is over.
    init(
        _ shared: StreamIntake,
        channel: any Channel,
        transport: Transport,
        handshake: PeerHandshake? = nil,
        barrier: HandshakeGuard? = nil
    ) {
        self.shared = shared
        self.channel = channel
        self.handshake = handshake
        self.barrier = barrier
        isSecured = handshake == nil
        reader = shared.reader
        let remote = channel.remoteAddress
        peer = remote?.ipAddress.flatMap { IPAddress($0) }
        origin = Origin(
            listener: shared.gate.listener,
            transport: transport,
            peer: peer,
            peerPort: UInt16(clamping: remote?.port ?? 0)
        )
    }

    func channelActive(context: ChannelHandlerContext) {
        if handshake != nil { watchHandshake() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { secured() }
        if event as? ChannelEvent == .inputClosed { endOfInput() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnded else { return }
        let buffer = unwrapInboundIn(data)
        lastRead = .now()
        let before = reader.carriedBytes
        reader.limit(sizeMaxBytes: shared.sizeMaxBytesNow)
        let collected = shared.collect(from: origin, waiter: isAcknowledging ? self : nil) { target in
            replies.add(reader.feed(buffer.readableBytesUInt8Span, into: &target))
        }
        shared.carry(reader.carriedBytes - before)
        look(at: collected)
        answer()
        hold(shared.gate.charge(peer, count: collected.count))
        if shared.isFull, !isPaused {
            isPaused = true
            shared.pause(self)
        }
        updateReading()
        if reader.isUndecided { watchUndecided() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isSecured, !isEnded { refuseOnceJudged() }
        finish()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // Who does not read our answers is not read either.
        updateReading()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isSecured {
            let (fault, detail) = PeerHandshake.fault(of: error)
            refuse(handshake?.fault ?? fault, detail: handshake?.detail ?? detail)
        }
        // A reset is an end like any other: what came before it is kept, the partial frame too.
        context.close(promise: nil)
    }

    private var isAcknowledging: Bool { if case .relp = reader { true } else { false } }

    // MARK: - What was read

    /// Makes what framing noticed a fact, once for each connection.
    private func look(at collected: StreamIntake.Collected) {
        if collected.flags.contains(.resynchronised) { note(.countWrong) }
        if collected.flags.contains(.truncated) { note(.oversized) }
        if collected.flags.contains(.counted) { hasCounted = true }
        if collected.hasUncounted, !collected.flags.contains(.resynchronised) { hasUncounted = true }
        if hasCounted, hasUncounted { note(.mixedFraming) }
        if reader.fillerCount > StreamConnection.fillerCountMax { note(.fillerFlood) }
        if case .relp(let relp) = reader, relp.isBroken {
            note(.relpProtocol)
            close()
        }
    }

    private func note(_ fault: IntakeFault) {
        guard noted.insert(fault).inserted else { return }
        shared.note(fault, peer: peer, detail: origin.identity)
    }

    /// Notes why there was no connection, once.
    private func refuse(_ fault: IntakeFault, detail: String) {
        guard noted.isEmpty else { return }
        noted.insert(fault)
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

    /// The handshake is over: from now on records come, from whom the certificate names.
    private func secured() {
        isSecured = true
        origin.identity = handshake?.identity ?? ""
        guard let barrier else { return }
        let bound = NIOLoopBound(barrier, eventLoop: channel.eventLoop)
        // After this event what was decrypted is delivered; then the end may be seen.
        channel.eventLoop.execute { bound.value.release() }
    }

    // MARK: - Answers

    /// The oldest `count` records that wait are durable.
    func confirm(_ count: Int) {
        replies.confirm(count)
        answer()
    }

    private func answer() {
        guard !isEnded else { return }
        let bytes = replies.take()
        if !bytes.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
        if replies.isClosing || hasEndOfInput, replies.isEmpty { end() }
    }

    // MARK: - Reading or not

    private func hold(_ nanoseconds: Int64) {
        guard nanoseconds > 0, !isHeld else { return }
        isHeld = true
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(in: .nanoseconds(nanoseconds)) {
            bound.value.isHeld = false
            bound.value.updateReading()
        }
    }

    /// There is room in the intake again.
    func resume() {
        isPaused = false
        updateReading()
    }

    private func updateReading() {
        guard !isEnded else { return }
        let isReading = !isHeld && !isPaused && channel.isWritable
        guard isReading != self.isReading else { return }
        self.isReading = isReading
        channel.setOption(.autoRead, value: isReading).whenComplete { _ in }
    }

    // MARK: - The end

    func isIdle(since due: NIODeadline) -> Bool { lastRead < due && !isHeld && !isPaused }

    /// Closes the connection because nothing came.
    func expire() {
        note(.idle)
        end()
    }

    /// Nothing more comes; what waits is still answered.
    private func endOfInput() {
        hasEndOfInput = true
        guard isSecured else { return close() }
        answer()
    }

    /// Keeps what is left of a frame, says goodbye and closes.
    func end() {
        guard !isEnded else { return }
        if isAcknowledging, isSecured {
            channel.writeAndFlush(ByteBuffer(bytes: RelpAnswer.serverClose), promise: nil)
        }
        finish()
        close()
    }

    func close() { channel.close(promise: nil) }

    private func finish() {
        guard !isEnded else { return }
        isEnded = true
        let before = reader.carriedBytes
        let collected = shared.collect(from: origin) { reader.finish(into: &$0) }
        shared.carry(-before)
        if collected.flags.isSuperset(of: [.partial, .counted]) { note(.cutInsideCount) }
        if collected.flags.contains(.truncated) { note(.oversized) }
        shared.remove(self)
    }

    // MARK: - Timers

    /// One timer per connection at most, however many reads end inside a look-ahead.
    private func watchUndecided() {
        guard !isWatching else { return }
        isWatching = true
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let due = lastRead + .seconds(StreamConnection.undecidedWaitSeconds)
        channel.eventLoop.scheduleTask(deadline: due) {
            let connection = bound.value
            connection.isWatching = false
            guard connection.reader.isUndecided else { return }
            if connection.lastRead + .seconds(StreamConnection.undecidedWaitSeconds) <= .now() {
                connection.reader.settleUndecided()
            } else {
                connection.watchUndecided()
            }
        }
    }

    /// A peer that begins a handshake and does not go on holds a connection for no longer than this.
    private func watchHandshake() {
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(in: .seconds(PeerHandshake.secondsMax)) {
            let connection = bound.value
            guard !connection.isSecured, !connection.isEnded else { return }
            connection.refuse(.handshakeSlow, detail: "")
            connection.finish()
            connection.close()
        }
    }
}
