// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Ingest
import Pipeline
import Platform
import Projections
import SegmentLog
import SiteFiles
import Testing

@testable import Replay

@Suite struct ReplayStoreTests {
    private let folder: String
    private let content = ReplayContent(judge: { _ in MarkJudge() }, facts: { _, _ in [] })

    init() throws {
        folder = NSTemporaryDirectory() + "wardline-replay-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func removeFolder() { try? FileManager.default.removeItem(atPath: folder) }

    private func story(_ lines: [String]) throws -> Scenario {
        let path = folder + "/story"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path + "/input.log"))
        try Data(#"{"incident":true,"incidents_max":2}"#.utf8)
            .write(to: URL(fileURLWithPath: path + "/expected.json"))
        return try Scenario(folder: path, files: DiskScenarioFiles(POSIXStorage()))
    }

    @Test func `a story is imported into a fresh store, judged and compared`() throws {
        defer { removeFolder() }
        let scenario = try story(["one", "two !", "three", "four !"])
        let runner = ImportingScenarioRunner(content: content) { _ in folder + "/store" }
        let check = ScenarioCheck { [$0.title] }
        let files = DiskScenarioFiles(POSIXStorage())
        let result = try check.run(scenario, files: files, runner: runner, isUpdating: true)
        #expect(result.isPassed)
        #expect(result.incidents.count == 2)
        #expect(result.incidents.allSatisfy { !$0.isProvisional })
        // What lies on disk says the same, and judging it again too.
        let stored = try ReadModels(path: folder + "/store/projections/wardline.sqlite", mode: .readOnly)
        #expect(try stored.incidents() == result.incidents)
        let reader = try LogReader.open(storage: POSIXStorage(), path: folder + "/store", stream: "records")
        var source: any RecordSource = StoredRecords(reader)
        var judge: any RecordJudge = MarkJudge()
        let judged = try Rejudgement.readModels(of: &source, by: &judge).incidents()
        #expect(ReplayComparison(stored: result.incidents, judged: judged).isEqual)
    }

    @Test func `a missing input is an error and leaves nothing running`() throws {
        defer { removeFolder() }
        var scenario = try story(["one"])
        scenario.inputs = [folder + "/none"]
        let runner = ImportingScenarioRunner(content: content) { _ in folder + "/store" }
        #expect(throws: WardlineError.self) { try runner.incidents(of: scenario) }
        // The store is free for the next one.
        let store = try ReplayStore(path: folder + "/store", content: content, site: nil)
        try store.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a story sent over real sockets is stored, judged and found`() throws {
        defer { removeFolder() }
        let store = try ReplayStore(path: folder + "/store", content: content, site: nil)
        let listeners = try Listeners(
            [
                ListenerDefinition(name: "u", .syslog, .udp, host: "127.0.0.1", port: 0),
                ListenerDefinition(name: "t", .syslog, .tcp, host: "127.0.0.1", port: 0),
                ListenerDefinition(name: "j", .jsonLines, .tcp, host: "127.0.0.1", port: 0),
            ],
            intake: store.engine.intake
        )
        let server = try EngineDemonstrationServer(store: store, listeners: listeners)
        #expect(Set(server.target.ports.keys) == Set(ResendRoute.allCases))
        let lines = ["<1>one", "<1>two !", "{\"a\":1}", "<1>three", "{\"a\":\"!\"}"]
            .map { ResendLine(bytes: Array($0.utf8), time: .absent) }
        let outcome = try Demonstration.run(lines, over: server)
        #expect(outcome.sent.lines == [.udp: 2, .tcp: 1, .jsonLines: 2])
        #expect(outcome.isComplete)
        #expect(outcome.incidents.count == 2)
    }
}
