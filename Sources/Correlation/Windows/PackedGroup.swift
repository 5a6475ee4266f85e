// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A group and its key as a snapshot holds them, alone: a group of one event takes some 250 bytes, where
/// objects take 1,700.
///
/// A snapshot keeps it as it is, so that a restart with a million of them reads none.
struct PackedGroup<Group: KeyedGroup>: Sendable {
    /// Time touched, key, group.
    let bytes: [UInt8]

    /// Packs a group.
    init(_ group: Group, _ key: GroupKey) throws {
        let encoder = SnapshotEncoder(isAlone: true)
        encoder.write(group.touched)
        key.write(to: encoder)
        try group.write(to: encoder)
        var exact: [UInt8] = []
        exact.reserveCapacity(encoder.bytes.count)
        exact.append(contentsOf: encoder.bytes)
        bytes = exact
    }

    /// Takes what was packed; nil for what is too short to have a time.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 8 else { return nil }
        self.bytes = bytes
    }

    /// Event time at which the group was changed last.
    var touched: UTCTime { UTCTime(nanoseconds: Int64(bitPattern: bytes.span.word(at: 0))) }

    /// The key; one without parts where it cannot be read.
    var key: GroupKey { (try? GroupKey.read(from: SnapshotDecoder(bytes, 8..<bytes.count))) ?? GroupKey() }

    /// The group; nil if it is that of another key.
    ///
    /// - Throws: ``SnapshotError`` for anything else than what was packed.
    func group(of key: GroupKey) throws -> Group? {
        let decoder = SnapshotDecoder(bytes, 8..<bytes.count)
        guard try GroupKey.read(from: decoder) == key else { return nil }
        let group = try Group.read(from: decoder)
        guard decoder.isAtEnd else { throw decoder.damage }
        return group
    }
}
