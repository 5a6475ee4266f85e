// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import NIOCore
import NIOPosix

/// Sends recorded lines over real sockets, at the pace of a plan, and stops by itself.
public enum Resend {
    /// Where to send.
    public struct Target: Hashable, Sendable {
        /// Address in text, such as `127.0.0.1` or `::1`.
        public var host: String
        /// Port of each kind of listener that is there.
        public var ports: [ResendRoute: Int]

        /// Makes a target.
        public init(host: String, ports: [ResendRoute: Int]) {
            self.host = host
            self.ports = ports
        }
    }

    /// What was sent.
    public struct Report: Hashable, Sendable {
        /// Lines by route.
        public var lines: [ResendRoute: Int]
        /// Bytes of the lines, without framing.
        public var bytes: Int
        /// Lines of all routes.
        public var lineCount: Int { lines.values.reduce(0, +) }
    }

    /// How long a run may exceed its plan, in seconds, before the sockets are closed: a receiver that stopped
    /// reading would hold the sender for ever.
    public static let overrunSecondsMax: Int64 = 30

    /// Sends `lines` as `plan` says.
    ///
    /// Blocks until the last line is handed to the kernel and the streams are closed.
    ///
    /// - Parameters:
    ///   - lines: What to send.
    ///   - plan: Made from the same lines, with routes that `target` has ports for.
    ///   - target: Who listens.
    /// - Returns: What was sent.
    /// - Throws: `input` where nobody listens or the receiver goes away; the lines before were sent.
    /// - Ordering: lines of one route arrive in order, UDP as far as the network keeps it.
    public static func run(
        _ lines: [ResendLine],
        plan: ResendPlan,
        to target: Target
    ) throws(WardlineError) -> Report {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        do {
            let sockets = try ResendSockets(group.next(), target: target, plan: plan)
            defer { sockets.close() }
            return try send(lines, plan: plan, over: sockets)
        } catch let error as WardlineError {
            throw error
        } catch {
            throw WardlineError(
                .input,
                "Could not send to \(target.host): check that the receiver runs and listens on these ports: "
                    + ports(target) + ".",
                cause: "\(error)"
            )
        }
    }

    private static func ports(_ target: Target) -> String {
        target.ports.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", ")
    }

    private static func send(
        _ lines: [ResendLine],
        plan: ResendPlan,
        over sockets: ResendSockets
    ) throws -> Report {
        let start = NIODeadline.now()
        let longest = (plan.steps.last?.due ?? 0) + overrunSecondsMax * UTCTime.second
        let guardian = sockets.loop.scheduleTask(deadline: start + .nanoseconds(longest)) { sockets.close() }
        defer { guardian.cancel() }
        var report = Report(lines: [:], bytes: 0)
        for step in plan.steps {
            let due = start + .nanoseconds(step.due)
            if due > NIODeadline.now() {
                // The loop's own timer is the clock here; a blocking call of ours sleeps on it.
                try sockets.loop.scheduleTask(deadline: due) {}.futureResult.wait()
            }
            let bytes = lines[step.line].bytes
            // Waiting for each write keeps at most one line in memory and lets the receiver push back.
            try sockets.write(bytes, route: step.route).wait()
            report.lines[step.route, default: 0] += 1
            report.bytes += bytes.count
        }
        try sockets.finish()
        return report
    }
}

/// The sockets of one run; each route's is opened only if the plan uses it.
private struct ResendSockets: Sendable {
    let loop: any EventLoop
    private let channels: [ResendRoute: any Channel]
    private let receiver: SocketAddress?

    init(_ loop: any EventLoop, target: Resend.Target, plan: ResendPlan) throws {
        self.loop = loop
        var channels: [ResendRoute: any Channel] = [:]
        var receiver: SocketAddress?
        do {
            for route in ResendRoute.allCases where plan.steps.contains(where: { $0.route == route }) {
                guard let port = target.ports[route] else {
                    throw WardlineError(
                        .usage,
                        "The plan sends over \(route.rawValue), and no port is given for it."
                    )
                }
                let address = try SocketAddress(ipAddress: target.host, port: port)
                if route == .udp {
                    let any = try SocketAddress(
                        ipAddress: address.protocol == .inet6 ? "::" : "0.0.0.0",
                        port: 0
                    )
                    channels[route] = try DatagramBootstrap(group: loop).bind(to: any).wait()
                    receiver = address
                } else {
                    channels[route] = try ClientBootstrap(group: loop)
                        .connectTimeout(.seconds(Resend.overrunSecondsMax)).connect(to: address).wait()
                }
            }
        } catch {
            for channel in channels.values { channel.close(promise: nil) }
            throw error
        }
        self.channels = channels
        self.receiver = receiver
    }

    func write(_ bytes: [UInt8], route: ResendRoute) -> EventLoopFuture<Void> {
        guard let channel = channels[route] else {
            return loop.makeFailedFuture(WardlineError(.internal, "No socket for \(route.rawValue)."))
        }
        var buffer = channel.allocator.buffer(capacity: bytes.count + 12)
        switch route {
        case .udp:
            buffer.writeBytes(bytes)
            guard let receiver else { return loop.makeFailedFuture(ChannelError.alreadyClosed) }
            return channel.writeAndFlush(AddressedEnvelope(remoteAddress: receiver, data: buffer))
        case .tcp:
            buffer.writeString("\(bytes.count) ")
            buffer.writeBytes(bytes)
        case .jsonLines:
            buffer.writeBytes(bytes)
            buffer.writeInteger(UInt8(ascii: "\n"))
        }
        return channel.writeAndFlush(buffer)
    }

    /// Ends the streams in order: what was written is delivered before the end of the stream.
    func finish() throws {
        for route in ResendRoute.allCases {
            if let channel = channels[route] { try channel.close().wait() }
        }
    }

    /// Closes what is still open, at once, so that a write that waits fails; asking twice does no harm.
    func close() {
        for channel in channels.values { channel.close(promise: nil) }
    }
}
