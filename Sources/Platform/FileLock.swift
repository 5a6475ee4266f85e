// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// An exclusive lock on a file, held until released or the process ends.
///
/// The kernel drops it with the process, so a crash leaves no stale lock. The file stays; its content is not
/// used.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock without waiting; makes the file if needed.
    ///
    /// - Throws: ``StorageError``; ``StorageError/isHeld`` when another process has it.
    public init(_ path: String) throws(StorageError) {
        let opened = repeatingInterrupted {
            // Valid: the text lives during the call.
            unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, POSIXStorage.fileMode)
        }
        guard opened >= 0 else { throw .last(.lock, path) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let error = StorageError.last(.lock, path)
            _ = close(opened)
            throw error
        }
        descriptor = opened
    }

    deinit {
        _ = close(descriptor)
    }
}
