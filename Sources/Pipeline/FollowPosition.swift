// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Platform
import SegmentLog
import WireFormats

/// How far a followed file has been read: told by what the file is and what is in it, not by its name.
///
/// Stored as a record of its own behind the records that it covers, in the same batch: after a crash the log
/// holds both or neither, so that nothing is taken twice and nothing left out (decision 0026).
public struct FollowPosition: Hashable, Sendable {
    /// Bytes at the beginning that tell one file from another: longer than any common first line.
    public static let headSizeMaxBytes = 1_024
    /// Bytes before the position that show that the file is still the one that was read.
    public static let tailSizeMaxBytes = 256

    /// Name of the entry of `follow` that the file belongs to.
    public var follow: String
    /// Path under which it was read last.
    public var path: String
    /// Device and inode: the same through every rename.
    public var device: UInt64
    /// Device and inode.
    public var inode: UInt64
    /// First byte that is not in the log; for a compressed file a byte of what it holds.
    public var offset: Int
    /// How many bytes ``head`` covers.
    public var headCount = 0
    /// SHA-256 of the first ``headCount`` bytes, hexadecimal.
    public var head = ""
    /// SHA-256 of the last bytes before ``offset``, at most ``tailSizeMaxBytes``, hexadecimal.
    public var tail = ""
    /// Whether the file was read to its end and let go: it was rotated away, or is compressed.
    public var isEnded = false
    /// Whether it is a copy from which the rest of another file is taken.
    public var isRest = false

    /// A position at the beginning of a file.
    public init(follow: String, path: String, device: UInt64, inode: UInt64, offset: Int = 0) {
        self.follow = follow
        self.path = path
        self.device = device
        self.inode = inode
        self.offset = offset
    }

    /// Sets position and fingerprints: `first` and `last` are the bytes at the beginning and before `offset`.
    public mutating func move(to offset: Int, first: [UInt8], last: [UInt8]) {
        self.offset = offset
        let beginning = first.prefix(FollowPosition.headSizeMaxBytes)
        headCount = beginning.count
        head = FollowPosition.digest(Array(beginning))
        tail = FollowPosition.digest(Array(last.suffix(FollowPosition.tailSizeMaxBytes)))
    }

    /// SHA-256 in hexadecimal.
    public static func digest(_ bytes: [UInt8]) -> String { sha256(bytes).hexadecimal }

    /// The fact.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("follow", .text(follow)), .init("path", .text(path)),
            .init("device", .integer(Int64(bitPattern: device))),
            .init("inode", .integer(Int64(bitPattern: inode))), .init("offset", .integer(Int64(offset))),
            .init("head_bytes", .integer(Int64(headCount))), .init("head", .text(head)),
            .init("tail", .text(tail)),
        ]
        if isEnded { members.append(.init("ended", .bool(true))) }
        if isRest { members.append(.init("rest", .bool(true))) }
        return .object(members)
    }

    /// Reads a fact; nil when it is none.
    public init?(_ fact: JSONValue) {
        guard let follow = fact["follow"]?.text, let path = fact["path"]?.text,
            let device = fact["device"]?.integer, let inode = fact["inode"]?.integer,
            let offset = fact["offset"]?.integer, offset >= 0
        else { return nil }
        self.init(
            follow: follow,
            path: path,
            device: UInt64(bitPattern: device),
            inode: UInt64(bitPattern: inode),
            offset: Int(offset)
        )
        headCount = Int(fact["head_bytes"]?.integer ?? 0)
        head = fact["head"]?.text ?? ""
        tail = fact["tail"]?.text ?? ""
        isEnded = fact["ended"]?.bool ?? false
        isRest = fact["rest"]?.bool ?? false
    }
}

/// The newest position of every file that was followed, in the order in which they were set.
public struct FollowPositions: Sendable {
    /// Positions kept: the oldest of those that ended goes first, and a file that is met again after that is
    /// new.
    public static let countMax = 16_384

    private struct Key: Hashable {
        var follow: String
        var device: UInt64
        var inode: UInt64
    }

    private var byFile: [Key: FollowPosition] = [:]
    private var order: [Key] = []

    /// None.
    public init() {}

    /// All, in the order in which their files were met.
    public var all: [FollowPosition] { order.compactMap { byFile[$0] } }

    /// The position of a file.
    public func position(_ follow: String, _ device: UInt64, _ inode: UInt64) -> FollowPosition? {
        byFile[Key(follow: follow, device: device, inode: inode)]
    }

    /// Sets a position; it takes the place of an older one of the same file.
    public mutating func set(_ position: FollowPosition) {
        let key = Key(follow: position.follow, device: position.device, inode: position.inode)
        if byFile.updateValue(position, forKey: key) == nil { order.append(key) }
        guard order.count > FollowPositions.countMax else { return }
        let oldest = order.firstIndex { byFile[$0]?.isEnded == true } ?? 0
        byFile[order.remove(at: oldest)] = nil
    }

    /// What the log of a store says, read before anything is appended.
    ///
    /// Starts at the copy that ``save(_:storage:path:)`` left, which spares reading the log from its
    /// beginning; the copy is never needed.
    ///
    /// - Complexity: O(records since the copy was made).
    public static func load(
        storage: any LogStorage,
        path: String
    ) throws(WardlineError) -> FollowPositions {
        var (positions, start) = saved(storage, path) ?? (FollowPositions(), .zero)
        do throws(LogError) {
            let reader = try LogReader.open(storage: storage, path: path, stream: "records")
            // A copy from beyond the log's end belongs to another log.
            if start > reader.end { (positions, start) = (FollowPositions(), .zero) }
            for part in reader.parts(from: start) {
                guard let records = try reader.soundRecords(part) else { continue }
                for (index, row) in records.rows.enumerated() where row.kind == .position {
                    let fact = try? JSONValue(parsing: records.payload(index).span)
                    if let position = fact.flatMap({ FollowPosition($0) }) { positions.set(position) }
                }
            }
        } catch {
            throw error.wardlineError("read", "the log")
        }
        return positions
    }

    /// Leaves a copy for the next start; `offset` is durable, and all positions before it are in here.
    public func save(_ offset: Offset, storage: any LogStorage, path: String) throws(StorageError) {
        let object = JSONValue.object([
            .init("version", .integer(1)), .init("offset", .integer(Int64(clamping: offset.value))),
            .init("positions", .array(all.map(\.json))),
        ])
        try storage.makeDirectories(path + "/projections")
        try storage.writeAtomically(Array((object.line + "\n").utf8), to: StorePaths(path).followPositions)
    }

    private static func saved(
        _ storage: any LogStorage,
        _ path: String
    ) -> (FollowPositions, Offset)? {
        let file = StorePaths(path).followPositions
        // What cannot be read is made again from the log.
        guard let bytes = try? storage.readFile(file), let object = try? JSONValue(parsing: bytes.span),
            object["version"]?.integer == 1, let offset = object["offset"]?.integer, offset >= 0
        else { return nil }
        var positions = FollowPositions()
        for fact in object["positions"]?.elements ?? [] {
            guard let position = FollowPosition(fact) else { return nil }
            positions.set(position)
        }
        return (positions, Offset(UInt64(offset)))
    }
}
