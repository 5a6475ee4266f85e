// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import WireFormats

/// One stream connection: its bytes through a framer into the listener's batch.
final class StreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Quiet time after which an undecided start of a frame is taken for text.
    static let undecidedWaitSeconds: Int64 = 1

    private let shared: StreamIntake
    private let channel: any Channel
    private let origin: Origin
    private var framer: ConnectionFramer
    private var lastRead = NIODeadline.now()
    private var isWatching = false

    init(_ shared: StreamIntake, channel: any Channel) {
        self.shared = shared
        self.channel = channel
        framer = shared.framing
        let peer = channel.remoteAddress
        origin = Origin(
            listener: shared.listener,
            transport: .tcp,
            peer: peer?.ipAddress.flatMap { IPAddress($0) },
            peerPort: UInt16(clamping: peer?.port ?? 0)
        )
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        shared.collect(from: origin) { framer.feed(buffer.readableBytesUInt8Span, into: &$0) }
        guard framer.isUndecided else { return }
        lastRead = .now()
        watchUndecided()
    }

    func channelInactive(context: ChannelHandlerContext) {
        shared.collect(from: origin) { framer.finish(into: &$0) }
        shared.remove(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset is an end like any other: what came before it is kept, the partial frame too.
        context.close(promise: nil)
    }

    func setReading(_ isReading: Bool) { StreamIntake.setReading(isReading, channel) }

    func close() { channel.close(promise: nil) }

    /// One timer per connection at most, however many reads end inside a look-ahead.
    private func watchUndecided() {
        guard !isWatching else { return }
        isWatching = true
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let due = lastRead + .seconds(StreamConnection.undecidedWaitSeconds)
        channel.eventLoop.scheduleTask(deadline: due) {
            let connection = bound.value
            connection.isWatching = false
            guard connection.framer.isUndecided else { return }
            if connection.lastRead + .seconds(StreamConnection.undecidedWaitSeconds) <= .now() {
                connection.framer.settleUndecided()
            } else {
                connection.watchUndecided()
            }
        }
    }
}
