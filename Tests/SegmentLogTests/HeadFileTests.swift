// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

@Suite struct HeadFileTests {
    private static let path = "store/records/heads"

    /// A store with four heads, signed on the way.
    private func store(_ key: SigningKey) throws -> (files: [String: [UInt8]], heads: [SignedHead]) {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        var heads: [SignedHead] = []
        for _ in 0..<4 {
            var batch = sampleBatch(base: writer.nextOffset, count: 3)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(writer.nextOffset.value) * 1_000))
            _ = try writer.sync()
            let (size, root) = (writer.treeState.size.value, writer.treeState.root)
            heads.append(try #require(SignedHead(origin: "h/records", size: size, root: root, key: key)))
            try HeadFile.append(heads[heads.count - 1], storage: storage, path: "store", stream: "records")
        }
        try writer.close()
        return (storage.files, heads)
    }

    /// What is read of a damaged file of heads: those with the key's signature, and how many are none of it.
    private func read(
        _ files: [String: [UInt8]],
        _ bytes: [UInt8],
        _ key: NoteKey
    ) throws -> (signed: [SignedHead], refused: Int, report: VerifyReport) {
        var changed = files
        changed[HeadFileTests.path] = bytes
        let storage = RecordingStorage(files: changed)
        let heads = try HeadFile.read(storage: storage, path: "store", stream: "records")
        let signed = heads.filter { $0.isSigned(by: key) }
        let unreadable = try HeadFile.unreadableCount(storage: storage, path: "store", stream: "records")
        let report = try verifyLog(storage: storage, path: "store", stream: "records", heads: signed)
        return (signed, unreadable + heads.count - signed.count, report)
    }

    @Test func `a flipped byte never makes a head that was not signed, and leaves the others`() throws {
        let key = SigningKey()
        let publicKey = try #require(NoteKey(name: "h/records", publicKey: key.publicKey))
        let (files, heads) = try store(key)
        let bytes = try #require(files[HeadFileTests.path])
        var noticed = 0
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= UInt8(1 << (position % 8))
            let (signed, refused, report) = try read(files, changed, publicKey)
            let isKnown = signed.allSatisfy { found in
                heads.contains { $0.size == found.size && $0.root == found.root }
            }
            #expect(isKnown, "\(position)")
            // An empty line between two heads belongs to both.
            #expect(signed.count >= 2 && report.isSound, "\(position)")
            #expect(report.heads == signed.count)
            if refused > 0 { noticed += 1 }
        }
        // The rest are line ends, marks and spare bits: the note is none, as after a crash, or the same.
        #expect(noticed > bytes.count * 8 / 10, "\(noticed) of \(bytes.count)")
    }

    @Test func `a file of heads that is cut anywhere holds the heads before, and takes the next`() throws {
        let key = SigningKey()
        let publicKey = try #require(NoteKey(name: "h/records", publicKey: key.publicKey))
        let (files, heads) = try store(key)
        let bytes = try #require(files[HeadFileTests.path])
        for length in bytes.indices {
            let cut = Array(bytes.prefix(length))
            let (signed, refused, report) = try read(files, cut, publicKey)
            #expect(
                signed == Array(heads.prefix(signed.count)) && refused == 0 && report.isSound,
                "\(length)"
            )
            var changed = files
            changed[HeadFileTests.path] = cut
            let storage = RecordingStorage(files: changed)
            try HeadFile.append(heads[3], storage: storage, path: "store", stream: "records")
            let after = try HeadFile.read(storage: storage, path: "store", stream: "records")
            // Only its last line end may have been missing: the note is whole again then.
            let whole =
                signed.count < 4 ? heads.prefix(signed.count + 1) + heads[3...] : heads[...] + heads[3...]
            #expect(after == signed + [heads[3]] || after == Array(whole), "\(length)")
        }
    }

    @Test func `a letter of a signature that is none makes no note that a crash cut short`() throws {
        let key = SigningKey()
        let publicKey = try #require(NoteKey(name: "h/records", publicKey: key.publicKey))
        let (files, heads) = try store(key)
        let bytes = try #require(files[HeadFileTests.path])
        // The newest head ends with 92 letters and two line ends.
        for place in bytes.count - 94..<bytes.count - 2 {
            for byte in [0x21, 0x20, 0x3d, 0xe5] as [UInt8] where byte != bytes[place] {
                var changed = bytes
                changed[place] = byte
                let (signed, refused, _) = try read(files, changed, publicKey)
                #expect(signed == Array(heads.dropLast()) && refused == 1, "\(byte) at \(place)")
            }
        }
    }

    @Test func `damage of one stream leaves the other as it is`() throws {
        let storage = try smallStore()
        var files = storage.files
        for (path, bytes) in storage.files {
            files[path.replacing("store/records", with: "store/journal")] = bytes
        }
        let original = try readAll(storage)
        for path in files.keys.sorted() where path.contains("journal") {
            var changed = files
            changed[path] = changed[path].map { Array($0.prefix($0.count / 2)) + [1, 2, 3] }
            let damaged = RecordingStorage(files: changed)
            #expect(try readAll(damaged) == original)
            #expect(try verifyLog(storage: damaged, path: "store", stream: "records").isSound)
            // The same bytes under the name of another stream are not believed.
            let other = try verifyLog(storage: damaged, path: "store", stream: "journal")
            #expect(other.damage.contains { $0.reason == .header })
        }
    }
}
