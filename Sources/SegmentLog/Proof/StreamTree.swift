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

extension LogWriter {
    /// The tree of all durable records.
    ///
    /// Hashes what no block holds yet: up to twice a block's records.
    public var treeState: TreeState {
        var tree = blockTree
        for head in handedOut + heads {
            let count = min(head.leaves.count, Int(clamping: durableOffset.value &- head.base.value))
            guard durableOffset > head.base else { break }
            guard head.base.value >= tree.end else { continue }
            tree.skip(to: head.base)
            for leaf in head.leaves[..<count] { tree.append(leaf) }
        }
        tree.skip(to: durableOffset)
        return TreeState(size: Offset(tree.end), root: tree.root)
    }
}

extension CompactRange {
    /// As this, with the leaf of a hole for the offsets up to `offset`.
    func skipped(to offset: Offset) -> CompactRange {
        var range = self
        range.skip(to: offset)
        return range
    }

    /// Gives the offsets up to `offset` the leaf of a hole.
    mutating func skip(to offset: Offset) {
        if offset.value > end { append(RecordLeaf.hole, count: offset.value - end) }
    }
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
        return try leafRuns(of: try readRecords()).range
    }
}
