// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import QueryEngine
import Testing
import WireFormats

@testable import wardline

/// Runs of the built command: output, exit status, help.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct CommandTests {
    private static func withStore(_ body: (String) throws -> Void) throws {
        let store = try SampleIncident.makeStore()
        defer { try? FileManager.default.removeItem(atPath: store) }
        try body(store)
    }

    @Test(
        arguments: [
            ([], 0), (["--help"], 0), (["help", "incidents"], 0), (["--version"], 0), (["-V"], 0),
            (["version"], 0),
            (["completion", "bash"], 0), (["bogus"], 2), (["incidents", "--bogus"], 2), (["timeline"], 2),
            (["incidents", "-o", "yaml"], 2), (["incidents", "-n", "-1"], 2), (["completion", "csh"], 2),
            (["incidents", "--store", "/nonexistent"], 2), (["incidents", "-S", "yesteryear"], 2),
            (["decode", "-z", "Nowhere/Town", "x"], 2), (["decode", "x"], 0),
        ] as [([String], Int32)]
    )
    func `the exit status is as documented`(arguments: [String], status: Int32) throws {
        let result = try BuiltCommand.run(arguments)
        #expect(result.status == status, "\(result.errors)")
        #expect((status == 0) == !result.output.isEmpty)
        #expect((status == 2) == !result.errors.isEmpty)
    }

    @Test func `help fits 80 columns and has no colour`() throws {
        for arguments in [["--help"], ["help", "incidents"], ["help", "timeline"], ["help", "decode"]] {
            let result = try BuiltCommand.run(arguments)
            for line in result.lines where !line.hasPrefix("USAGE:") {
                #expect(TerminalText.width(line) <= 80, "\(line)")
            }
            #expect(!result.output.contains(0x1b))
        }
    }

    @Test func `incidents are a table for people`() throws {
        try Self.withStore { store in
            let result = try BuiltCommand.run(["incidents", "--store", store])
            #expect(result.status == 0)
            #expect(
                result.lines == [
                    "ID              RISK  NOW  STATE  FIRST                  SPAN  DEVICES  USERS  RULES  "
                        + "TITLE",
                    "INC-7K2M9Q4XTB    92   92  new    2026-03-14 02:07:41Z  2m20s        2      1      2  "
                        + "Remote access to pump firmware downgrade",
                ]
            )
        }
    }

    @Test func `a number may be joined to its option`() throws {
        try Self.withStore { store in
            let apart = try BuiltCommand.run(["query", "--store", store, "-n", "1"])
            let joined = try BuiltCommand.run(["query", "--store", store, "-n1"])
            #expect(joined.status == apart.status && joined.output == apart.output)
            #expect(try BuiltCommand.run(["query", "--store", store, "-nx"]).status == 2)
        }
    }

    @Test func `a folder is no file to take, and leaves no store`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/wardline-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let result = try BuiltCommand.run(["ingest", folder, "--store", folder + "/store"])
        #expect(result.status == 2)
        #expect(result.errors.contains("This is a folder"))
        #expect(!FileManager.default.fileExists(atPath: folder + "/store"))
    }

    @Test func `an interval without incidents gives status 1 and no data`() throws {
        try Self.withStore { store in
            let result = try BuiltCommand.run(["incidents", "--store", store, "-U", "2020-01-01"])
            #expect(result.status == 1)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains("no incidents"))
        }
    }

    @Test(arguments: ["INC-7K2M9Q4XTB", "inc-7k", "INC-0000000001"])
    func `a timeline is found by id, prefix and merged id`(id: String) throws {
        try Self.withStore { store in
            let result = try BuiltCommand.run(["timeline", "--store", store, id])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.lines.first?.hasPrefix("INC-7K2M9Q4XTB  HIGH risk 92") == true)
        }
    }

    @Test func `an unknown incident is said with what to do`() throws {
        try Self.withStore { store in
            let result = try BuiltCommand.run(["timeline", "--store", store, "INC-X"])
            #expect(result.status == 2)
            #expect(result.errors.contains("`wardline incidents` lists them"))
        }
    }

    @Test(arguments: ["always", "never", "auto"])
    func `no view lets device text act on a terminal`(colour: String) throws {
        try Self.withStore { store in
            for arguments in [["incidents"], ["timeline", "INC", "--context"], ["devices"], ["sources"]] {
                for mode in [[], ["-o", "jsonl"], ["-o", "json"]] {
                    let result = try BuiltCommand.run(
                        arguments + mode + ["--store", store, "--color", colour]
                    )
                    #expect(result.status == 0, "\(result.errors)")
                    let plain = result.text.replacing(/\u{1b}\[[0-9]+m/, with: "")
                    for scalar in plain.unicodeScalars where scalar != "\n" {
                        #expect(
                            TerminalText.isSafe(scalar),
                            "\(arguments) \(mode): U+\(String(scalar.value, radix: 16))"
                        )
                    }
                    if colour != "always" { #expect(!result.output.contains(0x1b)) }
                }
            }
        }
    }

    @Test(
        arguments: [
            (["incidents"], "incident"), (["timeline", "INC", "--context"], "incident"),
            (["devices"], "device"),
            (["sources"], "source"), (["version"], "version"),
        ] as [([String], String)]
    )
    func `output is what its schema says`(arguments: [String], name: String) throws {
        let schema = try SchemaFiles.schema(name)
        try Self.withStore { store in
            let place = name == "version" ? [] : ["--store", store]
            let result = try BuiltCommand.run(
                arguments + ["-o", name == "version" ? "json" : "jsonl"] + place
            )
            #expect(!result.lines.isEmpty)
            for line in result.lines {
                let value = try JSONValue(parsing: line)
                #expect(schema.faults(value) + schema.memberFaults(value) == [])
            }
        }
    }

    @Test func `decoded lines are what the event schema says, one object per line`() throws {
        let schema = try SchemaFiles.schema("event")
        let lines = [
            "<34>Oct 11 22:14:15 host su: 'su root' failed", "plain \u{1b}[2J text", "",
            "{\"a\":1,\"b\":[1,2]}",
            "<13>1 2026-03-14T02:09:16.5Z pump app 1 - - m\u{202e}",
        ]
        let result = try BuiltCommand.run(
            ["decode", "-o", "jsonl", "--reference-time", "2026-10-12", "-"],
            input: lines.map { $0 + "\n" }.joined()
        )
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.count == lines.count)
        for line in result.lines {
            let value = try JSONValue(parsing: line)
            #expect(schema.faults(value) + schema.memberFaults(value) == [])
        }
        #expect(result.lines.first?.contains("\"time\":\"2026-10-11T22:14:15Z\"") == true)
        #expect(!result.output.contains(0x1b))
    }

    @Test func `with a site a line says which assets and zones it is about`() throws {
        let line =
            "<166>Sep 14 01:11:35 edge-med %ASA-6-302013: Built inbound TCP connection 7 for "
            + "med:10.79.1.5/41022 (10.79.1.5/41022) to core:10.71.10.24/22 (10.71.10.24/22)"
        let arguments = ["decode", "--site", "replay/vendor-session/site", "--reference-time", "2026-09-14"]
        let object = try BuiltCommand.run(arguments + ["-o", "jsonl", line])
        let value = try JSONValue(parsing: try #require(object.lines.first))
        #expect(value["site.dst.asset"]?.text == "MR-204")
        #expect(value["site.src.zone"]?.text == "supplier-dmz")
        #expect(value["site.src.asset"] == nil)
        let schema = try SchemaFiles.schema("event")
        #expect(schema.faults(value) + schema.memberFaults(value) == [])
        let words = try BuiltCommand.run(arguments + [line])
        #expect(words.lines.contains { $0.contains("resolved") && $0.contains("dst.asset MR-204") })
        #expect(try BuiltCommand.run(["decode", "--site", "a", "--store", "b", "x"]).status == 2)
        #expect(try BuiltCommand.run(["decode", "--site", "no-such-folder", "x"]).status != 0)
    }

    @Test func `a wrong value is noticed by the validator`() throws {
        let schema = try SchemaFiles.schema("version")
        let wrong = try JSONValue(parsing: "{\"version\":1,\"surplus\":true}")
        #expect((schema.faults(wrong) + schema.memberFaults(wrong)).count == 3)
    }

    @Test func `a reader that leaves early ends the command silently`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let command = try #require(BuiltCommand.path)
        process.arguments = [
            "-c",
            "(yes '<34>Oct 11 22:14:15 h su: x' 2>/dev/null | head -n 20000 2>/dev/null | "
                + "(\(command) decode -o jsonl -; "
                + "echo $? >&2)) | head -n 1",
        ]
        process.environment = ["PATH": "/usr/bin:/bin"]
        let out = Pipe()
        let err = Pipe()
        process.standardOutput = out
        process.standardError = err
        try process.run()
        let output = try out.fileHandleForReading.readToEnd() ?? Data()
        let errors = String(decoding: try err.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(output.filter { $0 == 0x0a }.count == 1)
        #expect(errors.filter { !$0.isWhitespace } == "0", "\(errors)")
    }
}

/// The schemas of the repository.
enum SchemaFiles {
    static func schema(_ name: String) throws -> OutputSchema {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("schemas/output/\(name)-v1.schema.json"))
        return OutputSchema(try JSONValue(parsing: String(decoding: data, as: UTF8.self)))
    }
}
