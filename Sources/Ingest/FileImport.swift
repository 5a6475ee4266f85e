// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Pipeline
public import Platform

/// Imports files: plain or gzip, lines or records with claims, of any size with bounded memory.
///
/// A file is known by the SHA-256 of its bytes: what is in the log already is not appended again, an interrupted import
/// goes on where it ended. Standard input and pipes are copied to the store first, because their hash is needed before
/// their first record. Use from one thread at a time per store.
public struct FileImport: Sendable {
    /// Bytes read at once.
    static let readSizeBytes = 1_048_576

    let engine: Engine
    let storage: any LogStorage
    let storePath: String
    let clock: any WallClock

    /// Makes an importer for the store at `storePath`, which `engine` writes.
    public init(
        engine: Engine, storage: any LogStorage = POSIXStorage(), storePath: String,
        clock: any WallClock = SystemWallClock()
    ) {
        self.engine = engine
        self.storage = storage
        self.storePath = storePath
        self.clock = clock
    }

    /// Imports one file and waits until all of it is durable and judged.
    ///
    /// - Parameter progress: Called about once per mebibyte, on this thread.
    /// - Throws: `input` when the file cannot be read or is damaged: what came before is in the log and counted, and
    ///   the next run goes on after it. `storage` when the store takes no records.
    public func run(
        _ request: ImportRequest, progress: (ImportProgress) -> Void = { _ in }
    ) throws(WardlineError) -> ImportReport {
        let input = try FileImport.onInput(request.path) { () throws(StorageError) in
            request.path == "-" ? try InputFile() : try InputFile(request.path)
        }
        var path = request.path
        var spool: String?
        if !input.isRegular || path == "-" {
            path = try copyToStore(input)
            spool = path
        }
        defer {
            // Left behind, it would only take space; the next start does not use it.
            if let spool { try? storage.remove(spool) }
        }
        let (sha256, bytes) = try FileImport.hash(path)
        var report = ImportReport(file: request.path, sha256: sha256, bytes: bytes)
        // The log must hold what was given before, so that the search sees it.
        _ = try engine.synchronise()
        switch try ImportState.find(sha256, storage: storage, path: storePath) {
        case .complete(let records):
            report.skipped = records
            report.wasComplete = true
            return report
        case .interrupted(let records): report.skipped = records
        case .new: break
        }
        if let time = request.referenceTime {
            (report.referenceTime, report.referenceSource) = (time, "flag")
        } else if input.changeTime.isPresent {
            (report.referenceTime, report.referenceSource) = (input.changeTime, "mtime")
        } else {
            (report.referenceTime, report.referenceSource) = (clock.now(), "now")
        }
        try feed(path, request, &report, progress)
        return report
    }

    private func feed(
        _ path: String, _ request: ImportRequest, _ report: inout ImportReport, _ progress: (ImportProgress) -> Void
    ) throws(WardlineError) {
        try give(
            ImportFacts.begin(
                file: report.file, sha256: report.sha256, bytes: report.bytes, referenceTime: report.referenceTime,
                referenceSource: report.referenceSource, resumed: report.skipped, at: clock.now()))
        var batcher = ImportBatcher(request, skip: report.skipped, intake: engine.intake)
        let input = try FileImport.onInput(path) { () throws(StorageError) in try InputFile(path) }
        var inflater: GzipInflater?
        var done = 0
        while true {
            let piece = try FileImport.onInput(path) { () throws(StorageError) in
                try input.read(FileImport.readSizeBytes)
            }
            guard !piece.isEmpty else { break }
            if done == 0, GzipInflater.isGzip(piece) { inflater = try GzipInflater() }
            if let inflater {
                do throws(WardlineError) {
                    try inflater.inflate(piece) { (bytes) throws(WardlineError) in try batcher.take(bytes) }
                } catch {
                    try batcher.flush()
                    throw WardlineError(error.code, error.message, cause: error.cause, location: report.file)
                }
            } else {
                try batcher.take(piece)
            }
            done += piece.count
            progress(ImportProgress(bytes: done, totalBytes: report.bytes, records: batcher.recordCount))
        }
        try batcher.finish()
        report.added = batcher.addedCount
        report.truncated = batcher.truncatedCount
        if let inflater, !inflater.isComplete {
            throw WardlineError(
                .input, "The gzip file ends before its data does: \(report.added) records were taken. Get the whole file.",
                location: report.file)
        }
        try give(
            ImportFacts.end(
                file: report.file, sha256: report.sha256, records: report.skipped + report.added, at: clock.now()))
        _ = try engine.settle()
    }

    private func give(_ batch: RecordBatch) throws(WardlineError) {
        guard engine.intake.put(batch) else { throw ImportBatcher.closedError(engine) }
    }

    /// SHA-256 and length of a file.
    private static func hash(_ path: String) throws(WardlineError) -> (sha256: String, bytes: Int) {
        let input = try onInput(path) { () throws(StorageError) in try InputFile(path) }
        var hasher = SHA256Hasher()
        var count = 0
        while true {
            let piece = try onInput(path) { () throws(StorageError) in try input.read(readSizeBytes) }
            guard !piece.isEmpty else { return (hasher.digest().hexadecimal, count) }
            hasher.update(piece)
            count += piece.count
        }
    }

    /// Copies what can be read only once.
    private func copyToStore(_ input: InputFile) throws(WardlineError) -> String {
        let path = storePath + "/import-\(processIdentifier()).tmp"
        do throws(StorageError) {
            if try storage.exists(path) { try storage.remove(path) }
            let file = try storage.open(path, .create)
            var position = 0
            while true {
                let piece = try input.read(FileImport.readSizeBytes)
                guard !piece.isEmpty else { return path }
                try file.write(piece.span, at: position)
                position += piece.count
            }
        } catch {
            try? storage.remove(path)
            throw WardlineError(
                .storage, "Could not copy the input to the store; free some space or import a file.",
                cause: error.description)
        }
    }

    private static func onInput<Result>(
        _ path: String, _ body: () throws(StorageError) -> Result
    ) throws(WardlineError) -> Result {
        do throws(StorageError) {
            return try body()
        } catch {
            throw WardlineError(.input, "The file cannot be read: \(error.reason).", location: path)
        }
    }
}

/// Turns the bytes of a file into batches of imported records.
private struct ImportBatcher {
    private var framer: ConnectionFramer
    private let hasClaims: Bool
    private let file: String
    private let intake: IntakeQueue
    private var skipCount: Int
    private var batch = RecordBatch()
    private let transport: Transport
    private(set) var recordCount = 0
    private(set) var addedCount = 0
    private(set) var truncatedCount = 0

    init(_ request: ImportRequest, skip: Int, intake: IntakeQueue) {
        let name = request.path.hasSuffix(".gz") ? String(request.path.dropLast(3)) : request.path
        hasClaims = name.hasSuffix(".rec.jsonl")
        // The text of a claim is escaped: its line may be longer than the record.
        framer = ConnectionFramer(.lines, sizeMaxBytes: request.recordSizeMaxBytes * (hasClaims ? 6 : 1) + 512)
        sizeMaxBytes = request.recordSizeMaxBytes
        file = request.path
        transport = request.path == "-" ? .standardInput : .file
        self.intake = intake
        skipCount = skip
    }

    private let sizeMaxBytes: Int

    mutating func take(_ bytes: [UInt8]) throws(WardlineError) {
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        framer.feed(bytes.span, into: &target)
        try add(target.batch)
    }

    /// The last line needs no end.
    mutating func finish() throws(WardlineError) {
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        framer.finish(into: &target)
        try add(target.batch)
        try flush()
    }

    mutating func flush() throws(WardlineError) {
        guard batch.count > 0 else { return }
        addedCount += batch.count
        guard intake.put(batch) else {
            throw WardlineError(
                .storage, "The store takes no more records; the import goes on when the same file is given again.")
        }
        batch = RecordBatch()
    }

    static func closedError(_ engine: Engine) -> WardlineError {
        engine.status.failure ?? WardlineError(.storage, "The store is closing and takes no more records.")
    }

    private mutating func add(_ lines: RecordBatch) throws(WardlineError) {
        for row in lines.rows {
            recordCount += 1
            guard recordCount > skipCount else { continue }
            append(lines.bytes.span, row)
            if BatchBounds.isReached(batch) { try flush() }
        }
    }

    private mutating func append(_ bytes: Span<UInt8>, _ row: RecordBatch.Row) {
        var origin = Origin(listener: file, transport: transport)
        if hasClaims, let record = RecordLine(bytes, row.range) {
            origin.peer = record.peer
            let kept = min(record.bytes.count, sizeMaxBytes)
            put(
                record.bytes.span, 0..<kept, origin, originalLength: record.bytes.count,
                claimed: record.receiveTime)
        } else {
            let kept = min(row.length, sizeMaxBytes)
            put(bytes, row.start..<row.start + kept, origin, originalLength: row.originalLength, claimed: .absent)
        }
    }

    private mutating func put(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ origin: Origin, originalLength: Int, claimed: UTCTime
    ) {
        var flags: FrameFlags = .imported
        if claimed.isPresent { flags.insert(.claimedReceiveTime) }
        if range.count < originalLength {
            flags.insert(.truncated)
            truncatedCount += 1
        }
        let index = batch.index(of: origin)
        batch.append(
            bytes, range, kind: .device, flags: flags, origin: index, originalLength: originalLength,
            receiveTime: claimed)
    }
}
