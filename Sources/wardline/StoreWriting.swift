// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Daemon
import EventModel
import Ingest
import Pipeline
import Platform
import SiteFiles
import Synchronization

/// A store opened for writing by a command, when no daemon has it: lock, log, judge.
struct StoreWriting {
    let engine: Engine
    private let lock: FileLock
    private let path: String

    /// Takes the lock, opens and recovers the store, brings changed content into force unless it must stay.
    ///
    /// - Throws: `busy` when another process has the store.
    init(
        _ path: String,
        _ files: ContentFiles,
        _ configuration: Configuration,
        bringsContent: Bool = true
    ) throws(WardlineError) {
        self.path = path
        do throws(StorageError) {
            try POSIXStorage().makeDirectories(path)
            lock = try FileLock(path + "/" + DaemonOptions.lockName)
        } catch {
            throw WardlineError(
                error.isHeld ? .busy : .storage,
                error.isHeld
                    ? "Another process has the store. Wait for it, or stop it."
                    : "The store cannot be opened. Check the path and its permissions.",
                cause: error.description,
                location: path
            )
        }
        let signer = try HeadSigner.open(StorePaths(path), storage: POSIXStorage())
        let records = try LogOwner(
            storage: POSIXStorage(),
            path: path,
            stream: "records",
            hasColumns: true,
            options: configuration.logOptions,
            signer: signer,
            report: { Messages.note($0) }
        )
        let journal = try LogOwner(
            storage: POSIXStorage(),
            path: path,
            stream: "journal",
            hasColumns: false,
            options: configuration.logOptions,
            signer: signer,
            report: { Messages.note($0) }
        )
        let content = Judging.content(files, configuration)
        let judgement = try content.open()
        var options = Engine.Options()
        options.version = VersionText.number
        options.report = { Messages.note($0) }
        engine = Engine(
            records: records,
            journal: journal,
            judge: judgement.judge,
            options: options,
            apply: judgement.apply,
            keep: judgement.keep,
            close: judgement.close
        )
        try engine.start()
        guard bringsContent else { return }
        for batch in content.facts({ Messages.error($0) }) { try give(batch) }
    }

    /// Hands records to the engine.
    func give(_ batch: RecordBatch) throws(WardlineError) {
        guard engine.intake.put(batch) else {
            throw engine.status.failure
                ?? WardlineError(.storage, "The store takes no more records.", location: path)
        }
    }

    /// Engines that ended, which the end of the process frees.
    private static let ended = Mutex<[Engine]>([])

    /// Waits until everything is durable and judged, then closes in order.
    func finish() throws(WardlineError) {
        _ = try engine.settle()
        try engine.stop()
        withExtendedLifetime(lock) {}
        // Freeing the state of a million keys takes a second, and the system does it at once.
        StoreWriting.ended.withLock { $0.append(engine) }
    }

    /// Whether a daemon answers for the store at `path`.
    static func hasDaemon(_ path: String) -> Bool {
        let storage = POSIXStorage()
        guard (try? storage.size(path + "/" + DaemonOptions.socketName)) != nil else { return false }
        return (try? ControlClient(storePath: path).send(ControlClient.request("status"))) != nil
    }
}
