// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Foundation
import Inventory
import Pipeline
import Platform
import Projections
import QueryEngine
import Retention
import SegmentLog
import SiteFiles
import Testing
import Timelines
import WireFormats

@testable import wardline

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

/// A store of the story that is shown in the README, as `ingest` makes it.
private func withStore(_ body: (String) throws -> Void) throws {
    let store = FileManager.default.temporaryDirectory.path + "/wardline-retention-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: store) }
    let story = root + "/replay/vendor-session"
    let made = try BuiltCommand.run(
        ["ingest", "--store", store, "--site", story + "/site", story + "/input.log"]
    )
    #expect(made.status == 0, "\(made.errors)")
    try body(store)
}

/// Applies rules to the store as if it were `days` later.
private func retain(_ store: String, _ rules: String, days: Int64) throws -> [SegmentPlan] {
    let policy = RetentionPolicy(try Configuration(parsing: Array(rules.utf8), file: "c.yaml").retention)
    let now = SystemWallClock().now().advanced(by: days * 86_400 * UTCTime.second)
    let storage = POSIXStorage()
    try RetentionRun.seal(store, storage: storage, now: now)
    let reader = try StoreReader(path: store)
    let paths = StorePaths(store)
    let decoder = StoreDecoder(
        reader,
        environment: [:],
        siteKey: StoreKey.reading(paths, storage: storage)
    )
    let planner = RetentionPlanner(
        policy,
        holds: try HoldFile(paths, storage: storage).inForce(),
        cited: try CitedRecords(reader, try reader.readModels()),
        judged: try reader.readModels().checkpoint().records,
        resolver: SiteResolver(try SiteInForce.register(reader)),
        now: now
    )
    let run = try RetentionRun(paths, storage: storage, policy: policy, actor: "test", reason: "", now: now)
    var plans: [SegmentPlan] = []
    try planner.plan(reader, try reader.partSource(decoder: decoder)) { plan in
        _ = try run.apply(plan)
        plans.append(plan)
    }
    try run.finish()
    return plans
}

private func output(_ arguments: [String]) throws -> String {
    let result = try BuiltCommand.run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result.text
}

private func journal(_ store: String) throws -> [JSONValue] {
    var entries: [JSONValue] = []
    try StoreReader(path: store).forEachJournalEntry { _, bytes in
        if let fact = try? JSONValue(parsing: bytes.span) { entries.append(fact) }
    }
    return entries
}

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct RetentionTests {
    private static let rules = "retention: [{ keep: 1d }]"

    @Test func `what incidents rest on stays, the rest goes, and a restart concludes the same`() throws {
        try withStore { store in
            let incidents = try output(["incidents", "--store", store, "-o", "jsonl"])
            let before = try output(["query", "--store", store, "-o", "jsonl"]).split(separator: "\n").count
            let plans = try retain(store, Self.rules, days: 3)
            let plan = try #require(plans.first)
            #expect(plans.count == 1 && plan.count > 5 && plan.cited > 10 && plan.held == 0)
            let verified = try output(["verify", "--store", store])
            #expect(
                verified.contains("gone")
                    && verified.contains("by test: class default keep 1d: \(plan.count)")
            )
            let after = try output(["query", "--store", store, "-o", "jsonl"]).split(separator: "\n").count
            #expect(after < before && after >= before - plan.count)
            // Opens the store, which judges the whole log again.
            let more = try BuiltCommand.run(["ingest", "--store", store, "-"], input: "one more line\n")
            #expect(more.status == 0, "\(more.errors)")
            #expect(try output(["incidents", "--store", store, "-o", "jsonl"]) == incidents)
            let entries = try journal(store)
            #expect(entries.contains { $0["fact"]?.text == "retention.removed" })
            #expect(entries.filter { $0["fact"]?.text == "determinism.error" }.map(\.line) == [])
            #expect(try output(["verify", "--store", store]).contains("gone"))
        }
    }

    @Test func `without what conclusions cite the same removal would change them`() throws {
        // The planted fault: were everything taken, the incident would be gone after a restart.
        try withStore { store in
            let storage = POSIXStorage()
            try RetentionRun.seal(
                store,
                storage: storage,
                now: SystemWallClock().now().advanced(by: 3 * 86_400 * UTCTime.second)
            )
            let reader = try StoreReader(path: store)
            let segment = try #require(try reader.segments().first)
            let log = try LogReader.open(storage: storage, path: store, stream: "records")
            var devices: Set<UInt64> = []
            for part in log.parts {
                let records = try log.records(part)
                for (index, row) in records.rows.enumerated() where row.kind == .device {
                    devices.insert(part.base.value + UInt64(index))
                }
            }
            _ = try removeRecords(
                of: segment.name,
                storage: storage,
                path: store,
                stream: "records",
                removes: { devices.contains($0.value) },
                cuts: [],
                announce: { _ in }
            )
            _ = try BuiltCommand.run(["ingest", "--store", store, "-"], input: "one more line\n")
            #expect(try BuiltCommand.run(["incidents", "--store", store]).status == 1)
            #expect(try journal(store).contains { $0["fact"]?.text == "determinism.error" })
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 3)
        }
    }

    @Test func `a hold keeps records until it is ended`() throws {
        try withStore { store in
            let held = [
                "hold", "add", "case-7", "--reason", "court order", "--offsets", "0..60", "--store", store,
            ]
            #expect(try BuiltCommand.run(held).status == 0)
            #expect(try BuiltCommand.run(held).status == 2)
            let listed = try output(["hold", "list", "--store", store, "-o", "jsonl"])
            #expect(try SchemaFiles.schema("hold").faults(JSONValue(parsing: Array(listed.utf8).span)) == [])
            #expect(listed.contains("court order"))
            let first = try retain(store, Self.rules, days: 3)
            #expect(try #require(first.first).held > 5)
            let end = ["hold", "remove", "case-7", "--reason", "settled", "--store", store]
            #expect(try BuiltCommand.run(end).status == 2)
            #expect(try BuiltCommand.run(end + ["--yes"]).status == 0)
            let second = try retain(store, Self.rules, days: 4)
            #expect(try #require(second.first).held == 0)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
        }
    }

    @Test func `holds that are gone are missed, and nothing is removed meanwhile`() throws {
        try withStore { store in
            let (path, storage) = (store + "/holds", POSIXStorage())
            for name in ["case-7", "case-8"] {
                let add = [
                    "hold", "add", name, "--reason", "court order", "--offsets", "0..60", "--store", store,
                ]
                #expect(try BuiltCommand.run(add).status == 0)
            }
            let whole = try storage.readFile(path)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
            #expect(try journal(store).count { $0["fact"]?.text == "act.held" } == 2)
            // The file as it was before the second hold is signed in all its parts.
            let first = try #require(NoteFile.notes(in: whole).first)
            for rest in [Array((first + "\n").utf8), []] {
                try storage.writeAtomically(rest, to: path)
                let verified = try BuiltCommand.run(["verify", "--store", store])
                #expect(verified.status == 3 && (verified.text + verified.errors).contains("holds"))
                let config = store + "/retention.yaml"
                try Self.rules.write(toFile: config, atomically: true, encoding: .utf8)
                for command in [
                    ["store", "retention", "--config", config, "--yes"], ["hold", "list"],
                    ["hold", "remove", "case-7", "--reason", "x", "--yes"],
                    ["hold", "add", "case-9", "--reason", "x", "--offsets", "1..2"],
                ] {
                    let refused = try BuiltCommand.run(command + ["--store", store])
                    #expect(refused.status == 3 && refused.errors.contains("gone"), "\(command)")
                }
            }
            try storage.remove(path)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 3)
            try storage.writeAtomically(whole, to: path)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
            let list = try output(["hold", "list", "--store", store, "-o", "jsonl"])
            #expect(list.contains("case-7") && list.contains("case-8"))
        }
    }

    @Test func `a second verifier names what is planted among tombstones, entries and holds`() throws {
        // The package for signatures, and a compiler for what shifts the clock.
        guard try runTool("python3", ["-c", "import cryptography"])?.status == 0,
            try runTool("cc", ["--version"])?.status == 0, let command = BuiltCommand.path
        else { return }
        let script = root + "/Tests/verifier/tampering.py"
        let ran = try runTool("env", ["WARDLINE=" + command, "python3", script])
        #expect(ran?.status == 0, "\(ran?.text ?? "")")
    }

    @Test func `the command says what would go, asks, and needs rules`() throws {
        try withStore { store in
            let config = store + "/retention.yaml"
            try Self.rules.write(toFile: config, atomically: true, encoding: .utf8)
            let command = ["store", "retention", "--store", store, "--config", config]
            let dry = try output(command + ["--dry-run", "-o", "json"])
            let object = try JSONValue(parsing: Array(dry.utf8).span)
            #expect(try SchemaFiles.schema("retention").faults(object) == [])
            // Records of today are too young for any rule.
            #expect(object["segments"]?.elements?.isEmpty == true)
            let asked = try BuiltCommand.run(command)
            #expect(asked.status == 2 && asked.errors.contains("--yes"))
            #expect(try output(command + ["--yes"]).contains("nothing is old enough"))
            let without = try BuiltCommand.run(["store", "retention", "--store", store, "--dry-run"])
            #expect(without.status == 2 && without.errors.contains("no retention rules"))
        }
    }
}

/// What somebody with the store's key changes, and what somebody changes who can only write.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct AccountsTests {
    private static let rules = "retention: [{ keep: 1d }]"
    private let storage = POSIXStorage()

    /// A sound store from a segment of which records were removed twice, with a hold that ended in between
    /// and one of what is not there yet.
    private func withRemovals(_ body: (String) throws -> Void) throws {
        try withStore { store in
            try hold("add", "case-7", store, ["--offsets", "0..60"])
            #expect(try retain(store, Self.rules, days: 3).count == 1)
            try hold("remove", "case-7", store, ["--yes"])
            #expect(try retain(store, Self.rules, days: 4).count == 1)
            try hold("add", "case-8", store, ["--offsets", "1000000..1000009"])
            let verified = try BuiltCommand.run(["verify", "--store", store])
            #expect(verified.status == 0, "\(verified.text)")
            try body(store)
        }
    }

    private func hold(_ verb: String, _ name: String, _ store: String, _ more: [String]) throws {
        _ = try output(["hold", verb, name, "--reason", "court order", "--store", store] + more)
    }

    /// Verifies the store, which must be damaged and say so in these words.
    private func expectDamage(_ store: String, _ words: String, _ what: String) throws {
        let verified = try BuiltCommand.run(["verify", "--store", store])
        #expect(verified.status == 3 && verified.text.contains(words), "\(what): \(verified.text)")
    }

    private func bodies(_ path: String) throws -> [String] {
        try NoteFile.read(storage: storage, path: path).compactMap { SignedNote($0)?.body }
    }

    /// The bytes of a file of notes that the store's key signs.
    private func signed(
        _ bodies: [String],
        _ store: String,
        by stream: String = "records"
    ) throws -> [UInt8] {
        let signer = try HeadSigner.open(StorePaths(store), storage: storage)
        var bytes: [UInt8] = []
        for body in bodies {
            bytes += Array((try #require(signer.note(body, stream: stream)).text + "\n").utf8)
        }
        return bytes
    }

    /// Appends a record to a stream of a store that nobody else has, as the program would.
    private func append(_ batch: RecordBatch, _ store: String, _ stream: String) throws {
        var batch = batch
        let writer = try LogWriter.open(storage: storage, path: store, stream: stream)
        _ = try writer.append(&batch, wall: SystemWallClock().now())
        _ = try writer.sync()
        try writer.close()
    }

    /// Writes the journal anew.
    private func rewriteJournal(_ store: String, _ entries: [JSONValue]) throws {
        try FileManager.default.removeItem(atPath: store + "/journal")
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        for entry in entries {
            let bytes = Array(entry.line.utf8)
            batch.append(bytes, kind: .fact, origin: origin, receiveTime: SystemWallClock().now())
        }
        try append(batch, store, "journal")
    }

    /// Says in an act what the file of holds is now.
    private func act(_ query: String, _ store: String) throws {
        var act = IncidentAct(
            kind: .hold,
            incident: "",
            actor: "root (uid 0)",
            time: SystemWallClock().now(),
            reason: "x"
        )
        act.query = query
        act.holds = try HoldFile(StorePaths(store), storage: storage).mark()
        try append(try ActRecord.batch(act.json, at: act.time), store, "records")
    }

    @Test func `a tombstone that is signed anew, or left out, is not what the journal says`() throws {
        try withRemovals { store in
            let path = store + "/records/tombstones"
            let whole = try storage.readFile(path)
            let texts = try bodies(path)
            #expect(texts.count == 2)
            let newest = try #require(texts.last)
            for (line, value, words) in [
                ("actor", "nobody (uid 65534)", "no entry of the journal says"),
                ("reason", "flood", "another reasons"), ("time", "2026-01-01T00:00:00Z", "no tombstone does"),
            ] {
                let lines = newest.split(separator: "\n").map { text in
                    text.hasPrefix(line + " ") ? "\(line) \(value)" : String(text)
                }
                let changed = [texts[0], SignedNote.body(lines)]
                try storage.writeAtomically(try signed(changed, store), to: path)
                try expectDamage(store, words, line)
            }
            try storage.writeAtomically(try signed([newest], store), to: path)
            try expectDamage(store, "no tombstone does", "the first is left out")
            let foreign = try signed([texts[0]], store) + signed([newest], store, by: "journal")
            try storage.writeAtomically(foreign, to: path)
            try expectDamage(store, "records/tombstones", "the newest is signed as the journal")
            try storage.writeAtomically(whole, to: path)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
        }
    }

    @Test func `an entry of a removal or a hold that is changed or gone is missed`() throws {
        try withRemovals { store in
            let entries = try journal(store)
            try rewriteJournal(store, entries)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
            func places(_ fact: String) -> [Int] {
                entries.indices.filter { entries[$0]["fact"]?.text == fact }
            }
            func without(_ place: Int?) throws -> [JSONValue] {
                var changed = entries
                changed.remove(at: try #require(place))
                return changed
            }
            func altered(_ place: Int?, _ name: String, _ value: JSONValue) throws -> [JSONValue] {
                var changed = entries
                guard case .object(let members) = entries[try #require(place)] else { return [] }
                let others = members.filter { $0.name != name }
                changed[try #require(place)] = .object(others + [JSONValue.Member(name, value)])
                return changed
            }
            let (removal, held) = (places("retention.removed").last, places("act.held").first)
            let changes: [(entries: [JSONValue], words: String)] = [
                (try without(removal), "no entry of the journal says"),
                (try altered(removal, "records", .integer(1)), "another records"),
                (try altered(removal, "end", .integer(1)), "another end"),
                (try altered(removal, "digest", .text("0")), "another digest"),
                (try altered(removal, "actor", .text("x")), "another actor"),
                (try altered(removal, "reasons", .array([])), "another reasons"),
                (try without(held), "no entry tells of it"),
                (try altered(held, "reason", .text("x")), "has another reason"),
                (try altered(held, "id", .text("2")), "which is no such act"),
            ]
            for (changed, words) in changes {
                try rewriteJournal(store, changed)
                try expectDamage(store, words, words)
            }
        }
    }

    @Test func `holds that are written anew are found by the acts from before`() throws {
        try withRemovals { store in
            let path = store + "/holds"
            let whole = try storage.readFile(path)
            let texts = try bodies(path)
            let other = "wardline hold v1\nremove case-8\nreason x\nactor x\ntime 2026-11-01T00:00:00Z\n"
            let unsigned = String(decoding: try signed([other], store), as: UTF8.self)
                .replacing("reason x", with: "reason y")
            let strays: [(bytes: [UInt8], words: String)] = [
                (whole + Array(unsigned.utf8), "is not signed"),
                (whole + Array("x\n".utf8), "does not consist of notes"),
            ]
            for (bytes, words) in strays {
                try storage.writeAtomically(bytes, to: path)
                try expectDamage(store, words, words)
            }
            // A note without its act is what a crash leaves.
            try storage.writeAtomically(whole + signed([other], store), to: path)
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
            try act("remove case-9", store)
            try expectDamage(store, "and the note is remove case-8", "another name")
            try storage.writeAtomically(try signed([texts[2]], store), to: path)
            try act("add case-8", store)
            try expectDamage(store, "notes are gone or altered that act", "written anew")
            let json = try BuiltCommand.run(["verify", "--store", store, "-o", "json"])
            let object = try JSONValue(parsing: json.text)
            let schema = try SchemaFiles.schema("verify")
            #expect(schema.faults(object) + schema.memberFaults(object) == [])
            #expect(object["accounts"]?.elements?.contains { $0["reason"]?.text == "holdAct" } == true)
        }
    }

    @Test func `what was removed in spite of a hold is found when the hold is put back`() throws {
        try withStore { store in
            try hold("add", "case-7", store, ["--offsets", "0..60"])
            let path = store + "/holds"
            let whole = try storage.readFile(path)
            let end = "wardline hold v1\nremove case-7\nreason x\nactor x\ntime 2026-01-01T00:00:00Z\n"
            try storage.writeAtomically(whole + signed([end], store), to: path)
            #expect(try retain(store, Self.rules, days: 3).count == 1)
            try storage.writeAtomically(whole, to: path)
            try expectDamage(store, "were removed while the hold case-7 covered them", "held records")
        }
    }

    @Test func `a letter in a signature that is none is no crash`() throws {
        try withRemovals { store in
            for file in ["heads", "tombstones"] {
                let path = store + "/records/" + file
                let whole = try storage.readFile(path)
                var changed = whole
                changed[whole.count - 9] = 0xe5
                try storage.writeAtomically(changed, to: path)
                try expectDamage(store, "records/\(file)", file)
                try storage.writeAtomically(whole, to: path)
            }
            #expect(try BuiltCommand.run(["verify", "--store", store]).status == 0)
        }
    }
}

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct CaseTests {
    @Test func `a case shows the same timeline without the store, and not when a byte was changed`() throws {
        try withStore { store in
            let file = store + "-case"
            defer { try? FileManager.default.removeItem(atPath: file) }
            let timeline = try output(["timeline", "INC-", "--store", store]).split(separator: "\n")
            let exported = try output(["case", "export", "INC-", file, "--store", store, "-o", "json"])
            let report = try JSONValue(parsing: Array(exported.utf8).span)
            #expect(try SchemaFiles.schema("case-export").faults(report) == [])
            #expect(try BuiltCommand.run(["case", "export", "INC-", file, "--store", store]).status == 2)
            let keys = store + "-keys"
            try FileManager.default.copyItem(atPath: store + "/keys/head.public", toPath: keys)
            defer { try? FileManager.default.removeItem(atPath: keys) }
            let head = try output(["head", "--store", store])
            let headFile = store + "-head"
            try head.write(toFile: headFile, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(atPath: headFile) }
            try FileManager.default.removeItem(atPath: store)
            let verified = try output([
                "case", "verify", file, "--key", keys, "--head", headFile, "-o", "json",
            ])
            let object = try JSONValue(parsing: Array(verified.utf8).span)
            #expect(try SchemaFiles.schema("case-verify").faults(object) == [])
            #expect(object["sound"]?.bool == true && object["own_keys"]?.bool == false)
            let shown = try output(["timeline", "--case", file, "--key", keys]).split(separator: "\n")
            #expect(shown == timeline.dropLast())
            var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
            bytes[bytes.count / 2] ^= 1
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            #expect(try BuiltCommand.run(["case", "verify", file]).status == 3)
            let refused = try BuiltCommand.run(["timeline", "--case", file])
            #expect(refused.status == 3 && refused.text.isEmpty && refused.errors.contains("does not hold"))
        }
    }

    @Test func `a segment is checked by itself, away from its store`() throws {
        try withStore { store in
            _ = try output(["store", "compact", "--store", store])
            let segment = store + "/records/00000000000000000000.seg"
            #expect(try output(["verify", segment]).contains("signed head"))
            let copy = store + "-copy.seg"
            try FileManager.default.copyItem(atPath: segment, toPath: copy)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            #expect(try BuiltCommand.run(["verify", copy]).status == 1)
            let head = store + "-head"
            try output(["head", "--store", store]).write(toFile: head, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(atPath: head) }
            let keys = store + "/keys/head.public"
            let json = try output(["verify", copy, "--since", head, "--key", keys, "-o", "json"])
            let object = try JSONValue(parsing: Array(json.utf8).span)
            #expect(try SchemaFiles.schema("segment").faults(object) == [])
            #expect(object["report"]?["heads"]?.integer == 1)
            var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: copy)))
            bytes[200] ^= 1
            try Data(bytes).write(to: URL(fileURLWithPath: copy))
            #expect(try BuiltCommand.run(["verify", copy, "--since", head, "--key", keys]).status == 3)
        }
    }

    @Test(arguments: [
        ["timeline"], ["timeline", "INC-1", "--case", "f"], ["timeline", "INC-1", "--key", "k"],
        ["case", "verify", "/nonexistent"], ["timeline", "--case", "/nonexistent"],
    ])
    func `wrong arguments say what is wrong`(arguments: [String]) throws {
        let result = try BuiltCommand.run(arguments)
        #expect(result.status == 2 && !result.errors.isEmpty && result.text.isEmpty)
    }
}
