// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
public import Platform

/// What says, signed, that records of a segment were removed on purpose.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 5.
public struct Tombstone: Hashable, Sendable {
    /// The stream.
    public var stream: String
    /// File name of the segment.
    public var segment: String
    /// Offsets of the segment.
    public var offsets: Range<UInt64>
    /// Records of the segment that are removed, with those that were before.
    public var removed: UInt64
    /// SHA-256 of the hashes that are left of them.
    public var digest: SHA256Digest
    /// Root of the stream's tree at the end of the segment.
    public var root: TreeHash
    /// Why: one line for each rule, with how many records it took.
    public var reasons: [String]
    /// Who did it.
    public var actor: String
    /// When, by the clock of the machine.
    public var time: UTCTime

    private static let title = "wardline tombstone v1"
    /// Names of the lines that there are once; those of `reason` may be any number.
    private static let lineNames = [
        "stream", "segment", "offsets", "removed", "digest", "root", "actor", "time",
    ]
    /// File of the tombstones in a stream's folder.
    static let fileName = "tombstones"

    /// The lines that are signed.
    public var body: String {
        let lines =
            [
                Tombstone.title, "stream \(stream)", "segment \(segment)",
                "offsets \(offsets.lowerBound) \(offsets.upperBound)", "removed \(removed)",
                "digest \(digest.hexadecimal)", "root \(Base64Text.text(root.bytes))", "actor \(actor)",
                "time \(time)",
            ] + reasons.map { "reason \($0)" }
        return SignedNote.body(lines)
    }

    /// Reads what a note says; nil when it is no tombstone.
    public init?(_ note: SignedNote) {
        func value(_ name: String) -> String? { note.values(name).first }
        let said = note.lines.dropFirst().map { line in
            String(decoding: line.utf8.prefix { $0 != 0x20 }, as: UTF8.self)
        }
        guard said.filter({ $0 != "reason" }).sorted() == Tombstone.lineNames.sorted() else { return nil }
        let ends = (value("offsets") ?? "").split(separator: " ").compactMap { UInt64($0) }
        guard note.lines.first == Tombstone.title[...], ends.count == 2, ends[0] <= ends[1],
            let stream = value("stream"), let segment = value("segment"),
            let removed = value("removed").flatMap({ UInt64($0) }),
            let digest = value("digest").flatMap({ SHA256Digest(hexadecimal: $0) }),
            let root = value("root").flatMap({ Base64Text.bytes($0) }).flatMap({ TreeHash($0) }),
            let actor = value("actor"), let time = value("time").flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        self.init(
            stream: stream,
            segment: segment,
            offsets: ends[0]..<ends[1],
            removed: removed,
            digest: digest,
            root: root,
            reasons: note.values("reason"),
            actor: actor,
            time: time
        )
    }

    /// Makes one of its parts.
    public init(
        stream: String,
        segment: String,
        offsets: Range<UInt64>,
        removed: UInt64,
        digest: SHA256Digest,
        root: TreeHash,
        reasons: [String],
        actor: String,
        time: UTCTime
    ) {
        self.stream = stream
        self.segment = segment
        self.offsets = offsets
        self.removed = removed
        self.digest = digest
        self.root = root
        self.reasons = reasons
        self.actor = actor
        self.time = time
    }

    /// Appends a signed tombstone to those of its stream and makes it durable.
    public static func append(
        _ note: SignedNote,
        storage: any LogStorage,
        path: String,
        stream: String
    ) throws(StorageError) {
        let file = FileNames.stream(path, stream) + "/" + fileName
        try NoteFile.append(note.text, storage: storage, path: file)
    }

    /// The notes of a stream, oldest first; their signatures are the caller's to check.
    public static func read(
        storage: any LogStorage,
        path: String,
        stream: String
    ) throws(StorageError) -> [SignedNote] {
        try texts(storage, path, stream).compactMap { SignedNote($0) }
    }

    static func texts(
        _ storage: any LogStorage,
        _ path: String,
        _ stream: String
    ) throws(StorageError) -> [String] {
        let file = FileNames.stream(path, stream) + "/" + fileName
        return try NoteFile.read(storage: storage, path: file)
    }
}

/// The tombstones of a stream, and how many other notes stand among them.
public struct TombstoneNotes: Hashable, Sendable {
    /// Those that are signed as the heads of the stream are, oldest first.
    public private(set) var sound: [Tombstone] = []
    /// Notes that are none, are of another stream, or are not signed so; without those that a crash cut
    /// short.
    public private(set) var refused = 0

    /// No notes.
    public init() {}

    /// Reads those of `stream`; of `keys` the ones count that have its name.
    ///
    /// - Source: `schemas/disk/leaf-v1.md`, section 5.
    public init(
        storage: any LogStorage,
        path: String,
        stream: String,
        keys: [NoteKey]
    ) throws(StorageError) {
        let own = keys.filter { $0.isOf(stream) }
        for text in try Tombstone.texts(storage, path, stream) {
            guard let note = SignedNote(text) else {
                if !NoteFile.isCut(text) { refused += 1 }
                continue
            }
            guard own.contains(where: { note.isSigned(by: $0) }), let tombstone = Tombstone(note),
                tombstone.stream == stream
            else {
                refused += 1
                continue
            }
            sound.append(tombstone)
        }
    }
}

/// The removed records of a segment, as its blocks hold them.
struct RemovedRecords {
    private(set) var count: UInt64 = 0
    /// Root of the stream's tree after the newest part of the segment; nil until it is known.
    var root: TreeHash?
    private var hasher = SHA256Hasher()

    /// Counts in those of the next block.
    mutating func add(_ leaves: LeafRuns) {
        for range in leaves.removed {
            var writer = ByteWriter()
            writer.write(range.begin)
            writer.write(range.end)
            hasher.update(writer.bytes + range.hashes.flatMap(\.bytes))
            count += range.end - range.begin
        }
    }

    var digest: SHA256Digest { hasher.digest() }
}

/// Records of a segment that are gone, and what says so.
public struct RemovalNote: Hashable, Sendable {
    /// File name of the segment.
    public var segment: String
    /// Records that are gone.
    public var count: UInt64
    /// The tombstones of the segment, oldest first; the last one that fits accounts for all.
    public var tombstones: [Tombstone]
    /// Those of them that account for all that is gone.
    public var fitting: [Tombstone]
}
