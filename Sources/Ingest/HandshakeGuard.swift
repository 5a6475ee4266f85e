// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import NIOCore

/// Keeps the end of a peer's bytes back while its certificate is being judged.
///
/// A sender may show its certificate, send its records and be gone before the judgement is made. TLS would
/// take
/// the end for a broken handshake and drop the records. Stands between socket and TLS.
final class HandshakeGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let handshake: PeerHandshake
    private var isOver = false
    private var hasEnded = false
    private var context: ChannelHandlerContext?

    init(_ handshake: PeerHandshake) { self.handshake = handshake }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event as? ChannelEvent == .inputClosed, handshake.hasBegun, !isOver else {
            return context.fireUserInboundEventTriggered(event)
        }
        hasEnded = true
    }

    /// The handshake is over, and what came with it was delivered.
    func release() {
        isOver = true
        guard hasEnded else { return }
        hasEnded = false
        context?.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
}
