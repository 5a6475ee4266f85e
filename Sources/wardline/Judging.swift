// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Daemon
import EventModel
import Inventory
import Pipeline
import Platform
import Projections
import QueryEngine
import SegmentLog
import SiteFiles

/// Joins judge, read models and content files for whoever writes a store: the daemon, `ingest`, `import`,
/// `replay`.
enum Judging {
    /// What a daemon or a writing command is given.
    static func content(_ files: ContentFiles, _ configuration: Configuration) -> DaemonContent {
        DaemonContent(
            open: { () throws(WardlineError) in try open(files.storePath) { Messages.note($0) } },
            facts: { report in
                do throws(WardlineError) {
                    return try files.facts(configuration) { report("warning: \($0)") }
                } catch {
                    report("warning: the files in force before stay in force: \(error)")
                    return []
                }
            },
            importFile: { (role, path) throws(WardlineError) in try files.facts(role: role, path: path) },
            addresses: { () throws(WardlineError) in
                let register = try SiteInForce.register(try StoreReader(path: files.storePath))
                return register.boundAddresses(at: CommandContext.wallClock)
            }
        )
    }

    private static func open(
        _ path: String,
        _ report: (String) -> Void
    ) throws(WardlineError) -> DaemonContent.Judgement {
        let store = StorePaths(path)
        do throws(StorageError) {
            try POSIXStorage().makeDirectories(parentPath(store.readModels))
        } catch {
            throw WardlineError(
                .storage,
                "The folder of the read models cannot be made.",
                cause: error.description,
                location: path
            )
        }
        let models = try ReadModels(path: store.readModels, mode: .readWrite)
        let storage = POSIXStorage()
        let build = buildIdentity()
        let (judge, kept) = try Judge.resumed(
            store,
            storage: storage,
            build: build,
            mark: { mark(at: $0, path) },
            note: report
        )
        if let kept { try models.resume(from: kept) }
        let files = SnapshotFiles(store, storage: storage, build: build)
        return DaemonContent.Judgement(
            judge: judge,
            apply: { (update) throws(WardlineError) in _ = try models.apply(update) },
            keep: { (snapshot) throws(WardlineError) in
                try files.keep(snapshot) { (path) throws(WardlineError) in try models.copy(to: path) }
            },
            close: { () throws(WardlineError) in try models.close() }
        )
    }

    /// Hash of a record of the store at `path`, which a snapshot must agree with; nil if there is none.
    static func mark(at offset: Offset, _ path: String) -> UInt64? {
        guard let log = try? LogReader.open(storage: POSIXStorage(), path: path, stream: "records"),
            let part = log.part(holding: offset), let records = try? log.records(part)
        else { return nil }
        return JudgeSnapshot.mark(records, Int(offset.value - part.base.value))
    }
}
