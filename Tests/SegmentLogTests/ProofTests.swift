// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

private let key = SigningKey()

private func head(_ state: TreeState) throws -> SignedHead {
    try #require(SignedHead(origin: "h/records", size: state.size.value, root: state.root, key: key))
}

private func verify(_ storage: any LogStorage, _ heads: [SignedHead]) throws -> VerifyReport {
    try verifyLog(storage: storage, path: "store", stream: "records", heads: heads)
}

/// A stream of `count` records in blocks of eight, with the heads that were signed every ten records.
private func signedStore(_ count: UInt64) throws -> (storage: RecordingStorage, heads: [SignedHead]) {
    let storage = RecordingStorage()
    let writer = try LogWriter.open(
        storage: storage,
        path: "store",
        stream: "records",
        options: smallOptions()
    )
    var heads: [SignedHead] = []
    while writer.nextOffset.value < count {
        var batch = sampleBatch(base: writer.nextOffset, count: 5)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(writer.nextOffset.value) * 1_000))
        _ = try writer.sync()
        try commitBlocks(writer)
        if writer.nextOffset.value % 10 == 0 { heads.append(try head(writer.treeState)) }
    }
    try writer.close()
    return (storage, heads)
}

/// A proof of a record in the tree of a head.
private func proof(
    _ offset: Offset,
    _ head: SignedHead,
    _ storage: any LogStorage
) throws -> RecordProof? {
    try LogProver(head, storage: storage, path: "store", stream: "records").proofs(of: [offset]).first
}

private func segments(_ storage: any LogStorage) throws -> [String] {
    try storage.list("store/records").filter { $0.hasSuffix(".seg") }.map { "store/records/" + $0 }
}

/// Writes `bytes` over a whole file.
private func replace(_ path: String, _ bytes: [UInt8], _ storage: any LogStorage) throws {
    try storage.remove(path)
    try storage.open(path, .create).write(bytes.span, at: 0)
}

/// A forger's block: other records under the old offsets, with right checksums and right hashes of its own.
private func forged(_ part: LogPart, _ change: (inout RecordBatch) -> Void) throws -> [UInt8] {
    var records = try part.readRecords()
    change(&records)
    let leaves = RecordLeaf.hashes(of: records, base: part.base)
    return try BlockJob(base: part.base, records: records, leaves: LeafRuns(leaves, base: part.base))
        .encode(events: nil, epoch: [], eventTimes: nil).bytes
}

@Suite struct ProofTests {
    @Test func `every head of a growing stream agrees with what is stored`() throws {
        let (storage, heads) = try signedStore(200)
        let report = try verify(storage, heads)
        #expect(report.isSound && report.heads == 20 && report.signedEnd == Offset(200))
    }

    @Test func `the tree does not depend on batches, blocks or restarts`() throws {
        var roots: Set<TreeHash> = []
        for (size, isBlocked) in [(1, true), (7, true), (7, false), (30, false)] {
            let storage = RecordingStorage()
            var batchStart: UInt64 = 0
            while batchStart < 60 {
                let writer = try LogWriter.open(
                    storage: storage,
                    path: "store",
                    stream: "records",
                    options: smallOptions()
                )
                #expect(writer.treeState.size == Offset(batchStart))
                let count = min(size, Int(60 - batchStart), smallOptions().blockRecordCountMax)
                var batch = sampleBatch(base: Offset(batchStart), count: count)
                _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 5))
                batchStart += UInt64(count)
                _ = try writer.sync()
                if isBlocked { try commitBlocks(writer) }
                try writer.close()
                if batchStart == 60 { roots.insert(writer.treeState.root) }
            }
        }
        #expect(roots.count == 1)
    }

    @Test func `a record that was changed with every checksum made right is found and named`() throws {
        for number in 0..<6 {
            let (storage, heads) = try signedStore(80)
            let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
            let part = try #require(reader.parts.filter { $0.isBlock && $0.count > 4 }.dropFirst(1).first)
            let block = try forged(part) { records in
                switch number {
                case 0: records.bytes[records.rows[1].start] ^= 1
                case 1: records.rows[2].receiveTime = UTCTime(nanoseconds: 77)
                case 2: records.rows[3].originalLength += 1
                case 3: records.rows.swapAt(0, 2)
                case 4: records.origins[0].peerPort = 10
                default: records.rows[1].kind = .fact
                }
            }
            let path = "store/records/" + part.fileName
            var bytes = try storage.readFile(path)
            let place = part.places[0]
            // The rest of the file is cut: without its footer nothing contradicts the block.
            bytes.replaceSubrange(place.lowerBound..<bytes.count, with: block)
            try replace(path, bytes, storage)
            let report = try verify(storage, heads)
            let notes = report.damage.filter { $0.reason == .signed }
            #expect(!notes.isEmpty)
            #expect(notes.contains { $0.from < part.end && $0.end > part.base })
        }
    }

    @Test func `a block that keeps its old hashes over other records is named itself`() throws {
        let (storage, _) = try signedStore(80)
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        let part = try #require(reader.parts.last { $0.isBlock })
        var records = try part.readRecords()
        let leaves = RecordLeaf.hashes(of: records, base: part.base)
        records.rows[0].receiveTime = UTCTime(nanoseconds: 1)
        let block = try BlockJob(base: part.base, records: records, leaves: LeafRuns(leaves, base: part.base))
            .encode(events: nil, epoch: [], eventTimes: nil).bytes
        let path = "store/records/" + part.fileName
        var bytes = try storage.readFile(path)
        bytes.replaceSubrange(part.places[0].lowerBound..<bytes.count, with: block)
        try replace(path, bytes, storage)
        let note = try #require(try verify(storage, []).damage.first { $0.reason == .tree })
        #expect(note.from == part.base && note.block == part.ordinal)
    }

    @Test func `files that were removed, cut, swapped or emptied are found up to the last head`() throws {
        let (sound, heads) = try signedStore(120)
        let names = try segments(sound)
        #expect(names.count > 3)
        for (index, name) in names.enumerated() {
            for change in 0..<4 {
                let (storage, _) = try signedStore(120)
                let bytes = try storage.readFile(name)
                switch change {
                case 0: try storage.remove(name)
                case 1: try replace(name, Array(bytes[..<(bytes.count / 2)]), storage)
                case 2: try replace(name, try storage.readFile(names[(index + 1) % names.count]), storage)
                default: try replace(name, [], storage)
                }
                #expect(try !verify(storage, heads).isSound)
            }
        }
    }

    @Test func `random edits of a store are found up to the last head`() throws {
        var random = SeededGenerator(seed: 11)
        let (sound, heads) = try signedStore(100)
        let files = try segments(sound)
        var contents: [String: [UInt8]] = [:]
        for file in files { contents[file] = try sound.readFile(file) }
        for _ in 0..<1_500 {
            let file = files[random.below(files.count)]
            let bytes = contents[file, default: []]
            var changed = bytes
            switch random.below(4) {
            case 0: changed[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            case 1: changed.removeLast(1 + random.below(bytes.count))
            case 2: changed.remove(at: random.below(bytes.count))
            default: changed.insert(UInt8(random.below(256)), at: random.below(bytes.count))
            }
            guard changed != bytes else { continue }
            try replace(file, changed, sound)
            let report = try verify(sound, heads)
            // Whatever is served is what was written, and what is not served is told.
            #expect(!report.isSound || report.heads == heads.count)
            try replace(file, bytes, sound)
        }
        #expect(try verify(sound, heads).isSound)
    }

    @Test func `a verifier that does not compare heads would miss a forged block`() throws {
        // The planted mutant: without heads the forger's block is as good as any.
        let (storage, heads) = try signedStore(8)
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        let part = try #require(reader.parts.first { $0.isBlock })
        let path = "store/records/" + part.fileName
        let bytes = try storage.readFile(path)
        let block = try forged(part) { $0.bytes[0] ^= 1 }
        try replace(path, Array(bytes[..<part.places[0].lowerBound]) + block, storage)
        #expect(try verify(storage, []).isSound)
        #expect(try heads.isEmpty || !verify(storage, heads).isSound)
        let state = TreeState(size: Offset(5), root: .empty)
        #expect(try !verify(storage, [try head(state)]).isSound)
    }

    @Test func `cutting the log and going on is found by a head that was kept elsewhere`() throws {
        // As on journald's sealing: truncate, continue, and sign again with the newest key.
        let (storage, heads) = try signedStore(100)
        let witness = try #require(heads.first { $0.size == 60 })
        for name in try segments(storage).dropFirst(2) { try storage.remove(name) }
        for name in try storage.list("store/records/wal") { try storage.remove("store/records/wal/" + name) }
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        while writer.nextOffset.value < 100 {
            var batch = sampleBatch(base: writer.nextOffset, count: 4)
            batch.rows[0].receiveTime = UTCTime(nanoseconds: 123)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 9_000_000))
            _ = try writer.sync()
            try commitBlocks(writer)
        }
        let resigned = try head(writer.treeState)
        try writer.close()
        // Its own new heads agree; the old one cannot.
        #expect(try verify(storage, [resigned]).damage.filter { $0.reason == .signed }.isEmpty)
        #expect(try verify(storage, [resigned, witness]).damage.contains { $0.reason == .signed })
    }

    @Test func `an edit in the unsealed tail is found after a head, and is not evidence before one`() throws {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        var batch = sampleBatch(base: .zero, count: 5)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 1))
        _ = try writer.sync()
        let signed = try head(writer.treeState)
        let name = try #require(try storage.list("store/records/wal").first)
        let path = "store/records/wal/" + name
        let forger = RecordingStorage()
        let other = try LogWriter.open(
            storage: forger,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        var altered = sampleBatch(base: .zero, count: 5)
        altered.bytes[0] ^= 1
        _ = try other.append(&altered, wall: UTCTime(nanoseconds: 1))
        _ = try other.sync()
        try replace(path, try forger.readFile(path), storage)
        #expect(try verify(storage, []).isSound)
        #expect(try verify(storage, [signed]).damage.contains { $0.reason == .signed })
    }

    @Test func `each record is proved against each later head, and no changed proof passes`() throws {
        let (storage, heads) = try signedStore(70)
        for head in heads {
            for offset in 0..<head.size {
                let proof = try #require(try proof(Offset(offset), head, storage))
                #expect(proof.isSound && proof.record == payload(offset))
                var other = proof
                other.offset = Offset(offset ^ 1)
                #expect(!other.isSound)
                other = proof
                other.content[other.content.count - 1] ^= 1
                #expect(!other.isSound)
            }
            #expect(try proof(Offset(head.size), head, storage) == nil)
        }
    }

    @Test func `heads are appended, and a note that a crash cut short is passed over`() throws {
        let storage = RecordingStorage()
        try storage.makeDirectories("store/records")
        let (_, heads) = try signedStore(40)
        for (number, head) in heads.enumerated() {
            try HeadFile.append(head, storage: storage, path: "store", stream: "records")
            #expect(
                try HeadFile.read(storage: storage, path: "store", stream: "records")
                    == Array(heads[...number])
            )
        }
        let path = "store/records/heads"
        let whole = try storage.readFile(path)
        for length in whole.indices {
            try replace(path, Array(whole[..<length]), storage)
            let read = try HeadFile.read(storage: storage, path: "store", stream: "records")
            #expect(read == Array(heads[..<read.count]))
            try HeadFile.append(heads[3], storage: storage, path: "store", stream: "records")
            let after = try HeadFile.read(storage: storage, path: "store", stream: "records")
            #expect(after.starts(with: read) && after.last == heads[3])
            #expect(after.allSatisfy(heads.contains) && after.count <= read.count + 2)
        }
    }

    @Test func `a head is what was signed, by the key it was signed with`() throws {
        let (_, heads) = try signedStore(10)
        let head = try #require(heads.first)
        let name = try #require(NoteKey(name: "h/records", publicKey: key.publicKey))
        #expect(head.isSigned(by: name) && SignedHead(head.text) == head)
        #expect(NoteKey(name.text) == name)
        let stranger = try #require(NoteKey(name: "h/records", publicKey: SigningKey().publicKey))
        #expect(!head.isSigned(by: stranger))
        let bytes = Array(head.text.utf8)
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= 1
            if let read = SignedHead(String(decoding: changed, as: UTF8.self)) {
                #expect(!read.isSigned(by: name))
            }
        }
        for text in [
            "", "\n", "a\n1\nAAAA\n", "a\n01\n\(Base64Text.text(head.root.bytes))\n\n\u{2014} a b\n",
        ] {
            #expect(SignedHead(text) == nil)
        }
        #expect(NoteKey("a+b+c") == nil && NoteKey(name: "a b", publicKey: key.publicKey) == nil)
    }
}
