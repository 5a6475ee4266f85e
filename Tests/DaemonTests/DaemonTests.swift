// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Daemon
import EventModel
import Pipeline
import Platform
import Projections
import SegmentLog
import SiteFiles
import Synchronization
import Testing
import WireFormats

/// A judge that decides nothing.
private struct IdleJudge: RecordJudge {
    var next = Offset.zero
    var deadline: UTCTime? { nil }

    mutating func process(_ decoded: DecodedRecords) throws(WardlineError) -> EventBatch {
        next = decoded.end
        return EventBatch()
    }

    mutating func takeFacts() -> [JSONValue] { [] }
    mutating func takeUpdate(through: Offset) -> ProjectionUpdate? { nil }
    mutating func settle() {}
}

/// A daemon on a thread of its own, over a folder that goes with the value.
private final class Running {
    let path: String
    let daemon: Daemon
    let lines = HandoverQueue<String>(capacity: 1_000)
    private let result = HandoverQueue<Result<Int32, WardlineError>>(capacity: 1)

    init(
        _ listeners: [String] = ["syslog+tcp://127.0.0.1:0"],
        facts: @escaping @Sendable () -> [RecordBatch] = { [] }
    ) throws {
        let base = environmentValue("TMPDIR") ?? "/tmp"
        path = base + "/wardline-daemon-\(processIdentifier())-\(UInt32.random(in: 0 ... .max))"
        daemon = try Running.daemon(path, listeners, lines, facts)
        let (daemon, result) = (daemon, result)
        _ = try WorkerThread("test-daemon") {
            do throws(WardlineError) {
                _ = result.tryPut(.success(try daemon.run(signals: nil)), weight: 1)
            } catch {
                _ = result.tryPut(.failure(error), weight: 1)
            }
        }
    }

    static func daemon(
        _ path: String,
        _ listeners: [String],
        _ lines: HandoverQueue<String>,
        _ facts: @escaping @Sendable () -> [RecordBatch] = { [] }
    ) throws -> Daemon {
        var configuration = Configuration()
        configuration.listeners = try listeners.map { try ListenerDefinition(url: $0) }
        let options = DaemonOptions(
            storePath: path,
            configuration: configuration,
            version: "test",
            report: { _ = lines.tryPut($0, weight: 1) },
            exitNow: { _ in }
        )
        return Daemon(
            options,
            content: DaemonContent(
                open: { () throws(WardlineError) in .init(judge: IdleJudge(), apply: { _ in }) },
                facts: { _ in facts() },
                importFile: { (_, _) throws(WardlineError) in [] }
            )
        )
    }

    func ready() -> String? { lines.take(waitingNanoseconds: 20_000_000_000) }

    func stop() throws -> Int32 {
        daemon.stop()
        return try #require(result.take(waitingNanoseconds: 20_000_000_000)).get()
    }

    deinit {
        try? POSIXStorage().removeTree(path)
    }
}

@Suite struct DaemonTests {
    @Test func `a daemon says ready with its addresses, answers, imports, and stops in order`() throws {
        let running = try Running()
        let ready = try #require(running.ready())
        #expect(ready.hasPrefix("ready syslog+tcp://127.0.0.1:"))
        #expect(ready.hasSuffix(" store=\(running.path)"))
        #expect(!ready.contains(":0 "))
        let client = ControlClient(storePath: running.path)
        let status = try client.send(ControlClient.request("status"))
        #expect(status["pid"]?.integer == Int64(processIdentifier()))
        #expect(status["state"]?.text == "ok")
        #expect(status["listeners"]?.elements?.first?["transport"]?.text == "tcp")

        try POSIXStorage().writeAtomically(Array("a\nb\n".utf8), to: running.path + "/in.log")
        let path = JSONValue.Member("path", .text(running.path + "/in.log"))
        #expect(try client.send(ControlClient.request("ingest", [path]))["added"]?.integer == 2)
        #expect(try client.send(ControlClient.request("ingest", [path]))["already_complete"]?.bool == true)
        #expect(try running.stop() == 0)
        let reader = try LogReader.open(storage: POSIXStorage(), path: running.path, stream: "records")
        #expect(reader.end == Offset(6), "start, begin, two records, end, stop")
        #expect(throws: WardlineError.self) { try client.send(ControlClient.request("status")) }
    }

    @Test func `a second process is told who has the store`() throws {
        let running = try Running()
        _ = running.ready()
        let second = try Running.daemon(running.path, [], HandoverQueue(capacity: 10))
        let error = try #require(throws: WardlineError.self) { try second.run(signals: nil) }
        #expect(error.code == .busy)
        #expect(error.message.contains("process \(processIdentifier())"))
        #expect(try running.stop() == 0)
    }

    @Test(arguments: ["{\"command\":\"nonsense\"}", "{}", "{\"command\":\"ingest\",\"path\":\"relative\"}"])
    func `a request that cannot be done is answered with the reason`(text: String) throws {
        let running = try Running([])
        _ = running.ready()
        let request = try JSONValue(parsing: text)
        let error = try #require(throws: WardlineError.self) {
            try ControlClient(storePath: running.path).send(request)
        }
        #expect(error.code == .usage)
        #expect(try running.stop() == 0)
    }

    @Test func `a reload asks for facts again and they reach the log`() throws {
        let calls = Mutex(0)
        let asked = HandoverQueue<Bool>(capacity: 10)
        let running = try Running([]) {
            calls.withLock { $0 += 1 }
            _ = asked.tryPut(true, weight: 1)
            return [Engine.control(.siteFact, .object([.init("role", .text("zones"))]), at: .absent)]
        }
        _ = running.ready()
        running.daemon.reload()
        #expect(asked.take() == true)
        #expect(asked.take() == true)
        #expect(try running.stop() == 0)
        #expect(calls.withLock { $0 } == 2)
        let reader = try LogReader.open(storage: POSIXStorage(), path: running.path, stream: "records")
        #expect(reader.end == Offset(4), "start, two facts, stop")
    }
}
