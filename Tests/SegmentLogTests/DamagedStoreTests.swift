// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

/// What a writer does with a store that is damaged: it opens, takes records, and loses nothing that could be
/// read.
@Suite struct DamagedStoreTests {
    /// A whole store and what it holds.
    private struct Sample {
        let files: [String: [UInt8]]
        let records: [UInt64: [UInt8]]

        init(_ storage: RecordingStorage) throws {
            files = storage.files
            records = try readAll(storage)
        }

        /// What is wrong after a writer opened the damaged `files`, appended, blocked and closed, twice; nil
        /// if nothing is.
        func breach(_ files: [String: [UInt8]]) -> String? {
            let storage = RecordingStorage(files: files, directories: ["store/records/wal"])
            do {
                let before = try readAll(storage)
                for (offset, bytes) in before where records[offset] != bytes {
                    return "record \(offset) is forged"
                }
                var added: [UInt64: [UInt8]] = [:]
                for _ in 0..<2 {
                    let base = try append(storage)
                    guard base.value > before.keys.max() ?? 0 || before.isEmpty, added[base.value] == nil
                    else {
                        return "offset \(base) is given twice"
                    }
                    for index in 0..<3 {
                        added[base.value + UInt64(index)] = payload(base.value + UInt64(index))
                    }
                }
                let after = try readAll(storage)
                for (offset, bytes) in before where after[offset] != bytes {
                    return "record \(offset) is lost"
                }
                for (offset, bytes) in added where after[offset] != bytes {
                    return "append \(offset) is lost"
                }
                guard after.count == before.count + added.count else { return "records come from nowhere" }
                return missingBytes(of: files, in: storage.files)
            } catch {
                return "\(error)"
            }
        }

        private func append(_ storage: RecordingStorage) throws -> Offset {
            let writer = try LogWriter.open(
                storage: storage,
                path: "store",
                stream: "records",
                options: smallOptions()
            )
            let base = writer.nextOffset
            var batch = sampleBatch(base: base, count: 3)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 99_000_000))
            _ = try writer.sync()
            try commitBlocks(writer, force: true)
            try writer.close()
            return base
        }
    }

    /// Small blocks and files, and a block with every kind of chunk; how far apart its places are tried.
    private static let samples: [(make: @Sendable () throws -> RecordingStorage, stride: Int, edge: Int)] = [
        ({ try smallStore() }, 13, 0), ({ try columnStore() }, 2_999, 12),
    ]

    @Test(arguments: 0..<2)
    func `a writer opens a store with any byte flipped and loses nothing that could be read`(
        _ number: Int
    ) throws {
        let (make, step, edge) = DamagedStoreTests.samples[number]
        let sample = try Sample(try make())
        for (path, bytes) in sample.files.sorted(by: { $0.key < $1.key }) {
            for position in places(bytes.count, stride: step, edge: edge) {
                var changed = sample.files
                changed[path]?[position] ^= UInt8(1 << (position % 8))
                let breach = sample.breach(changed)
                #expect(breach == nil, "\(path) at \(position)")
            }
        }
    }

    @Test(arguments: 0..<2)
    func `a writer opens a store with any file cut short and loses nothing that could be read`(
        _ number: Int
    ) throws {
        let (make, step, edge) = DamagedStoreTests.samples[number]
        let sample = try Sample(try make())
        for (path, bytes) in sample.files.sorted(by: { $0.key < $1.key }) {
            for length in places(bytes.count, stride: step, edge: edge) {
                var changed = sample.files
                changed[path]?.removeLast(bytes.count - length)
                let breach = sample.breach(changed)
                #expect(breach == nil, "\(path) cut to \(length)")
            }
        }
    }

    @Test
    func `a writer opens a store that is damaged in several places and loses nothing that could be read`()
        throws
    {
        let sample = try Sample(try smallStore())
        let paths = sample.files.keys.sorted()
        var generator = SeededGenerator(seed: 11)
        for round in 0..<150 {
            var changed = sample.files
            for _ in 0..<generator.below(5) + 2 {
                let path = paths[generator.below(paths.count)]
                guard let bytes = changed[path], !bytes.isEmpty else { continue }
                let position = generator.below(bytes.count)
                switch generator.below(4) {
                case 0: changed[path]?.removeLast(bytes.count - position)
                case 1 where generator.below(3) == 0: changed[path] = nil
                default: changed[path]?[position] ^= 0x41
                }
            }
            let breach = sample.breach(changed)
            #expect(breach == nil, "round \(round)")
        }
    }

    @Test func `a second torn tail at the same place is kept beside the first`() throws {
        let store = try smallStore(records: 8)
        var files = store.files
        let path = try #require(files.keys.filter { $0.hasSuffix(".seg") }.max())
        for junk in [[UInt8](repeating: 7, count: 9), [8, 8], [8, 8]] {
            files[path]?.append(contentsOf: junk)
            let storage = RecordingStorage(files: files)
            _ = try LogWriter.open(
                storage: storage,
                path: "store",
                stream: "records",
                options: smallOptions()
            )
            files = storage.files
        }
        let kept = files.filter { $0.key.hasSuffix(".torn") }.sorted { $0.key < $1.key }.map(\.value)
        #expect(kept == [[8, 8], [UInt8](repeating: 7, count: 9)])
    }
}

/// Every place of the first and last `edge` bytes of `count`, and each `stride`-th between.
private func places(_ count: Int, stride step: Int, edge: Int) -> [Int] {
    (0..<count).filter { $0 < edge || $0 >= count - edge || $0 % step == 0 }
}

/// Which bytes of a damaged store are nowhere any more, in its files or in copies beside them; nil if none.
///
/// Write-ahead files may go when blocks cover their records, but for what was no whole batch.
func missingBytes(of original: [String: [UInt8]], in files: [String: [UInt8]]) -> String? {
    for (path, bytes) in original {
        let copies = files.filter { $0.key.hasPrefix(path + ".") }.map(\.value)
        if path.hasSuffix(".wal"), files[path] == nil {
            guard let base = FileNames.base(lastPathPart(path), FileNames.walSuffix) else { continue }
            let file = RecordingStorage(files: [path: bytes])
            guard let open = try? file.open(path, .read),
                let scan = try? WriteAheadScan(open, name: lastPathPart(path), base: base, stream: "records")
            else { return "\(path) cannot be looked at" }
            for gap in scan.gaps where !copies.contains(where: { $0 == Array(bytes[gap]) || $0 == bytes }) {
                return "bytes \(gap) of \(path) are gone"
            }
            continue
        }
        // A file that never held anything but its header is none that evidence could be lost from.
        if bytes.count == FileHeader.size, files[path] == nil { continue }
        let kept = files[path] ?? []
        let common = zip(bytes, kept).prefix { $0 == $1 }.count
        let rest = bytes[common...]
        // A copy may begin before the first byte that differs.
        if !rest.isEmpty, !copies.contains(where: { $0.suffix(rest.count).elementsEqual(rest) }) {
            return "\(rest.count) bytes of \(path) are gone"
        }
    }
    return nil
}
