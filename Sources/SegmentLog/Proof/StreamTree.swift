// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel

/// The size and root of the tree of a stream's first records.
public struct TreeState: Hashable, Sendable {
    /// Leaves: first offset after them.
    public var size: Offset
    /// Root of the tree.
    public var root: TreeHash
}

/// The tree of a stream as its writer keeps it: all records appended, and those that are durable.
struct StreamTree {
    private(set) var appended = CompactRange()
    private(set) var durable = CompactRange()

    /// Adds leaves; offsets left out before them get the leaf of a hole.
    mutating func append(_ leaves: [TreeHash], at base: Offset) {
        if base.value > appended.end { appended.append(RecordLeaf.hole, count: base.value - appended.end) }
        for leaf in leaves { appended.append(leaf) }
    }

    mutating func append(_ range: CompactRange) {
        if range.begin > appended.end { appended.append(RecordLeaf.hole, count: range.begin - appended.end) }
        appended.append(range)
    }

    /// Everything appended is durable.
    mutating func settle(through end: Offset) {
        if end.value > appended.end { appended.append(RecordLeaf.hole, count: end.value - appended.end) }
        durable = appended
    }

    var state: TreeState { TreeState(size: Offset(durable.end), root: durable.root) }
}

extension LogPart {
    /// The compact range of the part's records, from its block if that holds it, else from the records.
    ///
    /// What a block holds is what was written, not what is there now: to check the records, hash them.
    func storedRange() throws(LogError) -> CompactRange {
        if skipped + trimmed == 0, let (bytes, encoding) = try chunk(ChunkEntry.Kind.proof) {
            guard encoding == ChunkEntry.Encoding.compactRange, bytes.count % TreeHash.byteCount == 0 else {
                throw damaged(places[0].lowerBound)
            }
            let hashes = stride(from: 0, to: bytes.count, by: TreeHash.byteCount).compactMap {
                TreeHash(bytes[$0..<$0 + TreeHash.byteCount])
            }
            guard let range = CompactRange(base.value..<end.value, hashes: hashes) else {
                throw damaged(places[0].lowerBound)
            }
            return range
        }
        return LogPart.range(of: RecordLeaf.hashes(of: try readRecords(), base: base), at: base)
    }

    static func range(of leaves: [TreeHash], at base: Offset) -> CompactRange {
        var range = CompactRange(at: base.value)
        for leaf in leaves { range.append(leaf) }
        return range
    }
}
