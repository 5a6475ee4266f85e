// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

/// Writes a sealed segment anew, beside the old one, and puts it in its place when it was read back and holds
/// the same leaves.
///
/// A crash leaves the old generation or the new one; readers that have the old file open go on with it.
struct SegmentRewrite {
    let storage: any LogStorage
    let directory: String
    let stream: String

    /// What a new generation came to.
    struct Result {
        var blocks: Int
        var bytes: Int
    }

    /// Writes the blocks that `next` gives, in order, until it gives none.
    ///
    /// `frontier` is the tree of the stream before the segment, nil when it is not known. `announce` is
    /// called when the new generation was read back, before it takes the old one's place.
    ///
    /// - Throws: ``LogError``; the old generation is then untouched.
    func run(
        _ old: SegmentScan,
        frontier: CompactRange?,
        _ next: () throws(LogError) -> EncodedBlock?,
        announce: () throws(LogError) -> Void = {}
    ) throws(LogError) -> Result {
        let path = directory + "/" + old.fileName
        let fresh = path + FileNames.freshSuffix
        let result: Result
        do throws(LogError) {
            result = try write(old, to: fresh, frontier, next)
            try check(old, fresh)
            try announce()
        } catch {
            // What could not be finished is of no use; the next run begins anew.
            try? storage.remove(fresh)
            throw error
        }
        try onDisk { () throws(StorageError) in
            try storage.rename(fresh, to: path)
            try storage.synchroniseDirectory(directory)
        }
        return result
    }

    private func write(
        _ old: SegmentScan,
        to path: String,
        _ frontier: CompactRange?,
        _ next: () throws(LogError) -> EncodedBlock?
    ) throws(LogError) -> Result {
        let generation = old.generation &+ 1
        let header = FileHeader(.segment, old.base, stream: stream, generation: generation).encoded()
        let file = try onDisk { () throws(StorageError) in
            if try storage.exists(path) { try storage.remove(path) }
            let file = try storage.open(path, .create)
            try file.write(header.span, at: 0)
            return file
        }
        var active = ActiveSegment(
            name: old.fileName,
            base: old.base,
            file: file,
            header: header,
            firstLogTime: old.parts.first?.minLogTime ?? .absent,
            frontier: frontier
        )
        while let block = try next() {
            try onDisk { () throws(StorageError) in try file.write(block.bytes.span, at: active.size) }
            active.add(block)
        }
        let footer = try active.footer().encoded()
        try onDisk { () throws(StorageError) in
            try file.write(footer.span, at: active.size)
            try file.synchronise()
        }
        return Result(blocks: active.places.count, bytes: active.size + footer.count)
    }

    /// Reads the new generation back: every record's leaf is where it was.
    private func check(_ old: SegmentScan, _ path: String) throws(LogError) {
        let file = try onDisk { () throws(StorageError) in try storage.open(path, .read) }
        let scan = try SegmentScan(file, name: old.fileName, base: old.base, stream: stream)
        guard let footer = scan.footer, scan.damage.isEmpty, scan.end == old.end,
            try hashFile(file, scan.size - footer.storedLength) == footer.digest,
            try range(of: scan, decoding: true) == range(of: old, decoding: false)
        else { throw .damaged(file: lastPathPart(path), position: 0) }
    }

    private func range(of scan: SegmentScan, decoding: Bool) throws(LogError) -> CompactRange {
        var range = CompactRange(at: scan.base.value)
        for part in scan.parts {
            range.skip(to: part.base)
            let stored = try part.storedRange()
            if decoding {
                guard try part.leafRuns(of: try part.readRecords()).range == stored else {
                    throw part.damaged(part.places[0].lowerBound)
                }
                _ = try part.readStored()
            }
            range.append(stored)
        }
        return range
    }
}
