// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A set of 64-bit keys that never says no to one of them, and yes to one other in 256.
///
/// A binary fuse filter: each key owns three places in neighbouring segments, whose bytes come to the key's
/// fingerprint together. 9 bits a key, up to 11 for some thousands; the same keys give the same bytes.
///
/// - Source: Graf and Lemire, "Binary Fuse Filters" (2022); `schemas/disk/filters-v1.md`, section 4.
struct FuseFilter: Hashable {
    static let version: UInt8 = 1
    /// Most keys: beyond what the values of a block can be.
    static let keyCountMax = 1 << 22
    /// Tries with other seeds before giving up.
    private static let seedCountMax = 64

    private let seed: UInt8
    private let segmentBits: Int
    private let segmentCount: Int
    private let fingerprints: [UInt8]

    /// A filter of `keys`, each once in any order; nil when there are too many, or no seed serves.
    init?(_ keys: [UInt64]) {
        guard keys.count <= FuseFilter.keyCountMax else { return nil }
        (segmentBits, segmentCount) = FuseFilter.layout(keys.count)
        for seed in 0..<FuseFilter.seedCountMax {
            if let filled = FuseFilter.fill(keys, UInt8(seed), segmentBits, segmentCount) {
                (self.seed, fingerprints) = (UInt8(seed), filled)
                return
            }
        }
        return nil
    }

    /// Bytes of the filter.
    var sizeBytes: Int { fingerprints.count }

    /// Whether `key` may be in the set.
    func mayContain(_ key: UInt64) -> Bool {
        guard segmentCount > 0 else { return false }
        let hash = FuseFilter.mixed(key, seed)
        let (first, second, third) = FuseFilter.places(hash, segmentBits, segmentCount)
        return fingerprints[first] ^ fingerprints[second] ^ fingerprints[third]
            == FuseFilter.fingerprint(hash)
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(FuseFilter.version)
        writer.write(seed)
        writer.write(UInt8(segmentBits))
        writer.varint(UInt64(segmentCount))
        return writer.bytes + fingerprints
    }

    init(_ stored: [UInt8]) throws(ByteReaderError) {
        var reader = ByteReader(stored)
        guard try reader.byte() == FuseFilter.version else { throw .invalid(position: 0) }
        let position = reader.position
        seed = try reader.byte()
        segmentBits = Int(try reader.byte())
        guard segmentBits <= 18 else { throw .invalid(position: position) }
        segmentCount = try reader.count(atMost: reader.remaining)
        let size = segmentCount == 0 ? 0 : (segmentCount + 2) << segmentBits
        fingerprints = Array(reader.bytes[try reader.range(size)])
        guard reader.remaining == 0 else { throw .invalid(position: reader.position) }
    }

    /// Length of a segment as a power of two, and number of segments that a key's first place can be in.
    private static func layout(_ count: Int) -> (bits: Int, segments: Int) {
        guard count > 0 else { return (0, 0) }
        let bits = leastCounts.lastIndex { count >= $0 } ?? 0
        // An eighth more places than keys at a million keys, more for fewer: 0.875 + 5 / log2(count).
        let permille = max(1_125, 875 + 5_000 / max(1, count.bitWidth - 1 - count.leadingZeroBitCount))
        let total = (count * permille / 1_000 + 1 << bits) >> bits
        return (bits, max(1, total - 2))
    }

    /// Least keys for segments of 2^index places: 3.33 to the power of index less 2.25.
    private static let leastCounts = [
        1, 1, 1, 3, 9, 28, 92, 304, 1_010, 3_362, 11_193, 37_273, 124_118, 413_310, 1_376_322,
    ]

    private static func mixed(_ key: UInt64, _ seed: UInt8) -> UInt64 {
        var hash = key &+ UInt64(seed) &* 0x9e37_79b9_7f4a_7c15
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ hash >> 33
    }

    private static func fingerprint(_ hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash ^ hash >> 32) }

    private static func places(_ hash: UInt64, _ bits: Int, _ segments: Int) -> (Int, Int, Int) {
        let length = 1 << bits
        let first = Int(hash.multipliedFullWidth(by: UInt64(segments << bits)).high)
        let mask = UInt64(length - 1)
        let second = (first + length) ^ Int(hash >> 18 & mask)
        let third = (first + 2 * length) ^ Int(hash & mask)
        return (first, second, third)
    }

    /// Peels the keys off one after another, then fills in the reverse order; nil when some hang together.
    private static func fill(_ keys: [UInt64], _ seed: UInt8, _ bits: Int, _ segments: Int) -> [UInt8]? {
        guard segments > 0 else { return [] }
        let size = (segments + 2) << bits
        // Of each place: how many keys own it, and the exclusive or of their hashes.
        var counts = [UInt8](repeating: 0, count: size)
        var hashes = [UInt64](repeating: 0, count: size)
        for key in keys {
            let hash = mixed(key, seed)
            let (first, second, third) = places(hash, bits, segments)
            guard max(counts[first], counts[second], counts[third]) < 255 else { return nil }
            counts[first] += 1
            counts[second] += 1
            counts[third] += 1
            hashes[first] ^= hash
            hashes[second] ^= hash
            hashes[third] ^= hash
        }
        var order: [(hash: UInt64, place: Int)] = []
        order.reserveCapacity(keys.count)
        var alone = counts.indices.filter { counts[$0] == 1 }
        while let place = alone.popLast() {
            guard counts[place] == 1 else { continue }
            let hash = hashes[place]
            order.append((hash, place))
            let (first, second, third) = places(hash, bits, segments)
            for other in [first, second, third] {
                counts[other] -= 1
                hashes[other] ^= hash
                if counts[other] == 1 { alone.append(other) }
            }
        }
        guard order.count == keys.count else { return nil }
        var filled = [UInt8](repeating: 0, count: size)
        for (hash, place) in order.reversed() {
            let (first, second, third) = places(hash, bits, segments)
            filled[place] = 0
            filled[place] = fingerprint(hash) ^ filled[first] ^ filled[second] ^ filled[third]
        }
        return filled
    }
}
