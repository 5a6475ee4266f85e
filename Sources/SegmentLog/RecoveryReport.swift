// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Bytes that recovery removed from the end of a file, kept beside it.
public struct TornTail: Hashable, Sendable {
    /// The file, from the stream's directory.
    public var file: String
    /// Where the cut was made.
    public var position: Int
    /// How many bytes were cut.
    public var length: Int
}

/// What opening the log for writing found and did.
public struct RecoveryReport: Hashable, Sendable {
    /// First offset after the records found.
    public var end: Offset = .zero
    /// Records that were in the write-ahead log and not yet in a block.
    public var headCount = 0
    /// Tails that were cut.
    public var tornTails: [TornTail] = []
    /// Damage that was found; damaged bytes were copied beside their file, the file is unchanged.
    public var damage: [DamageNote] = []
    /// Offsets that are missing.
    public var holes: [OffsetHole] = []
    /// Greatest log time found; the next one is never less.
    public var lastLogTime: UTCTime = .absent
}
