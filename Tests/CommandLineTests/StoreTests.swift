// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Platform
import QueryEngine
import SegmentLog
import Testing
import WireFormats

@testable import wardline

/// A store with records that were appended and not yet judged.
enum SampleStore {
    static let lines = [
        "<34>Oct 11 22:14:15 pacs-ws-07 sshd[12]: Failed password for admin from 10.99.4.18 port 22 ssh2",
        "<38>Oct 11 22:14:10 vpn-gw-1 sshd[13]: Accepted password for jsmith from 10.1.1.1 port 22 ssh2",
        "<13>Oct 11 22:15:00 pump-3w-112 fw: \u{1b}]52;c;AAAA\u{7} evil \u{202e} text",
        "plain text with \u{9b}31m",
    ]

    static func make(_ lines: [String] = lines) throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/wardline-store-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let writer = try LogWriter.open(storage: POSIXStorage(), path: folder, stream: "records")
        try append(lines, to: writer)
        return folder
    }

    static func append(_ lines: [String], to writer: LogWriter) throws {
        var batch = RecordBatch()
        let file =
            "{\"file\":\"a.log\",\"sha256\":\"\",\"reference_time\":\"2026-10-12T00:00:00Z\",\"bytes\":1}"
        let own = batch.index(of: Origin(listener: "", transport: .internal))
        let origin = batch.index(of: Origin(listener: "a.log", transport: .file))
        batch.append(Array(file.utf8), kind: .importBegin, origin: own, receiveTime: .absent)
        for line in lines {
            batch.append(
                Array(line.utf8),
                kind: .device,
                flags: .imported,
                origin: origin,
                receiveTime: .absent
            )
        }
        batch.append(Array("{}".utf8), kind: .importEnd, origin: own, receiveTime: .absent)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 1_800_000_000 * UTCTime.second))
        _ = try writer.sync()
    }
}

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests")) struct StoreTests
{
    private static func withStore(_ body: (String) throws -> Void) throws {
        let store = try SampleStore.make()
        defer { try? FileManager.default.removeItem(atPath: store) }
        try body(store)
    }

    private static func query(_ store: String, _ arguments: [String]) throws -> BuiltCommand.Result {
        try BuiltCommand.run(["query", "--store", store] + arguments)
    }

    @Test(
        arguments: [
            ([], 4), (["host.name:pacs-ws-07"], 1), (["evil"], 1), (["-g", "PASSWORD"], 2),
            (["-d", "vpn*"], 1),
            (["-p", "err"], 1), (["-p", "warning..crit"], 1), (["-n", "2"], 2), (["offset:3"], 1),
            (["-S", "2026-10-11", "-U", "2026-10-11 22:14:12"], 1), (["nothing-of-this"], 0),
            (["issue:*"], 4),
        ] as [([String], Int)]
    )
    func `a query prints the matching events and says by its status whether there are any`(
        arguments: [String],
        count: Int
    ) throws {
        try Self.withStore { store in
            for mode in ["short", "jsonl", "wide"] {
                let result = try Self.query(store, arguments + ["-o", mode])
                #expect(result.lines.count == count, "\(result.text) \(result.errors)")
                #expect(result.status == (count == 0 ? 1 : 0))
            }
            let counted = try Self.query(store, arguments + ["--count"])
            #expect(counted.text == "\(count)\n")
        }
    }

    @Test func `read models are one file once the writer has ended`() throws {
        let store = FileManager.default.temporaryDirectory.path + "/wardline-one-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: store) }
        let lines = SampleStore.lines.joined(separator: "\n") + "\n"
        let written = try BuiltCommand.run(["ingest", "--store", store, "-"], input: lines)
        #expect(written.status == 0, "\(written.errors)")
        let models = try FileManager.default.contentsOfDirectory(atPath: store + "/projections")
        #expect(models == ["wardline.sqlite"])
    }

    @Test func `events come in the order in which they happened, or were recorded`() throws {
        try Self.withStore { store in
            let byTime = try Self.query(store, ["-o", "csv", "-F", "offset", "-g", "password"])
            #expect(byTime.lines == ["offset", "2", "1"])
            let byOffset = try Self.query(
                store,
                ["-o", "csv", "-F", "offset", "-g", "password", "--order", "offset"]
            )
            #expect(byOffset.lines == ["offset", "1", "2"])
            let last = try Self.query(store, ["-o", "csv", "-F", "offset", "-n", "1", "-g", "password"])
            #expect(last.lines == ["offset", "1"])
        }
    }

    @Test func `a line is drawn with time, class, device and words`() throws {
        try Self.withStore { store in
            let result = try Self.query(store, ["offset:3"])
            #expect(
                result.lines == [
                    "2026-10-11 22:15:00.000Z  -        pump-3w-112       "
                        + "\\x1b]52;c;AAAA\\x07 evil \\u{202e} text"
                ]
            )
        }
    }

    @Test(arguments: ["short", "short-iso", "wide", "verbose", "table", "json", "jsonl", "csv", "cat"])
    func `no mode lets device text act on a terminal`(mode: String) throws {
        try Self.withStore { store in
            let result = try Self.query(store, ["-o", mode, "--color", "never"])
            #expect(result.status == 0, "\(result.errors)")
            for scalar in result.text.unicodeScalars where scalar != "\n" {
                #expect(TerminalText.isSafe(scalar))
            }
        }
    }

    @Test func `raw bytes come back as they were received`() throws {
        let bytes = (0...255).map { UInt8($0) }.filter { $0 != 0x0a }
        let text = SampleStore.lines
        let store = try SampleStore.make(text)
        defer { try? FileManager.default.removeItem(atPath: store) }
        let writer = try LogWriter.open(storage: POSIXStorage(), path: store, stream: "records")
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "u", transport: .udp))
        batch.append(
            bytes,
            kind: .device,
            origin: origin,
            receiveTime: UTCTime(nanoseconds: 1_800_000_000 * UTCTime.second)
        )
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 1_800_000_000 * UTCTime.second))
        _ = try writer.sync()
        let result = try Self.query(store, ["-o", "cat", "--raw", "--order", "offset"])
        let expected = text.flatMap { Array($0.utf8) + [0x0a] } + bytes + [0x0a]
        #expect(result.output == expected)
    }

    @Test func `events are what their schema says`() throws {
        let schema = try SchemaFiles.schema("event")
        try Self.withStore { store in
            for line in try Self.query(store, ["-o", "jsonl"]).lines {
                let value = try JSONValue(parsing: line)
                #expect(schema.faults(value) + schema.memberFaults(value) == [])
            }
        }
    }

    @Test(arguments: [(["store", "stat"], "store"), (["verify"], "verify"), (["status"], "status")])
    func `numbers are what their schema says`(arguments: [String], name: String) throws {
        let schema = try SchemaFiles.schema(name)
        try Self.withStore { store in
            let result = try BuiltCommand.run(arguments + ["-o", "json", "--store", store])
            let value = try JSONValue(parsing: try #require(result.lines.first))
            #expect(schema.faults(value) + schema.memberFaults(value) == [])
            if name == "store" {
                #expect(value["records"] == .integer(4) && value["logRecords"] == .integer(6))
            }
        }
    }

    @Test func `a sound store verifies, a flipped byte is named and gives status 3`() throws {
        try Self.withStore { store in
            let sound = try BuiltCommand.run(["verify", "--store", store])
            #expect(sound.status == 0, "\(sound.text)")
            let wal = store + "/records/wal"
            let name = try #require(try FileManager.default.contentsOfDirectory(atPath: wal).sorted().first)
            var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: wal + "/" + name)))
            bytes[16] ^= 1
            try Data(bytes).write(to: URL(fileURLWithPath: wal + "/" + name))
            let damaged = try BuiltCommand.run(["verify", "--store", store])
            #expect(damaged.status == 3, "\(damaged.text)")
            #expect(damaged.text.contains("FAIL  records/") && damaged.text.contains(name))
        }
    }

    @Test func `a query with an error points at its column`() throws {
        try Self.withStore { store in
            let result = try Self.query(store, ["class:(access"])
            #expect(result.status == 2)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains("column 7") && result.errors.contains("\n        ^\n"))
        }
    }

    @Test func `an unknown field is a warning with a suggestion and data goes on`() throws {
        try Self.withStore { store in
            let result = try Self.query(store, ["usr.name:x or evil"])
            #expect(result.status == 0)
            #expect(result.errors.contains("did you mean `user.name`?"))
            #expect(result.lines.count == 1)
        }
    }

    @Test func `reading writes nothing`() throws {
        try Self.withStore { store in
            let before = try Self.listing(store)
            for arguments in [
                ["query"], ["incidents"], ["devices"], ["sources"], ["verify"], ["store", "stat"],
            ] {
                _ = try BuiltCommand.run(arguments + ["--store", store])
            }
            #expect(try Self.listing(store) == before)
        }
    }

    private static func listing(_ store: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: store).sorted().map { path in
            let facts = try FileManager.default.attributesOfItem(atPath: store + "/" + path)
            return "\(path) \(facts[.size] ?? 0) \(facts[.modificationDate] ?? 0)"
        }
    }

    @Test func `read models that lag are caught up in memory, and nothing is written`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/wardline-lag-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let story = "replay/vendor-session"
        let ingest = ["ingest", "--store", folder, "--site", story + "/site", story + "/input.log"]
        #expect(try BuiltCommand.run(ingest).status == 0)
        let list = ["incidents", "--store", folder, "-o", "jsonl"]
        let before = try BuiltCommand.run(list)
        #expect(before.lines.count == 1)
        for file in try FileManager.default.contentsOfDirectory(atPath: folder + "/projections") {
            try FileManager.default.removeItem(atPath: folder + "/projections/" + file)
        }
        let after = try BuiltCommand.run(list)
        #expect(after.output == before.output)
        #expect(after.errors.contains("not judged yet"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/projections").isEmpty)
    }
}
