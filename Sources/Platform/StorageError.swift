// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// Why the operating system refused an operation on a file or directory.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked for.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// Opening or creating a file.
        case open
        /// Reading bytes.
        case read
        /// Writing bytes.
        case write
        /// Making written bytes durable.
        case synchronise
        /// Making directory entries durable.
        case synchroniseDirectory
        /// Changing a file's length.
        case truncate
        /// Reserving space.
        case preallocate
        /// Asking for a length or kind.
        case status
        /// Giving a file another name.
        case rename
        /// Removing a name.
        case remove
        /// Making a directory.
        case makeDirectory
        /// Reading a directory.
        case list
        /// Taking a lock.
        case lock
        /// Mapping a file into memory.
        case map
        /// A socket or thread call.
        case system
    }

    /// What was asked for.
    public var operation: Operation
    /// The path as given; empty for sockets and threads.
    public var path: String
    /// The `errno` of the call.
    public var code: Int32

    /// Makes an error.
    public init(_ operation: Operation, _ path: String, _ code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// Whether space or quota is used up: ENOSPC or EDQUOT.
    public var isFull: Bool { code == ENOSPC || code == EDQUOT }

    /// Whether the file or directory does not exist.
    public var isMissing: Bool { code == ENOENT }

    /// Whether the name is taken.
    public var isExisting: Bool { code == EEXIST }

    /// Whether another process holds the lock.
    public var isHeld: Bool { code == EWOULDBLOCK }

    /// The operating system's words for the code.
    public var reason: String {
        // Valid: strerror returns a NUL-terminated text for every number.
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// Operation, path and reason.
    public var description: String { "\(operation.rawValue) \(path): \(reason)" }

    static func last(_ operation: Operation, _ path: String) -> StorageError {
        StorageError(operation, path, errno)
    }
}
