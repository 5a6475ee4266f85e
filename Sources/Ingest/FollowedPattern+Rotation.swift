// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import SiteFiles
import WireFormats

/// Where the rest of a file is after it was renamed, copied and cut off, or compressed.
extension FollowedPattern {
    /// Goes on with the files that were read before the start, under whatever name they have now.
    ///
    /// Of those that were cut off or are gone the rest is searched in copies.
    func takeUp(_ now: Int64) {
        var others: [FollowPosition] = []
        for position in positions.all where position.follow == definition.name && !position.isEnded {
            guard position.offset > 0 else { continue }
            let path = isThere(position, at: position.path) ? position.path : renamed(position)
            guard let path, let handle = try? FollowedHandle(path), let facts = try? handle.facts() else {
                others.append(position)
                continue
            }
            var found = position
            found.path = path
            if (try? add(handle, facts, found, now)) == nil { others.append(position) }
        }
        for position in others where !isRefused {
            takeRest(of: position)
            let facts = FollowedHandle.facts(of: position.path)
            if facts?.device == position.device, facts?.inode == position.inode {
                restart(position)
            } else {
                var ended = position
                ended.isEnded = true
                isRefused = !give(RecordBatch(), ended) || isRefused
            }
        }
    }

    /// Whether the file of a position lies at a path, with what was read of it.
    private func isThere(_ position: FollowPosition, at path: String) -> Bool {
        guard let facts = FollowedHandle.facts(of: path), facts.device == position.device,
            facts.inode == position.inode, facts.size >= position.offset
        else { return false }
        return FollowedContent(path)?.holds(position) == true
    }

    /// Whether a content that is new to us only repeats the beginning of a file that is being read.
    ///
    /// A copy made for a rotation is such a beginning until its original is cut off; two files that merely
    /// begin alike differ as soon as the second is longer, and are read then.
    func isCopy(_ content: FollowedContent) -> Bool {
        files.contains { file in
            guard content.holds(file.position), let size = try? file.handle.facts().size,
                content.length <= size
            else { return false }
            guard !content.isCompressed else { return true }
            let count = min(content.length, FollowPosition.headSizeMaxBytes)
            let start = content.length - count
            guard let one = try? content.handle.read(at: start, count: count),
                let other = try? file.handle.read(at: start, count: count)
            else { return false }
            return one == other
        }
    }

    /// Where to begin in a content that was read under another inode: a copy of a file that is gone.
    ///
    /// Only with a beginning that no other file has by chance, or when all of it was read.
    func startInTwin(of content: FollowedContent) -> (offset: Int, tail: [UInt8])? {
        let known = positions.all.filter { position in
            position.follow == definition.name && !isOpen(position) && content.holds(position)
                && position.offset <= content.length
                && (position.offset >= FollowPosition.headSizeMaxBytes || position.offset == content.length)
        }
        guard let offset = known.map(\.offset).max() else { return nil }
        guard !content.isCompressed else { return (offset, []) }
        let count = min(offset, FollowPosition.tailSizeMaxBytes)
        guard let tail = try? content.handle.read(at: offset - count, count: count) else { return nil }
        return (offset, tail)
    }

    /// The path of the same file under another name in its folder.
    private func renamed(_ position: FollowPosition) -> String? {
        siblings(of: position.path).first { isThere(position, at: $0) }
    }

    /// Takes what lies behind `position` in a copy of its file, plain or compressed.
    ///
    /// Without a copy a fact says that something may be lost: what was written since the last look, which
    /// nobody can count.
    ///
    /// - Returns: Whether a copy was found.
    @discardableResult
    func takeRest(of position: FollowPosition) -> Bool {
        guard position.offset > 0 else { return true }
        for path in siblings(of: position.path) {
            guard let facts = FollowedHandle.facts(of: path), facts.isRegular,
                facts.device != position.device || facts.inode != position.inode,
                let content = FollowedContent(path), content.holds(position)
            else { continue }
            if let open = files.first(where: {
                $0.facts.device == facts.device && $0.facts.inode == facts.inode
            }) {
                if open.position.isRest { return true }
                continue
            }
            // Of this very copy more may have been taken before a crash.
            let own = positions.position(definition.name, facts.device, facts.inode)
            let start = max(position.offset, own.map { content.holds($0) ? $0.offset : 0 } ?? 0)
            take(content, path, from: start)
            return true
        }
        faults.note(
            .lost,
            "\(position.path) was cut off or removed and no copy was found: "
                + "what was written to it last may be lost",
            at: clock.now()
        )
        return false
    }

    /// A compressed file: the rest of one that was read, or one that is new.
    func meetCompressed(_ path: String, _ facts: FileFacts, _ now: Int64) {
        let since = settled[facts, default: now]
        settled[facts] = since
        if settled.count > FollowedPattern.nameCountMax { settled.removeAll() }
        guard now - since >= FollowedPattern.settledNanoseconds else { return }
        settled[facts] = .max
        guard let content = FollowedContent(path) else {
            tellOnce(path, "the gzip data is damaged or cut: nothing of it was taken")
            return
        }
        if let own = positions.position(definition.name, facts.device, facts.inode), content.holds(own) {
            if !own.isEnded { take(content, path, from: own.offset) }
            return
        }
        guard !isCopy(content) else { return }
        take(content, path, from: startInTwin(of: content)?.offset ?? 0)
    }

    /// Takes the lines of a finished file from `start` on.
    private func take(_ content: FollowedContent, _ path: String, from start: Int) {
        var position = FollowPosition(
            follow: definition.name,
            path: path,
            device: content.facts.device,
            inode: content.facts.inode
        )
        var framer = ConnectionFramer(.lines, sizeMaxBytes: sizeMaxBytes)
        var read = 0
        var recent: [UInt8] = []
        let take = { [self] (piece: [UInt8], isEnd: Bool) -> Bool in
            var batch = RecordBatch()
            let origin = batch.index(of: Origin(listener: definition.name, transport: .followed))
            var target = FrameTarget(batch: batch, origin: origin, flags: flags, time: .absent)
            let skipped = min(max(0, start - read), piece.count)
            let rest = Array(piece[skipped...])
            framer.feed(rest.span, into: &target)
            if isEnd { framer.finish(into: &target) }
            let end = isEnd ? piece.count : (piece.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0)
            if end > 0 || isEnd {
                position.move(to: read + end, first: content.first, last: recent + piece[..<end])
                position.headCount = min(position.headCount, position.offset)
            }
            position.isEnded = isEnd
            position.isRest = true
            recent = Array((recent + piece).suffix(FollowPosition.tailSizeMaxBytes))
            read += piece.count
            guard target.batch.count > 0 || isEnd else { return true }
            return give(target.batch, position)
        }
        var isTaken = true
        if content.isCompressed {
            isTaken = FollowedContent.inflate(content.handle) { take($0, false) } != nil
        } else {
            while isTaken, read < content.length {
                guard let piece = try? content.handle.read(at: read, count: FollowedFile.readSizeBytes),
                    !piece.isEmpty
                else { break }
                isTaken = take(piece, false)
            }
        }
        isRefused = !(isTaken && take([], true)) || isRefused
    }

    /// Files beside a path whose names begin like its own, in byte order.
    private func siblings(of path: String) -> [String] {
        let folder = parentPath(path)
        let stem = lastPathPart(path).split(separator: ".", omittingEmptySubsequences: false).first ?? ""
        let names = (try? POSIXStorage().list(folder)) ?? []
        return names.filter { $0.hasPrefix(stem) }.prefix(FollowedPattern.nameCountMax).map {
            folder + "/" + $0
        }
    }
}
