// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import NIOCore
import NIOPosix
import NIOSSL
import Platform
import SiteFiles
import Synchronization
import Testing

/// A sender of tests that hears what it is answered, with or without TLS.
final class TestConnection: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let heard: HandoverQueue<[UInt8]>
    private let text = Mutex("")

    init(to address: String, security: TLSConfiguration? = nil, from host: String? = nil) throws {
        let (target, port) = try #require(ListenerDefinition.split(address: address))
        let heard = HandoverQueue<[UInt8]>(capacity: 1_000_000)
        self.heard = heard
        let context = try security.map { try NIOSSLContext(configuration: $0) }
        var bootstrap = ClientBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if let context {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: nil)
                    )
                }
                try channel.pipeline.syncOperations.addHandler(Hearing(heard))
            }
        }
        if let host { bootstrap = bootstrap.bind(to: try NIOCore.SocketAddress(ipAddress: host, port: 0)) }
        channel = try bootstrap.connect(host: target, port: port).wait()
    }

    /// Sends bytes; an error means that the other side closed, which tests see elsewhere.
    func send(_ bytes: [UInt8]) { try? channel.writeAndFlush(ByteBuffer(bytes: bytes)).wait() }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Waits until what was heard ends with `text`; what was heard so far if the other side closed before.
    func hear(through ending: String) -> String {
        while true {
            let soFar = text.withLock { $0 }
            if soFar.hasSuffix(ending) { return soFar }
            guard let bytes = heard.take() else { return soFar }
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
    }

    /// What was heard until now, without waiting.
    var heardSoFar: String {
        for bytes in heard.takeAll() { text.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }
        return text.withLock { $0 }
    }

    /// Waits until the other side closes; what was heard until then.
    func hearEnd() -> String {
        while let bytes = heard.take() { text.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }
        return text.withLock { $0 }
    }

    /// Goes without waiting for the other side; abruptly without a goodbye of TLS.
    func leave(abruptly: Bool) {
        let channel = channel
        try? channel.eventLoop.submit {
            if abruptly {
                // Below TLS: the socket's own end.
                try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
                    .close(mode: .output, promise: nil)
            } else {
                channel.close(mode: .output, promise: nil)
            }
        }.wait()
    }

    func close() { try? channel.close().wait() }

    deinit { try? group.syncShutdownGracefully() }

    private final class Hearing: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let heard: HandoverQueue<[UInt8]>

        init(_ heard: HandoverQueue<[UInt8]>) { self.heard = heard }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            _ = heard.tryPut(bytes, weight: 1)
        }

        func channelInactive(context: ChannelHandlerContext) { heard.close() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// Connections that send nothing.
final class IdleConnections: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channels: [any Channel]

    init(_ count: Int, to address: String) throws {
        let (host, port) = try #require(ListenerDefinition.split(address: address))
        var opened: [any Channel] = []
        for _ in 0..<count {
            opened.append(try ClientBootstrap(group: group).connect(host: host, port: port).wait())
        }
        channels = opened
    }

    func close() {
        for channel in channels { try? channel.close().wait() }
        try? group.syncShutdownGracefully()
    }
}
