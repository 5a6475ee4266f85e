// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What groups matches of a correlation: names with values, in the rule's order.
///
/// One run of bytes with the hash beside it, so that looking a group up compares once and allocates nothing.
struct GroupKey: Hashable, SnapshotCoded, Sendable {
    /// For each part the length of `name=value` in four bytes, and its bytes.
    private var bytes: [UInt8] = []
    private var hash: UInt64 = 0

    /// The key without parts.
    init() {}

    /// A key of parts such as `user.name=root`.
    init(_ parts: [String]) {
        for part in parts { append(Array(part.utf8)) }
        seal()
    }

    func write(to encoder: SnapshotEncoder) { encoder.write(bytes) }

    static func read(from decoder: SnapshotDecoder) throws -> GroupKey {
        var key = GroupKey()
        key.bytes = try decoder.bytes()
        if !key.bytes.isEmpty { key.seal() }
        return key
    }

    /// Adds a part.
    private mutating func append(_ part: [UInt8]) {
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: part.count >> shift)) }
        bytes.append(contentsOf: part)
    }

    private mutating func seal() {
        var stable = StableHash()
        stable.combine(bytes.span, bytes.indices)
        hash = stable.value
    }

    /// This key with one more part, the value in lower case.
    func adding(_ name: String, _ value: [UInt8]) -> GroupKey {
        var longer = self
        var part: [UInt8] = []
        part.reserveCapacity(name.utf8.count + 1 + value.count)
        part.append(contentsOf: name.utf8)
        part.append(0x3d)
        if value.contains(where: { $0 >= 0x80 }) {
            part.append(contentsOf: String(decoding: value, as: UTF8.self).lowercased().utf8)
        } else {
            for byte in value { part.append(ByteFolding.folded(byte)) }
        }
        longer.append(part)
        longer.seal()
        return longer
    }

    /// The parts, in order.
    var parts: [String] {
        var parts: [String] = []
        var index = 0
        while index + 4 <= bytes.count {
            let count = (0..<4).reduce(0) { $0 | Int(bytes[index + $1]) << (8 * $1) }
            parts.append(String(decoding: bytes[index + 4..<index + 4 + count], as: UTF8.self))
            index += 4 + count
        }
        return parts
    }

    static func == (left: GroupKey, right: GroupKey) -> Bool {
        left.hash == right.hash && left.bytes == right.bytes
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// An order that no hash decides.
    func precedes(_ other: GroupKey) -> Bool { parts.lexicographicallyPrecedes(other.parts) }
}
