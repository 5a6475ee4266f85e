// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct RulesMatchTests {
    private static let rules = """
        title: Refused
        id: 5f0c9a11-0000-4000-8000-000000000001
        name: refused
        logsource: {category: x}
        detection: {s: {result: refused}, condition: s}
        ---
        title: Many
        correlation: {type: event_count, rules: refused, group-by: port, timespan: 9s, condition: {gte: 2}}

        """

    private static let events = """
        {"ts":5,"result":"refused","port":22}
        {"ts":4,"result":"refused","port":22}

        {"ts":6,"result":"taken","port":22}

        """

    /// Writes `files` into a folder of their own and runs `body` with its path.
    static func inFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/rules-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files {
            let path = folder + "/" + name
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true
            )
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        try body(folder)
    }

    static func schema(_ name: String) throws -> OutputSchema {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("schemas/output/\(name)"))
        return OutputSchema(try JSONValue(parsing: String(decoding: data, as: UTF8.self)))
    }

    @Test func `matches are written as their schema says, from files, folders and standard input`() throws {
        try Self.inFolder(["deep/r.yml": Self.rules, "deep/r.test.yml": "cases: []\n"]) { folder in
            for path in [folder, folder + "/deep/r.yml"] {
                let result = try BuiltCommand.run(
                    ["rules", "match", "--rules", path, "--events", "-", "-o", "jsonl"],
                    input: Self.events
                )
                #expect(result.status == 0, "\(result.errors)")
                let id = #""5f0c9a11-0000-4000-8000-000000000001""#
                #expect(
                    result.lines == [
                        #"{"rule":\#(id),"event":0}"#, #"{"rule":\#(id),"event":1}"#,
                        #"{"rule":"Many","group":{"port":22},"first":"1970-01-01T00:00:04Z","#
                            + #""last":"1970-01-01T00:00:05Z","events":[1,0]}"#,
                    ]
                )
                let schema = try Self.schema("rule-match-v1.schema.json")
                let rows = try result.lines.map { try JSONValue(parsing: $0) }
                #expect(rows.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
            }
        }
    }

    @Test func `steps and absences join events of any make by their own fields`() throws {
        let base = ["a", "b", "c"].map { name in
            "title: \(name)\nname: \(name)\nlogsource: {category: x}\n"
                + "detection: {s: {k: \(name)}, condition: s}\n---\n"
        }.joined()
        let sequence =
            "title: S\nname: s\ncorrelation: {type: temporal_ordered, rules: [a, b], timespan: 100s}\n"
            + "wardline: {sequence: {steps: [a, {rule: b, join: {src: dst}}]}}\n"
        let absence =
            "title: A\nname: n\ncorrelation: {type: temporal_ordered, rules: [a, b, c], timespan: 100s}\n"
            + "wardline: {absence: {rule: c, within: 10s, join: {src: src}}}\n"
        func count(_ rule: String, _ sources: [String]) throws -> Int {
            let events = zip(["a", "b", "c"], sources).enumerated().map { number, event in
                #"{"k":"\#(event.0)","ts":\#(number + 1),"src":"\#(event.1)","dst":"q"}"#
            }
            return try Self.inFolderCount(base + rule, events.joined(separator: "\n"))
        }
        #expect(try count(sequence, ["p", "q"]) == 1)
        #expect(try count(sequence, ["p", "r"]) == 0)
        #expect(try count(absence, ["p", "q", "q"]) == 0)
        #expect(try count(absence, ["p", "q", "r"]) == 1)
    }

    /// Groups that the rules find in the events.
    private static func inFolderCount(_ rules: String, _ events: String) throws -> Int {
        var count = 0
        try inFolder(["r.yml": rules]) { folder in
            let result = try BuiltCommand.run(
                ["rules", "match", "--rules", folder, "--events", "-", "--ignore-logsource", "-o", "jsonl"],
                input: events
            )
            #expect(result.status == 0, "\(result.errors)")
            count = result.text.split(separator: "\n").count { $0.contains("\"group\"") }
        }
        return count
    }

    @Test func `a bad line ends the run with its number, after what came before it`() throws {
        try Self.inFolder(["r.yml": Self.rules, "e.jsonl": Self.events + "{\"ts\":7,\n"]) { folder in
            let result = try BuiltCommand.run([
                "rules", "match", "--rules", folder, "--events", folder + "/e.jsonl",
            ])
            #expect(result.status == 2)
            #expect(result.lines.count == 2)
            #expect(result.errors.contains("e.jsonl:5: Line 5 cannot be used: the line ends inside"))
        }
    }

    @Test func `an event without the time that a correlation needs ends the run`() throws {
        try Self.inFolder(["r.yml": Self.rules]) { folder in
            let result = try BuiltCommand.run(
                ["rules", "match", "--rules", folder, "--events", "-", "--time-field", "when"],
                input: Self.events
            )
            #expect(result.status == 2)
            #expect(result.errors.contains("Line 1 cannot be used: the correlation `Many` needs the time"))
        }
    }

    @Test func `a refused rule leaves the others, and is said in words and status`() throws {
        try Self.inFolder(["r.yml": Self.rules + "---\ntitle: Broken\n"]) { folder in
            let result = try BuiltCommand.run(
                ["rules", "match", "--rules", folder, "--events", "-"],
                input: Self.events
            )
            #expect(result.status == 1)
            #expect(result.lines.count == 3)
            #expect(result.errors.contains("rule refused: "))
        }
    }

    @Test(arguments: [["--events", "-"], ["--rules", "/none", "--events", "-"], ["--rules", "r.yml"]])
    func `what is missing is an error of use`(_ arguments: [String]) throws {
        #expect(try BuiltCommand.run(["rules", "match"] + arguments).status == 2)
    }
}
