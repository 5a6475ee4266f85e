// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import NIOCore
import NIOPosix
import WireFormats

/// Asks the daemon of a store over its control socket.
public struct ControlClient: Sendable {
    /// Longest answer, in bytes: a status with the most listeners is far below.
    static let answerSizeMaxBytes = 1_048_576

    private let path: String

    /// Makes a client for the store at `storePath`.
    public init(storePath: String) { path = storePath + "/" + DaemonOptions.socketName }

    /// A request: `{"command":NAME, ...}`.
    public static func request(_ command: String, _ members: [JSONValue.Member] = []) -> JSONValue {
        .object([.init("command", .text(command))] + members)
    }

    /// Sends one request and waits for its answer; `ingest` and `import` answer when all is durable and judged.
    ///
    /// - Throws: `busy` when nobody listens there; the daemon's own error as it was there.
    public func send(_ request: JSONValue) throws(WardlineError) -> JSONValue {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let text: String
        do {
            let promise = group.next().makePromise(of: String.self)
            let channel: any Channel
            do {
                channel = try ClientBootstrap(group: group)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(AnswerCollector(promise))
                        }
                    }
                    .connect(unixDomainSocketPath: path).wait()
            } catch {
                promise.fail(error)
                throw error
            }
            channel.writeAndFlush(ByteBuffer(string: request.line + "\n"), promise: nil)
            text = try promise.futureResult.wait()
            channel.close(promise: nil)
        } catch {
            throw WardlineError(
                .busy, "No daemon answers for this store; start it with `wardline serve`.", cause: "\(error)",
                location: path)
        }
        guard let answer = try? JSONValue(parsing: text) else {
            throw WardlineError(.internal, "The daemon's answer is no JSON.", location: path)
        }
        if let error = answer["error"] {
            throw WardlineError(
                error["code"]?.text.flatMap(WardlineError.Code.init(rawValue:)) ?? .internal,
                error["message"]?.text ?? "", cause: error["cause"]?.text ?? "",
                location: error["location"]?.text ?? "")
        }
        return answer
    }

    /// An error as an answer.
    static func failure(_ error: WardlineError) -> JSONValue {
        .object([
            .init(
                "error",
                .object([
                    .init("code", .text(error.code.rawValue)), .init("message", .text(error.message)),
                    .init("cause", .text(error.cause)), .init("location", .text(error.location)),
                ]))
        ])
    }
}

/// Collects one line.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<String>
    private var line: [UInt8] = []
    private var isDone = false

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        line.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        if let end = line.firstIndex(of: 0x0a) {
            isDone = true
            promise.succeed(String(decoding: line[..<end], as: UTF8.self))
        } else if line.count > ControlClient.answerSizeMaxBytes {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        promise.fail(ChannelError.eof)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
