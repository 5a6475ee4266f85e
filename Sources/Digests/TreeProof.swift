// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Proofs in a Merkle tree: that a leaf is in it, and that one tree begins with another.
///
/// - Source: RFC 6962, sections 2.1.1 and 2.1.2; checking after RFC 9162, sections 2.1.3.2 and 2.1.4.2.
public enum TreeProof {
    /// Hash of a whole subtree.
    public typealias Node<E: Error> = (CompactRange.Subtree) throws(E) -> TreeHash

    /// The hashes that prove leaf `index` in the tree of `size` leaves; `index` must be below `size`.
    public static func inclusion<E>(
        _ index: UInt64,
        size: UInt64,
        _ node: Node<E>
    ) throws(E) -> [TreeHash] {
        var path: [TreeHash] = []
        var (low, high) = (UInt64(0), size)
        while high - low > 1 {
            let half = split(high - low)
            if index < low + half {
                path.append(try root(low + half..<high, node))
                high = low + half
            } else {
                path.append(try root(low..<low + half, node))
                low += half
            }
        }
        return path.reversed()
    }

    /// The hashes that prove that the tree of `size` leaves begins with the tree of `old` leaves.
    public static func consistency<E>(
        _ old: UInt64,
        size: UInt64,
        _ node: Node<E>
    ) throws(E) -> [TreeHash] {
        guard old > 0, old < size else { return [] }
        var path: [TreeHash] = []
        var (low, high) = (UInt64(0), size)
        var isWhole = true
        while old != high {
            let half = split(high - low)
            if old <= low + half {
                path.append(try root(low + half..<high, node))
                high = low + half
            } else {
                path.append(try root(low..<low + half, node))
                low += half
                isWhole = false
            }
        }
        if !isWhole { path.append(try root(low..<high, node)) }
        return path.reversed()
    }

    /// Root of the leaves of `range`, which begins at a multiple of a power of two at least as long.
    private static func root<E>(_ range: Range<UInt64>, _ node: Node<E>) throws(E) -> TreeHash {
        var hashes: [TreeHash] = []
        for subtree in CompactRange.subtrees(of: range) { hashes.append(try node(subtree)) }
        guard var root = hashes.last else { return .empty }
        for hash in hashes.dropLast().reversed() { root = .node(hash, root) }
        return root
    }

    /// The greatest power of two below `count`, which is at least 2.
    private static func split(_ count: UInt64) -> UInt64 { 1 << UInt64(63 - (count - 1).leadingZeroBitCount) }

    /// Whether `path` proves `leaf` at `index` in the tree of `size` leaves with that root.
    public static func isIncluded(
        _ leaf: TreeHash,
        at index: UInt64,
        size: UInt64,
        root: TreeHash,
        path: [TreeHash]
    ) -> Bool {
        guard index < size else { return false }
        var (place, last) = (index, size - 1)
        var hash = leaf
        for other in path {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                hash = .node(other, hash)
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                hash = .node(hash, other)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// Whether `path` proves that the tree of `size` leaves begins with the tree of `old` leaves.
    public static func isConsistent(
        old: UInt64,
        oldRoot: TreeHash,
        size: UInt64,
        root: TreeHash,
        path: [TreeHash]
    ) -> Bool {
        guard old <= size else { return false }
        if old == size { return oldRoot == root && path.isEmpty }
        if old == 0 { return path.isEmpty && oldRoot == .empty }
        var rest = path[...]
        // A tree of a power of two leaves is its own first hash.
        guard let first = old & (old - 1) == 0 ? oldRoot : rest.popFirst() else { return false }
        var (place, last) = (old - 1, size - 1)
        while place & 1 == 1 {
            place >>= 1
            last >>= 1
        }
        var (left, whole) = (first, first)
        for other in rest {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                left = .node(other, left)
                whole = .node(other, whole)
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                whole = .node(whole, other)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && left == oldRoot && whole == root
    }
}
