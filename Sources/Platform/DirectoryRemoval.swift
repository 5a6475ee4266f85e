// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

extension POSIXStorage {
    /// Removes a directory and all below it; symbolic links are removed, not followed.
    ///
    /// - Throws: ``StorageError`` at the first name that cannot be removed; the rest stays.
    public func removeTree(_ path: String) throws(StorageError) {
        for file in try walk(path).reversed() {
            let full = path + "/" + file.relativePath
            if file.isDirectory { try removeEmptyDirectory(full) } else { try remove(full) }
        }
        // The walk shows regular files only: sockets and links are left at this level.
        for name in try list(path) { try remove(path + "/" + name) }
        try removeEmptyDirectory(path)
    }

    private func removeEmptyDirectory(_ path: String) throws(StorageError) {
        // Valid: the text lives during the call.
        guard unsafe rmdir(path) == 0 else { throw .last(.remove, path) }
    }
}
