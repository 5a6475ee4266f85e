// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Projections
import Testing

@testable import Replay

@Suite struct ScenarioCheckTests {
    private let check = ScenarioCheck { ["\($0.id) \($0.title)", "  +0:00 A"] }

    private func story(_ extra: [String: String] = [:]) -> MemoryFiles {
        let files = [
            "s/worm/input.log": "x", "s/worm/input.b.rec.jsonl": "y", "s/worm/README.md": "",
            "s/worm/site/assets.csv": "",
            "s/worm/expected.json": #"{"incident":true,"devices":["CT-01"],"classes":["access","network"]}"#,
        ]
        return MemoryFiles(files.merging(extra) { $1 })
    }

    @Test func `a story folder is read by its names`() throws {
        let scenario = try Scenario(folder: "s/worm/", files: story())
        #expect(scenario.name == "worm")
        #expect(scenario.inputs == ["s/worm/input.b.rec.jsonl", "s/worm/input.log"])
        #expect(scenario.site == "s/worm/site")
        #expect(scenario.expectation?.devices == ["CT-01"])
    }

    @Test func `a pair is read with a site folder of its own`() throws {
        let files = MemoryFiles([
            "c/S01.log": "x", "c/S01.expect.json": #"{"incident":false}"#, "c/S02.expect.json": "{}",
        ])
        let scenario = try Scenario(expectation: "c/S01.expect.json", site: "site", files: files)
        #expect(scenario.name == "S01")
        #expect(scenario.inputs == ["c/S01.log"])
        #expect(scenario.site == "site")
        #expect(throws: WardlineError.self) {
            try Scenario(expectation: "c/S02.expect.json", site: "site", files: files)
        }
        #expect(throws: WardlineError.self) {
            try Scenario(expectation: "c/S03.expect.json", site: "site", files: files)
        }
    }

    @Test func `scenarios are found in a story, a folder of stories and a folder of pairs`() throws {
        let pair = ["c/S/S02.log": "x", "c/S/S02.expect.json": #"{"incident":false}"#]
        let files = story(
            pair.merging([
                "s/quiet/input.log": "x", "c/S/S01.log": "x", "c/S/S01.expect.json": #"{"incident":false}"#,
                "c/site/assets.csv": "", "s/README.md": "",
            ]) { $1 }
        )
        #expect(try Scenario.all(in: "s/worm", files: files).map(\.name) == ["worm"])
        #expect(try Scenario.all(in: "s/", files: files).map(\.name) == ["quiet", "worm"])
        let pairs = try Scenario.all(in: "c/S", files: files)
        #expect(pairs.map(\.name) == ["S01", "S02"])
        #expect(pairs.map(\.site) == ["c/site", "c/site"])
        #expect(try Scenario.all(in: "c/S", site: "other", files: files).first?.site == "other")
        #expect(throws: WardlineError.self) { try Scenario.all(in: "c/site", files: files) }
        #expect(throws: WardlineError.self) { try Scenario.all(in: "nowhere", files: files) }
    }

    @Test func `lines are read with the times that records claim, and merged by them`() throws {
        let files = MemoryFiles([
            "s/a/input.1.rec.jsonl": """
            {"line":"one","received":"1970-01-01T00:00:01Z"}
            {"line":"three","received":"1970-01-01T00:00:03Z"}

            """,
            "s/a/input.2.rec.jsonl": #"{"line":"two","received":"1970-01-01T00:00:02+00:00"}"#,
            "s/b/input.log": "<1>a\r\n\n{\"b\":1}", "s/c/input.rec.jsonl": "<1>a", "s/d/input.log": "\u{1F}x",
        ])
        let merged = try Scenario(folder: "s/a", files: files).lines(files: files)
        #expect(merged.map { String(decoding: $0.bytes, as: UTF8.self) } == ["one", "two", "three"])
        #expect(merged.map(\.time.nanoseconds) == [1_000_000_000, 2_000_000_000, 3_000_000_000])
        let plain = try Scenario(folder: "s/b", files: files).lines(files: files)
        #expect(plain.map { String(decoding: $0.bytes, as: UTF8.self) } == ["<1>a", "{\"b\":1}"])
        #expect(plain.allSatisfy { !$0.time.isPresent })
        let error = #expect(throws: WardlineError.self) {
            try Scenario(folder: "s/c", files: files).lines(files: files)
        }
        #expect(error?.location == "s/c/input.rec.jsonl:1")
        files.write([0x1F, 0x8B, 8], to: "s/d/input.log")
        #expect(throws: WardlineError.self) { try Scenario(folder: "s/d", files: files).lines(files: files) }
    }

    @Test func `a folder without input is refused, and one that is not there`() {
        #expect(throws: WardlineError.self) { try Scenario(folder: "s/none", files: story()) }
        let files = MemoryFiles(["s/a/expected.json": #"{"incident":false}"#])
        #expect(throws: WardlineError.self) { try Scenario(folder: "s/a", files: files) }
    }

    @Test func `goldens that are written are then met, and a changed title differs`() throws {
        let files = story()
        let scenario = try Scenario(folder: "s/worm", files: files)
        let incidents = [stored("INC-1"), stored("INC-2")]
        var roomy = scenario
        roomy.expectation?.incidentCountMax = 2
        let updated = try check.result(of: roomy, incidents: incidents, files: files, isUpdating: true)
        #expect(updated.written == ["s/worm/expected.timeline.txt", "s/worm/expected.incidents.jsonl"])
        #expect(
            files.text("s/worm/expected.timeline.txt") == "INC-1 title\n  +0:00 A\n\nINC-2 title\n  +0:00 A\n"
        )
        let again = try check.result(of: roomy, incidents: incidents, files: files)
        #expect(again.isPassed)
        #expect(again.report == ["worm: ok"])
        let changed = [stored("INC-1"), stored("INC-2", title: "other")]
        let result = try check.result(of: roomy, incidents: changed, files: files)
        #expect(!result.isPassed)
        #expect(result.goldenDifferences.contains("- INC-2 title"))
        #expect(result.goldenDifferences.contains("+ INC-2 other"))
        #expect(result.report.first == "worm: differs")
        let same = try check.result(of: roomy, incidents: incidents, files: files, isUpdating: true)
        #expect(same.written.isEmpty)
    }

    @Test func `an update does not make a missed attack pass`() throws {
        let files = story()
        let scenario = try Scenario(folder: "s/worm", files: files)
        let result = try check.result(of: scenario, incidents: [], files: files, isUpdating: true)
        #expect(result.differences == ["expected an incident, found none"])
        #expect(!result.isPassed)
    }

    @Test(arguments: [
        "INC-1 title\n  +0:00 A", "INC-1 title\n  +0:00 A\n\n", "", "INC-1 title\r\n  +0:00 A\r\n",
    ])
    func `a golden that differs in any byte is noticed`(golden: String) throws {
        let files = story(["s/worm/expected.timeline.txt": golden])
        let scenario = try Scenario(folder: "s/worm", files: files)
        let result = try check.result(of: scenario, incidents: [stored("INC-1")], files: files)
        #expect(result.differences.isEmpty)
        #expect(result.goldenDifferences.count > 1)
    }

    @Test func `judgements are compared part by part`() {
        let old = [stored("A"), stored("B"), stored("C")]
        var changed = stored("B", devices: ["X"])
        changed.risk = 51
        let comparison = ReplayComparison(stored: old, judged: [stored("A"), changed, stored("D")])
        #expect(comparison.missing == ["C"])
        #expect(comparison.surplus == ["D"])
        #expect(comparison.changed == [ReplayComparison.Change(id: "B", parts: ["risk", "devices", "json"])])
        #expect(comparison.sameCount == 1)
        #expect(!comparison.isEqual)
        #expect(comparison.report.count == 4)
        let equal = ReplayComparison(stored: old, judged: old.reversed())
        #expect(equal.isEqual)
        #expect(equal.report == ["same: 3 incidents are equal in every byte"])
    }
}
