// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// Bytes of records that hold patient data are shown for a reason only, which the log keeps.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct RevealTests {
    private static let patient =
        "<38>Oct  1 04:00:00 ehr1 portal: {\"user\":\"ada\",\"action\":\"view\",\"patient_id\":\"MRN-4711\"}"
    private static let other =
        "<38>Oct  1 04:00:05 ehr1 sshd[8]: Accepted password for ada from 10.9.2.4 port 4 ssh2"

    private static func withStore(_ body: (_ store: String) throws -> Void) throws {
        try RulesMatchTests.inFolder(["lines.log": patient + "\n" + other + "\n"]) { folder in
            let result = try BuiltCommand.run([
                "ingest", "-q", "--store", folder + "/store", "--reference-time", "2026-12-01T00:00:00Z",
                folder + "/lines.log",
            ])
            try #require(result.status == 0, "\(result.errors)")
            try body(folder + "/store")
        }
    }

    @Test(arguments: [
        ["-o", "cat"], ["-o", "cat", "--raw"], ["-o", "verbose"], ["-F", "raw,class", "-o", "jsonl"],
    ])
    func `without a reason the bytes of other records alone are shown`(_ output: [String]) throws {
        try Self.withStore { store in
            let kept = try BuiltCommand.run(["query", "--store", store] + output)
            #expect(kept.status == 0)
            #expect(!kept.text.contains("MRN-4711") && kept.text.contains("Accepted password"))
            #expect(kept.errors.contains("--reveal REASON"), "\(kept.errors)")
            let shown = try BuiltCommand.run(["query", "--store", store, "--reveal", "case 7"] + output)
            #expect(shown.status == 0, "\(shown.errors)")
            #expect(shown.text.contains("MRN-4711") && shown.text.contains("Accepted password"))
        }
    }

    @Test func `who asked for what and why is in the log`() throws {
        try Self.withStore { store in
            _ = try BuiltCommand.run([
                "query", "--store", store, "-o", "cat", "--reveal", "case 7", "-S", "2026-10-01", "-u", "ada",
                "class:access",
            ])
            let acts = try BuiltCommand.run(["incidents", "acts", "--store", store, "-o", "jsonl"]).lines.map
            {
                try JSONValue(parsing: $0)
            }
            #expect(acts.map { $0["act"]?.text } == ["reveal"])
            #expect(acts.first?["reason"]?.text == "case 7" && acts.first?["incident"]?.text == "")
            let asked = acts.first?["query"]?.text ?? ""
            #expect(
                asked.contains("class:access") && asked.contains("ada") && asked.hasSuffix("-S 2026-10-01"),
                "\(asked)"
            )
            let schema = try SchemaFiles.schema("act")
            #expect(acts.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
            #expect(try BuiltCommand.run(["store", "rebuild", "-q", "--store", store]).status == 0)
            for wrong in [["--reveal", " ", "-o", "cat"], ["--reveal", "x"]] {
                #expect(try BuiltCommand.run(["query", "--store", store] + wrong).status == 2)
            }
        }
    }

    @Test func `a proof of such a record is written out for a reason only`() throws {
        try Self.withStore { store in
            let offsets = try BuiltCommand.run([
                "query", "--store", store, "-o", "jsonl", "-F", "offset,user.name",
            ])
            let first = try #require(
                offsets.lines.first.flatMap { try JSONValue(parsing: $0)["offset"]?.integer }
            )
            let refused = try BuiltCommand.run(["prove", "\(first)", "--store", store])
            #expect(refused.status == 2 && refused.output.isEmpty && refused.errors.contains("--reveal"))
            let other = try BuiltCommand.run(["prove", "\(first + 1)", "--store", store])
            #expect(other.status == 0 && other.text.contains("Accepted password"), "\(other.errors)")
            let shown = try BuiltCommand.run(["prove", "\(first)", "--store", store, "--reveal", "case 8"])
            #expect(shown.status == 0 && shown.text.contains("MRN-4711"), "\(shown.errors)")
            let acts = try BuiltCommand.run(["incidents", "acts", "--store", store, "-o", "jsonl"])
            #expect(acts.text.contains("\"case 8\"") && acts.text.contains("prove \(first)"), "\(acts.text)")
        }
    }

    @Test func `the text in a proof, and the head that it leads to, must be those that are known`() throws {
        try Self.withStore { store in
            let (folder, file) = (store + "/..", store + "/../proof.json")
            func writeHead() throws {
                let text = try BuiltCommand.run(["head", "--store", store]).text
                try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/head"))
            }
            try writeHead()
            let offsets = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl", "-F", "offset"])
            let last = try #require(
                offsets.lines.last.flatMap { try JSONValue(parsing: $0)["offset"]?.integer }
            )
            let proof = try BuiltCommand.run(["prove", "\(last)", "--store", store]).text
            func check(_ text: String, _ more: [String] = []) throws -> BuiltCommand.Result {
                try Data(text.utf8).write(to: URL(fileURLWithPath: file))
                let result = try BuiltCommand.run(["verify", file] + more)
                if more.isEmpty, try runTool("python3", ["-c", "import cryptography"])?.status == 0 {
                    let second = try runTool("python3", ["Tests/verifier/verify.py", "--proof", file])
                    #expect((second?.status == 0) == (result.status == 0), "both verifiers agree")
                }
                return result
            }
            #expect(try check(proof).status == 0)
            #expect(try check(proof, ["--since", folder + "/head"]).status == 0)
            let forged = try check(proof.replacing("password for ada", with: "password for eve"))
            #expect(forged.status == 3 && forged.text.contains("is not that of the leaf"), "\(forged.text)")
            try Data((Self.other + " again\n").utf8).write(to: URL(fileURLWithPath: folder + "/more.log"))
            let again = try BuiltCommand.run([
                "ingest", "-q", "--store", store, "--reference-time", "2026-12-02T00:00:00Z",
                folder + "/more.log",
            ])
            #expect(again.status == 0, "\(again.errors)")
            try writeHead()
            let other = try check(proof, ["--since", folder + "/head"])
            #expect(other.status == 3 && other.text.contains("another head"), "\(other.text)")
        }
    }
}
