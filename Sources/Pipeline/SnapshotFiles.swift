// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Platform
import SegmentLog

/// The snapshots of a store: `correlation/OFFSET.snapshot`, each with the read models as of that offset.
///
/// Two are kept, so that one that was damaged costs the records since the other. Format:
/// `schemas/disk/snapshot-v1.md`.
public struct SnapshotFiles: Sendable {
    /// A snapshot that was read, and where the read models of its offset lie.
    public struct Found: Sendable {
        /// The state.
        public var snapshot: JudgeSnapshot
        /// A database of the read models, to be copied and not changed.
        public var readModels: String
    }

    /// Snapshots kept.
    public static let keptCount = 2

    private let folder: String
    private let storage: any LogStorage
    private let build: String

    private static let magic = Array("WLSNAP1\n".utf8)
    private static let digestCount = 32
    /// Bytes of a file that hold its header at most: 4 MiB, lengths of a million pieces.
    private static let headerCountMax = 1 << 22
    /// Bytes of one piece at most: 64 MiB, a value of a state being no longer.
    private static let pieceCountMax = 1 << 26

    /// The snapshots of `store` that the program `build` made; those of any other are passed over.
    public init(_ store: StorePaths, storage: any LogStorage, build: String) {
        folder = store.snapshots
        self.storage = storage
        self.build = build
    }

    /// Keeps a snapshot, and forgets those before the one before it.
    ///
    /// - Parameter copy: Writes the read models as of the same offset to a new file at the path it is given.
    public func keep(
        _ snapshot: JudgeSnapshot,
        readModels copy: (String) throws(WardlineError) -> Void
    ) throws(WardlineError) {
        let name = SnapshotFiles.name(snapshot.offset)
        let path = folder + "/" + name + ".snapshot"
        let models = folder + "/" + name + ".sqlite"
        do throws(StorageError) {
            try storage.makeDirectories(folder)
            for leftover in [models, models + "-journal"] where try storage.exists(leftover) {
                try storage.remove(leftover)
            }
        } catch {
            throw failure(error)
        }
        if let free = storage.freeBytes(folder), free < SnapshotFiles.reserve(snapshot) {
            throw WardlineError(
                .storage,
                "No snapshot of the state of judgement is kept while so little space is free; the next start "
                    + "takes longer.",
                location: folder
            )
        }
        var isKept = false
        // What was half written must not take the space that evidence needs.
        defer {
            if !isKept { for part in [models, path + ".tmp"] { try? storage.remove(part) } }
        }
        try copy(models)
        do throws(StorageError) {
            let digest = sha256(try storage.readFile(models))
            try write(snapshot, digest, to: path)
            isKept = true
            try forget(before: name)
        } catch {
            throw failure(error)
        }
    }

    /// Space that must be free before a snapshot is written: evidence comes first.
    private static func reserve(_ snapshot: JudgeSnapshot) -> Int {
        1 << 28 + 4 * snapshot.pieces.reduce(0) { $0 + $1.packedCount }
    }

    private func failure(_ error: StorageError) -> WardlineError {
        WardlineError(
            .storage,
            "A snapshot of the state of judgement cannot be kept; the next start takes longer.",
            cause: error.description,
            location: folder
        )
    }

    private func forget(before newest: String) throws(StorageError) {
        let names = try names()
        let kept = Set(names.filter { $0 <= newest }.suffix(SnapshotFiles.keptCount))
        for file in try storage.list(folder) {
            let stem = file.prefix { $0 != "." }
            if !kept.contains(String(stem)) { try storage.remove(folder + "/" + file) }
        }
    }

    /// Offsets of snapshots as they are written, ascending.
    private func names() throws(StorageError) -> [String] {
        guard try storage.exists(folder) else { return [] }
        return try storage.list(folder).filter { $0.hasSuffix(".snapshot") }
            .map { String($0.dropLast(".snapshot".count)) }.sorted()
    }

    private static func name(_ offset: Offset) -> String {
        let digits = offset.description
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    private func write(
        _ snapshot: JudgeSnapshot,
        _ models: SHA256Digest,
        to path: String
    ) throws(StorageError) {
        var header = ByteWriter()
        header.bytes = SnapshotFiles.magic
        header.counted(build)
        header.write(snapshot.offset.value)
        header.write(snapshot.mark)
        header.bytes += models.bytes
        header.varint(UInt64(snapshot.pieces.count))
        for piece in snapshot.pieces {
            header.varint(UInt64(piece.count))
            header.varint(UInt64(piece.packedCount))
        }
        var hasher = SHA256Hasher()
        hasher.update(header.bytes)
        let temporary = path + ".tmp"
        if try storage.exists(temporary) { try storage.remove(temporary) }
        let file = try storage.open(temporary, .create)
        try file.write(header.bytes.span, at: 0)
        var end = header.bytes.count
        for piece in snapshot.pieces {
            let bytes = try piece.packed()
            hasher.update(bytes)
            try file.write(bytes.span, at: end)
            end += bytes.count
        }
        try file.write(hasher.digest().bytes.span, at: end)
        try file.synchronise()
        try storage.rename(temporary, to: path)
        try storage.synchroniseDirectory(folder)
    }

    /// Looks at the snapshots, the newest first, until `isTaken` takes one; those that are damaged, or of
    /// another program, are passed over, and none is read in vain.
    ///
    /// - Parameter note: Told why one is passed over.
    public func visit(_ note: (String) -> Void, until isTaken: (Found) -> Bool) {
        for name in ((try? names()) ?? []).reversed() {
            do {
                if isTaken(try read(name)) { return }
            } catch {
                note("\(folder)/\(name).snapshot is not used: \(error)")
            }
        }
    }

    private func read(_ name: String) throws -> Found {
        let file = try storage.open(folder + "/" + name + ".snapshot", .read)
        let end = try SnapshotFiles.check(file)
        let start = try file.read(at: 0, count: min(end, SnapshotFiles.headerCountMax))
        guard start.starts(with: SnapshotFiles.magic) else { throw SnapshotError.damaged(position: 0) }
        var reader = ByteReader(start, SnapshotFiles.magic.count..<start.count)
        guard try reader.text() == build else {
            throw SnapshotError.mismatch("another build of the program made it")
        }
        let offset = Offset(try reader.uint64())
        let mark = try reader.uint64()
        let digest = Array(start[try reader.range(SnapshotFiles.digestCount)])
        let models = folder + "/" + name + ".sqlite"
        guard SnapshotFiles.name(offset) == name, sha256(try storage.readFile(models)).bytes == digest else {
            throw SnapshotError.mismatch("its read models are not those it was made with")
        }
        var lengths: [(count: Int, packed: Int)] = []
        for _ in 0..<(try reader.count(atMost: reader.remaining)) {
            let count = try reader.count(atMost: SnapshotFiles.pieceCountMax)
            lengths.append((count, try reader.count(atMost: count)))
        }
        var place = reader.position
        var pieces: [SnapshotPiece] = []
        for length in lengths {
            guard length.packed <= end - place else { throw SnapshotError.damaged(position: place) }
            pieces.append(SnapshotPiece(count: length.count, in: file, place..<place + length.packed))
            place += length.packed
        }
        let snapshot = JudgeSnapshot(offset: offset, mark: mark, pieces: pieces)
        return Found(snapshot: snapshot, readModels: models)
    }

    /// Checks the digest of a file; returns where what it covers ends.
    private static func check(_ file: any LogFile) throws -> Int {
        let end = try file.size() - digestCount
        guard end > magic.count else { throw SnapshotError.damaged(position: 0) }
        var hasher = SHA256Hasher()
        var place = 0
        while place < end {
            let part = try file.read(at: place, count: min(end - place, SnapshotEncoder.pieceCount))
            guard !part.isEmpty else { throw SnapshotError.damaged(position: place) }
            hasher.update(part)
            place += part.count
        }
        guard hasher.digest().bytes == (try file.read(at: end, count: digestCount)) else {
            throw SnapshotError.damaged(position: end)
        }
        return end
    }
}
