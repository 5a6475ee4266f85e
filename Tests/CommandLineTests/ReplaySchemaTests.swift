// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Foundation
import Testing
import WireFormats

/// `wardline` over a store whose blocks are of several versions of the event schema.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct ReplaySchemaTests {
    /// A store with a block for each log, made by the decoders in the folder that is given too.
    private static func ingest(_ folder: String) throws -> (store: String, decoders: String) {
        let decoders = folder + "/decoders"
        try FileManager.default.createDirectory(atPath: decoders, withIntermediateDirectories: true)
        try write(decoders, outcome: "success")
        for (name, number) in [("a", 1), ("b", 2)] {
            let time = "2026-10-05T04:00:0\(number)Z"
            let log = """
                <34>1 \(time) p frobd - - - Frobnicated unit \(number) from 10.0.0.\(number)
                {"timestamp":"\(time)","user":"n.ito","source":{"kind":"vpn"},"mrn":"00\(number)"}

                """
            try log.write(toFile: folder + "/\(name).log", atomically: true, encoding: .utf8)
            let result = try BuiltCommand.run([
                "ingest", "--store", folder + "/store", "--decoders", decoders, "--quiet",
                folder + "/\(name).log",
            ])
            try #require(result.status == 0, "\(result.errors)")
        }
        return (folder + "/store", decoders)
    }

    private static func write(_ decoders: String, outcome: String) throws {
        let file = """
            id: frob
            select: {app: [frobd]}
            rules:
              - id: frob
                action: login
                outcome: \(outcome)
                pattern: 'Frobnicated unit {_:int} from {src.ip:ip}'
                samples:
                  - in: '<34>1 2026-10-05T04:00:00Z p frobd - - - Frobnicated unit 1 from 10.0.0.1'
                    expect: {src.ip: 10.0.0.1, outcome: \(outcome)}

            """
        try file.write(toFile: decoders + "/frob.decoder.yaml", atomically: true, encoding: .utf8)
    }

    /// Says in the headers of the blocks that hold events that those are of `versions`.
    private static func label(_ store: String, _ versions: [Int]) throws {
        let path = store + "/records/00000000000000000000.seg"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var rest = versions
        var position = 64
        while position + 100 < bytes.count, Array(bytes[position..<position + 4]) == Array("WBLK".utf8) {
            let block = position
            func number(_ at: Int, _ width: Int) -> Int {
                (0..<width).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
            }
            let (length, chunks) = (number(block + 4, 4), number(block + 10, 2))
            position += length
            for chunk in 0..<chunks {
                let entry = block + 100 + chunk * 24
                position += number(entry + 8, 4)
                guard number(entry, 2) == 2, let version = rest.first else { continue }
                rest.removeFirst()
                bytes[entry + 20] = UInt8(version)
            }
            let crc = CRC32C.masked(CRC32C.checksum(bytes.span, block..<block + length - 4))
            for lane in 0..<4 { bytes[block + length - 4 + lane] = UInt8(crc >> (8 * UInt32(lane)) & 255) }
        }
        try #require(rest.isEmpty, "the store has fewer blocks than that")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/schema-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func `a mixed store is pinned to its decoders and compared with those of now`() throws {
        try Self.inFolder { folder in
            let (store, decoders) = try Self.ingest(folder)
            let before = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl"])
            try Self.label(store, [1, 2])
            let pinned = try BuiltCommand.run(["replay", "--pin", "--store", store])
            #expect(pinned.status == 0, "\(pinned.text) \(pinned.errors)")
            #expect(pinned.errors.contains("0 of 4 stored events change"), "\(pinned.errors)")
            #expect(
                pinned.errors.contains(
                    "2 events stored in version 1 of the event schema and read in version 2"
                ),
                "\(pinned.errors)"
            )
            let after = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl"])
            #expect(before.text == after.text && before.lines.count == 4)
            #expect(after.text.contains(#""ext.claimed.source.kind":"vpn""#))
            try Self.write(decoders, outcome: "failure")
            let latest = try BuiltCommand.run([
                "replay", "--latest", "--decoders", decoders, "--store", store, "-o", "jsonl",
            ])
            #expect(latest.status == 1)
            let rows = try latest.lines.map { try JSONValue(parsing: $0) }
            #expect(rows.count == 2)
            for row in rows {
                let changes = row["changes"]?.elements ?? []
                #expect(changes.map { $0["name"]?.text } == ["outcome"])
                #expect(changes.first?["stored"]?.text == "success")
            }
        }
    }

    @Test func `events of a newer version stop replay by name and nothing else`() throws {
        try Self.inFolder { folder in
            let (store, _) = try Self.ingest(folder)
            let before = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl"])
            try Self.label(store, [2, 9])
            for choice in ["--pin", "--latest"] {
                let replayed = try BuiltCommand.run(["replay", choice, "--store", store])
                #expect(replayed.status > 1)
                #expect(replayed.errors.contains("version 9 of the event schema"), "\(replayed.errors)")
                #expect(replayed.errors.contains("records/00000000000000000000.seg:"), "\(replayed.errors)")
                #expect(replayed.errors.contains("Use the version that wrote it"), "\(replayed.errors)")
            }
            let after = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl"])
            #expect(after.text == before.text && after.status == 0)
            #expect(after.errors.contains("warning") && after.errors.contains("version 9"), "\(after.errors)")
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
            let kept = try BuiltCommand.run(["query", "--store", store, "-o", "cat"])
            #expect(kept.lines.count == 2 && kept.errors.contains("2 events hold patient data"))
            let raw = try BuiltCommand.run(["query", "--store", store, "-o", "cat", "--reveal", "a test"])
            #expect(raw.lines.count == 4, "\(raw.errors)")
        }
    }
}
