// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct DecodersCommandTests {
    private static let lines = """
        <34>1 2026-10-05T04:00:00Z pump7 frobd 88 - - Frobnicated unit 17 from 10.1.2.3 user=bob state=open
        <34>1 2026-10-05T04:00:01Z pump8 frobd 88 - - Frobnicated unit 18 from 10.1.2.4 user=al state=shut
        <38>1 2026-10-05T04:00:02Z jump7 sshd 88 - - Accepted password for root from 10.1.2.4 port 4000 ssh2
        {"frob":1,"username":"bob","ipAddress":"10.9.8.7"}

        """

    private static func schema(_ name: String) throws -> OutputSchema {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("schemas/output/\(name)"))
        return OutputSchema(try JSONValue(parsing: String(decoding: data, as: UTF8.self)))
    }

    private static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/decoders-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func `coverage ranks what nothing takes, as its schema says`() throws {
        let result = try BuiltCommand.run(["decoders", "coverage", "-", "-o", "jsonl"], input: Self.lines)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("3 of 4 lines (75.0 %) not understood"))
        let schema = try Self.schema("undecoded-v1.schema.json")
        let rows = try result.lines.map { try JSONValue(parsing: $0) }
        #expect(rows.flatMap(schema.faults) == [])
        #expect(rows.map { $0["count"]?.integer } == [2, 1])
        #expect(rows.map { $0["application"]?.text } == ["frobd", ""])
        #expect(rows[0]["hosts"]?.integer == 2)
    }

    @Test func `decoders are counted by what they took`() throws {
        let result = try BuiltCommand.run(
            ["decoders", "coverage", "-", "--by", "decoder", "-o", "jsonl"],
            input: Self.lines
        )
        let rows = try result.lines.map { try JSONValue(parsing: $0) }
        let sshd = rows.first { $0["decoder"]?.text == "sshd" }
        #expect(sshd?["lines"]?.integer == 1)
        #expect(sshd?["classes"]?["access"]?.integer == 1)
    }

    @Test func `a draft is written once, loads, and takes the lines`() throws {
        try Self.inFolder { folder in
            let suggest = ["decoders", "suggest", "-", "--into", folder]
            let first = try BuiltCommand.run(suggest, input: Self.lines)
            #expect(first.status == 0, "\(first.errors)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names == ["draft.frobd.decoder.yaml", "draft.lines.json.decoder.yaml"])
            let tested = try BuiltCommand.run(["decoders", "test", folder])
            #expect(tested.status == 0, "\(tested.text)")
            let now = try BuiltCommand.run(
                ["decoders", "coverage", "-", "--decoders", folder],
                input: Self.lines
            )
            #expect(now.errors.contains("1 of 4 lines (25.0 %) not understood"), "\(now.errors)")
            // What somebody has worked on stays.
            let path = folder + "/" + names[0]
            let edited = try String(contentsOfFile: path, encoding: .utf8) + "# mine\n"
            try edited.write(toFile: path, atomically: true, encoding: .utf8)
            let second = try BuiltCommand.run(suggest, input: Self.lines)
            #expect(second.status == 2)
            #expect(second.errors.contains(names[0]))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == edited)
        }
    }

    @Test func `a bad decoder file is refused with its place, a missing one too`() throws {
        try Self.inFolder { folder in
            let path = folder + "/bad.decoder.yaml"
            try "id: bad\nselect: {app: [x]}\nrulez: []\n".write(
                toFile: path,
                atomically: true,
                encoding: .utf8
            )
            let bad = try BuiltCommand.run(["decoders", "test", path])
            #expect(bad.status == 1)
            #expect(bad.text.contains("bad.decoder.yaml:3:1"), "\(bad.text)")
            #expect(try BuiltCommand.run(["decoders", "test", folder + "/none"]).status == 2)
            #expect(try BuiltCommand.run(["decoders", "coverage", folder]).status == 2)
            #expect(try BuiltCommand.run(["decoders", "coverage", "-", "-S", "-1h"]).status == 2)
            let nothing = try BuiltCommand.run(["decoders", "suggest", "-"], input: "")
            #expect(nothing.status == 1)
            #expect(nothing.output.isEmpty)
        }
    }

    @Test func `the list is what its schema says`() throws {
        let result = try BuiltCommand.run(["decoders", "list", "-o", "jsonl"])
        let schema = try Self.schema("decoder-v1.schema.json")
        let rows = try result.lines.map { try JSONValue(parsing: $0) }
        #expect(rows.count > 20)
        #expect(rows.flatMap(schema.faults) == [])
        #expect(rows.contains { $0["decoder"]?.text == "sshd" && ($0["rules"]?.integer ?? 0) > 3 })
    }

    /// A store whose events were made by decoders of one file.
    private static func ingest(_ folder: String, outcome: String) throws -> (store: String, decoders: String)
    {
        let decoders = folder + "/decoders"
        try FileManager.default.createDirectory(atPath: decoders, withIntermediateDirectories: true)
        try write(decoders, outcome: outcome)
        let store = folder + "/store"
        let log = folder + "/in.log"
        try lines.write(toFile: log, atomically: true, encoding: .utf8)
        let result = try BuiltCommand.run([
            "ingest", "--store", store, "--decoders", decoders, "--quiet", log,
        ])
        #expect(result.status == 0, "\(result.errors)")
        return (store, decoders)
    }

    private static func write(_ decoders: String, outcome: String) throws {
        let file = """
            id: frob
            select: {app: [frobd]}
            rules:
              - id: frob
                action: login
                outcome: \(outcome)
                pattern: 'Frobnicated unit {_:int} from {src.ip:ip} user={user.name:word}{_:rest}'
                samples:
                  - in: '<34>1 2026-10-05T04:00:00Z p frobd - - - Frobnicated unit 1 from 10.0.0.1 user=x a'
                    expect: {user.name: x, outcome: \(outcome)}

            """
        try file.write(toFile: decoders + "/frob.decoder.yaml", atomically: true, encoding: .utf8)
    }

    @Test func `replay proves stored events and shows what other decoders make of them`() throws {
        try Self.inFolder { folder in
            let (store, decoders) = try Self.ingest(folder, outcome: "success")
            let pinned = try BuiltCommand.run(["replay", "--pin", "--store", store])
            #expect(pinned.status == 0, "\(pinned.text) \(pinned.errors)")
            #expect(pinned.errors.contains("0 of 4 stored events change"), "\(pinned.errors)")
            try Self.write(decoders, outcome: "failure")
            // The store keeps the decoders that it was judged by.
            #expect(try BuiltCommand.run(["replay", "--pin", "--store", store]).status == 0)
            let latest = try BuiltCommand.run([
                "replay", "--latest", "--decoders", decoders, "--store", store, "-o", "jsonl",
            ])
            #expect(latest.status == 1)
            let rows = try latest.lines.map { try JSONValue(parsing: $0) }
            let schema = try Self.schema("change-v1.schema.json")
            #expect(rows.flatMap(schema.faults) == [])
            #expect(rows.count == 2)
            for row in rows {
                let changes = row["changes"]?.elements ?? []
                #expect(changes.map { $0["name"]?.text } == ["outcome"])
                #expect(changes.first?["stored"]?.text == "success")
                #expect(changes.first?["found"]?.text == "failure")
            }
            #expect(
                try BuiltCommand.run(["replay", "--pin", "--decoders", decoders, "--store", store]).status
                    == 2
            )
        }
    }

    /// Lines of which every thousandth begins a message that its 900th successor completes, over two blocks.
    private static func longLog() -> String {
        var lines: [String] = []
        for number in 0..<18_000 {
            let id = "00000000" + String(10 + number / 1_000)
            let head = "<181>Oct  5 04:00:00 nac9 CISE_Passed_Authentications \(id) 2"
            switch number % 1_000 {
            case 0:
                lines.append(
                    "\(head) 0 2026-10-05 04:00:00.100 +00:00 0000000900 5200 NOTICE Passed-Authentication: "
                        + "Authentication succeeded, ConfigVersionId=1, UserName=user\(number), "
                )
            case 900: lines.append("\(head) 1 NAS-Port-Id=Gi1/0/9, AuthenticationMethod=dot1x,")
            case 950: lines.append("<13>Oct  5 04:00:00 h\(number - 951) last message repeated 2 times")
            default: lines.append("<13>Oct  5 04:00:00 h\(number) a: filler \(number)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func `what a block joins with records of the block before it is found again`() throws {
        try Self.inFolder { folder in
            let log = folder + "/long.log"
            try Self.longLog().write(toFile: log, atomically: true, encoding: .utf8)
            let store = folder + "/store"
            let arguments = ["--store", store]
            let ingested = try BuiltCommand.run(
                ["ingest", "--reference-time", "2026-10-06T00:00:00Z", "--quiet", log] + arguments
            )
            #expect(ingested.status == 0, "\(ingested.errors)")
            let pinned = try BuiltCommand.run(["replay", "--pin"] + arguments)
            #expect(pinned.status == 0 && pinned.errors.contains("0 of "), "\(pinned.text) \(pinned.errors)")
            let found = try BuiltCommand.run(["query", "action:authenticate", "-o", "jsonl"] + arguments)
            let rows = try found.lines.map { try JSONValue(parsing: $0) }
            let spans = rows.compactMap { row in
                row["ext.records"]?.text?.split(separator: " ").compactMap { UInt64($0) }
            }
            #expect(spans.count == 18 && spans.allSatisfy { $0.count == 2 && $0[1] - $0[0] == 900 })
            // One of them lies on both sides of the end of the first block of 16,384 records.
            #expect(spans.contains { $0[0] < 16_384 && $0[1] >= 16_384 }, "\(spans)")
        }
    }
}
