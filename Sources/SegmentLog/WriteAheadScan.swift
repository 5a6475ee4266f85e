// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

/// What one write-ahead file holds.
struct WriteAheadScan {
    var fileName: String
    var base: Offset
    var size: Int
    var parts: [LogPart] = []
    var damage: [DamageNote] = []
    /// Where the last whole batch ends; bytes from here on are a tail.
    var validEnd = 0
    /// Whether any byte of the tail is not zero.
    var hasTail = false
    /// Whether the header was whole.
    var hasHeader = false

    /// Most bytes of neighbouring batches that make one part.
    static let partSizeMaxBytes = 4 << 20

    init(_ file: any LogFile, name: String, base: Offset, stream: String) throws(LogError) {
        fileName = FileNames.walDirectory + "/" + name
        self.base = base
        let bytes = try onDisk { () throws(StorageError) in try file.readAll() }
        size = bytes.count
        hasHeader = try FileHeader.check(bytes, FileHeader(.wal, base, stream: stream), file: fileName)
        var chain = hasHeader ? WriteAheadScan.storedCRC(bytes) : nil
        var position = hasHeader ? FileHeader.size : 0
        validEnd = position
        var ordinal = 0
        var expected = base
        while position < bytes.count {
            if let (batch, crc) = WriteAheadBatch.read(bytes, at: position),
                batch.base >= expected, chain == nil || batch.previous == chain
            {
                if position > validEnd || batch.base > expected {
                    note(.batch, validEnd, ordinal, expected, batch.base)
                }
                add(batch, file, position, ordinal)
                chain = crc
                expected = batch.end
                ordinal += 1
                position += batch.totalLength
                validEnd = position
            } else {
                // The chain is broken where bytes are damaged: the next whole batch is believed again.
                chain = nil
                guard let next = WriteAheadBatch.next(bytes, from: position + 1) else { break }
                position = next
            }
        }
        hasTail = bytes[validEnd...].contains { $0 != 0 }
        if !hasHeader && ordinal == 0 { validEnd = 0 }
    }

    /// Bytes that are neither header nor batch; a tail of zeros is legal and not among them.
    var gaps: [Range<Int>] {
        let start = hasHeader ? FileHeader.size : 0
        let end = hasTail || parts.isEmpty && !hasHeader ? size : validEnd
        return unclaimed(parts.flatMap(\.places), in: start..<max(start, end))
    }

    private static func storedCRC(_ bytes: [UInt8]) -> UInt32? {
        var reader = ByteReader(bytes, 60..<64)
        return try? reader.uint32()
    }

    private mutating func note(
        _ reason: DamageNote.Reason,
        _ position: Int,
        _ ordinal: Int,
        _ from: Offset,
        _ end: Offset
    ) {
        damage.append(
            DamageNote(
                file: fileName,
                position: position,
                block: ordinal,
                from: from,
                end: max(from, end),
                reason: reason
            )
        )
    }

    private mutating func add(_ batch: WriteAheadBatch, _ file: any LogFile, _ position: Int, _ ordinal: Int)
    {
        let place = position..<position + batch.totalLength
        if let last = parts.indices.last, parts[last].end == batch.base,
            parts[last].count + batch.count <= LogLimits.blockRecordCountMax,
            parts[last].storedLength + place.count <= WriteAheadScan.partSizeMaxBytes
        {
            parts[last].count += batch.count
            parts[last].maxLogTime = batch.maxLogTime
            parts[last].places.append(place)
            return
        }
        parts.append(
            LogPart(
                base: batch.base,
                count: batch.count,
                minLogTime: batch.minLogTime,
                maxLogTime: batch.maxLogTime,
                file: file,
                fileName: fileName,
                ordinal: ordinal,
                places: [place]
            )
        )
    }
}
