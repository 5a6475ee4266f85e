// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

@Suite struct CorruptionTests {
    /// Whether the stored bytes are seen to be wrong, or every record is still right.
    private func isDetectedOrHarmless(
        _ files: [String: [UInt8]],
        _ original: [UInt64: [UInt8]]
    ) throws -> Bool {
        let storage = RecordingStorage(files: files, directories: ["store/records/wal"])
        let all: [UInt64: [UInt8]]
        do {
            all = try readAll(storage)
        } catch is LogError {
            return true
        }
        for (offset, bytes) in all where original[offset] != bytes { return false }
        let report = try verifyLog(storage: storage, path: "store", stream: "records")
        return all.count == original.count || !report.isSound || !report.tails.isEmpty
    }

    @Test func `every single-byte corruption is detected or harmless`() throws {
        let store = try smallStore()
        let files = store.files
        let original = try readAll(store)
        var tried = 0
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            for position in bytes.indices {
                var changed = files
                changed[path]?[position] ^= UInt8(1 << (position % 8))
                tried += 1
                #expect(try isDetectedOrHarmless(changed, original), "\(path) at \(position)")
            }
        }
        #expect(tried > 2_000)
    }

    /// Every byte of headers and of the footer, and some of each chunk.
    @Test func `corruption of columns, filters and proofs is detected or harmless`() throws {
        let store = try columnStore()
        let files = store.files
        let original = try readAll(store)
        let path = try #require(files.keys.filter { $0.hasSuffix(".seg") }.min())
        let bytes = try #require(files[path])
        for position in bytes.indices
        where position < 330 || position > bytes.count - 200 && position % 5 == 0 || position % 397 == 0 {
            var changed = files
            changed[path]?[position] ^= UInt8(1 << (position % 8))
            #expect(try isDetectedOrHarmless(changed, original), "at \(position)")
            let storage = RecordingStorage(files: changed)
            let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
            for part in reader.parts where part.count > 100 {
                // A search may be refused, but what it gives is right and whole.
                guard let rows = try? reader.rows(part, where: .text(Array("failed".utf8))) else { continue }
                let found = (0..<rows.records.count).map { rows.records.payload($0) }
                #expect(found.allSatisfy(Set(original.values).contains), "at \(position)")
                let wanted = original.values.filter { String(decoding: $0, as: UTF8.self).contains("Failed") }
                let isTold = try Set(wanted).isSubset(of: found) || !isSound(storage)
                #expect(isTold, "at \(position)")
            }
        }
    }

    @Test func `damage of any chunk of any block is found by verifying`() throws {
        let store = try columnStore()
        let files = store.files
        var kinds: Set<UInt16> = []
        for part in try LogReader.open(storage: store, path: "store", stream: "records").parts {
            guard let header = try part.blockHeader() else { continue }
            var position = part.places[0].lowerBound + header.size
            for chunk in header.chunks {
                var changed = files
                changed["store/records/" + part.fileName]?[position + chunk.storedLength / 2] ^= 4
                #expect(try !isSound(RecordingStorage(files: changed)), "\(chunk.kindName)")
                kinds.insert(chunk.kind)
                position += chunk.storedLength
            }
        }
        #expect(
            kinds.isSuperset(of: [ChunkEntry.Kind.records, ChunkEntry.Kind.columns, ChunkEntry.Kind.filters])
        )
    }

    private func isSound(_ storage: RecordingStorage) throws -> Bool {
        try verifyLog(storage: storage, path: "store", stream: "records").isSound
    }

    @Test func `every truncation of a segment is detected, of the last write-ahead file leaves a prefix`()
        throws
    {
        let store = try smallStore()
        let files = store.files
        let original = try readAll(store)
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            for length in bytes.indices {
                var changed = files
                changed[path]?.removeLast(bytes.count - length)
                if path.hasSuffix(".seg") {
                    let storage = RecordingStorage(files: changed, directories: ["store/records/wal"])
                    let report = try verifyLog(storage: storage, path: "store", stream: "records")
                    #expect(!report.isSound || !report.tails.isEmpty, "\(path) cut to \(length)")
                } else {
                    let storage = RecordingStorage(files: changed, directories: ["store/records/wal"])
                    for (offset, bytes) in try readAll(storage) { #expect(original[offset] == bytes) }
                }
            }
        }
    }

    @Test func `a removed segment is a named hole and later records are served`() throws {
        let store = try smallStore()
        var files = store.files
        let names = files.keys.filter { $0.hasSuffix(".seg") }.sorted()
        files[names[1]] = nil
        let storage = RecordingStorage(files: files, directories: ["store/records/wal"])
        let report = try verifyLog(storage: storage, path: "store", stream: "records")
        #expect(report.holes.count == 1)
        #expect(!report.isSound)
        #expect(try readAll(storage).keys.max() == (try readAll(store)).keys.max())
    }

    @Test func `a damaged batch in the middle is kept aside and later offsets stay`() throws {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records")
        for _ in 0..<3 {
            var batch = sampleBatch(base: writer.nextOffset, count: 4)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 1))
        }
        try writer.close()
        var files = storage.files
        let path = "store/records/wal/00000000000000000000.wal"
        let bytes = try #require(files[path])
        files[path]?[bytes.count / 2] ^= 1
        let damaged = RecordingStorage(files: files)
        let again = try LogWriter.open(storage: damaged, path: "store", stream: "records")
        #expect(again.recovery.holes == [OffsetHole(from: Offset(4), end: Offset(8))])
        #expect(again.nextOffset == Offset(12))
        #expect(damaged.files.keys.contains { $0.hasSuffix(".damaged") })
        #expect(try readAll(damaged).keys.sorted() == [0, 1, 2, 3, 8, 9, 10, 11])
    }

    @Test func `a torn tail is cut and kept`() throws {
        let store = try smallStore(records: 8)
        var files = store.files
        let path = try #require(files.keys.filter { $0.hasSuffix(".wal") }.max())
        files[path]?.append(contentsOf: [1, 2, 3])
        let storage = RecordingStorage(files: files)
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        #expect(writer.recovery.tornTails.map(\.length) == [3])
        #expect(storage.files.first { $0.key.hasSuffix(".torn") }?.value == [1, 2, 3])
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").isSound)
    }

    @Test func `a chunk that decompresses to more or less than its header says is refused`() throws {
        let raw = [UInt8](repeating: 0, count: 1 << 20)
        let packed = try #require(try Deflate.compress(raw, level: 9))
        #expect(Deflate.decompress(packed, 0..<packed.count, length: raw.count) == raw)
        for length in [0, 1, 1_000, raw.count - 1, raw.count + 1] {
            #expect(Deflate.decompress(packed, 0..<packed.count, length: length) == nil)
        }
        #expect(Deflate.decompress(packed + [0], 0..<packed.count + 1, length: raw.count) == nil)
    }

    @Test func `a header that claims a huge chunk is refused before anything is allocated`() throws {
        var header = BlockHeader(
            base: .zero,
            count: 1,
            minLogTime: .absent,
            maxLogTime: .absent,
            minEventTime: .absent,
            maxEventTime: .absent,
            epoch: [UInt8](repeating: 0, count: 32),
            chunks: [
                ChunkEntry(
                    kind: 1,
                    encoding: 1,
                    isDeflated: true,
                    rawLength: LogLimits.chunkSizeMaxBytes,
                    storedLength: 9,
                    storedCRC: 0,
                    rawCRC: 0
                )
            ],
            kinds: []
        )
        #expect(try BlockHeader.read(header.encoded(), file: "x") == header)
        header.chunks[0].rawLength += 1
        #expect(try BlockHeader.read(header.encoded(), file: "x") == nil)
    }

    @Test func `random bytes never trap a decoder`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3_000 {
            let count = Int.random(in: 0..<80, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) & 0x1f }
            _ = try? RecordCodec.decode(bytes, 0..<bytes.count)
            _ = SegmentFooter.read(bytes)
            _ = WriteAheadBatch.next(bytes, from: 0)
        }
    }
}
