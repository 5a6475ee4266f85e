// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// What commands say over a store that lacks something, and of files that are wrong.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct DamageTests {
    private static let rule = """
        title: Root came in
        name: root_in
        level: high
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: success, user.name: root}
          condition: acts

        """

    /// A store with one incident in a folder with its rules, decoders and site.
    private static func withStore(_ body: (_ folder: String, _ store: String) throws -> Void) throws {
        let decoder = try String(contentsOfFile: "decoders/sshd.decoder.yaml", encoding: .utf8)
        let files = [
            "decoders/sshd.decoder.yaml": decoder, "rules/r.yml": rule,
            "site/assets.csv": "asset_id,hostname\nP-1,pump1\n",
            "lines.log":
                "<38>Oct  1 04:00:00 pump1 sshd[88]: Accepted password for root from 10.9.2.4 port 4 ssh2\n",
        ]
        try RulesMatchTests.inFolder(files) { folder in
            let result = try ingest(folder)
            try #require(result.status == 0, "\(result.text) \(result.errors)")
            #expect(!result.errors.contains("refused"))
            try body(folder, folder + "/store")
        }
    }

    private static func ingest(_ folder: String) throws -> BuiltCommand.Result {
        try BuiltCommand.run([
            "ingest", "--store", folder + "/store", "--rules", folder + "/rules", "--decoders",
            folder + "/decoders", "--site", folder + "/site", "--reference-time", "2026-12-01T00:00:00Z",
            folder + "/lines.log",
        ])
    }

    private static func run(_ arguments: String..., store: String) throws -> BuiltCommand.Result {
        try BuiltCommand.run(arguments + ["--store", store])
    }

    private static let looks = [
        ["query"], ["query", "nothing_such"], ["incidents"], ["devices"], ["sources"],
        ["query", "class:review"],
    ]

    @Test
    func `over a damaged log every command ends with status 3 and says so, with and without read models`()
        throws
    {
        try Self.withStore { folder, store in
            for look in Self.looks {
                #expect(try BuiltCommand.run(look + ["--store", store]).status != 3, "\(look)")
            }
            let segments = try FileManager.default.contentsOfDirectory(atPath: store + "/records")
            let file = try #require(segments.first { $0.hasSuffix(".seg") })
            var bytes = try Data(contentsOf: URL(fileURLWithPath: store + "/records/" + file))
            bytes[bytes.count / 2] ^= 0x10
            try bytes.write(to: URL(fileURLWithPath: store + "/records/" + file))
            for hasModels in [true, false] {
                if !hasModels { try FileManager.default.removeItem(atPath: store + "/projections") }
                for look in Self.looks {
                    let result = try BuiltCommand.run(look + ["--store", store])
                    #expect(result.status == 3, "\(look): \(result.text) \(result.errors)")
                    #expect(result.errors.contains("damaged"), "\(look): \(result.errors)")
                }
            }
        }
    }

    @Test func `verify misses a file that was in force, and a stream`() throws {
        try Self.withStore { folder, store in
            #expect(try Self.run("verify", store: store).status == 0)
            for name in try FileManager.default.contentsOfDirectory(atPath: store + "/sets") {
                let path = store + "/sets/" + name
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                try FileManager.default.removeItem(atPath: path)
                let without = try Self.run("verify", store: store)
                #expect(without.status == 3)
                #expect(without.text.contains("sets/\(name): a record says that it was in force"))
                try Data("x".utf8).write(to: URL(fileURLWithPath: path))
                let altered = try Self.run("verify", "-o", "json", store: store)
                #expect(altered.status == 3)
                let object = try JSONValue(parsing: altered.text)
                #expect(object["damaged_sets"]?.elements?.map(\.text) == ["sets/" + name])
                let schema = try SchemaFiles.schema("verify")
                #expect(schema.faults(object) + schema.memberFaults(object) == [])
                try bytes.write(to: URL(fileURLWithPath: path))
            }
            #expect(try Self.run("verify", store: store).status == 0)
            try FileManager.default.moveItem(atPath: store + "/journal", toPath: store + "/away")
            let without = try Self.run("verify", store: store)
            #expect(without.status == 3 && without.text.contains("journal/.  "), "\(without.text)")
        }
    }

    @Test func `an answer that is judged anew without a site file says that it lacks it`() throws {
        try Self.withStore { folder, store in
            #expect(try Self.run("incidents", "-o", "jsonl", store: store).lines.count == 1)
            let site = try Data(contentsOf: URL(fileURLWithPath: folder + "/site/assets.csv"))
            for name in try FileManager.default.contentsOfDirectory(atPath: store + "/sets")
            where try Data(contentsOf: URL(fileURLWithPath: store + "/sets/" + name)) == site {
                try FileManager.default.removeItem(atPath: store + "/sets/" + name)
            }
            try FileManager.default.removeItem(atPath: store + "/projections")
            try? FileManager.default.removeItem(atPath: store + "/correlation")
            let result = try Self.run("incidents", "-o", "jsonl", store: store)
            #expect(result.status == 3, "\(result.text) \(result.errors)")
            #expect(result.errors.contains("1 file that brought"))
        }
    }

    @Test func `a site file that is wrong is refused with its place, and what was in force stays`() throws {
        try Self.withStore { folder, store in
            let file = folder + "/assets.csv"
            for text in ["x,y\n1,2\n", "asset_id,mac\nP-1,zz\n", ""] {
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                let result = try Self.run("import", "assets", file, store: store)
                #expect(result.status == 2, "\(text): \(result.errors)")
                #expect(result.errors.contains("assets.csv:"))
                #expect(try Self.run("devices", store: store).text.contains("P-1"))
            }
        }
    }

    @Test
    func `holds with one end are read back, read models can be removed, and the site's words are shown`()
        throws
    {
        try Self.withStore { _, store in
            for (name, flag) in [("from", "-S"), ("to", "-U")] {
                let held = try Self.run(
                    "hold",
                    "add",
                    name,
                    "--reason",
                    "r",
                    flag,
                    "2026-10-01",
                    store: store
                )
                #expect(held.status == 0, "\(held.errors)")
            }
            let holds = try Self.run("hold", "list", "-o", "jsonl", store: store)
            #expect(holds.status == 0 && holds.lines.count == 2, "\(holds.errors)")
            try FileManager.default.removeItem(atPath: store + "/projections")
            #expect(try Self.run("store", "rebuild", store: store).status == 0)
            #expect(try Self.run("incidents", "-o", "jsonl", store: store).lines.count == 1)
            let entities = try Self.run("query", "--unique", "entity", "-o", "jsonl", store: store)
            #expect(entities.text == "{\"value\":\"P-1\",\"count\":1}\n", "\(entities.text)")
            let shown = try Self.run(
                "query",
                "-S",
                "-20y",
                "-F",
                "entity,host.name",
                "-o",
                "csv",
                store: store
            )
            #expect(shown.lines == ["entity,host.name", "P-1,pump1"], "\(shown.text) \(shown.errors)")
        }
    }

    @Test func `files that are refused are named when a store takes the others`() throws {
        try Self.withStore { folder, store in
            for (name, text) in [
                ("rules/bad.yml", "title: x\n"), ("decoders/bad.decoder.yaml", "id: x\n"),
                ("site/bindings.csv", "mac\nzz\n"),
            ] {
                try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            }
            for _ in 0..<2 {
                let result = try Self.ingest(folder)
                #expect(result.status == 0)
                for name in ["bad.yml:1:1", "bad.decoder.yaml:1:", "bindings.csv:1:1"] {
                    #expect(result.errors.contains("warning: refused: ") && result.errors.contains(name))
                }
            }
            #expect(try Self.run("incidents", "-o", "jsonl", store: store).lines.count == 1)
        }
    }

    @Test func `closed standard descriptors take the number of no file of the store`() throws {
        try Self.withStore { folder, store in
            let command = try #require(BuiltCommand.path)
            let line =
                "<38>Oct  1 05:00:00 pump1 sshd[89]: Accepted password for root from 10.9.2.5 port 4 ssh2\n"
            try Data(line.utf8).write(to: URL(fileURLWithPath: folder + "/more.log"))
            let run = "exec '\(command)' ingest --verbose --store '\(store)' '\(folder)/more.log'"
            for closed in ["<&- >&- 2>&-", "<&- 2>&- >/dev/null", ">&- 2>&-"] {
                _ = try runTool("sh", ["-c", run + " " + closed])
                let result = try Self.run("verify", store: store)
                #expect(result.status == 0, "\(closed): \(result.text)")
            }
            #expect(try Self.run("query", "--count", "10.9.2.5", store: store).text == "1\n")
        }
    }

    @Test func `a folder that holds nothing of a store is none, and a store without its log is damaged`()
        throws
    {
        try Self.withStore { folder, store in
            try FileManager.default.createDirectory(
                atPath: folder + "/empty",
                withIntermediateDirectories: true
            )
            for look in Self.looks + [["verify"], ["status"], ["hold", "list"], ["store", "stat"]] {
                let result = try BuiltCommand.run(look + ["--store", folder + "/empty"])
                #expect(result.status == 2, "\(look): \(result.text) \(result.errors)")
                #expect(result.errors.contains("There is no store here"), "\(look): \(result.errors)")
            }
            for part in ["records", "journal"] {
                try FileManager.default.removeItem(atPath: store + "/" + part)
                let result = try Self.run("verify", store: store)
                #expect(result.status == 3 && result.text.contains("it must be there and is not"), "\(part)")
                #expect(try Self.run("query", "--count", store: store).status == 3, "\(part)")
            }
        }
    }

    @Test func `heads that cannot be kept are told, and records are kept all the same`() throws {
        try Self.withStore { folder, store in
            try FileManager.default.removeItem(atPath: store + "/records/heads")
            try FileManager.default.createDirectory(
                atPath: store + "/records/heads",
                withIntermediateDirectories: true
            )
            let line =
                "<38>Oct  1 05:00:00 pump1 sshd[89]: Accepted password for root from 10.9.2.5 port 4 ssh2\n"
            try Data(line.utf8).write(to: URL(fileURLWithPath: folder + "/more.log"))
            let result = try BuiltCommand.run(["ingest", "--store", store, folder + "/more.log"])
            #expect(result.errors.contains("the signed heads of records cannot be kept"), "\(result.errors)")
            try FileManager.default.removeItem(atPath: store + "/records/heads")
            #expect(try Self.run("query", "--count", "10.9.2.5", store: store).text == "1\n")
        }
    }
}
