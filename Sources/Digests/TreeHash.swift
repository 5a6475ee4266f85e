// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Crypto

/// A hash of a Merkle tree: SHA-256, 32 bytes in place.
///
/// - Source: RFC 6962, section 2.1. Leaves and inner nodes are hashed with different first bytes, so that one
///   never passes for the other.
@safe public struct TreeHash: Hashable, Sendable {
    /// Bytes of a hash.
    public static let byteCount = 32

    private var words: SIMD4<UInt64>

    /// Wraps 32 bytes; nil for any other count.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == TreeHash.byteCount else { return nil }
        words = .zero
        for (index, byte) in bytes.enumerated() { words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
    }

    private init(_ digest: SHA256.Digest) {
        // Valid: a SHA-256 digest has 32 bytes, and the load needs no alignment.
        words = unsafe digest.withUnsafeBytes { unsafe $0.loadUnaligned(as: SIMD4<UInt64>.self) }
        for lane in 0..<4 { words[lane] = UInt64(littleEndian: words[lane]) }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        (0..<TreeHash.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    /// Hash of the tree without leaves.
    public static let empty = TreeHash(SHA256.hash(data: []))

    /// Hash of a leaf whose content is `head`, then `body`.
    public static func leaf(_ head: [UInt8], _ body: ArraySlice<UInt8>) -> TreeHash {
        var state = SHA256()
        state.update(data: leafPrefix)
        state.update(data: head)
        state.update(data: body)
        return TreeHash(state.finalize())
    }

    /// Hash of a leaf.
    public static func leaf(_ content: [UInt8]) -> TreeHash { leaf(content, []) }

    /// Hash of the node above two.
    public static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        var state = SHA256()
        state.update(data: nodePrefix)
        // Valid: 32 bytes of words each, which the closure reads and does not keep.
        unsafe withUnsafeBytes(of: left.littleEndian) { unsafe state.update(bufferPointer: $0) }
        unsafe withUnsafeBytes(of: right.littleEndian) { unsafe state.update(bufferPointer: $0) }
        return TreeHash(state.finalize())
    }

    private static let leafPrefix: [UInt8] = [0]
    private static let nodePrefix: [UInt8] = [1]

    private var littleEndian: SIMD4<UInt64> {
        SIMD4(words[0].littleEndian, words[1].littleEndian, words[2].littleEndian, words[3].littleEndian)
    }
}
