// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Glibc

/// The disk of this machine.
///
/// Files are made with mode 0640 and directories with 0750, because records hold patient data. Descriptors
/// are not inherited, and a symbolic link swapped in for a file is refused.
public struct POSIXStorage: LogStorage {
    /// Mode of new files.
    public static let fileMode: UInt32 = 0o640
    /// Mode of new directories.
    public static let directoryMode: UInt32 = 0o750

    /// Makes a door to the disk; holds nothing.
    public init() {}

    /// Opens a file; see ``LogStorage/open(_:_:)``.
    public func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any LogFile {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .update: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        return try POSIXFile(path: path, flags: flags)
    }

    /// Bytes that this process may still write, as the file system says.
    public func freeBytes(_ path: String) -> Int? {
        var found = statvfs()
        // Valid: the text lives during the call and `found` outlives it.
        guard unsafe statvfs(path, &found) == 0 else { return nil }
        let (bytes, isBeyond) = found.f_bavail.multipliedReportingOverflow(by: found.f_frsize)
        return isBeyond ? .max : Int(clamping: bytes)
    }

    /// Makes one directory; an existing one is left as it is.
    public func makeDirectory(_ path: String) throws(StorageError) {
        // Valid: the text lives during the call.
        guard unsafe mkdir(path, POSIXStorage.directoryMode) != 0 else { return }
        guard errno == EEXIST else { throw .last(.makeDirectory, path) }
    }

    /// Names in a directory, in byte order.
    public func list(_ path: String) throws(StorageError) -> [String] {
        // Valid: the stream is closed on every way out, and each entry is copied before the next read.
        guard let stream = unsafe opendir(path) else { throw .last(.list, path) }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            // Valid: the kernel terminates d_name with NUL inside the entry.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { start in
                unsafe start.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .last(.list, path) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Renames within one file system.
    public func rename(_ path: String, to target: String) throws(StorageError) {
        // Valid: both texts live during the call.
        guard unsafe Glibc.rename(path, target) == 0 else { throw .last(.rename, path) }
    }

    /// Removes a file's name.
    public func remove(_ path: String) throws(StorageError) {
        // Valid: the text lives during the call.
        guard unsafe unlink(path) == 0 else { throw .last(.remove, path) }
    }

    /// Makes directory entries durable.
    public func synchroniseDirectory(_ path: String) throws(StorageError) {
        let descriptor = repeatingInterrupted {
            // Valid: the text lives during the call.
            unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw .last(.synchroniseDirectory, path) }
        defer { _ = close(descriptor) }
        guard repeatingInterrupted({ fsync(descriptor) }) == 0 else {
            throw .last(.synchroniseDirectory, path)
        }
    }

    /// Length of what has that name, nil when nothing has.
    public func size(_ path: String) throws(StorageError) -> Int? {
        var status = stat()
        // Valid: `status` outlives the call.
        guard unsafe lstat(path, &status) != 0 else { return Int(status.st_size) }
        guard errno == ENOENT || errno == ENOTDIR else { throw .last(.status, path) }
        return nil
    }

    /// Time of last change of a file's content, nil when nothing has that name.
    public func changeTime(_ path: String) throws(StorageError) -> UTCTime? {
        var status = stat()
        // Valid: `status` outlives the call.
        guard unsafe stat(path, &status) != 0 else {
            return UTCTime(
                nanoseconds: Int64(status.st_mtim.tv_sec) &* UTCTime.second &+ Int64(status.st_mtim.tv_nsec)
            )
        }
        guard errno == ENOENT || errno == ENOTDIR else { throw .last(.status, path) }
        return nil
    }
}
