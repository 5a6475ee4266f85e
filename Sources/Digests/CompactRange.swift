// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The leaves `begin ..< end` of a Merkle tree as the fewest hashes: its greatest whole subtrees.
///
/// Ranges that touch merge in O(log n); one that begins at 0 has the root of the tree of its size.
public struct CompactRange: Hashable, Sendable {
    /// First leaf.
    public let begin: UInt64
    /// First leaf after it.
    public private(set) var end: UInt64
    /// Hashes of the subtrees.
    public private(set) var hashes: [TreeHash] = []

    /// No leaves, at `begin`.
    public init(at begin: UInt64 = 0) {
        self.begin = begin
        end = begin
    }

    /// The range with these hashes; nil unless there are as many as the range has subtrees.
    public init?(_ range: Range<UInt64>, hashes: [TreeHash]) {
        begin = range.lowerBound
        end = range.upperBound
        guard hashes.count == CompactRange.subtrees(of: range).count else { return nil }
        self.hashes = hashes
    }

    /// A whole subtree: `2^level` leaves from `start` on, which is a multiple of that.
    public struct Subtree: Hashable, Sendable {
        /// First leaf.
        public var start: UInt64
        /// 0 for a leaf.
        public var level: Int

        /// The subtree of `2^level` leaves from `start` on.
        public init(start: UInt64, level: Int) {
            self.start = start
            self.level = level
        }
    }

    /// The greatest whole subtrees of `range`, left to right.
    public static func subtrees(of range: Range<UInt64>) -> [Subtree] {
        var found: [Subtree] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let fitting = 63 - (range.upperBound - start).leadingZeroBitCount
            let level = start == 0 ? fitting : min(fitting, start.trailingZeroBitCount)
            found.append(Subtree(start: start, level: level))
            start += 1 << UInt64(level)
        }
        return found
    }

    /// Its subtrees.
    public var subtrees: [Subtree] { CompactRange.subtrees(of: begin..<end) }

    /// Appends one leaf.
    public mutating func append(_ leaf: TreeHash) { append(leaf, level: 0) }

    /// Appends the leaves of `other`, which must begin where this ends.
    public mutating func append(_ other: CompactRange) {
        precondition(other.begin == end, "ranges of a tree must touch")
        for (subtree, hash) in zip(other.subtrees, other.hashes) { append(hash, level: subtree.level) }
    }

    /// Appends `count` leaves that all have the hash `leaf`, in O(log² count).
    public mutating func append(_ leaf: TreeHash, count: UInt64) {
        let range = end..<end + count
        var powers = [leaf]
        for subtree in CompactRange.subtrees(of: range) {
            while powers.count <= subtree.level {
                powers.append(.node(powers[powers.count - 1], powers[powers.count - 1]))
            }
            append(powers[subtree.level], level: subtree.level)
        }
    }

    private mutating func append(_ hash: TreeHash, level: Int) {
        var hash = hash
        var level = UInt64(level)
        var start = end
        end += 1 << level
        // A right half joins its left one, if that is in the range.
        while start >> level & 1 == 1, start - 1 << level >= begin, let left = hashes.last,
            start - begin >= 1 << level
        {
            hash = .node(left, hash)
            hashes.removeLast()
            start -= 1 << level
            level += 1
        }
        hashes.append(hash)
    }

    /// Root of the tree of `end` leaves; the range must begin at 0.
    public var root: TreeHash {
        precondition(begin == 0, "only a range from the first leaf on has a root")
        guard var root = hashes.last else { return .empty }
        for hash in hashes.dropLast().reversed() { root = .node(hash, root) }
        return root
    }
}
