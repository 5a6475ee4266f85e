// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// How a file is opened.
public enum OpenMode: Hashable, Sendable {
    /// For reading; it must exist.
    case read
    /// For reading and writing; it must exist.
    case update
    /// For reading and writing; it must not exist.
    case create
}

/// The disk as the log sees it: the only way to files for ``LogFile`` users, so that tests can supply a disk
/// that fails.
///
/// Names become durable only by ``synchroniseDirectory(_:)``, bytes only by ``LogFile/synchronise()``. No
/// call retries a failed synchronisation: after one fails, what was written since the last good one is
/// unknown.
public protocol LogStorage: Sendable {
    /// Opens a file. A symbolic link as last part of the path is refused.
    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any LogFile
    /// Makes one directory; it is not an error when it exists.
    func makeDirectory(_ path: String) throws(StorageError)
    /// Names in a directory without `.` and `..`, in byte order.
    func list(_ path: String) throws(StorageError) -> [String]
    /// Gives a file another name in the same file system; replaces what has that name.
    func rename(_ path: String, to target: String) throws(StorageError)
    /// Removes a file's name.
    func remove(_ path: String) throws(StorageError)
    /// Makes creations, renames and removals in a directory durable.
    func synchroniseDirectory(_ path: String) throws(StorageError)
    /// Length of a file in bytes, nil when there is none.
    func size(_ path: String) throws(StorageError) -> Int?
    /// Bytes that may still be written in the file system of an existing path; nil where it does not say.
    func freeBytes(_ path: String) -> Int?
}

/// One open file.
///
/// Closed when the last reference goes.
public protocol LogFile: AnyObject, Sendable {
    /// The path by which it was opened.
    var path: String { get }
    /// Length in bytes.
    func size() throws(StorageError) -> Int
    /// Writes the first bytes of `bytes` at a position and returns how many; may be fewer, may fail with
    /// EINTR.
    func writeSome(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) -> Int
    /// Reads at most `count` bytes at a position; fewer only at the end of the file.
    func read(at position: Int, count: Int) throws(StorageError) -> [UInt8]
    /// Makes all written bytes and the length durable.
    func synchronise() throws(StorageError)
    /// Sets the length.
    func truncate(to length: Int) throws(StorageError)
    /// Reserves space up to `length` and sets the length if it was less; the new bytes read as zeros.
    func preallocate(to length: Int) throws(StorageError)
}

/// `errno` of an interrupted call, for which a write is tried again.
private let interrupted: Int32 = 4
/// `errno` for a device that takes no byte and says nothing.
private let inputOutput: Int32 = 5

extension LogFile {
    /// Writes all of `bytes` at a position: short writes continue, interrupted ones are repeated.
    ///
    /// - Throws: ``StorageError``; an unknown part may then have been written.
    public func write(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            do throws(StorageError) {
                let count = try writeSome(bytes.extracting(done..<bytes.count), at: position + done)
                guard count > 0 else { throw StorageError(.write, path, inputOutput) }
                done += count
            } catch {
                guard error.code == interrupted else { throw error }
            }
        }
    }

    /// Reads the whole file.
    public func readAll() throws(StorageError) -> [UInt8] {
        try read(at: 0, count: try size())
    }
}

extension LogStorage {
    /// Not known.
    public func freeBytes(_ path: String) -> Int? { nil }

    /// Whether a file or directory has that name.
    public func exists(_ path: String) throws(StorageError) -> Bool { try size(path) != nil }

    /// The bytes of a file.
    public func readFile(_ path: String) throws(StorageError) -> [UInt8] {
        try open(path, .read).readAll()
    }

    /// Makes a directory and those above it that are missing, each made durable in its parent.
    public func makeDirectories(_ path: String) throws(StorageError) {
        guard !path.isEmpty, path != "/", try !exists(path) else { return }
        let parent = parentPath(path)
        try makeDirectories(parent)
        try makeDirectory(path)
        try synchroniseDirectory(parent)
    }

    /// Replaces a file so that after a crash either the old or the new content is there, whole.
    ///
    /// Writes `path.tmp`, synchronises it, renames it and synchronises the directory.
    public func writeAtomically(_ bytes: [UInt8], to path: String) throws(StorageError) {
        let temporary = path + ".tmp"
        if try exists(temporary) { try remove(temporary) }
        let file = try open(temporary, .create)
        try file.write(bytes.span, at: 0)
        try file.synchronise()
        try rename(temporary, to: path)
        try synchroniseDirectory(parentPath(path))
    }
}

/// The directory part of a path: `.` for a bare name, `/` for a name in the root.
public func parentPath(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: 0x2f) else { return "." }
    return slash == path.startIndex ? "/" : String(path[path.startIndex..<slash])
}

/// The last part of a path.
public func lastPathPart(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: 0x2f) else { return path }
    return String(path[path.index(after: slash)...])
}
