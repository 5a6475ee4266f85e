// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import WireFormats

/// One file that is being read while others write it.
///
/// The position moves by whole lines: a line that has no end yet is read again after a restart. Confined to
/// the follower's thread.
final class FollowedFile {
    /// Bytes read at once, which with their position make one batch of the log.
    static let readSizeBytes = 131_072
    /// Bytes read of one file before others have their turn.
    static let turnSizeBytes = 4 * 1_048_576
    /// Time after which the last line of a quiet file counts although it has no end.
    static let lineWaitNanoseconds: Int64 = 30_000_000_000
    /// Time that a file which was rotated away must be quiet before it is let go: its writer may still hold
    /// it.
    static let goneWaitNanoseconds: Int64 = 60_000_000_000

    let handle: FollowedHandle
    let facts: FileFacts
    /// Where it was found last.
    var path: String
    /// Whether that path leads elsewhere now.
    var isGone = false
    /// Whether a place was found for it in this look.
    var isSeen = true
    private(set) var position: FollowPosition

    private var framer: ConnectionFramer
    /// First byte that the framer was not given.
    private var readOffset: Int
    /// First bytes of the file, and the last before `readOffset`.
    ///
    /// Kept from what was read: a second read may see another file's bytes.
    private var first: [UInt8] = []
    private var recent: [UInt8] = []
    /// Bytes that were there when the file was opened: nobody saw when they were written.
    private let sizeAtOpening: Int
    private(set) var lastGrowth: Int64

    /// Opens a file at `position`, which lies in it.
    init(
        _ handle: FollowedHandle,
        _ facts: FileFacts,
        at position: FollowPosition,
        sizeMaxBytes: Int,
        now: Int64
    ) throws(StorageError) {
        self.handle = handle
        self.facts = facts
        self.position = position
        path = position.path
        framer = ConnectionFramer(.lines, sizeMaxBytes: sizeMaxBytes)
        readOffset = position.offset
        sizeAtOpening = facts.size
        lastGrowth = now
        first = try handle.read(at: 0, count: min(position.offset, FollowPosition.headSizeMaxBytes))
        let count = min(position.offset, FollowPosition.tailSizeMaxBytes)
        recent = try handle.read(at: position.offset - count, count: count)
    }

    /// Whether what was read is still there, at the same place.
    func isIntact() throws(StorageError) -> Bool {
        guard try handle.facts().size >= readOffset else { return false }
        return try handle.read(at: readOffset - recent.count, count: recent.count) == recent
    }

    /// Whether a line without an end is held.
    var hasOpenLine: Bool { readOffset > position.offset }

    /// Reads what is new and gives it to `give`, each piece with the position behind it.
    ///
    /// - Parameter isFresh: Whether the last look is so short ago that the time of receipt can be told.
    /// - Returns: False when `give` refused.
    func read(
        _ flags: FrameFlags,
        isFresh: Bool,
        clock: any WallClock,
        now: Int64,
        _ give: (RecordBatch, FollowPosition) -> Bool
    ) throws(StorageError) -> Bool {
        var taken = 0
        while taken < FollowedFile.turnSizeBytes {
            let piece = try handle.read(at: readOffset, count: FollowedFile.readSizeBytes)
            guard !piece.isEmpty else { break }
            lastGrowth = now
            taken += piece.count
            let isObserved = isFresh && readOffset >= sizeAtOpening
            var target = target(flags, isObserved ? clock.now() : .absent)
            framer.feed(piece.span, into: &target)
            note(piece)
            if target.batch.count > 0, !give(target.batch, position) { return false }
        }
        guard hasOpenLine, !isGone, now - lastGrowth >= FollowedFile.lineWaitNanoseconds else { return true }
        return try endLine(flags, .partial, give)
    }

    /// Takes a held line as it stands, and the file for ended.
    func end(
        _ flags: FrameFlags,
        _ give: (RecordBatch, FollowPosition) -> Bool
    ) throws(StorageError) -> Bool {
        position.isEnded = true
        return try endLine(flags, [], give)
    }

    /// Takes a held line although what follows is not known, as when the file was cut off.
    func endLine(
        _ flags: FrameFlags,
        _ mark: FrameFlags,
        _ give: (RecordBatch, FollowPosition) -> Bool
    ) throws(StorageError) -> Bool {
        var target = target(flags.union(mark), .absent)
        framer.finish(into: &target)
        if hasOpenLine { position.move(to: readOffset, first: first, last: recent) }
        return give(target.batch, position)
    }

    private func target(_ flags: FrameFlags, _ time: UTCTime) -> FrameTarget {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: position.follow, transport: .followed))
        return FrameTarget(batch: batch, origin: origin, flags: flags, time: time)
    }

    /// Notes bytes that the framer was given; the position moves behind the last line end in them.
    private func note(_ piece: [UInt8]) {
        if first.count < FollowPosition.headSizeMaxBytes {
            first += piece.prefix(FollowPosition.headSizeMaxBytes - first.count)
        }
        if let end = piece.lastIndex(of: 0x0a) {
            let offset = readOffset + end + 1
            let before = (recent + piece[...end].suffix(FollowPosition.tailSizeMaxBytes))
            position.move(to: offset, first: Array(first.prefix(offset)), last: before)
        }
        recent = Array(
            (recent + piece.suffix(FollowPosition.tailSizeMaxBytes)).suffix(FollowPosition.tailSizeMaxBytes)
        )
        readOffset += piece.count
    }
}
