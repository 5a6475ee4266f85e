// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// What the system knows of a file that others write.
public struct FileFacts: Hashable, Sendable {
    /// Device and inode: the same through every rename.
    public var device: UInt64
    /// Device and inode.
    public var inode: UInt64
    /// Length in bytes.
    public var size: Int
    /// Whether it is a regular file.
    public var isRegular: Bool
    /// Number of its names: 0 when it was deleted.
    public var links: Int
}

/// A file that others write, held open for reading at any position.
///
/// Stays the same file while it is renamed or deleted. Closed when the last reference goes.
public final class FollowedHandle: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Opens a file; never waits, also for a pipe.
    ///
    /// - Throws: ``StorageError`` with the reason, also when it is no regular file.
    public init(_ path: String) throws(StorageError) {
        let opened = repeatingInterrupted {
            // Valid: the text lives during the call.
            unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        }
        guard opened >= 0 else { throw .last(.open, path) }
        self.descriptor = opened
        self.path = path
        guard try facts().isRegular else { throw StorageError(.open, path, EINVAL) }
    }

    deinit { _ = close(descriptor) }

    /// What the file is now.
    public func facts() throws(StorageError) -> FileFacts {
        var status = stat()
        // Valid: `status` outlives the call.
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last(.status, path) }
        return FileFacts(status)
    }

    /// At most `count` bytes from `position` on; fewer only at the end.
    public func read(at position: Int, count: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var taken = 0
        while taken < count {
            // Valid: at most the rest of the array is read.
            let got = unsafe bytes.withUnsafeMutableBytes { room in
                unsafe pread(
                    descriptor,
                    room.baseAddress.map { unsafe $0 + taken },
                    count - taken,
                    position + taken
                )
            }
            if got < 0 {
                guard errno == EINTR else { throw .last(.read, path) }
                continue
            }
            guard got > 0 else { break }
            taken += got
        }
        bytes.removeLast(count - taken)
        return bytes
    }

    /// What a path leads to now; nil when there is nothing.
    public static func facts(of path: String) -> FileFacts? {
        var status = stat()
        // Valid: `status` outlives the call.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return FileFacts(status)
    }
}

extension FileFacts {
    init(_ status: stat) {
        self.init(
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            size: Int(status.st_size),
            isRegular: status.st_mode & S_IFMT == S_IFREG,
            links: Int(status.st_nlink)
        )
    }
}

/// Paths that a pattern with `*`, `?` and `[...]` fits, in byte order; a path without these is itself if it
/// exists.
///
/// Symbolic links are followed; names that begin with a full stop must be asked for.
public func paths(matching pattern: String) -> [String] {
    var result = unsafe glob_t()
    defer { unsafe globfree(&result) }
    // Valid: the text lives during the call; the result is freed above.
    guard unsafe glob(pattern, GLOB_NOSORT, nil, &result) == 0 else { return [] }
    var found: [String] = []
    for index in unsafe 0..<Int(result.gl_pathc) {
        // Valid: gl_pathv holds gl_pathc texts.
        guard let text = unsafe result.gl_pathv[index] else { continue }
        found.append(unsafe String(cString: text))
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
