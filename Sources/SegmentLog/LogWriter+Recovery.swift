// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

extension LogWriter {
    /// Reads what is there, cuts torn tails, copies damaged bytes aside, and fills the heads from the
    /// write-ahead log.
    func recover() throws(LogError) {
        let contents = try LogContents(storage, directory, stream)
        recovery.damage = contents.damage
        recovery.holes = contents.holes
        try keepDamaged(contents)
        // Batches before a block are there when the block that held them was damaged.
        let blocked = contents.parts.last(where: \.isBlock)?.end ?? .zero
        var pinned = Set(contents.parts.filter { !$0.isBlock && $0.base < blocked }.map(\.fileName))
        for part in contents.parts where !part.isBlock && part.base >= blocked {
            try takeHead(part, &pinned)
        }
        var frontier: CompactRange?
        for part in contents.parts where part.base < blocked {
            if part.fileName == contents.segments.last?.fileName, frontier == nil {
                frontier = blockTree.skipped(to: part.base)
            }
            try growTree(part)
        }
        lastLogTime = contents.parts.map(\.maxLogTime).max() ?? .absent
        nextOffset = max(contents.end, contents.segments.map(\.claimedEnd).max() ?? .zero)
        for scan in contents.writeAhead {
            let isLast = scan.base == contents.writeAhead.last?.base
            try recoverFile(scan, isLast: isLast, isPinned: pinned.contains(scan.fileName))
        }
        if let last = contents.segments.last { try recoverSegment(last, frontier) }
        durableOffset = nextOffset
        recovery.end = nextOffset
        recovery.lastLogTime = lastLogTime
        // What was found may lie in the page cache only (a killed writer): make it durable before anyone sees
        // it.
        try settleFoundFiles(contents)
        try beginFirstFile()
    }

    /// Takes up records that are in no block.
    ///
    /// What does not decode although its checksum holds stays in its file, which is kept.
    private func takeHead(_ part: LogPart, _ pinned: inout Set<String>) throws(LogError) {
        do throws(LogError) {
            let records = try part.readRecords()
            recovery.headCount += records.count
            addToHead(records, at: part.base)
        } catch {
            guard case .damaged(_, let position) = error else { throw error }
            pinned.insert(part.fileName)
            recovery.damage.append(
                DamageNote(
                    file: part.fileName,
                    position: position,
                    from: part.base,
                    end: part.end,
                    reason: .content
                )
            )
        }
    }

    /// Adds the leaves of a part; damaged evidence counts as missing, and no older head agrees with that.
    private func growTree(_ part: LogPart) throws(LogError) {
        do throws(LogError) {
            let range = try part.storedRange()
            blockTree.skip(to: part.base)
            blockTree.append(range)
        } catch {
            guard case .damaged = error else { throw error }
        }
    }

    /// A write-ahead file is always there: its name tells how far the log had come, should blocks be cut off.
    private func beginFirstFile() throws(LogError) {
        do throws(LogError) {
            try beginFile().synchronise(storage, walDirectory)
        } catch {
            // A full disk must not keep the store closed: the file is begun by the first append that fits.
            guard case .storageFull = error else { throw error }
        }
    }

    private func settleFoundFiles(_ contents: LogContents) throws(LogError) {
        for scan in contents.writeAhead where walFiles.contains(where: { $0.base == scan.base }) {
            try orSuspect { () throws(StorageError) in
                try storage.open(directory + "/" + scan.fileName, .update).synchronise()
            }
        }
        try orSuspect { () throws(StorageError) in
            try segment?.file.synchronise()
            try storage.synchroniseDirectory(walDirectory)
            try storage.synchroniseDirectory(directory)
        }
    }

    private func recoverFile(_ scan: WriteAheadScan, isLast: Bool, isPinned: Bool) throws(LogError) {
        let end = scan.parts.last?.end ?? scan.base
        if isLast, scan.hasTail, options.cutsTornTail {
            try keepTorn(scan.fileName, scan.parts.isEmpty ? 0 : scan.validEnd, scan.size)
        }
        // An empty file may have the name that is needed for one that is begun now or later.
        if scan.parts.isEmpty, options.cutsTornTail, isLast || scan.base >= nextOffset {
            return try onDisk { () throws(StorageError) in
                try storage.remove(directory + "/" + scan.fileName)
            }
        }
        if isLast, scan.hasTail, options.cutsTornTail { try cut(scan.fileName, scan.validEnd) }
        walFiles.append(
            WriteAheadFile(
                name: FileNames.wal(scan.base),
                base: scan.base,
                end: end,
                size: scan.size,
                isPinned: isPinned
            )
        )
    }

    private func recoverSegment(_ scan: SegmentScan, _ frontier: CompactRange?) throws(LogError) {
        guard scan.footer == nil else { return }
        guard !scan.parts.isEmpty else {
            // Never held a durable block, or no whole one: the name is free again.
            if scan.size > FileHeader.size || !scan.hasHeader && scan.size > 0 {
                try keepTorn(scan.fileName, 0, scan.size)
            }
            return try onDisk { () throws(StorageError) in
                try storage.remove(directory + "/" + scan.fileName)
            }
        }
        if scan.hasTail && options.cutsTornTail {
            try keepTorn(scan.fileName, scan.validEnd, scan.size)
            try cut(scan.fileName, scan.validEnd)
        }
        let file = try onDisk { () throws(StorageError) in
            try storage.open(directory + "/" + scan.fileName, .update)
        }
        let isWhole = frontier?.end == scan.base.value && blockTree.end == scan.end.value
        segment = ActiveSegment(
            scan,
            file: file,
            frontier: isWhole ? frontier : nil,
            tree: isWhole ? blockTree : nil
        )
    }

    private func cut(_ name: String, _ position: Int) throws(LogError) {
        try orSuspect { () throws(StorageError) in
            let file = try storage.open(directory + "/" + name, .update)
            try file.truncate(to: position)
            try file.synchronise()
        }
    }

    private func keepTorn(_ name: String, _ position: Int, _ size: Int) throws(LogError) {
        recovery.tornTails.append(TornTail(file: name, position: position, length: size - position))
        try copyAside(name, position..<size, FileNames.tornSuffix)
    }

    /// Copies the bytes that belong to no whole batch or block beside their file.
    ///
    /// The files themselves stay, later offsets are in them; the tail of the newest ones is another matter.
    private func keepDamaged(_ contents: LogContents) throws(LogError) {
        for scan in contents.writeAhead {
            let isLast = scan.base == contents.writeAhead.last?.base
            try keepDamaged(scan.fileName, scan.gaps, tail: isLast && scan.hasTail ? scan.validEnd : nil)
        }
        for scan in contents.segments {
            let isLast = scan.base == contents.segments.last?.base
            let tail = scan.parts.isEmpty ? 0 : scan.validEnd
            try keepDamaged(scan.fileName, scan.gaps, tail: isLast && scan.footer == nil ? tail : nil)
        }
    }

    private func keepDamaged(_ name: String, _ gaps: [Range<Int>], tail: Int?) throws(LogError) {
        for gap in gaps where tail.map({ gap.lowerBound < $0 }) ?? true {
            try copyAside(name, gap, FileNames.damagedSuffix)
        }
    }

    private func copyAside(_ name: String, _ range: Range<Int>, _ suffix: String) throws(LogError) {
        try onDisk { () throws(StorageError) in
            _ = try storage.copyAside(directory + "/" + name, range, suffix)
        }
    }
}
