// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Platform
import SegmentLog
import Testing
import WireFormats

@testable import wardline

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct RepairTests {
    /// A store of three segments and a journal that is empty.
    private static func withStore(_ body: (String) throws -> Void) throws {
        let store = try SampleStore.make()
        defer { try? FileManager.default.removeItem(atPath: store) }
        for stream in ["records", "journal"] {
            for _ in 0..<3 {
                let writer = try LogWriter.open(storage: POSIXStorage(), path: store, stream: stream)
                if stream == "records" { try SampleStore.append(SampleStore.lines, to: writer) }
                while let job = writer.takeBlockJob(force: true) {
                    try writer.commit(try job.encode(events: nil, epoch: [], eventTimes: nil))
                }
                try writer.seal()
                try writer.close()
            }
        }
        try body(store)
    }

    private static func repair(_ store: String, _ arguments: [String] = []) throws -> BuiltCommand.Result {
        try BuiltCommand.run(["store", "repair", "--store", store] + arguments)
    }

    /// The segments of the records, in order.
    private static func segments(_ store: String) throws -> [String] {
        try POSIXStorage().list(store + "/records").filter { $0.hasSuffix(".seg") }
            .map { store + "/records/" + $0 }
    }

    private static func flip(_ path: String, _ position: Int) throws {
        let file = try POSIXStorage().open(path, .update)
        let byte = try file.read(at: position, count: 1)[0]
        try file.write([byte ^ 1].span, at: position)
    }

    /// Names and bytes of all files but the lock.
    private static func content(_ store: String) throws -> [String: [UInt8]] {
        var content: [String: [UInt8]] = [:]
        for file in try POSIXStorage().walk(store) where !file.isDirectory && file.relativePath != "LOCK" {
            content[file.relativePath] = try POSIXStorage().readFile(store + "/" + file.relativePath)
        }
        return content
    }

    @Test func `a whole store has nothing to repair`() throws {
        try Self.withStore { store in
            let before = try Self.content(store)
            let result = try Self.repair(store)
            #expect(
                result.status == 0 && result.lines.filter { $0.hasSuffix("nothing to repair") }.count == 2
            )
            let json = try Self.repair(store, ["-o", "json", "--dry-run"])
            let object = try JSONValue(parsing: json.text)
            #expect(json.status == 0 && object["done"] == .bool(false) && object["whole"] == .bool(true))
            #expect(try SchemaFiles.schema("repair").faults(object) == [])
            #expect(try Self.content(store) == before)
        }
    }

    @Test func `a segment without its footer is sealed, once, after it was confirmed`() throws {
        try Self.withStore { store in
            let path = try Self.segments(store)[0]
            let whole = try POSIXStorage().readFile(path)
            try POSIXStorage().open(path, .update).truncate(to: whole.count - 20)
            let damaged = try Self.content(store)
            #expect(try Self.repair(store, ["--dry-run"]).status == 1)
            let refused = try Self.repair(store)
            #expect(refused.status == 2 && refused.errors.contains("--yes"))
            #expect(try Self.content(store) == damaged)
            let done = try Self.repair(store, ["--yes", "-o", "json"])
            let object = try JSONValue(parsing: done.text)
            #expect(done.status == 0 && object["done"] == .bool(true), "\(done.text) \(done.errors)")
            #expect(try SchemaFiles.schema("repair").faults(object) == [])
            #expect(try POSIXStorage().readFile(path) == whole)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
            let repaired = try Self.content(store)
            let again = try Self.repair(store, ["--yes"])
            #expect(again.status == 0 && again.text.contains("nothing to repair"))
            #expect(try Self.content(store) == repaired)
        }
    }

    @Test func `what no repair brings back is said with status 3, and everything else is served`() throws {
        try Self.withStore { store in
            let path = try Self.segments(store)[1]
            let size = try #require(try POSIXStorage().size(path))
            try Self.flip(path, size / 3)
            let whole = try Self.content(store)
            let result = try Self.repair(store, ["--yes"])
            #expect(result.status == 3 && result.text.contains("LOST"), "\(result.text)")
            let kept = try Self.content(store)
            for (name, bytes) in whole where name.hasSuffix(".seg") { #expect(kept[name] == bytes) }
            let query = try BuiltCommand.run(["query", "--store", store, "-g", "password"])
            #expect(query.status == 3 && query.lines.count == 6, "\(query.text) \(query.errors)")
            #expect(query.errors.contains("are damaged and not in this answer"))
            let input = store + "/more.log"
            try Data("<38>Oct 11 23:00:00 pump-1 sshd[1]: one more\n".utf8).write(
                to: URL(fileURLWithPath: input)
            )
            let ingest = try BuiltCommand.run(["ingest", "--store", store, input])
            #expect(ingest.status == 0, "\(ingest.errors)")
            #expect(try BuiltCommand.run(["query", "--store", store, "-g", "one more"]).lines.count == 1)
        }
    }

    @Test func `a store that a process has is not repaired, and neither is one that is not there`() throws {
        try Self.withStore { store in
            let lock = try FileLock(store + "/LOCK")
            let result = try Self.repair(store, ["--yes"])
            #expect(result.status == 2 && result.errors.contains("Another process has the store"))
            withExtendedLifetime(lock) {}
            let nothing = try Self.repair(store + "/nothing", ["--yes"])
            #expect(nothing.status == 2 && nothing.errors.contains("There is no store here"))
        }
    }
}
