// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Synchronization
import Testing

@testable import SegmentLog

/// A disk of which the n-th read, length or listing fails, once or from then on.
private final class FailingReads: LogStorage {
    let inner: RecordingStorage
    private let nth: Int
    private let isLasting: Bool
    private let count = Mutex(0)

    init(_ inner: RecordingStorage, nth: Int, isLasting: Bool) {
        self.inner = inner
        self.nth = nth
        self.isLasting = isLasting
    }

    var hasFired: Bool { count.withLock { $0 >= nth } }

    func meet(_ operation: StorageError.Operation, _ path: String) throws(StorageError) {
        let number = count.withLock { count in
            count += 1
            return count
        }
        // EIO on Linux.
        if number == nth || isLasting && number > nth { throw StorageError(operation, path, 5) }
    }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any LogFile {
        FailingReadFile(try inner.open(path, mode), self)
    }
    func makeDirectory(_ path: String) throws(StorageError) { try inner.makeDirectory(path) }
    func list(_ path: String) throws(StorageError) -> [String] {
        try meet(.list, path)
        return try inner.list(path)
    }
    func rename(_ path: String, to target: String) throws(StorageError) { try inner.rename(path, to: target) }
    func remove(_ path: String) throws(StorageError) { try inner.remove(path) }
    func synchroniseDirectory(_ path: String) throws(StorageError) { try inner.synchroniseDirectory(path) }
    func size(_ path: String) throws(StorageError) -> Int? {
        try meet(.status, path)
        return try inner.size(path)
    }
}

private final class FailingReadFile: LogFile {
    private let file: any LogFile
    private let disk: FailingReads

    init(_ file: any LogFile, _ disk: FailingReads) {
        self.file = file
        self.disk = disk
    }

    var path: String { file.path }
    func size() throws(StorageError) -> Int {
        try disk.meet(.status, path)
        return try file.size()
    }
    func writeSome(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) -> Int {
        try file.writeSome(bytes, at: position)
    }
    func read(at position: Int, count: Int) throws(StorageError) -> [UInt8] {
        try disk.meet(.read, path)
        return try file.read(at: position, count: count)
    }
    func synchronise() throws(StorageError) { try file.synchronise() }
    func truncate(to length: Int) throws(StorageError) { try file.truncate(to: length) }
    func preallocate(to length: Int) throws(StorageError) { try file.preallocate(to: length) }
}

@Suite struct ReadFaultTests {
    /// A store with a torn tail and a segment that lacks its footer, so that opening and repairing have work.
    private func files() throws -> [String: [UInt8]] {
        var files = try smallStore().files
        for path in files.keys where path.hasSuffix(".wal") { files[path]?.append(contentsOf: [1, 2, 3]) }
        if let path = files.keys.filter({ $0.hasSuffix(".seg") }).min() { files[path]?.removeLast(40) }
        return files
    }

    /// Does `act` on disks whose n-th read fails, for every n: the store then holds what it held.
    private func check(keepsBytes: Bool = true, _ act: (FailingReads) throws -> Void) throws {
        let files = try files()
        let original = try readAll(RecordingStorage(files: files))
        for isLasting in [false, true] {
            var nth = 1
            while true {
                let disk = FailingReads(RecordingStorage(files: files), nth: nth, isLasting: isLasting)
                try? act(disk)
                let found = try readAll(disk.inner)
                for (offset, bytes) in original { #expect(found[offset] == bytes, "\(nth)") }
                #expect(!keepsBytes || missingBytes(of: files, in: disk.inner.files) == nil, "\(nth)")
                _ = try LogWriter.open(
                    storage: disk.inner,
                    path: "store",
                    stream: "records",
                    options: smallOptions()
                )
                guard disk.hasFired else { break }
                nth += 1
            }
            #expect(nth > 20)
        }
    }

    @Test func `whichever read fails while a writer opens and blocks, nothing is lost`() throws {
        try check { disk in
            let writer = try LogWriter.open(
                storage: disk,
                path: "store",
                stream: "records",
                options: smallOptions()
            )
            try commitBlocks(writer, force: true)
            try writer.close()
        }
    }

    @Test func `whichever read fails while a store is repaired, nothing is lost`() throws {
        try check { disk in
            _ = try repairLog(storage: disk, path: "store", stream: "records", isTrial: false)
        }
    }

    @Test func `whichever read fails while a store is compacted, nothing is lost`() throws {
        try check(keepsBytes: false) { disk in
            _ = try compactLog(storage: disk, path: "store", stream: "records")
        }
    }

    @Test func `whichever read fails, a reader gives right records or says so`() throws {
        let files = try smallStore().files
        let original = try readAll(RecordingStorage(files: files))
        var nth = 1
        while true {
            let disk = FailingReads(RecordingStorage(files: files), nth: nth, isLasting: false)
            if let found = try? readAll(disk) {
                for (offset, bytes) in found { #expect(original[offset] == bytes, "\(nth)") }
            }
            guard disk.hasFired else { break }
            nth += 1
        }
        #expect(nth > 10)
    }
}
