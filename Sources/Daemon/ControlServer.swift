// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOPosix
import Pipeline
import Platform
import WireFormats

/// The control socket: JSON lines, one answer per request, for the owner of the store only.
final class ControlServer: Sendable {
    /// Longest request, in bytes: an act names the alerts that it is about, everything else is short.
    static let requestSizeMaxBytes = ActRecord.sizeMaxBytes + 65_536
    /// Requests that wait for the command thread, in all.
    private static let waitingCountMax = 64

    private struct Job: Sendable {
        var request: JSONValue
        var reply: @Sendable (JSONValue) -> Void
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let queue = HandoverQueue<Job>(capacity: ControlServer.waitingCountMax)
    private let thread: WorkerThread

    /// Binds the socket; one that a dead process left is replaced, because the caller holds the store's lock.
    init(path: String, commands: DaemonCommands) throws(WardlineError) {
        let queue = queue
        do {
            thread = try WorkerThread("wl-control") {
                while let job = queue.take() { job.reply(commands.answer(job.request)) }
            }
            channel = try ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ControlConnection { request, reply in
                                if DaemonCommands.isImmediate(request) {
                                    reply(commands.answer(request))
                                } else if !queue.tryPut(Job(request: request, reply: reply), weight: 1) {
                                    reply(
                                        ControlClient.failure(
                                            WardlineError(.busy, "Too many requests wait; try again later.")
                                        )
                                    )
                                }
                            }
                        )
                    }
                }
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).wait()
            try restrictToOwner(path)
        } catch {
            queue.close()
            try? group.syncShutdownGracefully()
            throw WardlineError(
                .storage,
                "The control socket cannot be opened; its path may be too long (107 bytes at most).",
                cause: "\(error)",
                location: path
            )
        }
    }

    /// Answers what waits, then closes.
    func stop() {
        try? channel.close().wait()
        queue.close()
        thread.join()
        try? group.syncShutdownGracefully()
    }
}

/// One connection: lines in, lines out.
final class ControlConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Handler = (_ request: JSONValue, _ reply: @escaping @Sendable (JSONValue) -> Void) -> Void

    private let handle: Handler
    private var line: [UInt8] = []

    init(_ handle: @escaping Handler) { self.handle = handle }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        let channel = context.channel
        for byte in buffer.readableBytesView {
            guard byte == 0x0a else {
                line.append(byte)
                guard line.count <= ControlServer.requestSizeMaxBytes else {
                    return context.close(promise: nil)
                }
                continue
            }
            let request = try? JSONValue(parsing: line.span)
            line.removeAll()
            let reply: @Sendable (JSONValue) -> Void = { answer in
                channel.writeAndFlush(ByteBuffer(string: answer.line + "\n"), promise: nil)
            }
            if let request {
                handle(request, reply)
            } else {
                reply(
                    ControlClient.failure(WardlineError(.usage, "The request is no JSON object on one line."))
                )
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
