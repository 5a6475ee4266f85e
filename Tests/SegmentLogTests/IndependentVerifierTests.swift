// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Foundation
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

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

/// Whether Python and its package for Ed25519 are there.
private let hasPython = python(["-c", "import cryptography"]) == 0

/// A store of sealed segments, an open one and a write-ahead file, with signed heads and the public key.
@discardableResult
private func signedStore(_ path: String) throws -> SigningKey {
    let storage = POSIXStorage()
    let key = SigningKey()
    var options = smallOptions()
    options.segmentSizeMaxBytes = 3_000
    for stream in ["records", "journal"] {
        let writer = try LogWriter.open(storage: storage, path: path, stream: stream, options: options)
        var random = SeededGenerator(seed: 21)
        while writer.nextOffset.value < 120 {
            var records = batch(deviceLines(4, &random))
            records.rows[0].flags = [.imported, .truncated]
            records.rows[1].originalLength += 9
            records.rows[2].receiveTime = .absent
            _ = try writer.append(&records, wall: UTCTime(nanoseconds: 1_790_000_000_000_000_000))
            _ = try writer.sync()
            if writer.nextOffset.value < 110 { try commitBlocks(writer) }
            if writer.nextOffset.value % 24 == 0 {
                let state = writer.treeState
                let origin = "h/" + stream
                let head = try #require(
                    SignedHead(origin: origin, size: state.size.value, root: state.root, key: key)
                )
                try HeadFile.append(head, storage: storage, path: path, stream: stream)
            }
        }
        try writer.close()
    }
    try storage.makeDirectories(path + "/keys")
    let names = ["h/records", "h/journal"].compactMap { NoteKey(name: $0, publicKey: key.publicKey)?.text }
    try storage.writeAtomically(Array(names.joined(separator: "\n").utf8), to: path + "/keys/head.public")
    return key
}

/// Says in the journal of a store what tombstones say, as retention does.
private func tell(_ tombstones: [Tombstone], _ path: String) throws {
    var options = smallOptions()
    options.segmentSizeMaxBytes = 3_000
    let writer = try LogWriter.open(
        storage: POSIXStorage(),
        path: path,
        stream: "journal",
        options: options
    )
    for tombstone in tombstones {
        let fact = JSONValue.object([
            .init("fact", .text("retention.removed")), .init("id", .text(tombstone.segment)),
            .init("from", .integer(Int64(tombstone.offsets.lowerBound))),
            .init("end", .integer(Int64(tombstone.offsets.upperBound))),
            .init("records", .integer(Int64(tombstone.removed))),
            .init("digest", .text(tombstone.digest.hexadecimal)), .init("reasons", .texts(tombstone.reasons)),
            .init("actor", .text(tombstone.actor)), .init("time", .text(tombstone.time.description)),
        ])
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "", transport: .internal))
        records.append(Array(fact.line.utf8), kind: .fact, origin: origin, receiveTime: tombstone.time)
        _ = try writer.append(&records, wall: tombstone.time)
        _ = try writer.sync()
    }
    try writer.close()
}

@Suite(.enabled(if: hasPython, "python3 with the package cryptography is absent"))
struct IndependentVerifierTests {
    @Test func `a verifier written from the format documents agrees, on sound stores and on changed ones`()
        throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "verifier-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try signedStore(folder)
        #expect(python([verifier, folder]) == 0)
        let storage = POSIXStorage()
        let heads = try HeadFile.read(storage: storage, path: folder, stream: "records")
        #expect(heads.count == 5)
        func isSound() throws -> Bool {
            try verifyLog(storage: storage, path: folder, stream: "records", heads: heads).isSound
        }
        #expect(try isSound())
        var random = SeededGenerator(seed: 4)
        let names = try storage.list(folder + "/records").filter { $0.hasSuffix(".seg") }
        #expect(names.count > 2)
        for round in 0..<24 {
            let path = folder + "/records/" + names[round % names.count]
            let bytes = try storage.readFile(path)
            var changed = bytes
            switch round % 3 {
            case 0: changed[64 + random.below(bytes.count - 64)] ^= 1
            case 1: changed.removeLast(bytes.count / 2)
            default: changed.removeSubrange(64..<min(bytes.count, 600))
            }
            try storage.writeAtomically(changed, to: path)
            #expect(try python([verifier, folder]) == (isSound() ? 0 : 3), "round \(round)")
            try storage.writeAtomically(bytes, to: path)
        }
        #expect(python([verifier, folder]) == 0)
    }

    @Test func `it knows removed records, and asks for the tombstone and the entry that account for them`()
        throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "verifier-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let key = try signedStore(folder)
        let storage = POSIXStorage()
        let heads = try HeadFile.read(storage: storage, path: folder, stream: "records")
        let names = try storage.list(folder + "/records").filter { $0.hasSuffix(".seg") }
        var told: [Tombstone] = []
        for (number, name) in names.dropLast().enumerated() {
            let removed = try removeRecords(
                of: name,
                storage: storage,
                path: folder,
                stream: "records",
                removes: { number == 0 || $0.value % 5 > 1 },
                cuts: Set(heads.map(\.size))
            ) { summary throws(LogError) in
                let tombstone = Tombstone(
                    stream: "records",
                    segment: summary.segment,
                    offsets: summary.offsets,
                    removed: summary.removed,
                    digest: summary.digest,
                    root: summary.root,
                    reasons: ["class default keep 1d: \(summary.removed)"],
                    actor: "root (uid 0)",
                    time: UTCTime(nanoseconds: 1_790_000_000_000_000_000)
                )
                told.append(tombstone)
                guard let note = SignedNote(tombstone.body, name: "h/records", key: key) else { return }
                try onDisk { () throws(StorageError) in
                    try Tombstone.append(note, storage: storage, path: folder, stream: "records")
                }
            }
            #expect(removed != nil)
        }
        #expect(python([verifier, folder]) == 3)
        try tell(told, folder)
        #expect(python([verifier, folder]) == 0)
        let path = folder + "/records/tombstones"
        let notes = try storage.readFile(path)
        for (place, byte) in notes.enumerated() where byte == UInt8(ascii: "9") {
            var changed = notes
            changed[place] = UInt8(ascii: "8")
            try storage.writeAtomically(changed, to: path)
            #expect(python([verifier, folder]) == 3, "byte \(place)")
            break
        }
        try storage.remove(path)
        #expect(python([verifier, folder]) == 3)
    }
}
