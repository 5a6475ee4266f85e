// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Sizes and ages at which the log moves on.
///
/// The defaults suit one hospital on two cores.
public struct LogOptions: Sendable {
    /// Records after which the head becomes a block: decision 0015 has the sizes measured.
    public var blockRecordCountMax = 16_384
    /// Records that no block holds yet at which the owner should commit a block before it appends more.
    public var headRecordCountMax = 131_072
    /// Bytes after which the head becomes a block.
    public var blockSizeMaxBytes = 16 << 20
    /// Age in log time of the oldest record after which the head becomes a block.
    public var blockAgeMaxNanoseconds: Int64 = 300 * 1_000_000_000
    /// Bytes after which a segment is sealed.
    public var segmentSizeMaxBytes = 256 << 20
    /// Age in log time of its first record after which a segment is sealed.
    public var segmentAgeMaxNanoseconds: Int64 = 86_400 * 1_000_000_000
    /// Bytes after which a new write-ahead file is begun.
    public var walFileSizeMaxBytes = 64 << 20
    /// zlib's level for chunks, 1...9.
    public var compressionLevel: Int32 = 1
    /// Which library compresses the columns of blocks.
    public var deflate = DeflateLibrary.auto
    /// Bytes held back so that a full disk can itself be recorded; 0 for none.
    ///
    /// A fact is a few hundred bytes, and what it needs at once is a page of the write-ahead log and one of
    /// the read models.
    public var reserveSizeBytes = 64 << 10
    /// False only in the test that proves that the crash harness notices it.
    var cutsTornTail = true

    /// The defaults.
    public init() {}
}
