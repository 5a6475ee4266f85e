// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

/// A write-ahead file of this run.
///
/// After recovery a new one is begun: files of earlier runs are never appended to.
final class WriteAheadFile {
    let name: String
    let base: Offset
    /// Nil for files of an earlier run, which are only waiting to be removed.
    private let file: (any LogFile)?
    private(set) var size: Int
    /// First offset after its last batch.
    private(set) var end: Offset
    /// Checksum that the next batch must carry.
    private(set) var chain: UInt32 = 0
    private(set) var isDirty = false
    private var isNameDurable: Bool
    /// Whether it holds records whose block is damaged: it stays although later blocks are durable.
    let isPinned: Bool

    /// A file of an earlier run.
    init(name: String, base: Offset, end: Offset, size: Int, isPinned: Bool) {
        self.isPinned = isPinned
        self.name = name
        self.base = base
        self.end = end
        self.size = size
        file = nil
        isNameDurable = true
    }

    private init(_ file: any LogFile, name: String, base: Offset, header: [UInt8]) {
        self.file = file
        self.name = name
        self.base = base
        end = base
        size = header.count
        chain = CRC32C.masked(CRC32C.checksum(header.span, 0..<60))
        isDirty = true
        isNameDurable = false
        isPinned = false
    }

    /// Makes a file with its header; removes the name again when the header cannot be written.
    static func create(
        _ storage: any LogStorage,
        _ directory: String,
        _ stream: String,
        _ base: Offset
    ) throws(LogError) -> WriteAheadFile {
        let name = FileNames.wal(base)
        let path = directory + "/" + name
        let header = FileHeader(.wal, base, stream: stream).encoded()
        return try onDisk { () throws(StorageError) in
            let file = try storage.open(path, .create)
            do throws(StorageError) {
                try file.write(header.span, at: 0)
            } catch {
                try storage.remove(path)
                throw error
            }
            return WriteAheadFile(file, name: name, base: base, header: header)
        }
    }

    /// Writes one batch at the end; cuts the file back when that fails.
    func append(_ bytes: [UInt8], through end: Offset) throws(LogError) {
        guard let file else { throw .suspect }
        do throws(StorageError) {
            try file.write(bytes.span, at: size)
        } catch {
            let failure = LogError(error)
            // If cutting fails too, the torn bytes are overwritten by the next batch or cut at recovery.
            do throws(StorageError) { try file.truncate(to: size) } catch { isDirty = true }
            throw failure
        }
        size += bytes.count
        self.end = end
        var tail = ByteReader(bytes, WriteAheadBatch.headerSize - 4..<WriteAheadBatch.headerSize)
        chain = (try? tail.uint32()) ?? 0
        isDirty = true
    }

    func synchronise(_ storage: any LogStorage, _ directory: String) throws(LogError) {
        guard let file else { return }
        do throws(StorageError) {
            try file.synchronise()
            if !isNameDurable { try storage.synchroniseDirectory(directory) }
        } catch {
            // Also for want of space: what was written before is unknown now, and nothing may be tried again.
            throw .storage(error)
        }
        isNameDurable = true
        isDirty = false
    }
}
