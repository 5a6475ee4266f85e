// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

/// The segment that takes blocks.
struct ActiveSegment {
    let name: String
    let base: Offset
    let file: any LogFile
    var size: Int
    var end: Offset
    var firstLogTime: UTCTime
    var lastLogTime: UTCTime
    var places: [BlockPlace] = []
    var kinds: [KindCount] = []
    /// Hash of the bytes so far; nil after reopening, when sealing reads them again.
    var hasher: SHA256Hasher?
    /// The tree of the stream before the first block; nil when it is not known.
    var frontier: CompactRange?
    /// The tree after the last block.
    private(set) var tree: CompactRange?
    /// What occurs in the headers of events; nil when it is not known of every block.
    private(set) var sets: HeaderSets? = HeaderSets()

    static let readSize = 4 << 20

    init(
        name: String,
        base: Offset,
        file: any LogFile,
        header: [UInt8],
        firstLogTime: UTCTime,
        frontier: CompactRange?
    ) {
        self.frontier = frontier
        tree = frontier
        self.name = name
        self.base = base
        self.file = file
        size = header.count
        end = base
        self.firstLogTime = firstLogTime
        lastLogTime = firstLogTime
        var hasher = SHA256Hasher()
        hasher.update(header)
        self.hasher = hasher
    }

    /// A segment that is taken up again, with the tree before it and after its last block.
    ///
    /// `sets` is what occurs in the headers of its events, nil when that was not read.
    init(
        _ scan: SegmentScan,
        file: any LogFile,
        frontier: CompactRange?,
        tree: CompactRange?,
        sets: HeaderSets? = nil
    ) {
        self.frontier = frontier
        self.tree = tree
        self.sets = scan.parts.isEmpty ? HeaderSets() : sets
        name = scan.fileName
        base = scan.base
        self.file = file
        size = scan.validEnd
        end = scan.end
        firstLogTime = scan.parts.first?.minLogTime ?? .absent
        lastLogTime = scan.parts.last?.maxLogTime ?? .absent
        for part in scan.parts { if let header = part.header { add(header, at: part.places[0].lowerBound) } }
        hasher = nil
    }

    /// Counts in a block that was written at the end.
    mutating func add(_ block: EncodedBlock) {
        add(block.header, at: size)
        size += block.size
        hasher?.update(block.bytes)
        if let found = block.sets { sets?.formUnion(found) } else { sets = nil }
        guard var grown = tree, block.tree.begin >= grown.end else {
            tree = nil
            return
        }
        grown.skip(to: block.base)
        grown.append(block.tree)
        tree = grown
    }

    private mutating func add(_ header: BlockHeader, at position: Int) {
        places.append(
            BlockPlace(
                position: position,
                length: header.totalLength,
                base: header.base,
                count: header.count,
                minLogTime: header.minLogTime,
                maxLogTime: header.maxLogTime,
                minEventTime: header.minEventTime,
                maxEventTime: header.maxEventTime
            )
        )
        for kind in header.kinds {
            if let index = kinds.firstIndex(where: { $0.kind == kind.kind }) {
                kinds[index].count += kind.count
            } else {
                kinds.append(kind)
            }
        }
        kinds.sort { $0.kind < $1.kind }
        end = header.end
        if !firstLogTime.isPresent { firstLogTime = header.minLogTime }
        lastLogTime = header.maxLogTime
    }

    /// The footer that seals it.
    func footer() throws(LogError) -> SegmentFooter {
        var holes: [OffsetHole] = []
        var expected = base
        for place in places {
            if place.base > expected { holes.append(OffsetHole(from: expected, end: place.base)) }
            expected = place.base.advanced(by: place.count)
        }
        return SegmentFooter(
            base: base,
            end: end,
            count: places.reduce(0) { $0 + UInt64($1.count) },
            minLogTime: firstLogTime,
            maxLogTime: lastLogTime,
            blocks: places,
            kinds: kinds,
            holes: holes,
            digest: try digest(),
            frontiers: frontier.flatMap { start in
                tree.map { SegmentFooter.Frontiers(start: start, end: $0) }
            },
            sets: sets
        )
    }

    private func digest() throws(LogError) -> SHA256Digest {
        if let hasher { return hasher.digest() }
        return try hashFile(file, size)
    }
}

/// SHA-256 of the first `size` bytes of a file, read in pieces.
func hashFile(_ file: any LogFile, _ size: Int) throws(LogError) -> SHA256Digest {
    var hasher = SHA256Hasher()
    var position = 0
    while position < size {
        let bytes = try SegmentScan.read(file, position, min(ActiveSegment.readSize, size - position))
        guard !bytes.isEmpty else { break }
        hasher.update(bytes)
        position += bytes.count
    }
    return hasher.digest()
}
