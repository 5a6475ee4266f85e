// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import CSHA256

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

    /// SHA-256 of `bytes`.
    ///
    /// Less than half of what `Crypto` takes for short inputs, which matters for trees of millions of leaves:
    /// decision 0019.
    private init(hashing bytes: UnsafeRawBufferPointer) {
        var state = TreeHash.initialState
        let wholeCount = bytes.count / TreeHash.blockSize
        if wholeCount > 0 { unsafe TreeHash.compress(bytes, wholeCount, into: &state) }
        // FIPS 180-4, section 5.1.1: what is left, a one bit, zeros, the length in bits.
        var tail = InlineArray<128, UInt8>(repeating: 0)
        let rest = bytes.count % TreeHash.blockSize
        let size = rest < TreeHash.blockSize - 8 ? TreeHash.blockSize : 2 * TreeHash.blockSize
        var target = tail.mutableSpan
        // Valid: fewer than 64 bytes of 128, read from the end of the buffer.
        unsafe target.withUnsafeMutableBytes {
            unsafe $0.copyMemory(from: .init(rebasing: bytes.suffix(rest)))
        }
        target[rest] = 0x80
        let bitCount = UInt64(bytes.count) * 8
        for place in 0..<8 {
            target[size - 1 - place] = UInt8(truncatingIfNeeded: bitCount >> UInt64(place * 8))
        }
        // Valid: one or two blocks of the two that the tail has; it is not kept.
        unsafe tail.span.bytes.withUnsafeBytes { tail in
            unsafe TreeHash.compress(tail, size / TreeHash.blockSize, into: &state)
        }
        words = .zero
        for lane in 0..<4 {
            words[lane] =
                UInt64(state[2 * lane].byteSwapped) | UInt64(state[2 * lane + 1].byteSwapped) << 32
        }
    }

    /// SHA-256 of `bytes` as they are, without the prefix of a leaf or node.
    init(digesting bytes: Span<UInt8>) {
        // Valid: the span bounds the buffer, which is only read during the call.
        self = unsafe bytes.bytes.withUnsafeBytes { unsafe TreeHash(hashing: $0) }
    }

    /// Bytes that the compression function takes at a time.
    private static let blockSize = 64

    /// FIPS 180-4, section 5.3.3.
    private static var initialState: InlineArray<8, UInt32> {
        [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
            0x5be0_cd19,
        ]
    }

    /// Takes the first `count` blocks of `bytes`, which has so many, into `state`.
    private static func compress(
        _ bytes: UnsafeRawBufferPointer,
        _ count: Int,
        into state: inout InlineArray<8, UInt32>
    ) {
        var target = state.mutableSpan
        // Valid: eight words, and blocks that the caller counted in the buffer.
        unsafe target.withUnsafeMutableBufferPointer { words in
            let data = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe CCryptoBoringSSL_SHA256_TransformBlocks(words.baseAddress, data, count)
        }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        (0..<TreeHash.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    /// Appends the 32 bytes.
    func append(to output: inout [UInt8]) {
        for lane in 0..<4 {
            for shift in 0..<8 { output.append(UInt8(truncatingIfNeeded: words[lane] >> UInt64(shift * 8))) }
        }
    }

    /// Hash of the tree without leaves.
    public static let empty = unsafe TreeHash(hashing: UnsafeRawBufferPointer(start: nil, count: 0))

    /// What a leaf begins with: its content follows.
    public static let leafPrefix: UInt8 = 0
    private static let nodePrefix: UInt8 = 1

    /// Hash of a leaf whose content is `head`, then `body`.
    public static func leaf(_ head: [UInt8], _ body: ArraySlice<UInt8>) -> TreeHash {
        var whole = [leafPrefix]
        whole.reserveCapacity(1 + head.count + body.count)
        whole.append(contentsOf: head)
        whole.append(contentsOf: body)
        return leaf(prefixed: whole.span)
    }

    /// Hash of a leaf.
    public static func leaf(_ content: [UInt8]) -> TreeHash { leaf(content, []) }

    /// Hash of a leaf whose content follows ``leafPrefix`` in `bytes`.
    ///
    /// - Complexity: O(bytes); allocates nothing.
    public static func leaf(prefixed bytes: Span<UInt8>) -> TreeHash {
        precondition(!bytes.isEmpty && bytes[0] == leafPrefix, "a leaf begins with its prefix")
        // Valid: the span bounds the buffer, which is only read during the call.
        return unsafe bytes.bytes.withUnsafeBytes { unsafe TreeHash(hashing: $0) }
    }

    /// Hash of the node above two.
    public static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        // The prefix in the last byte before two hashes that are aligned.
        var words = InlineArray<9, UInt64>(repeating: UInt64(nodePrefix) << 56)
        for lane in 0..<4 {
            words[1 + lane] = left.words[lane]
            words[5 + lane] = right.words[lane]
        }
        for lane in 0..<9 { words[lane] = words[lane].littleEndian }
        // Valid: 65 bytes of the 72 of the words, which the closure reads and does not keep.
        return unsafe words.span.bytes.withUnsafeBytes { buffer in
            unsafe TreeHash(hashing: UnsafeRawBufferPointer(rebasing: buffer[7...]))
        }
    }
}
