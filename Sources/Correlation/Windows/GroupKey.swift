// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The groups that a match belongs to: nearly always one, which needs no list.
enum GroupKeys: Sendable {
    /// A field of the group is missing.
    case none
    case one(GroupKey)
    /// One for each combination of values.
    case several([GroupKey])

    /// The keys as a list.
    var all: [GroupKey] {
        switch self {
        case .none: []
        case .one(let key): [key]
        case .several(let keys): keys
        }
    }
}

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
    ///
    /// - Parameter name: With the `=` after it.
    func adding(_ name: [UInt8], _ value: Span<UInt8>) -> GroupKey {
        var longer = self
        longer.append(name, value)
        longer.seal()
        return longer
    }

    /// The key of one value for each part; nil when a part has several, none when one has none.
    ///
    /// - Parameters:
    ///   - names: With the `=` after them.
    ///   - collect: Calls its last argument with each value of the part that it is asked for, until that
    ///     says true.
    static func only(
        _ names: [[UInt8]],
        _ collect: (Int, (Span<UInt8>) -> Bool) -> Void
    ) -> GroupKeys? {
        var key = GroupKey()
        key.bytes.reserveCapacity(64)
        for part in names.indices {
            var count = 0
            collect(part) { value in
                count += 1
                if count == 1 { key.append(names[part], value) }
                return count > 1
            }
            guard count > 0 else { return GroupKeys.none }
            guard count == 1 else { return nil }
        }
        if !key.bytes.isEmpty { key.seal() }
        return .one(key)
    }

    private mutating func append(_ name: [UInt8], _ value: Span<UInt8>) {
        let start = bytes.count
        for _ in 0..<4 { bytes.append(0) }
        bytes.append(contentsOf: name)
        if ByteFolding.isASCII(value) {
            for index in value.indices { bytes.append(ByteFolding.folded(value[index])) }
        } else {
            bytes.append(contentsOf: String(decoding: value.copied, as: UTF8.self).lowercased().utf8)
        }
        let count = bytes.count - start - 4
        for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: count >> (8 * place)) }
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

    /// A hash that is the same in every run.
    var digest: UInt64 { hash }

    static func == (left: GroupKey, right: GroupKey) -> Bool {
        left.hash == right.hash && left.bytes == right.bytes
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// An order that no hash decides.
    func precedes(_ other: GroupKey) -> Bool { parts.lexicographicallyPrecedes(other.parts) }
}
