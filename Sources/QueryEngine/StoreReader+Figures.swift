// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
import Platform
import Projections
public import SegmentLog

/// What a store holds, in numbers.
public struct StoreFigures: Hashable, Sendable {
    /// Device records.
    public var records: Int64 = 0
    /// Records of every kind in the `records` stream.
    public var logRecords: Int64 = 0
    /// Device records that no decoder understood, as far as they were judged.
    public var undecoded: Int64 = 0
    /// Typed events, as far as records were judged.
    public var events: Int64 = 0
    /// Kept bytes of device records.
    public var rawBytes: Int64 = 0
    /// Bytes of the files of the `records` stream.
    public var diskBytes: Int64 = 0
    /// Bytes of all files of the store.
    public var storeBytes: Int64 = 0
    /// Segments of the `records` stream.
    public var segments = 0
    /// Blocks of the `records` stream.
    public var blocks = 0
    /// Entries of the `journal` stream.
    public var journalEntries: Int64 = 0
    /// First offset that is not stored.
    public var durableOffset = Offset.zero
    /// First offset that is not in the read models.
    public var judgedOffset = Offset.zero
    /// Missing offsets.
    public var missing: Int64 = 0
    /// Damaged places, as far as listing shows them.
    public var damaged = 0
}

/// One file of a store.
public struct StoreFile: Hashable, Sendable {
    /// Path in the store.
    public var path: String
    /// Bytes.
    public var size: Int64
}

extension StoreReader {
    /// Numbers of the store; reads records only where the read models lag behind.
    public func figures() throws(WardlineError) -> StoreFigures {
        var figures = StoreFigures()
        let records = try log("records")
        let journal = try log("journal")
        let models = try readModels()
        let totals = try models.totals()
        let checkpoint = try models.checkpoint()
        let statistics = records.statistics
        figures.records = totals.records
        figures.undecoded = totals.undecoded
        figures.events = totals.events
        figures.rawBytes = totals.rawBytes
        figures.logRecords = Int64(clamping: statistics.records)
        figures.diskBytes = Int64(clamping: statistics.diskBytes)
        figures.segments = statistics.segments
        figures.blocks = statistics.blocks
        figures.journalEntries = Int64(clamping: journal.statistics.records)
        figures.durableOffset = records.end
        figures.judgedOffset = checkpoint.records
        figures.missing = Int64(clamping: records.holes.reduce(0) { $0 + $1.count })
        figures.damaged = records.damage.count + journal.damage.count
        figures.storeBytes = try files().reduce(0) { $0 + $1.size }
        for part in records.parts where part.end > checkpoint.records {
            let found: RecordBatch?
            do throws(LogError) { found = try records.soundRecords(part) } catch {
                throw error.wardlineError(path)
            }
            guard let batch = found else { continue }
            for (index, row) in batch.rows.enumerated()
            where row.kind == .device && part.base.advanced(by: index) >= checkpoint.records {
                figures.records += 1
                figures.rawBytes += Int64(row.length)
            }
        }
        return figures
    }

    /// All files of the store in order of path.
    public func files() throws(WardlineError) -> [StoreFile] {
        do throws(StorageError) {
            return try storage.walk(path).filter { !$0.isDirectory }.map {
                StoreFile(path: $0.relativePath, size: Int64($0.size))
            }
        } catch {
            throw WardlineError(
                .storage,
                "The folder of the store cannot be read. Check its permissions.",
                cause: error.description,
                location: path
            )
        }
    }

    /// The segments of the `records` stream, in offset order.
    public func segments() throws(WardlineError) -> [StoredSegment] {
        do throws(LogError) {
            return try LogReader.open(storage: storage, path: path, stream: "records").segments
        } catch {
            throw error.wardlineError(path)
        }
    }

    /// A proof of a record in the tree of `head`; nil if there is no such record below its size.
    public func proof(
        of offset: Offset,
        in head: SignedHead,
        stream: String
    ) throws(WardlineError) -> RecordProof? {
        try proofs(of: [offset], by: try prover(in: head, stream: stream)).first
    }

    /// What proves records in the tree of `head`.
    public func prover(in head: SignedHead, stream: String) throws(WardlineError) -> LogProver {
        do throws(LogError) {
            return try LogProver(head, storage: storage, path: path, stream: stream)
        } catch {
            throw error.wardlineError(path)
        }
    }

    /// Proofs of those of `offsets`, which rise, that there are records at.
    public func proofs(
        of offsets: [Offset],
        by prover: LogProver
    ) throws(WardlineError) -> [RecordProof] {
        do throws(LogError) {
            return try prover.proofs(of: offsets)
        } catch {
            throw error.wardlineError(path)
        }
    }

    /// The newest head of a stream; nil if none was signed.
    public func newestHead(stream: String) throws(WardlineError) -> SignedHead? {
        do throws(StorageError) {
            return try HeadFile.newest(storage: storage, path: path, stream: stream)
        } catch {
            throw WardlineError(
                .storage,
                "The heads cannot be read.",
                cause: error.description,
                location: path
            )
        }
    }

    func log(_ stream: String) throws(WardlineError) -> LogReader {
        do throws(LogError) {
            return try LogReader.open(storage: storage, path: path, stream: stream)
        } catch {
            throw error.wardlineError(path)
        }
    }
}

extension StoreReader {
    /// Hands over the entries of the journal in order, with their offsets.
    ///
    /// - Complexity: O(bytes) of the journal; memory of one part.
    public func forEachJournalEntry(_ body: (Offset, [UInt8]) -> Void) throws(WardlineError) {
        try forEachRecord("journal", below: Offset(.max)) { offset, batch, index in
            body(offset, batch.payload(index))
        }
    }

    /// Hands over the control records below `end` in order.
    ///
    /// - Complexity: O(bytes) of the log up to there; memory of one part.
    public func forEachControlRecord(
        below end: Offset,
        _ body: (Offset, RecordKind, [UInt8]) -> Void
    ) throws(WardlineError) {
        try forEachRecord("records", below: end) { offset, batch, index in
            let kind = batch.rows[index].kind
            if kind != .device { body(offset, kind, batch.payload(index)) }
        }
    }

    private func forEachRecord(
        _ stream: String,
        below end: Offset,
        _ body: (Offset, RecordBatch, Int) -> Void
    ) throws(WardlineError) {
        let reader = try log(stream)
        for part in reader.parts where part.base < end {
            let batch: RecordBatch
            do throws(LogError) { batch = try reader.records(part) } catch {
                throw error.wardlineError(path)
            }
            for index in batch.rows.indices {
                let offset = part.base.advanced(by: index)
                guard offset < end else { return }
                body(offset, batch, index)
            }
        }
    }

    /// Hands over control records and their offsets, the newest first, until `body` returns false.
    ///
    /// - Complexity: Reads parts from the end; as far back as `body` asks for.
    public func forEachControlRecordBackward(
        _ body: (RecordKind, Offset, [UInt8]) -> Bool
    ) throws(WardlineError) {
        let records = try log("records")
        for part in records.parts.reversed() where part.mayHoldControlRecords {
            let found: RecordBatch?
            do throws(LogError) { found = try records.soundRecords(part) } catch {
                throw error.wardlineError(path)
            }
            guard let batch = found else { continue }
            for index in batch.rows.indices.reversed() where batch.rows[index].kind != .device {
                guard body(batch.rows[index].kind, part.base.advanced(by: index), batch.payload(index)) else {
                    return
                }
            }
        }
    }
}
