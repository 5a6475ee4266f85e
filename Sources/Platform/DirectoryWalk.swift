// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// One file or directory met on a walk.
public struct WalkedFile: Hashable, Sendable {
    /// Path from the start of the walk, with `/` between parts.
    public var relativePath: String
    /// Whether it is a directory.
    public var isDirectory: Bool
    /// Length in bytes; 0 for directories.
    public var size: Int
}

extension POSIXStorage {
    /// Most levels below the start; deeper ones are not entered, so a loop of mounts ends.
    public static let walkDepthMax = 32

    /// All regular files and directories below `path`, in byte order of their paths.
    ///
    /// Symbolic links are not followed.
    public func walk(_ path: String) throws(StorageError) -> [WalkedFile] {
        var found: [WalkedFile] = []
        try walk(path, "", 0, &found)
        return found
    }

    private func walk(
        _ path: String,
        _ prefix: String,
        _ depth: Int,
        _ found: inout [WalkedFile]
    ) throws(StorageError) {
        for name in try list(path) {
            let full = path + "/" + name
            var status = stat()
            // Valid: `status` outlives the call. A file that went meanwhile is skipped.
            guard unsafe lstat(full, &status) == 0 else { continue }
            let kind = status.st_mode & S_IFMT
            if kind == S_IFDIR {
                found.append(WalkedFile(relativePath: prefix + name, isDirectory: true, size: 0))
                if depth < POSIXStorage.walkDepthMax {
                    try walk(full, prefix + name + "/", depth + 1, &found)
                }
            } else if kind == S_IFREG {
                found.append(
                    WalkedFile(relativePath: prefix + name, isDirectory: false, size: Int(status.st_size))
                )
            }
        }
    }

    /// Whether a directory has that name; symbolic links are followed.
    public func isDirectory(_ path: String) -> Bool {
        var status = stat()
        // Valid: `status` outlives the call.
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
