// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Pipeline
public import Platform

/// Imports files: plain or gzip, lines or records with claims, of any size with bounded memory.
///
/// A file is known by the SHA-256 of its bytes: what is in the log already is not appended again, an
/// interrupted import goes on where it ended. Standard input and pipes are copied to the store first,
/// because their hash is needed before their first record. Use from one thread at a time per store.
public struct FileImport: Sendable {
    /// Bytes read at once.
    static let readSizeBytes = 1_048_576

    let engine: Engine
    let storage: any LogStorage
    let storePath: String
    let clock: any WallClock

    /// Makes an importer for the store at `storePath`, which `engine` writes.
    public init(
        engine: Engine,
        storage: any LogStorage = POSIXStorage(),
        storePath: String,
        clock: any WallClock = SystemWallClock()
    ) {
        self.engine = engine
        self.storage = storage
        self.storePath = storePath
        self.clock = clock
    }

    /// Imports one file and waits until all of it is durable and judged.
    ///
    /// See ``run(_:progress:)-([ImportRequest],_)``.
    public func run(
        _ request: ImportRequest,
        progress: (ImportProgress) -> Void = { _ in }
    ) throws(WardlineError) -> ImportReport {
        guard let report = try run([request], progress: progress).first else {
            preconditionFailure("A report for every request")
        }
        return report
    }

    /// Imports files as one import: judged together, after the last of them.
    ///
    /// Waits until that is done.
    ///
    /// All files are read once before the first record is stored, so that a name or permission that is wrong
    /// stops the import before it changes anything.
    ///
    /// - Parameters:
    ///   - requests: Files in the order in which they were given.
    ///   - progress: Called about once per mebibyte, on this thread.
    /// - Returns: One report per request, in their order.
    /// - Throws: `input` when a file cannot be read or is damaged: what came before is in the log and
    ///   counted, and the next run goes on after it. `storage` when the store takes no records.
    public func run(
        _ requests: [ImportRequest],
        progress: (ImportProgress) -> Void = { _ in }
    ) throws(WardlineError) -> [ImportReport] {
        var sources: [ImportSource] = []
        defer {
            // Left behind, they would only take space; the next start does not use them.
            for source in sources where source.isSpool { try? storage.remove(source.path) }
        }
        for (index, request) in requests.enumerated() {
            let spool = storePath + "/import-\(processIdentifier())-\(index).tmp"
            sources.append(try ImportSource(request, storage: storage, spool: spool, clock: clock))
        }
        // The log must hold what was given before, so that the search sees it.
        _ = try engine.synchronise()
        try find(&sources)
        let last = sources.lastIndex { !$0.report.wasComplete }
        for index in sources.indices where !sources[index].report.wasComplete {
            try feed(&sources[index], isFollowed: index != last, progress)
        }
        if last != nil { _ = try engine.settle() }
        return sources.map(\.report)
    }

    /// Notes what the log holds of the files; content that is given twice is taken once.
    private func find(_ sources: inout [ImportSource]) throws(WardlineError) {
        let states = try ImportState.find(sources.map(\.report.sha256), storage: storage, path: storePath)
        var seen: Set<String> = []
        for index in sources.indices {
            switch states[index] {
            case .complete(let records):
                sources[index].report.skipped = records
                sources[index].report.wasComplete = true
            case .interrupted(let records): sources[index].report.skipped = records
            case .new: break
            }
            if !seen.insert(sources[index].report.sha256).inserted {
                sources[index].report.wasComplete = true
            }
        }
    }

    private func feed(
        _ source: inout ImportSource,
        isFollowed: Bool,
        _ progress: (ImportProgress) -> Void
    ) throws(WardlineError) {
        try give(source.begin(at: clock.now()))
        var batcher = ImportBatcher(source.request, skip: source.report.skipped, intake: engine.intake)
        let isWhole = try read(source, into: &batcher, progress)
        try batcher.finish()
        source.report.added = batcher.addedCount
        source.report.truncated = batcher.truncatedCount
        source.report.malformed = batcher.malformedCount
        guard isWhole else {
            throw WardlineError(
                .input,
                "The gzip file ends before its data does: \(batcher.addedCount) records were taken. "
                    + "Get the whole file.",
                location: source.report.file
            )
        }
        try give(source.end(isFollowed: isFollowed, at: clock.now()))
    }

    /// Gives all bytes of a file to `batcher`; false when a gzip file ends inside its data.
    private func read(
        _ source: ImportSource,
        into batcher: inout ImportBatcher,
        _ progress: (ImportProgress) -> Void
    ) throws(WardlineError) -> Bool {
        let input = try ImportSource.onInput(source.path) { () throws(StorageError) in
            try InputFile(source.path)
        }
        var inflater: GzipInflater?
        var done = 0
        while true {
            let piece = try ImportSource.onInput(source.path) { () throws(StorageError) in
                try input.read(FileImport.readSizeBytes)
            }
            guard !piece.isEmpty else { return inflater?.isComplete ?? true }
            if done == 0, GzipInflater.isGzip(piece) { inflater = try GzipInflater() }
            if let inflater {
                do throws(WardlineError) {
                    try inflater.inflate(piece) { (bytes) throws(WardlineError) in try batcher.take(bytes) }
                } catch {
                    try batcher.flush()
                    throw WardlineError(
                        error.code,
                        error.message,
                        cause: error.cause,
                        location: source.report.file
                    )
                }
            } else {
                try batcher.take(piece)
            }
            done += piece.count
            progress(
                ImportProgress(bytes: done, totalBytes: source.report.bytes, records: batcher.recordCount)
            )
        }
    }

    private func give(_ batch: RecordBatch) throws(WardlineError) {
        guard engine.intake.put(batch) else { throw ImportBatcher.closedError(engine) }
    }
}
