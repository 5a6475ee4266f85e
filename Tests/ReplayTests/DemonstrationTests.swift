// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import NIOCore
import NIOPosix
import Projections
import Synchronization
import Testing

@testable import Replay

/// A server that counts what arrives on its sockets and "judges" it at once.
private final class CountingServer: DemonstrationServer {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let stops = Atomic<Int>(0)
    let target: Resend.Target
    let found: [StoredIncident]
    let judges: Int?

    // `judges`: how many records it says it judged; nil for all that it was asked for.
    init(isListening: Bool = true, judges: Int? = nil, found: [StoredIncident] = []) throws {
        let channel = try ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).wait()
        target = Resend.Target(host: "127.0.0.1", ports: [.tcp: channel.localAddress?.port ?? 0])
        if !isListening { try channel.close().wait() }
        self.judges = judges
        self.found = found
    }

    var stopCount: Int { stops.load(ordering: .sequentiallyConsistent) }

    func waitUntilJudged(_ count: Int, seconds: Double) -> Int { judges ?? count }

    func stop() { stops.add(1, ordering: .sequentiallyConsistent) }

    func incidents() -> [StoredIncident] { found }

    deinit { try? group.syncShutdownGracefully() }
}

@Suite struct DemonstrationTests {
    private let lines = (0..<5).map { ResendLine(bytes: Array("<1>line \($0)".utf8), time: .absent) }

    @Test func `what was sent, judged and found is told, and the server is stopped once`() throws {
        let server = try CountingServer(found: [stored("INC-1")])
        let outcome = try Demonstration.run(lines, over: server)
        #expect(outcome.sent.lineCount == 5)
        #expect(outcome.isComplete)
        #expect(outcome.incidents.map(\.id) == ["INC-1"])
        #expect(server.stopCount == 1)
    }

    @Test func `verdicts that do not come in time are told, not waited for`() throws {
        let outcome = try Demonstration.run(lines, over: CountingServer(judges: 4))
        #expect(outcome.judgedCount == 4)
        #expect(!outcome.isComplete)
    }

    @Test func `a server that takes nothing is stopped all the same`() throws {
        let server = try CountingServer(isListening: false)
        #expect(throws: WardlineError.self) { try Demonstration.run(lines, over: server) }
        #expect(server.stopCount == 1)
    }

    @Test func `the whole stays below twenty seconds`() {
        #expect(Demonstration.sendSecondsMax + Demonstration.judgeSecondsMax < 20)
    }
}
