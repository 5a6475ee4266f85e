// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform

/// All files of a stream at one moment, in the order that makes it safe beside a live writer: the write-ahead
/// files are opened before the segments are listed, because the writer removes one only after the block that
/// covers it is durable.
struct LogContents {
    var segments: [SegmentScan] = []
    var writeAhead: [WriteAheadScan] = []
    var parts: [LogPart] = []
    var holes: [OffsetHole] = []
    var damage: [DamageNote] = []
    /// Bytes after the last whole batch or block of the last file; a write may be under way there.
    var tails: [DamageNote] = []

    init(
        _ storage: any LogStorage,
        _ directory: String,
        _ stream: String,
        _ listing: LogListing = .blocks
    ) throws(LogError) {
        try scanWriteAhead(storage, directory, stream)
        try scanSegments(storage, directory, stream, listing)
        join()
    }

    /// First offset after everything stored, counting the names of files: an empty write-ahead file tells
    /// where the log had come to.
    var end: Offset {
        max(parts.last?.end ?? .zero, writeAhead.last(where: \.hasHeader)?.base ?? .zero)
    }

    private static func open(
        _ storage: any LogStorage,
        _ path: String
    ) throws(LogError) -> (any LogFile)? {
        do throws(StorageError) {
            return try storage.open(path, .read)
        } catch {
            guard error.isMissing else { throw LogError(error) }
            return nil
        }
    }

    private static func names(_ storage: any LogStorage, _ path: String) throws(LogError) -> [String] {
        do throws(StorageError) {
            return try storage.list(path)
        } catch {
            guard error.isMissing else { throw LogError(error) }
            return []
        }
    }

    private mutating func scanWriteAhead(
        _ storage: any LogStorage,
        _ directory: String,
        _ stream: String
    ) throws(LogError) {
        let path = directory + "/" + FileNames.walDirectory
        for name in try LogContents.names(storage, path) {
            guard let base = FileNames.base(name, FileNames.walSuffix) else { continue }
            // A name that went since the listing is covered by a block.
            guard let file = try LogContents.open(storage, path + "/" + name) else { continue }
            writeAhead.append(try WriteAheadScan(file, name: name, base: base, stream: stream))
        }
    }

    private mutating func scanSegments(
        _ storage: any LogStorage,
        _ directory: String,
        _ stream: String,
        _ listing: LogListing
    ) throws(LogError) {
        for name in try LogContents.names(storage, directory) {
            guard let base = FileNames.base(name, FileNames.segmentSuffix) else { continue }
            guard let file = try LogContents.open(storage, directory + "/" + name) else { continue }
            segments.append(try SegmentScan(file, name: name, base: base, stream: stream, listing))
        }
        for index in segments.indices {
            let segment = segments[index]
            damage += segment.damage
            let isLast = index == segments.count - 1
            let note = DamageNote(
                file: segment.fileName,
                position: segment.validEnd,
                block: segment.parts.count,
                from: segment.end,
                end: segment.end,
                reason: isLast ? .tail : .unsealed
            )
            if isLast {
                if segment.hasTail { tails.append(note) }
            } else if segment.footer == nil {
                damage.append(note)
            }
        }
        for index in writeAhead.indices {
            let scan = writeAhead[index]
            damage += scan.damage
            guard scan.hasTail else { continue }
            let end = scan.parts.last?.end ?? scan.base
            let note = DamageNote(
                file: scan.fileName,
                position: scan.validEnd,
                from: end,
                end: end,
                reason: scan.hasHeader ? .tail : .header
            )
            if index == writeAhead.count - 1 { tails.append(note) } else { damage.append(note) }
        }
    }

    /// Orders the parts: blocks as they are, batches of the write-ahead log only where no block is.
    ///
    /// Notes what none holds.
    private mutating func join() {
        let batches = writeAhead.flatMap(\.parts).sorted { $0.base < $1.base }
        var expected = Offset.zero
        for block in segments.flatMap(\.parts).sorted(by: { $0.base < $1.base }) where block.end > expected {
            fill(batches, &expected, upTo: block.base)
            if block.base > expected { note(from: expected, end: block.base, before: block) }
            let part = block.clipped(to: max(expected, block.base)..<block.end)
            parts.append(part)
            expected = part.end
        }
        fill(batches, &expected, upTo: Offset(.max))
        if end > expected, let last = writeAhead.last {
            holes.append(OffsetHole(from: expected, end: end))
            damage.append(
                DamageNote(file: last.fileName, position: 0, from: expected, end: end, reason: .hole)
            )
        }
    }

    /// Takes batches for the offsets `expected ..< limit`.
    private mutating func fill(_ batches: [LogPart], _ expected: inout Offset, upTo limit: Offset) {
        for batch in batches where batch.end > expected && batch.base < limit && expected < limit {
            let part = batch.clipped(to: max(expected, batch.base)..<min(limit, batch.end))
            if part.base > expected { note(from: expected, end: part.base, before: part) }
            parts.append(part)
            expected = part.end
        }
    }

    private mutating func note(from: Offset, end: Offset, before part: LogPart) {
        holes.append(OffsetHole(from: from, end: end))
        damage.append(
            DamageNote(
                file: part.fileName,
                position: part.places[0].lowerBound,
                block: part.ordinal,
                from: from,
                end: end,
                reason: .hole
            )
        )
    }
}
