// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Daemon
import EventModel
import Inventory
import Pipeline
import Platform
import Projections
import QueryEngine
import SiteFiles

/// Joins judge, read models and content files for whoever writes a store: the daemon, `ingest`, `import`,
/// `replay`.
enum Judging {
    /// What a daemon or a writing command is given.
    static func content(_ files: ContentFiles, _ configuration: Configuration) -> DaemonContent {
        DaemonContent(
            open: { () throws(WardlineError) in try open(files.storePath) },
            facts: { report in
                do throws(WardlineError) {
                    return try files.facts(configuration)
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
        _ path: String
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
        let judge = try Judge(store: store, storage: POSIXStorage())
        return DaemonContent.Judgement(judge: judge) { (update) throws(WardlineError) in
            _ = try models.apply(update)
        }
    }
}
