// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Digests
import EventModel
import Foundation
import Pipeline
import Platform
import Projections
import QueryEngine
import SegmentLog
import Testing
import Timelines

@testable import Cases

private let siteFile = Array("asset_id\nPUMP-1\n".utf8)
private let ruleFile = Array("title: t\n".utf8)
private let manifest = ActivatedFiles.manifest(
    of: [.init(name: "r.yml", sha256: sha256(ruleFile).hexadecimal)]
)
private let stamp = UTCTime(nanoseconds: 1_790_000_000_000_000_000)

/// An incident that cites these records.
private func incident(_ offsets: [UInt64], context: UInt64) -> StoredIncident {
    let entries = (offsets.map { ($0, EntryRole.trigger) } + [(context, .context)]).map { offset, role in
        TimelineEntry(
            offset: Offset(offset),
            ordinal: 0,
            time: UTCTime(nanoseconds: Int64(offset) * UTCTime.second),
            uncertainty: 2_000_000,
            deviceTime: offset % 2 == 0 ? .absent : stamp,
            eventClass: .access,
            role: role,
            device: "PUMP-1",
            zonePath: "ward > outside",
            summary: "login \u{1b} \"\(offset)\"",
            rules: ["r"]
        )
    }
    return StoredIncident(
        Incident(
            id: "INC-case",
            severity: .high,
            risk: 70,
            title: "t",
            alerts: [],
            rules: ["r"],
            classes: [.access],
            devices: ["PUMP-1"],
            users: ["u"],
            first: entries[0].time,
            last: entries[entries.count - 1].time,
            entries: entries.sorted { ($0.time, $0.offset) < ($1.time, $1.offset) },
            absences: ["change record"],
            whyJoined: ["a -> b"],
            isProvisional: false
        )
    )
}

/// A store of 60 records, a site file at offset 2, rules by a manifest at 3, and a journal that names the
/// incident.
private func makeStore() throws -> String {
    let path = FileManager.default.temporaryDirectory.path + "/wardline-case-" + UUID().uuidString
    let storage = POSIXStorage()
    try storage.makeDirectories(path + "/sets")
    let hash = sha256(siteFile).hexadecimal
    for file in [siteFile, ruleFile, manifest] {
        try storage.writeAtomically(file, to: path + "/sets/" + sha256(file).hexadecimal)
    }
    let activation = ActivatedFiles.fact(role: "rules", manifest: sha256(manifest).hexadecimal, count: 1).line
    let kinds: [Int: RecordKind] = [2: .siteFact, 3: .activation]
    let signer = try HeadSigner.open(StorePaths(path), storage: storage)
    for stream in ["records", "journal"] {
        let log = try LogOwner(
            storage: storage,
            path: path,
            stream: stream,
            hasColumns: false,
            signer: signer
        )
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "udp", transport: .udp))
        for number in 0..<60 {
            let isFact = stream == "journal"
            let text =
                isFact
                ? "{\"fact\":\"incident.opened\",\"id\":\"\(number == 7 ? "INC-case" : "INC-other")\"}"
                : number == 2
                    ? "{\"role\":\"assets\",\"name\":\"assets.csv\",\"sha256\":\"\(hash)\",\"bytes\":16}"
                    : number == 3 ? activation : "line \(number)"
            batch.append(
                Array(text.utf8),
                kind: isFact ? .fact : kinds[number] ?? .device,
                origin: origin,
                receiveTime: stamp
            )
        }
        _ = try log.append(&batch)
        try log.synchronise()
        try log.close()
    }
    return path
}

private func withCase(_ body: (String, [UInt8]) throws -> Void) throws {
    let path = try makeStore()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let export = try CaseExport(
        try StoreReader(path: path),
        storage: POSIXStorage(),
        actor: "root (uid 0)",
        program: "wardline test",
        now: stamp
    )
    let (bytes, report) = try export.bytes(of: incident([5, 9, 41], context: 30))
    #expect(report.records == 4 && report.controls == 2 && report.facts == 1 && report.files == 3)
    #expect(report.missing.isEmpty)
    try body(path, bytes)
}

/// The case without the file of that SHA-256, sealed again with the key of the store.
private func resealed(_ bytes: [UInt8], _ store: String, without hash: String) throws -> [UInt8] {
    let lines = bytes.split(separator: 0x0a).dropLast().map { String(decoding: $0, as: UTF8.self) }
        .filter { !$0.contains("\"sha256\":\"\(hash)\"") }
    let sealed = Array(lines.map { $0 + "\n" }.joined().utf8)
    let signer = try HeadSigner.open(StorePaths(store), storage: POSIXStorage())
    let body = CaseLine.sealBody("INC-case", lines: lines.count, sha256(sealed))
    let note = try #require(signer.note(body, stream: "records"))
    return sealed + Array((CaseLine.seal(note).line + "\n").utf8)
}

private func keys(_ store: String) throws -> [NoteKey] {
    let text = String(decoding: try POSIXStorage().readFile(StorePaths(store).headPublic), as: UTF8.self)
    return text.split(separator: "\n").compactMap { NoteKey($0) }
}

@Suite struct CaseFileTests {
    @Test func `a case gives the incident back, with everything proven`() throws {
        try withCase { store, bytes in
            for known in [nil, try keys(store)] {
                let read = CaseFile(bytes, known: known)
                #expect(read.isSound, "\(read.problems)")
                #expect(read.recordCount == 6 && read.factCount == 1 && read.fileCount == 3)
                #expect(read.missing.isEmpty && read.actor == "root (uid 0)" && read.made == stamp)
                #expect(read.incident == incident([5, 9, 41], context: 30).incident)
                #expect(read.head?.size == 60 && read.isSelfSigned == (known == nil))
            }
        }
    }

    @Test func `a change of any byte is found`() throws {
        try withCase { store, bytes in
            let known = try keys(store)
            let seal = (bytes.dropLast().lastIndex(of: 0x0a) ?? 0) + 1
            let first = (bytes.firstIndex(of: 0x0a) ?? 0) + 1
            // Each byte of the first line and of the seal; of the sealed lines between, whose hash is one
            // value, every 23rd.
            let places =
                Array(0..<first) + stride(from: first, to: seal, by: 23) + Array(seal..<bytes.count)
            for place in places {
                var changed = bytes
                changed[place] ^= place % 3 == 0 ? 1 : 32
                #expect(!CaseFile(changed, known: known).isSound, "byte \(place)")
                if place % 7 == 0 {
                    #expect(!CaseFile(changed, known: nil).isSound, "byte \(place), own keys")
                }
            }
        }
    }

    @Test func `lines that are missing, moved or added are found`() throws {
        try withCase { store, bytes in
            let known = try keys(store)
            var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map(Array.init)
            lines.removeLast()
            func isSound(_ lines: [[UInt8]]) -> Bool {
                CaseFile(lines.flatMap { $0 + [0x0a] }, known: known).isSound
            }
            #expect(isSound(lines))
            for index in lines.indices {
                var without = lines
                without.remove(at: index)
                #expect(!isSound(without), "line \(index)")
                #expect(!isSound(lines + [lines[index]]), "line \(index) again")
            }
            var swapped = lines
            swapped.swapAt(2, 3)
            #expect(!isSound(swapped))
            for length in [0, 1, bytes.count - 1] {
                #expect(!CaseFile(Array(bytes[..<length]), known: known).isSound)
            }
            #expect(!CaseFile(bytes + [0x0a], known: known).isSound)
        }
    }

    @Test func `a case without a file that was in force, or the list of them, is found`() throws {
        try withCase { store, bytes in
            #expect(CaseFile(try resealed(bytes, store, without: "none"), known: try keys(store)).isSound)
            for file in [siteFile, ruleFile, manifest] {
                let hash = sha256(file).hexadecimal
                let less = try resealed(bytes, store, without: hash)
                let problems = CaseFile(less, known: try keys(store)).problems
                #expect(problems == ["the file \(hash) was in force and is not in the case"])
            }
        }
    }

    @Test func `a case of another key holds by itself and not with the keys of the store`() throws {
        try withCase { store, _ in
            try withCase { _, foreign in
                #expect(CaseFile(foreign, known: nil).isSound)
                let known = try keys(store)
                #expect(!CaseFile(foreign, known: known).isSound)
            }
        }
    }

    @Test func `records beyond the newest head are not exported, missing ones are told`() throws {
        let path = try makeStore()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let export = try CaseExport(
            try StoreReader(path: path),
            storage: POSIXStorage(),
            actor: "a",
            program: "p",
            now: stamp
        )
        let error = #expect(throws: WardlineError.self) {
            try export.bytes(of: incident([5, 60], context: 30))
        }
        #expect(error?.code == .usage)
        #expect(throws: WardlineError.self) {
            var empty = incident([5], context: 6)
            empty.entries = []
            _ = try export.bytes(of: empty)
        }
    }
}

private let verifier = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "verifier/verify.py").path

/// Runs Python; its exit status, nil when there is none.
private func python(_ arguments: [String]) -> Int32? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    process.waitUntilExit()
    return process.terminationStatus
}

@Suite(.enabled(if: python(["-c", "import cryptography"]) == 0, "python3 with cryptography is absent"))
struct IndependentCaseTests {
    @Test func `the verifier that was written from the documents agrees on cases, whole and changed`() throws
    {
        try withCase { store, bytes in
            let file = store + "/case"
            let keyFile = StorePaths(store).headPublic
            func status(_ bytes: [UInt8]) throws -> Int32? {
                try POSIXStorage().writeAtomically(bytes, to: file)
                return python([verifier, "--case", file, "--key", keyFile])
            }
            let whole = try status(bytes)
            #expect(whole == 0)
            for file in [siteFile, ruleFile, manifest] {
                let hash = sha256(file).hexadecimal
                let found = try status(resealed(bytes, store, without: hash))
                #expect(found == 3, "without \(hash)")
            }
            for place in stride(from: 5, to: bytes.count, by: bytes.count / 12) {
                var changed = bytes
                changed[place] ^= 1
                let found = try status(changed)
                #expect(found == 3, "byte \(place)")
            }
        }
    }
}
