// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// One change of the simulated disk, in the order in which it was asked for.
public enum DiskOperation: Hashable, Sendable {
    /// A file got a name; `file` is its number, names come and go.
    case create(path: String, file: Int)
    /// Bytes were written.
    case write(file: Int, position: Int, bytes: [UInt8])
    /// A file got a length.
    case truncate(file: Int, length: Int)
    /// A file's bytes became durable.
    case synchronise(file: Int)
    /// A directory was made.
    case makeDirectory(path: String)
    /// A name was changed.
    case rename(path: String, target: String)
    /// A name was removed.
    case remove(path: String)
    /// A directory's names became durable.
    case synchroniseDirectory(path: String)
    /// The program promised that everything below this offset is safe.
    case acknowledge(end: UInt64)
}
