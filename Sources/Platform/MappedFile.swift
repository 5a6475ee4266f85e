// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// A file's bytes without reading them all: mapped, read-only.
///
/// For files that no longer change.
///
/// `@unchecked Sendable`: the mapping is read-only and unmapped only when the last reference goes. If the
/// file is cut by someone else while mapped, the process is stopped by the kernel: map sealed files only.
@safe public final class MappedFile: @unchecked Sendable {
    private let base: UnsafeRawPointer?
    /// Length in bytes.
    public let count: Int

    /// Maps the file as it is now.
    public init(_ path: String) throws(StorageError) {
        let descriptor = repeatingInterrupted {
            // Valid: the text lives during the call. A pipe in the place of a file makes nobody wait.
            unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        }
        guard descriptor >= 0 else { throw .last(.open, path) }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last(.status, path) }
        count = Int(status.st_size)
        guard count > 0 else {
            unsafe base = nil
            return
        }
        // Valid: MAP_FAILED is the only other answer.
        let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .last(.map, path) }
        unsafe base = UnsafeRawPointer(address)
    }

    deinit {
        // Valid: this is the range that was mapped.
        if let base = unsafe base { unsafe _ = munmap(UnsafeMutableRawPointer(mutating: base), count) }
    }

    /// Lets `body` read the bytes.
    public func withBytes<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        guard let base = unsafe base else { return try body([UInt8]().span) }
        // Valid: the mapping has `count` bytes and lives as long as `self`.
        let buffer = unsafe UnsafeBufferPointer(start: base.assumingMemoryBound(to: UInt8.self), count: count)
        return try body(unsafe Span(_unsafeElements: buffer))
    }
}
