// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Ingest
public import Pipeline
public import Platform
public import Projections
import Synchronization

/// What judges a store, and the facts that bring content into force; from whoever knows where content lies.
public struct ReplayContent: Sendable {
    /// Makes a judge over the fresh store at a path; called before any record is given.
    public var judge: @Sendable (_ storePath: String) throws(WardlineError) -> any RecordJudge
    /// Facts that bring rules, decoders and the files of a site folder into force; their bytes are in the
    /// store's sets when it returns.
    public var facts: @Sendable (_ storePath: String, _ site: String?) throws(WardlineError) -> [RecordBatch]

    /// Joins both.
    public init(
        judge: @escaping @Sendable (_ storePath: String) throws(WardlineError) -> any RecordJudge,
        facts:
            @escaping @Sendable (_ storePath: String, _ site: String?) throws(WardlineError) -> [RecordBatch]
    ) {
        self.judge = judge
        self.facts = facts
    }
}

/// A store of its own with the engine that serves everything else, running from `init` until ``close()``.
///
/// The caller owns the folder, holds its lock where others could come, and removes it if it is temporary.
public final class ReplayStore: Sendable {
    /// The running engine.
    public let engine: Engine
    private let live: ReadModels
    /// What the read models held at the end; their file is closed then.
    private let last = Mutex<ReadModels?>(nil)
    private let storage: any LogStorage
    private let path: String

    /// What the judge concluded so far, or in all once the store is closed.
    public var models: ReadModels { last.withLock { $0 } ?? live }

    /// Opens the store at `path`, makes it if it is not there, and brings the content for `site` into force.
    ///
    /// - Throws: What the log, the judge or the content throw; nothing runs then.
    public init(
        path: String,
        content: ReplayContent,
        site: String?,
        storage: any LogStorage = POSIXStorage()
    ) throws(WardlineError) {
        self.path = path
        self.storage = storage
        do {
            try storage.makeDirectories(path + "/projections")
        } catch {
            throw WardlineError(
                .storage,
                "The folder for the store cannot be made: check the path and its permissions.",
                cause: error.reason,
                location: path
            )
        }
        let judge = try content.judge(path)
        let models = try ReadModels(path: path + "/projections/wardline.sqlite", mode: .readWrite)
        engine = Engine(
            records: try LogOwner(storage: storage, path: path, stream: "records", hasColumns: true),
            journal: try LogOwner(storage: storage, path: path, stream: "journal", hasColumns: false),
            judge: judge,
            apply: { update throws(WardlineError) in try models.apply(update) }
        )
        live = models
        try engine.start()
        do {
            try give(try content.facts(path, site))
        } catch {
            engine.abandon()
            throw error
        }
    }

    /// Imports files as one import and waits until they are durable and judged.
    ///
    /// - Throws: `input` where the file cannot be read, `storage` where the store takes no records.
    public func importFiles(_ files: [String], referenceTime: UTCTime?) throws(WardlineError) {
        let importer = FileImport(engine: engine, storage: storage, storePath: path)
        _ = try importer.run(files.map { ImportRequest(path: $0, referenceTime: referenceTime) })
    }

    /// Ends in order: what was given is stored and judged.
    ///
    /// Not to be used afterwards.
    public func close() throws(WardlineError) {
        try engine.stop()
        let copy = try live.copy()
        last.withLock { $0 = copy }
        try live.close()
    }

    private func give(_ batches: [RecordBatch]) throws(WardlineError) {
        for batch in batches {
            guard engine.intake.put(batch) else {
                throw WardlineError(.storage, "The store takes no records.", location: path)
            }
        }
    }
}
