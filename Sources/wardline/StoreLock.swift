// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Daemon
import EventModel
import Platform

/// The lock of a store that exists, for commands that change its files while no daemon has it.
struct StoreLock {
    private let lock: FileLock

    /// Takes the lock.
    ///
    /// - Throws: `usage` when there is no store, `busy` when another process has it.
    init(_ path: String) throws(WardlineError) {
        do throws(StorageError) {
            guard try POSIXStorage().exists(path + "/records") else {
                throw StorageError(.open, path + "/records", 2)
            }
            lock = try FileLock(path + "/" + DaemonOptions.lockName)
        } catch {
            throw WardlineError(
                error.isHeld ? .busy : error.isMissing ? .usage : .storage,
                error.isHeld
                    ? "Another process has the store. Stop it first."
                    : error.isMissing
                        ? "There is no store here: give one with --store." : "The store cannot be opened.",
                cause: error.description,
                location: path
            )
        }
    }

    /// Keeps the lock until here.
    func release() { withExtendedLifetime(lock) {} }
}
