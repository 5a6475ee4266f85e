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
        for note in contents.damage { try keepDamaged(note, contents) }
        for scan in contents.writeAhead {
            try recoverFile(scan, isLast: scan.base == contents.writeAhead.last?.base)
        }
        for part in contents.parts where !part.isBlock {
            let records = try part.readRecords()
            recovery.headCount += records.count
            addToHead(records, at: part.base)
        }
        // Batches before a block are there when the block that held them was damaged.
        var frontier: CompactRange?
        if let last = contents.parts.lastIndex(where: \.isBlock) {
            for part in contents.parts[...last] {
                if part.fileName == contents.segments.last?.fileName, frontier == nil {
                    frontier = blockTree.skipped(to: part.base)
                }
                try growTree(part)
            }
        }
        if let last = contents.segments.last { try recoverSegment(last, frontier) }
        lastLogTime = contents.parts.map(\.maxLogTime).max() ?? .absent
        nextOffset = max(contents.end, contents.segments.map(\.end).max() ?? .zero)
        durableOffset = nextOffset
        recovery.end = nextOffset
        recovery.lastLogTime = lastLogTime
        // What was found may lie in the page cache only (a killed writer): make it durable before anyone sees
        // it.
        try settleFoundFiles(contents)
        try beginFirstFile()
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

    private func recoverFile(_ scan: WriteAheadScan, isLast: Bool) throws(LogError) {
        let end = scan.parts.last?.end ?? scan.base
        let isEmpty = scan.parts.isEmpty
        if isLast && (scan.hasTail || isEmpty) && options.cutsTornTail {
            if scan.hasTail { try keepTorn(scan.fileName, scan.validEnd, scan.size) }
            if isEmpty {
                // Its name is needed for the file that is begun next at the same offset.
                try onDisk { () throws(StorageError) in try storage.remove(directory + "/" + scan.fileName) }
                return
            }
            try cut(scan.fileName, scan.validEnd)
        }
        walFiles.append(
            WriteAheadFile(
                name: FileNames.wal(scan.base),
                base: scan.base,
                end: end,
                size: scan.size
            )
        )
    }

    private func recoverSegment(_ scan: SegmentScan, _ frontier: CompactRange?) throws(LogError) {
        guard scan.footer == nil else { return }
        if scan.hasTail && options.cutsTornTail {
            try keepTorn(scan.fileName, scan.validEnd, scan.size)
            if scan.validEnd > 0 { try cut(scan.fileName, scan.validEnd) }
        }
        guard scan.hasHeader || !scan.parts.isEmpty else {
            // Never held a durable block: the name is free again.
            try onDisk { () throws(StorageError) in try storage.remove(directory + "/" + scan.fileName) }
            return
        }
        if scan.parts.isEmpty {
            // An empty segment may not be the one that the next block begins.
            try onDisk { () throws(StorageError) in try storage.remove(directory + "/" + scan.fileName) }
            return
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

    /// Copies the bytes of a damaged batch or block beside its file.
    ///
    /// The file itself stays: later offsets are in it.
    private func keepDamaged(_ note: DamageNote, _ contents: LogContents) throws(LogError) {
        guard note.reason == .batch || note.reason == .blockHeader else { return }
        let starts =
            contents.writeAhead.filter { $0.fileName == note.file }.flatMap(\.parts).flatMap(\.places)
            + contents.segments.filter { $0.fileName == note.file }.flatMap(\.parts).flatMap(\.places)
        guard let end = starts.map(\.lowerBound).filter({ $0 > note.position }).min() else { return }
        try copyAside(note.file, note.position..<end, FileNames.damagedSuffix)
    }

    private func copyAside(_ name: String, _ range: Range<Int>, _ suffix: String) throws(LogError) {
        try onDisk { () throws(StorageError) in
            let source = try storage.open(directory + "/" + name, .read)
            let target = directory + "/" + FileNames.evidence(name, range.lowerBound, suffix)
            guard try !storage.exists(target) else { return }
            try storage.writeAtomically(try source.read(at: range.lowerBound, count: range.count), to: target)
        }
    }
}
