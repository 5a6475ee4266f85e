// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform

/// Why the log could not do what was asked.
///
/// Nothing was appended when an append throws.
public enum LogError: Error, Hashable, Sendable {
    /// The operating system refused.
    case storage(StorageError)
    /// No space or quota is left; the file was cut back, and the call may be repeated when there is space
    /// again.
    case storageFull(StorageError)
    /// A synchronisation failed earlier: what is durable is unknown until the log is opened again.
    case suspect
    /// Stored bytes do not match their checksum or contradict each other.
    case damaged(file: String, position: Int)
    /// The file needs a newer reader: its version, or the bits of unknown incompatible flags.
    case unsupported(file: String, version: UInt16, flags: UInt32)
    /// The events of the block are of a newer version of the event schema; its records can be read.
    case newerEvents(file: String, position: Int, schema: Int)
    /// The batch is larger than ``LogLimits/batchSizeMaxBytes`` or has more records than a block.
    case batchTooLarge(bytes: Int, records: Int)
    /// A block that was not handed out, or not the oldest one that was.
    case blockOutOfOrder(base: Offset)
    /// zlib refused.
    case compression(code: Int32)

    init(_ error: StorageError) {
        self = error.isFull ? .storageFull(error) : .storage(error)
    }
}

/// Bounds of the stored form.
public enum LogLimits {
    /// Most bytes of one batch of records, encoded: a quarter of the cap of a chunk leaves room for the head.
    public static let batchSizeMaxBytes = 16 << 20
    /// Most bytes that one chunk decompresses to; a header that claims more is refused before anything is
    /// allocated.
    public static let chunkSizeMaxBytes = 64 << 20
    /// Most memory that reading one block takes, whatever it claims, beyond its stored bytes.
    public static let blockMemoryMaxBytes = 512 << 20
    /// Most records in one batch or block.
    public static let blockRecordCountMax = 65_536
    /// Most chunks of a block: two are known; the rest is for later versions.
    public static let chunkCountMax = 64
}

/// Runs a disk operation and gives its error as the log's.
func onDisk<Result>(_ body: () throws(StorageError) -> Result) throws(LogError) -> Result {
    do throws(StorageError) { return try body() } catch { throw LogError(error) }
}
