// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Replay

private func line(_ text: String, at seconds: Int64? = nil) -> ResendLine {
    ResendLine(
        bytes: Array(text.utf8),
        time: seconds.map { UTCTime(nanoseconds: $0 * UTCTime.second) } ?? .absent
    )
}

@Suite struct ResendPlanTests {
    private func plan(
        _ lines: [ResendLine],
        routes: Set<ResendRoute> = [.udp, .tcp, .jsonLines],
        factor: Double = 60,
        longest: Double = 10
    ) throws -> ResendPlan {
        try ResendPlan(lines, routes: routes, factor: factor, durationSecondsMax: longest)
    }

    @Test func `gaps are those of the lines divided by the factor`() throws {
        let found = try plan([line("a", at: 100), line("b", at: 160), line("c", at: 340)])
        #expect(found.steps.map(\.due) == [0, 1_000_000_000, 4_000_000_000])
        #expect(found.factor == 60)
    }

    @Test func `time that goes back or is absent is no gap, and no gap is shorter than the least`() throws {
        let found = try plan([line("a", at: 100), line("b", at: 40), line("c"), line("d", at: 160)])
        #expect(found.steps.map(\.due) == [0, ResendPlan.gapMin, 2 * ResendPlan.gapMin, 1_000_000_000])
    }

    @Test func `a long story is squeezed to the longest duration`() throws {
        let day = (0..<25).map { line("a", at: Int64($0) * 3_600) }
        let found = try plan(day, factor: 60, longest: 10)
        #expect(found.steps.last?.due == 10_000_000_000)
        #expect(found.factor == 8_640)
    }

    @Test(arguments: [Int64.max, Int64.min + 1])
    func `times at the ends of the range do not overflow`(nanoseconds: Int64) throws {
        let far = ResendLine(bytes: [1], time: UTCTime(nanoseconds: nanoseconds))
        let found = try plan([line("a", at: 0), far, line("b", at: -1), far])
        #expect(found.steps.allSatisfy { $0.due >= 0 && $0.due <= 10_001_000_000 })
    }

    @Test func `syslog goes alternately over both transports and JSON to its own port`() throws {
        let lines = [line("<1>a"), line("{}"), line("<1>b"), line("<1>c"), line("{"), line("")]
        #expect(try plan(lines).steps.map(\.route) == [.udp, .jsonLines, .tcp, .udp, .jsonLines, .tcp])
        #expect(try plan(lines, routes: [.tcp]).steps.allSatisfy { $0.route == .tcp })
        #expect(try plan(lines, routes: [.udp]).steps.allSatisfy { $0.route == .udp })
    }

    @Test func `a line that fits no datagram goes over the stream`() throws {
        let fits = ResendLine(bytes: Array(repeating: 65, count: ResendPlan.datagramBytesMax), time: .absent)
        let tooLong = ResendLine(bytes: fits.bytes + [65], time: .absent)
        #expect(try plan([fits]).steps.map(\.route) == [.udp])
        #expect(try plan([tooLong]).steps.map(\.route) == [.tcp])
    }

    @Test(arguments: [0, -1, .nan, .infinity] as [Double])
    func `a factor or a duration that means nothing is refused`(number: Double) {
        #expect(throws: WardlineError.self) { try plan([], factor: number) }
        #expect(throws: WardlineError.self) { try plan([], longest: number) }
    }

    @Test func `no route is refused and no line is an empty plan`() throws {
        #expect(throws: WardlineError.self) { try plan([], routes: []) }
        #expect(try plan([]).steps.isEmpty)
    }
}

@Suite struct ResendLineTests {
    @Test
    func `device records become lines with their receive time, else the time of their first dated event`() {
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "f", transport: .file))
        let known = UTCTime(nanoseconds: 5)
        records.append([1], kind: .device, origin: origin, receiveTime: known)
        records.append([2], kind: .tick, origin: origin, receiveTime: known)
        records.append([3], kind: .device, origin: origin, receiveTime: .absent)
        records.append([4], kind: .device, origin: origin, receiveTime: .absent)
        var events = EventBatch()
        for (offset, deviceTime) in [(100, 7), (102, nil), (102, 9), (102, 11)] as [(UInt64, Int64?)] {
            var event = Event(offset: Offset(offset), time: known, logTime: known)
            event.deviceTime = deviceTime.map { UTCTime(nanoseconds: $0) } ?? .absent
            events.begin(event)
        }
        let lines = ResendLine.lines(of: records, base: Offset(100), events: events)
        #expect(lines.map(\.bytes) == [[1], [3], [4]])
        #expect(lines.map(\.time) == [known, UTCTime(nanoseconds: 9), .absent])
    }
}

/// Collects what arrives on loopback sockets at ports that the system chose.
private final class Receiver: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let ports: [ResendRoute: Int]
    private let isComplete: EventLoopFuture<Void>

    private final class StreamCollector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let sink: @Sendable ([UInt8]) -> Void
        let end: EventLoopPromise<Void>
        init(_ end: EventLoopPromise<Void>, sink: @escaping @Sendable ([UInt8]) -> Void) {
            self.end = end
            self.sink = sink
        }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            sink(Array(unwrapInboundIn(data).readableBytesView))
        }
        func channelInactive(context: ChannelHandlerContext) { end.succeed() }
    }

    private final class DatagramCollector: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        let sink: @Sendable ([UInt8]) -> Void
        init(sink: @escaping @Sendable ([UInt8]) -> Void) { self.sink = sink }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            sink(Array(unwrapInboundIn(data).data.readableBytesView))
        }
    }

    /// The channels call back into a box that exists before the receiver does.
    private final class Box: Sendable {
        let streams = Mutex<[ResendRoute: [UInt8]]>([:])
        let datagrams = Mutex<[[UInt8]]>([])
    }

    private let box: Box

    /// Collects until both streams have ended and `datagramCount` datagrams have come.
    init(datagramCount: Int) throws {
        let box = Box()
        let loop = group.next()
        let allDatagrams = loop.makePromise(of: Void.self)
        var ports: [ResendRoute: Int] = [:]
        var ends: [EventLoopFuture<Void>] = []
        for route in [ResendRoute.tcp, .jsonLines] {
            let end = loop.makePromise(of: Void.self)
            ends.append(end.futureResult)
            let channel = try ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            StreamCollector(end) { bytes in
                                box.streams.withLock { $0[route, default: []] += bytes }
                            }
                        )
                    }
                }
                .bind(host: "127.0.0.1", port: 0).wait()
            ports[route] = channel.localAddress?.port
        }
        let datagram = try DatagramBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        DatagramCollector { bytes in
                            let count = box.datagrams.withLock { found in
                                found.append(bytes)
                                return found.count
                            }
                            if count == datagramCount { allDatagrams.succeed() }
                        }
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        ports[.udp] = datagram.localAddress?.port
        self.ports = ports
        self.box = box
        isComplete = EventLoopFuture.andAllComplete(ends + [allDatagrams.futureResult], on: loop)
    }

    var target: Resend.Target { Resend.Target(host: "127.0.0.1", ports: ports) }

    /// What came over each stream, once all is there.
    func streams() throws -> [ResendRoute: String] {
        try isComplete.wait()
        return box.streams.withLock { $0.mapValues { String(decoding: $0, as: UTF8.self) } }
    }

    /// The datagrams that came, once all is there.
    func datagramTexts() throws -> [String] {
        try isComplete.wait()
        return box.datagrams.withLock { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    deinit { try? group.syncShutdownGracefully() }
}

@Suite struct ResendTests {
    @Test(.timeLimit(.minutes(1)))
    func `every line arrives once, framed for its transport`() throws {
        let receiver = try Receiver(datagramCount: 2)
        let lines = [
            line("<1>one", at: 0), line("{\"a\":1}", at: 1), line("<1>two\nhalves", at: 2),
            line("<1>three", at: 3),
        ]
        let plan = try ResendPlan(
            lines,
            routes: [.udp, .tcp, .jsonLines],
            factor: 1_000_000,
            durationSecondsMax: 1
        )
        let report = try Resend.run(lines, plan: plan, to: receiver.target)
        #expect(report.lines == [.udp: 2, .tcp: 1, .jsonLines: 1])
        #expect(report.bytes == lines.map(\.bytes.count).reduce(0, +))
        #expect(try receiver.streams() == [.tcp: "13 <1>two\nhalves", .jsonLines: "{\"a\":1}\n"])
        #expect(try receiver.datagramTexts() == ["<1>one", "<1>three"])
    }

    @Test func `nobody listening is an error that names the ports`() throws {
        // A port that was bound and closed again has no listener.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).wait()
        let port = try #require(channel.localAddress?.port)
        try channel.close().wait()
        try group.syncShutdownGracefully()
        let lines = [line("<1>a")]
        let plan = try ResendPlan(lines, routes: [.tcp], factor: 1, durationSecondsMax: 1)
        let error = #expect(throws: WardlineError.self) {
            try Resend.run(lines, plan: plan, to: Resend.Target(host: "127.0.0.1", ports: [.tcp: port]))
        }
        #expect(error?.code == .input)
        #expect(error?.message.contains("tcp \(port)") == true)
    }

    @Test func `a plan over a route without a port is refused before anything is sent`() throws {
        let lines = [line("<1>a"), line("<1>b")]
        let plan = try ResendPlan(lines, routes: [.udp, .tcp], factor: 1, durationSecondsMax: 1)
        #expect(throws: WardlineError.self) {
            try Resend.run(lines, plan: plan, to: Resend.Target(host: "127.0.0.1", ports: [.udp: 9]))
        }
    }
}
