// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// The leaves of consecutive records: one by one of those that are there, as whole subtrees of those that
/// were removed.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 4.
struct LeafRuns: Hashable, Sendable {
    /// Records that lie together.
    enum Run: Hashable, Sendable {
        case leaves([TreeHash])
        case removed(CompactRange)
    }

    static let version: UInt8 = 1

    let base: Offset
    private(set) var runs: [Run] = []

    /// Of no records yet.
    init(base: Offset) { self.base = base }

    /// Of records that are all there.
    init(_ leaves: [TreeHash], base: Offset) {
        self.base = base
        runs = [.leaves(leaves)]
    }

    mutating func append(_ run: Run) {
        guard case .leaves(let more) = run, case .leaves(var leaves)? = runs.last else {
            runs.append(run)
            return
        }
        // Taken out first, so that the array is not copied.
        runs.removeLast()
        leaves += more
        runs.append(.leaves(leaves))
    }

    /// The removed records.
    var removed: [CompactRange] {
        runs.compactMap { if case .removed(let range) = $0 { range } else { nil } }
    }

    /// All of them as subtrees.
    var range: CompactRange {
        var range = CompactRange(at: base.value)
        for run in runs {
            switch run {
            case .leaves(let leaves): for leaf in leaves { range.append(leaf) }
            case .removed(let removed): range.append(removed)
            }
        }
        return range
    }

    /// The same without the leaves of `rows`, of which the hashes of the greatest subtrees remain.
    ///
    /// Neighbours are joined, but not across `cuts`: the tree of so many leaves can still be made.
    func removing(_ rows: RowSet, cuts: Set<UInt64>) -> LeafRuns {
        var result = LeafRuns(base: base)
        var open: CompactRange?
        var next = base.value
        func close() {
            if let range = open { result.append(.removed(range)) }
            open = nil
        }
        func remove(_ range: CompactRange) {
            if open?.end != range.begin || cuts.contains(range.begin) {
                close()
                open = CompactRange(at: range.begin)
            }
            open?.append(range)
            next = range.end
        }
        for run in runs {
            switch run {
            case .removed(let range): remove(range)
            case .leaves(let leaves):
                for leaf in leaves {
                    if rows.contains(Int(next - base.value)) {
                        var single = CompactRange(at: next)
                        single.append(leaf)
                        remove(single)
                    } else {
                        close()
                        result.append(.leaves([leaf]))
                        next += 1
                    }
                }
            }
        }
        close()
        return result
    }

    /// The stored form of the removed records.
    func encodedRemoved() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(LeafRuns.version)
        let removed = removed
        writer.varint(UInt64(removed.count))
        var end = base.value
        for range in removed {
            writer.varint(range.begin - end)
            writer.varint(range.end - range.begin)
            for hash in range.hashes { writer.bytes.append(contentsOf: hash.bytes) }
            end = range.end
        }
        return writer.bytes
    }

    /// The removed records of a block of `count` records from `base` on, rising and apart.
    static func removed(
        _ bytes: [UInt8],
        base: Offset,
        count: Int
    ) throws(ByteReaderError) -> [CompactRange] {
        var reader = ByteReader(bytes)
        guard try reader.byte() == version else { throw .invalid(position: 0) }
        let runCount = try reader.count(atMost: count)
        var ranges: [CompactRange] = []
        var left = UInt64(count)
        var end = base.value
        for _ in 0..<runCount {
            let position = reader.position
            let gap = try reader.varint()
            let length = try reader.varint()
            guard gap <= left, length > 0, length <= left - gap else { throw .invalid(position: position) }
            left -= gap + length
            let offsets = end + gap..<end + gap + length
            var hashes: [TreeHash] = []
            for _ in CompactRange.subtrees(of: offsets) {
                guard let hash = TreeHash(bytes[try reader.range(TreeHash.byteCount)]) else {
                    throw .invalid(position: position)
                }
                hashes.append(hash)
            }
            guard let range = CompactRange(offsets, hashes: hashes) else {
                throw .invalid(position: position)
            }
            ranges.append(range)
            end = offsets.upperBound
        }
        guard reader.remaining == 0 else { throw .invalid(position: reader.position) }
        return ranges
    }
}

extension LogPart {
    /// The leaves of the part's `records`; those of removed records as its block holds them.
    ///
    /// - Throws: ``LogError/damaged(file:position:)`` when the block holds other hashes than of the records
    ///   that are marked as removed.
    func leafRuns(of records: RecordBatch) throws(LogError) -> LeafRuns {
        guard records.rows.contains(where: { $0.kind == .removed }) else {
            return LeafRuns(RecordLeaf.hashes(of: records, base: base), base: base)
        }
        guard skipped + trimmed == 0, let (bytes, encoding) = try chunk(ChunkEntry.Kind.removed),
            encoding == ChunkEntry.Encoding.removedRuns,
            let removed = try? LeafRuns.removed(bytes, base: base, count: count)
        else { throw damaged(places[0].lowerBound) }
        var runs = LeafRuns(base: base)
        var next = 0
        for range in removed {
            let rows = Int(range.begin - base.value)..<Int(range.end - base.value)
            try add(next..<rows.lowerBound, of: records, to: &runs)
            guard records.rows[rows].allSatisfy({ $0.kind == .removed }) else {
                throw damaged(places[0].lowerBound)
            }
            runs.append(.removed(range))
            next = rows.upperBound
        }
        try add(next..<count, of: records, to: &runs)
        return runs
    }

    private func add(
        _ rows: Range<Int>,
        of records: RecordBatch,
        to runs: inout LeafRuns
    ) throws(LogError) {
        guard !rows.isEmpty else { return }
        guard records.rows[rows].allSatisfy({ $0.kind != .removed }) else {
            throw damaged(places[0].lowerBound)
        }
        let first = base.advanced(by: rows.lowerBound)
        runs.append(.leaves(RecordLeaf.hashes(of: records, rows, base: first)))
    }
}
