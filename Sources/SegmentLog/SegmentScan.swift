// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

/// What one segment holds.
struct SegmentScan {
    var fileName: String
    var base: Offset
    var size = 0
    var parts: [LogPart] = []
    var damage: [DamageNote] = []
    var footer: SegmentFooter?
    /// Where the last whole block ends.
    var validEnd = 0
    var hasHeader = false
    /// How often it was written anew.
    var generation: UInt32 = 0

    private static let windowSize = 1 << 20

    /// Reads the headers; of the last block also the checksums when there is no footer, because it may be
    /// torn.
    init(
        _ file: any LogFile,
        name: String,
        base: Offset,
        stream: String,
        _ listing: LogListing = .blocks
    ) throws(LogError) {
        fileName = name
        self.base = base
        size = try onDisk { () throws(StorageError) in try file.size() }
        let head = try SegmentScan.read(file, 0, FileHeader.size)
        hasHeader = try FileHeader.check(head, FileHeader(.segment, base, stream: stream), file: name)
        if hasHeader { generation = FileHeader.generation(head) }
        footer = try SegmentScan.footer(file, size)
        let end = footer.map { size - $0.storedLength } ?? size
        if hasHeader {
            validEnd = FileHeader.size
        } else if size >= FileHeader.size {
            damage.append(DamageNote(file: name, position: 0, from: base, end: base, reason: .header))
            validEnd = FileHeader.size
        }
        if listing == .footers, hasHeader, let footer, SegmentScan.listsAll(footer, base, end) {
            parts = footer.blocks.enumerated().map { SegmentScan.part($1, $0, footer, file, name) }
            validEnd = end
            return
        }
        try scanBlocks(file, end)
        if footer == nil { try checkLastBlock() }
        if let footer, footer.base != base || !agrees(footer) {
            damage.append(
                DamageNote(file: name, position: end, from: footer.base, end: footer.end, reason: .footer)
            )
        }
    }

    /// Whether blocks without gaps fill the file from its header to the footer.
    private static func listsAll(_ footer: SegmentFooter, _ base: Offset, _ end: Int) -> Bool {
        guard footer.form == .summary, footer.base == base else { return false }
        var position = FileHeader.size
        var expected = base
        for block in footer.blocks {
            guard block.position == position, block.length > BlockHeader.fixedSize, block.base >= expected,
                (1...LogLimits.blockRecordCountMax).contains(block.count), block.base <= footer.end,
                UInt64(block.count) <= footer.end.value - block.base.value
            else { return false }
            position += block.length
            expected = block.base.advanced(by: block.count)
        }
        return position == end && expected == footer.end
    }

    private static func part(
        _ block: BlockPlace,
        _ ordinal: Int,
        _ footer: SegmentFooter,
        _ file: any LogFile,
        _ name: String
    ) -> LogPart {
        LogPart(
            base: block.base,
            count: block.count,
            minLogTime: block.minLogTime,
            maxLogTime: block.maxLogTime,
            minEventTime: block.minEventTime.isPresent ? block.minEventTime : nil,
            maxEventTime: block.maxEventTime.isPresent ? block.maxEventTime : nil,
            isBlock: true,
            file: file,
            fileName: name,
            ordinal: ordinal,
            places: [block.position..<block.position + block.length],
            sets: footer.sets
        )
    }

    /// Whether the file ends in something that is neither block nor footer.
    var hasTail: Bool { footer == nil && validEnd < size }

    var end: Offset { parts.last?.end ?? base }

    /// How far the segment went, also where its last blocks are damaged.
    var claimedEnd: Offset {
        guard let footer, footer.base == base else { return end }
        return max(end, footer.end)
    }

    /// Bytes that are neither header, block nor footer of a whole file.
    ///
    /// A tail is among them.
    var gaps: [Range<Int>] {
        let end = footer.map { size - $0.storedLength } ?? size
        return unclaimed(
            parts.flatMap(\.places),
            in: (hasHeader ? FileHeader.size : 0)..<max(end, hasHeader ? FileHeader.size : 0)
        )
    }

    static func read(_ file: any LogFile, _ position: Int, _ count: Int) throws(LogError) -> [UInt8] {
        try onDisk { () throws(StorageError) in try file.read(at: position, count: count) }
    }

    private static func footer(_ file: any LogFile, _ size: Int) throws(LogError) -> SegmentFooter? {
        guard size >= FileHeader.size + SegmentFooter.trailerSize else { return nil }
        let tail = try read(file, size - SegmentFooter.trailerSize, SegmentFooter.trailerSize)
        guard tail.count == SegmentFooter.trailerSize, Array(tail[8...]) == SegmentFooter.trailer else {
            return nil
        }
        var reader = ByteReader(tail)
        guard let length = try? reader.uint32(), Int(length) <= min(SegmentFooter.sizeMax, size) else {
            return nil
        }
        return SegmentFooter.read(try read(file, size - Int(length), Int(length)))
    }

    private mutating func scanBlocks(_ file: any LogFile, _ end: Int) throws(LogError) {
        var position = validEnd
        var ordinal = 0
        var expected = base
        while position < end {
            let bytes = try SegmentScan.read(file, position, min(BlockHeader.sizeMax, end - position))
            if let header = try BlockHeader.read(bytes, file: fileName), header.base >= expected,
                position + header.totalLength <= end
            {
                if position > validEnd {
                    damage.append(
                        DamageNote(
                            file: fileName,
                            position: validEnd,
                            block: ordinal,
                            from: expected,
                            end: header.base,
                            reason: .blockHeader
                        )
                    )
                }
                parts.append(part(header, file, position, ordinal))
                expected = header.end
                ordinal += 1
                position += header.totalLength
                validEnd = position
            } else {
                guard let next = try nextBlock(file, position + 1, end, expected) else { break }
                position = next
            }
        }
        if footer != nil, validEnd < end {
            let lost = footer?.end ?? expected
            damage.append(
                DamageNote(
                    file: fileName,
                    position: validEnd,
                    block: ordinal,
                    from: expected,
                    end: max(expected, lost),
                    reason: .blockHeader
                )
            )
        }
    }

    private func part(_ header: BlockHeader, _ file: any LogFile, _ position: Int, _ ordinal: Int) -> LogPart
    {
        LogPart(
            base: header.base,
            count: header.count,
            minLogTime: header.minLogTime,
            maxLogTime: header.maxLogTime,
            minEventTime: header.minEventTime.isPresent ? header.minEventTime : nil,
            maxEventTime: header.maxEventTime.isPresent ? header.maxEventTime : nil,
            isBlock: true,
            file: file,
            fileName: fileName,
            ordinal: ordinal,
            places: [position..<position + header.totalLength],
            header: header,
            sets: footer?.sets
        )
    }

    /// Next position with a sound block header, read in windows so that memory stays bounded.
    private func nextBlock(
        _ file: any LogFile,
        _ start: Int,
        _ end: Int,
        _ expected: Offset
    ) throws(LogError) -> Int? {
        var position = start
        while position + BlockHeader.fixedSize < end {
            let bytes = try SegmentScan.read(file, position, min(SegmentScan.windowSize, end - position))
            var index = 0
            while index + 4 <= bytes.count {
                if bytes[index] == 0x57, bytes[index + 1] == 0x42, bytes[index + 2] == 0x4c,
                    bytes[index + 3] == 0x4b
                {
                    let place = position + index
                    let head = try SegmentScan.read(file, place, min(BlockHeader.sizeMax, end - place))
                    if let header = try BlockHeader.read(head, file: fileName), header.base >= expected,
                        place + header.totalLength <= end
                    {
                        return place
                    }
                }
                index += 1
            }
            guard bytes.count > 3 else { return nil }
            position += bytes.count - 3
        }
        return nil
    }

    private mutating func checkLastBlock() throws(LogError) {
        guard let last = parts.last, let header = last.header else { return }
        let bytes = try SegmentScan.read(last.file, last.places[0].lowerBound, header.totalLength)
        var position = header.size
        for chunk in header.chunks {
            let range = position..<position + chunk.storedLength
            guard range.upperBound <= bytes.count,
                CRC32C.masked(CRC32C.checksum(bytes.span, range)) == chunk.storedCRC
            else {
                parts.removeLast()
                validEnd = last.places[0].lowerBound
                return
            }
            position = range.upperBound
        }
    }

    private func agrees(_ place: BlockPlace, _ header: BlockHeader?) -> Bool {
        guard let header else { return false }
        return [place.minLogTime, place.maxLogTime, place.minEventTime, place.maxEventTime]
            == [header.minLogTime, header.maxLogTime, header.minEventTime, header.maxEventTime]
    }

    private func agrees(_ footer: SegmentFooter) -> Bool {
        guard footer.end == end, footer.blocks.count == parts.count else { return false }
        return zip(footer.blocks, parts).allSatisfy { place, part in
            place.position == part.places[0].lowerBound && place.length == part.places[0].count
                && place.base == part.base && place.count == part.count
                && (footer.form == .plain || agrees(place, part.header))
        }
    }
}

/// The parts of `whole` that no place holds; `places` rise and do not overlap.
func unclaimed(_ places: [Range<Int>], in whole: Range<Int>) -> [Range<Int>] {
    var gaps: [Range<Int>] = []
    var position = whole.lowerBound
    for place in places {
        if place.lowerBound > position { gaps.append(position..<place.lowerBound) }
        position = max(position, place.upperBound)
    }
    if position < whole.upperBound { gaps.append(position..<whole.upperBound) }
    return gaps
}
