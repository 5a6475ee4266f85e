// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform

/// Scenario files on a disk.
public struct DiskScenarioFiles: ScenarioFiles {
    /// Longest expectation or golden file that is read: 64 MiB, thousands of incidents; more is a mistake in
    /// the path.
    public static let fileBytesMax = 64 << 20

    private let storage: any LogStorage

    /// Reads and writes through `storage`.
    public init(_ storage: any LogStorage) {
        self.storage = storage
    }

    /// Names in `directory`; nil if there is no such directory.
    public func names(in directory: String) throws(WardlineError) -> [String]? {
        do {
            return try storage.list(directory)
        } catch  where error.isMissing || error.code == DiskScenarioFiles.notDirectory {
            return nil
        } catch {
            throw DiskScenarioFiles.translated(error, "list the folder")
        }
    }

    /// The bytes of `path`; nil if there is no such file.
    public func bytes(of path: String) throws(WardlineError) -> [UInt8]? {
        let size: Int?
        do {
            size = try storage.size(path)
            if let size, size <= DiskScenarioFiles.fileBytesMax { return try storage.readFile(path) }
        } catch {
            throw DiskScenarioFiles.translated(error, "read the file")
        }
        guard let size else { return nil }
        throw WardlineError(
            .input,
            "The file has \(size) bytes, and an expectation or golden has at most "
                + "\(DiskScenarioFiles.fileBytesMax): check the path.",
            location: path
        )
    }

    /// Replaces or makes `path`; after a crash the old or the new content is there.
    public func write(_ bytes: [UInt8], to path: String) throws(WardlineError) {
        do {
            try storage.writeAtomically(bytes, to: path)
        } catch {
            throw DiskScenarioFiles.translated(error, "write the file")
        }
    }

    /// `errno` for a path whose parent or self is no directory.
    private static let notDirectory: Int32 = 20

    private static func translated(_ error: StorageError, _ act: String) -> WardlineError {
        WardlineError(
            error.isMissing ? .input : .storage,
            "Could not \(act): check the path, its permissions and the free space.",
            cause: error.reason,
            location: error.path
        )
    }
}
