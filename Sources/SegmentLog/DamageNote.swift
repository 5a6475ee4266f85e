// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Offsets that the stream skips: their records are lost.
public struct OffsetHole: Hashable, Sendable {
    /// First missing offset.
    public var from: Offset
    /// First offset after the hole.
    public var end: Offset

    /// Makes a hole.
    public init(from: Offset, end: Offset) {
        self.from = from
        self.end = end
    }

    /// Number of missing records.
    public var count: UInt64 { end.value - from.value }
}

/// One place where stored bytes are not what was written.
public struct DamageNote: Hashable, Sendable {
    /// What is wrong there.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The file's header is missing, damaged or belongs to another file.
        case header
        /// A block's header is damaged.
        case blockHeader
        /// A chunk's stored bytes do not match their checksum.
        case chunk
        /// A chunk does not decompress or decode to what its header says.
        case content
        /// A batch of the write-ahead log is damaged and later ones are not.
        case batch
        /// A segment that is not the last one has no whole footer.
        case unsealed
        /// The footer contradicts the blocks.
        case footer
        /// Bytes after the last whole block or batch; cut when the writer opens the store.
        case tail
        /// Offsets or log times go back.
        case order
        /// Offsets are missing.
        case hole
        /// Records are not those whose hashes their block holds.
        case tree
        /// Records are not those that a head was signed for, or are missing below its size.
        case signed
        /// A head or a tombstone is not signed by the store's key.
        case signature
        /// Records were removed, and no signed tombstone accounts for them.
        case removed
        /// The file could not be read.
        case unreadable
        /// A file or folder that must be there is not.
        case missing
    }

    /// The file, from the stream's directory.
    public var file: String
    /// Position in the file where the damage begins.
    public var position: Int
    /// Ordinal of the block or batch in its file, nil when unknown.
    public var block: Int?
    /// First offset that is affected.
    public var from: Offset
    /// First offset after those affected; equal to `from` when no record is.
    public var end: Offset
    /// What is wrong.
    public var reason: Reason

    /// Makes a note.
    public init(file: String, position: Int, block: Int? = nil, from: Offset, end: Offset, reason: Reason) {
        self.file = file
        self.position = position
        self.block = block
        self.from = from
        self.end = end
        self.reason = reason
    }
}
