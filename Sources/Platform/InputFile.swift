// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Glibc

/// A file or standard input that is read once from front to back; pipes and symbolic links are welcome.
///
/// For input only: the log's own files go through ``LogStorage``. Closed when the last reference goes.
public final class InputFile: Sendable {
    /// Whether it is a regular file: it has a length, a time, and may be read again.
    public let isRegular: Bool
    /// Length in bytes; 0 when it is not regular.
    public let size: Int
    /// Time of the last change of the content; absent when it is not regular.
    public let changeTime: UTCTime

    private let descriptor: Int32
    private let path: String
    private let isOwned: Bool

    /// Opens a file for reading.
    public convenience init(_ path: String) throws(StorageError) {
        let opened = repeatingInterrupted {
            // Valid: the text lives during the call.
            unsafe open(path, O_RDONLY | O_CLOEXEC)
        }
        guard opened >= 0 else { throw .last(.open, path) }
        try self.init(descriptor: opened, path: path, isOwned: true)
    }

    /// Standard input.
    public convenience init() throws(StorageError) {
        try self.init(descriptor: STDIN_FILENO, path: "standard input", isOwned: false)
    }

    private init(descriptor: Int32, path: String, isOwned: Bool) throws(StorageError) {
        self.descriptor = descriptor
        self.path = path
        self.isOwned = isOwned
        var status = stat()
        // Valid: `status` outlives the call.
        guard unsafe fstat(descriptor, &status) == 0 else {
            let error = StorageError.last(.status, path)
            if isOwned { _ = close(descriptor) }
            throw error
        }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else {
            if isOwned { _ = close(descriptor) }
            throw StorageError(.open, path, EISDIR)
        }
        isRegular = kind == S_IFREG
        size = isRegular ? Int(status.st_size) : 0
        changeTime =
            isRegular
            ? UTCTime(
                nanoseconds: Int64(status.st_mtim.tv_sec) &* UTCTime.second &+ Int64(status.st_mtim.tv_nsec)
            )
            : .absent
    }

    deinit {
        if isOwned { _ = close(descriptor) }
    }

    /// Reads at most `count` further bytes; none at the end.
    public func read(_ count: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            // Valid: at most the array's length is read.
            let taken = unsafe Glibc.read(descriptor, &bytes, count)
            if taken >= 0 {
                bytes.removeLast(count - taken)
                return bytes
            }
            guard errno == EINTR else { throw .last(.read, path) }
        }
    }
}
