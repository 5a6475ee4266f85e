// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import SiteFiles
import WireFormats

/// The files of one entry of `follow`, confined to the follower's thread.
///
/// A file is the same file through renames (by device and inode), and after being copied or compressed (by
/// its bytes): what of it was read is never taken again.
final class FollowedPattern {
    /// Files read at once: each costs a descriptor.
    static let fileCountMax = 1_024
    /// Names looked at in a folder when the rest of a file is searched.
    static let nameCountMax = 4_096
    /// Time for which a compressed file must not have changed: its writer is done.
    static let settledNanoseconds: Int64 = 2_000_000_000

    let definition: FollowDefinition
    let counters: ListenerCounters
    var faults: InputFaults
    var positions: FollowPositions
    let intake: IntakeQueue
    let clock: any WallClock
    let sizeMaxBytes: Int
    let flags: FrameFlags
    var files: [FollowedFile] = []
    /// Files that are known to hold nothing new, by device, inode and length; and compressed files that are
    /// still written, with the time since when they have that length.
    var settled: [FileFacts: Int64] = [:]
    /// Paths that cannot be read, with the reason: each is told once.
    private var unreadable: [String: String] = [:]
    private(set) var isFirstLook = true
    /// Whether the intake takes nothing any more.
    var isRefused = false

    /// Whether positions changed since the last copy of them.
    var hasMoved = false

    init(
        _ definition: FollowDefinition,
        counters: ListenerCounters,
        positions: FollowPositions,
        sizeMaxBytes: Int,
        intake: IntakeQueue,
        clock: any WallClock
    ) {
        self.definition = definition
        self.positions = positions
        self.sizeMaxBytes = sizeMaxBytes
        self.intake = intake
        self.clock = clock
        flags = definition.wireProtocol == .jsonLines ? .jsonLines : []
        faults = InputFaults(listener: definition.name)
        self.counters = counters
    }

    /// Looks for files, reads what is new, and lets go of what was rotated away and is quiet.
    func look(_ now: Int64, isFresh: Bool, isLast: Bool = false) {
        for file in files { file.isSeen = false }
        if isFirstLook { takeUp(now) }
        // Before new names are met: one of them may be the copy of a file that was cut off.
        for file in files where !isRefused { check(file, now) }
        let found = paths(matching: definition.path)
        if found.count > FollowedPattern.fileCountMax {
            tellOnce(
                definition.path,
                "more than \(FollowedPattern.fileCountMax) files: the others are not read"
            )
        }
        for path in found.prefix(FollowedPattern.fileCountMax) { meet(path, now) }
        let known = Set(found)
        unreadable = unreadable.filter { known.contains($0.key) || $0.key == definition.path }
        isFirstLook = false
        for file in files where !isRefused {
            file.isGone = !file.isSeen
            read(file, now, isFresh: isFresh)
        }
        files.removeAll { $0.position.isEnded }
        let count = files.count
        counters.update { $0.connections = count }
        tellFaults(isLast ? .max : now)
    }

    private func tellFaults(_ now: Int64) {
        var batch = RecordBatch()
        faults.tell(at: clock.now(), now, counters, into: &batch)
        if batch.count > 0 { isRefused = !intake.put(batch) || isRefused }
    }

    /// A path that the pattern fits: a file that is open, or one to open.
    private func meet(_ path: String, _ now: Int64) {
        guard let facts = FollowedHandle.facts(of: path), facts.isRegular else { return }
        if let open = files.first(where: { $0.facts.device == facts.device && $0.facts.inode == facts.inode })
        {
            open.isSeen = true
            open.path = path
            return
        }
        if let since = settled[facts], since == .max { return }
        do throws(StorageError) {
            let handle = try FollowedHandle(path)
            unreadable[path] = nil
            let beginning = try handle.read(at: 0, count: 2)
            if GzipInflater.isGzip(beginning) {
                meetCompressed(path, facts, now)
            } else {
                try open(path, handle, now)
            }
        } catch {
            tellOnce(path, error.reason)
        }
    }

    /// Opens a file where it was left, or at its beginning.
    private func open(_ path: String, _ handle: FollowedHandle, _ now: Int64) throws(StorageError) {
        let facts = try handle.facts()
        var position = FollowPosition(
            follow: definition.name,
            path: path,
            device: facts.device,
            inode: facts.inode
        )
        if let content = FollowedContent(path), content.facts == facts {
            // A copy that is new may be the end of a file that was cut off since it was looked at last.
            for file in files where file.position.offset > 0 && content.holds(file.position) {
                if try !file.isIntact() { try startAnew(file, now) }
            }
            let own = positions.position(definition.name, facts.device, facts.inode)
            if let own, own.offset <= facts.size, content.holds(own) {
                position = own
                position.path = path
                position.isEnded = false
            } else if isCopy(content) {
                settled[facts] = .max
                return
            } else if let start = startInTwin(of: content) {
                position.move(to: start.offset, first: content.first, last: start.tail)
            } else if own == nil, isFirstLook, definition.start == .end,
                positions.all.allSatisfy({ $0.follow != definition.name })
            {
                let count = min(facts.size, FollowPosition.tailSizeMaxBytes)
                let last = try handle.read(at: facts.size - count, count: count)
                position.move(to: facts.size, first: content.first, last: last)
                isRefused = !give(RecordBatch(), position) || isRefused
            }
        }
        try add(handle, facts, position, now)
    }

    /// Goes on with an open file at a position in it.
    func add(
        _ handle: FollowedHandle,
        _ facts: FileFacts,
        _ position: FollowPosition,
        _ now: Int64
    ) throws(StorageError) {
        files.append(
            try FollowedFile(handle, facts, at: position, sizeMaxBytes: sizeMaxBytes, now: now)
        )
    }

    func isOpen(_ position: FollowPosition) -> Bool {
        files.contains { $0.facts.device == position.device && $0.facts.inode == position.inode }
    }

    /// The file at a position begins anew: nothing of what was read counts for it any more.
    func restart(_ old: FollowPosition) {
        let fresh = FollowPosition(
            follow: old.follow,
            path: old.path,
            device: old.device,
            inode: old.inode
        )
        isRefused = !give(RecordBatch(), fresh) || isRefused
    }

    private func check(_ file: FollowedFile, _ now: Int64) {
        do throws(StorageError) {
            if try !file.isIntact() { try startAnew(file, now) }
        } catch {
            tellOnce(file.path, error.reason)
        }
    }

    private func read(_ file: FollowedFile, _ now: Int64, isFresh: Bool) {
        do throws(StorageError) {
            guard try file.isIntact() else { return try startAnew(file, now) }
            let isTaken = try file.read(flags, isFresh: isFresh, clock: clock, now: now) { give($0, $1) }
            guard isTaken else {
                isRefused = true
                return
            }
            if file.isGone, now - file.lastGrowth >= FollowedFile.goneWaitNanoseconds {
                isRefused = try !file.end(flags) { give($0, $1) } || isRefused
            }
        } catch {
            tellOnce(file.path, error.reason)
        }
    }

    /// The file was cut off: its old end is searched in a copy, then it is read from its beginning.
    private func startAnew(_ file: FollowedFile, _ now: Int64) throws(StorageError) {
        let old = file.position
        if !takeRest(of: old) {
            isRefused = try !file.endLine(flags, .partial) { give($0, $1) } || isRefused
        }
        restart(old)
        files.removeAll { $0 === file }
        guard let position = positions.position(definition.name, old.device, old.inode) else { return }
        try add(file.handle, file.handle.facts(), position, now)
    }

    /// Gives records and the position behind them to the log, as one batch.
    func give(_ records: RecordBatch, _ position: FollowPosition) -> Bool {
        var batch = records
        counters.count(batch, from: 0)
        let origin = batch.index(of: Origin(listener: definition.name, transport: .internal))
        batch.append(
            Array(position.json.line.utf8),
            kind: .position,
            origin: origin,
            receiveTime: clock.now()
        )
        positions.set(position)
        hasMoved = true
        return intake.put(batch)
    }

    /// Notes a fault of a path once, until the path can be read again or goes.
    func tellOnce(_ path: String, _ reason: String) {
        guard unreadable[path] != reason else { return }
        unreadable[path] = reason
        faults.note(.malformed, "\(path): \(reason)", at: clock.now())
    }
}
