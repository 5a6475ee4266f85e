// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

private let key = SigningKey()

/// Sealed segments of small blocks with the heads that were signed on the way; every payload is distinct.
private func sealedStore(_ count: UInt64 = 90) throws -> (storage: RecordingStorage, heads: [SignedHead]) {
    let storage = RecordingStorage()
    var options = smallOptions()
    options.segmentSizeMaxBytes = 9_000
    let writer = try LogWriter.open(storage: storage, path: "store", stream: "records", options: options)
    var heads: [SignedHead] = []
    while writer.nextOffset.value < count {
        var batch = sampleBatch(base: writer.nextOffset, count: 5)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(writer.nextOffset.value) * 1_000))
        _ = try writer.sync()
        try commitBlocks(writer, force: true)
        let (size, root) = (writer.treeState.size.value, writer.treeState.root)
        heads.append(try #require(SignedHead(origin: "h/records", size: size, root: root, key: key)))
    }
    try writer.seal()
    try writer.close()
    return (storage, heads)
}

/// Whether a test takes the record at an offset.
private func goes(_ offset: Offset) -> Bool { offset.value % 3 == 1 || (20..<31).contains(offset.value) }

/// Removes from the first segment; answers with the tombstone that was announced.
@discardableResult
private func remove(
    _ storage: any LogStorage,
    _ heads: [SignedHead],
    _ removes: (Offset) -> Bool = goes
) throws -> Tombstone? {
    var tombstone: Tombstone?
    try remove(storage, heads, removes) { tombstone = $0 }
    return tombstone
}

private func remove(
    _ storage: any LogStorage,
    _ heads: [SignedHead],
    _ removes: (Offset) -> Bool,
    announce: (Tombstone) -> Void
) throws {
    let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
    _ = try removeRecords(
        of: try #require(reader.segments.first).name,
        storage: storage,
        path: "store",
        stream: "records",
        removes: removes,
        cuts: Set(heads.map(\.size))
    ) { summary throws(LogError) in
        announce(
            Tombstone(
                stream: "records",
                segment: summary.segment,
                offsets: summary.offsets,
                removed: summary.removed,
                digest: summary.digest,
                root: summary.root,
                reasons: ["class network keep 90d: \(summary.removed)", "as ordered\nby law"],
                actor: "root (uid 0)",
                time: UTCTime(nanoseconds: 1_790_000_000_000_000_000)
            )
        )
    }
}

private func verify(
    _ storage: any LogStorage,
    _ heads: [SignedHead],
    _ tombstones: [Tombstone?]
) throws -> VerifyReport {
    try verifyLog(
        storage: storage,
        path: "store",
        stream: "records",
        heads: heads,
        tombstones: tombstones.compactMap { $0 }
    )
}

@Suite struct RemovalTests {
    @Test func `removed records are gone from every file, and every head and other record stays`() throws {
        let (storage, heads) = try sealedStore()
        let before = try readAll(storage)
        let first = try #require(
            try LogReader.open(storage: storage, path: "store", stream: "records").segments.first
        )
        let tombstone = try #require(try remove(storage, heads))
        let count = (0..<first.offsets.upperBound.value).count { goes(Offset($0)) }
        #expect(count > 12 && tombstone.removed == UInt64(count))
        let report = try verify(storage, heads, [tombstone])
        #expect(report.isSound && report.heads == heads.count, "\(report.damage)")
        #expect(report.records == UInt64(before.count - count))
        #expect(report.removals.map(\.count) == [UInt64(count)])
        let after = try readAll(storage)
        #expect(Set(after.keys) == Set(before.keys))
        for (offset, bytes) in before {
            let isGone = offset < first.offsets.upperBound.value && goes(Offset(offset))
            #expect(after[offset] == (isGone ? [] : bytes))
        }
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        for part in reader.parts where part.base < first.offsets.upperBound {
            let (records, events) = try reader.stored(part)
            for (index, row) in records.rows.enumerated() where goes(part.base.advanced(by: index)) {
                #expect(row.kind == .removed && row.length == 0 && !row.receiveTime.isPresent)
            }
            #expect(!(events?.events.contains { goes($0.offset) } ?? false))
        }
    }

    @Test func `a kept record has a proof, a removed one has none`() throws {
        let (storage, heads) = try sealedStore()
        let tombstone = try #require(try remove(storage, heads))
        for head in [try #require(heads.last), heads[3]] {
            let prover = try LogProver(head, storage: storage, path: "store", stream: "records")
            let wanted = (0..<head.size).map(Offset.init)
            let proofs = try prover.proofs(of: wanted)
            #expect(proofs.allSatisfy { $0.isSound })
            let kept = wanted.filter { !tombstone.offsets.contains($0.value) || !goes($0) }
            #expect(proofs.map(\.offset) == kept)
        }
    }

    @Test func `without a tombstone that fits, removed records are damage`() throws {
        let (storage, heads) = try sealedStore()
        let tombstone = try #require(try remove(storage, heads))
        func reasons(_ change: (inout Tombstone) -> Void) throws -> [DamageNote.Reason] {
            var changed = tombstone
            change(&changed)
            return try verify(storage, heads, [changed]).damage.map(\.reason)
        }
        #expect(try reasons { _ in }.isEmpty)
        #expect(try verify(storage, heads, []).damage.map(\.reason) == [.removed])
        #expect(try reasons { $0.removed += 1 } == [.removed])
        #expect(try reasons { $0.segment = "00000000000000000007.seg" } == [.removed])
        #expect(try reasons { $0.digest = sha256([1]) } == [.removed])
        #expect(try reasons { $0.root = .empty } == [.removed])
        #expect(try reasons { $0.offsets = 0..<1 } == [.removed])
    }

    @Test func `more can be removed later, also all of a segment`() throws {
        let (storage, heads) = try sealedStore()
        let size = { try storage.size("store/records/00000000000000000000.seg") ?? 0 }
        let whole = try size()
        let first = try remove(storage, heads)
        let second = try remove(storage, heads) { $0.value % 2 == 0 || goes($0) }
        let third = try remove(storage, heads) { _ in true }
        #expect(try verify(storage, heads, [first, second, third]).isSound)
        #expect(try verify(storage, heads, [first, second]).damage.map(\.reason) == [.removed])
        #expect(third?.removed == third.map { UInt64($0.offsets.count) })
        #expect(try size() * 2 < whole)
    }

    @Test func `a note says what the tombstone says, and nothing when it is changed`() throws {
        let (storage, heads) = try sealedStore()
        let tombstone = try #require(try remove(storage, heads))
        let note = try #require(SignedNote(tombstone.body, name: "h/records", key: key))
        var expected = tombstone
        expected.reasons[1] = "as orderedby law"
        #expect(Tombstone(note) == expected)
        let known = try #require(NoteKey(name: "h/records", publicKey: key.publicKey))
        #expect(note.isSigned(by: known))
        let altered = note.text.replacing("root (uid 0)", with: "nobody")
        #expect(try !#require(SignedNote(altered)).isSigned(by: known))
    }

    @Test func `a tombstone counts that is signed as the heads of its stream are`() throws {
        let (storage, heads) = try sealedStore()
        let tombstone = try #require(try remove(storage, heads))
        let own = try #require(NoteKey(name: "h/records", publicKey: key.publicKey))
        let other = try #require(NoteKey(name: "h/journal", publicKey: key.publicKey))
        /// How many count, and how many are refused.
        func read(_ bytes: [UInt8]) throws -> [Int] {
            let files = ["store/records/tombstones": bytes]
            let notes = try TombstoneNotes(
                storage: RecordingStorage(files: files),
                path: "store",
                stream: "records",
                keys: [own, other]
            )
            return [notes.sound.count, notes.refused]
        }
        func note(_ body: String, _ name: String) throws -> [UInt8] {
            Array((try #require(SignedNote(body, name: name, key: key)).text + "\n").utf8)
        }
        let whole = try note(tombstone.body, own.name)
        #expect(try read(whole) == [1, 0])
        #expect(try read(note(tombstone.body, other.name)) == [0, 1])
        var foreign = tombstone
        foreign.stream = "journal"
        #expect(try read(note(foreign.body, own.name)) == [0, 1])
        #expect(try read(note(tombstone.body + "remark x\n", own.name)) == [0, 1])
        #expect(try read(note("something else\n", own.name)) == [0, 1])
        // Whatever a crash leaves is no damage, and hides nothing of what follows.
        for length in whole.indices {
            let counts = try read(Array(whole[..<length]) + Array("\n\n".utf8) + whole)
            #expect(counts[0] >= 1 && counts[1] == 0, "\(length)")
        }
        // The note ends with 92 letters and two line ends.
        for place in whole.count - 94..<whole.count - 2 {
            for byte in [0x21, 0xe5] as [UInt8] {
                var changed = whole
                changed[place] = byte
                #expect(try read(changed + whole) == [1, 1], "\(byte) at \(place)")
            }
        }
    }

    @Test func `removed records are told with the log times of those around them that are there`() throws {
        let (storage, heads) = try sealedStore()
        var times: [UInt64: UTCTime] = [:]
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        for part in reader.parts {
            for (index, row) in try reader.records(part).rows.enumerated() {
                times[part.base.value + UInt64(index)] = row.logTime
            }
        }
        let tombstone = try #require(try remove(storage, heads))
        var spans: [RemovedSpan] = []
        let report = try verifyLog(
            storage: storage,
            path: "store",
            stream: "records",
            heads: heads,
            removed: { spans.append($0) },
            readingTombstones: { () throws(LogError) in [tombstone] }
        )
        #expect(report.isSound && report.tombstones == [tombstone])
        #expect(report.removals.map(\.fitting) == [[tombstone]])
        let gone = tombstone.offsets.filter { goes(Offset($0)) }
        #expect(spans.flatMap { Array($0.offsets) } == gone)
        for span in spans {
            let before = (0..<span.offsets.lowerBound).last { !gone.contains($0) }
            let after = (span.offsets.upperBound..<90).first { !gone.contains($0) }
            #expect(span.segment == tombstone.segment)
            #expect(span.earliest == before.flatMap { times[$0] }, "\(span)")
            #expect(span.latest == after.flatMap { times[$0] }, "\(span)")
        }
    }

    @Test(arguments: DiskFault.Kind.allCases)
    func `whichever operation fails, the segment is whole or rewritten with its tombstone`(
        _ kind: DiskFault.Kind
    ) throws {
        let (whole, heads) = try sealedStore(50)
        let before = try readAll(whole)
        var nth = 1
        while true {
            let storage = RecordingStorage(files: whole.files)
            storage.fail(DiskFault(kind, nth: nth))
            var tombstone: Tombstone?
            try? remove(storage, heads, goes) { tombstone = $0 }
            let hasFired = storage.attempts >= nth
            storage.fail(nil)
            let report = try verify(storage, heads, [tombstone])
            #expect(report.isSound, "\(kind) at \(nth): \(report.damage)")
            if report.removals.isEmpty { #expect(try readAll(storage) == before) }
            guard hasFired else {
                #expect(!report.removals.isEmpty)
                break
            }
            nth += 1
        }
        #expect(nth > (kind.isForWritesOnly ? 3 : 6))
    }

    @Test func `a reader refuses a removed run that does not fit its block`() throws {
        let (storage, heads) = try sealedStore(40)
        try remove(storage, heads)
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        let part = try #require(reader.parts.first)
        let (bytes, _) = try #require(try part.chunk(ChunkEntry.Kind.removed))
        #expect(try LeafRuns.removed(bytes, base: part.base, count: part.count).count > 2)
        for length in 0..<bytes.count {
            #expect(throws: (any Error).self) {
                try LeafRuns.removed(Array(bytes[..<length]), base: part.base, count: part.count)
            }
        }
        #expect(throws: (any Error).self) {
            try LeafRuns.removed(bytes + [0], base: part.base, count: part.count)
        }
        #expect(throws: (any Error).self) {
            try LeafRuns.removed(bytes, base: part.base, count: 2)
        }
    }

    @Test func `aged segments are sealed, young ones are not`() throws {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records")
        var batch = sampleBatch(base: .zero, count: 5)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 1_000))
        _ = try writer.sync()
        try commitBlocks(writer, force: true)
        let day = LogOptions().segmentAgeMaxNanoseconds
        try writer.sealAged(now: UTCTime(nanoseconds: 999 + day))
        func isSealed() throws -> Bool? {
            try LogReader.open(storage: storage, path: "store", stream: "records").segments.first?.isSealed
        }
        #expect(try isSealed() == false)
        try writer.sealAged(now: UTCTime(nanoseconds: 1_000 + day))
        #expect(try isSealed() == true)
    }
}
