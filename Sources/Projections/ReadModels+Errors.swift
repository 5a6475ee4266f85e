// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import GRDB

/// SQLite's answers as the errors that people meet.
extension ReadModels {
    /// Runs `body`; any error below becomes a `WardlineError` that says what was attempted.
    static func guarding<Answer>(_ act: String, _ body: () throws -> Answer) throws(WardlineError) -> Answer {
        do {
            return try body()
        } catch let error as WardlineError {
            throw error
        } catch let error as DatabaseError {
            throw translated(error, act)
        } catch {
            throw WardlineError(.internal, "Could not \(act).", cause: "\(error)")
        }
    }

    /// As ``guarding(_:_:)``, for what writes to `queue`.
    ///
    /// SQLite says "full" only for ENOSPC; a used up quota is an error like any other to it.
    static func guardingWrite<Answer>(
        _ act: String,
        of queue: DatabaseQueue,
        _ body: () throws -> Answer
    ) throws(WardlineError) -> Answer {
        do throws(WardlineError) {
            return try guarding(act, body)
        } catch {
            guard error.code == .storage, queue.isQuotaUsedUp else { throw error }
            throw full(act, error.cause)
        }
    }

    private static func translated(_ error: DatabaseError, _ act: String) -> WardlineError {
        let cause = "SQLite \(error.resultCode.rawValue): \(error.message ?? "no message")"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return WardlineError(
                .busy,
                "Could not \(act): another process holds it. Wait for that process and try again.",
                cause: cause
            )
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return WardlineError(
                .integrity,
                "Could not \(act): the file is damaged. Run `wardline store rebuild`, which folds it from "
                    + "the log again.",
                cause: cause
            )
        case .SQLITE_FULL:
            return full(act, cause)
        case .SQLITE_IOERR
        where [.SQLITE_IOERR_SHMSIZE, .SQLITE_IOERR_SHMMAP].contains(error.extendedResultCode):
            // The shared memory beside the file could not grow.
            return full(act, cause)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return WardlineError(
                .storage,
                "Could not \(act): check that the file exists, its permissions and the free space.",
                cause: cause
            )
        default:
            return WardlineError(.internal, "Could not \(act).", cause: cause)
        }
    }

    private static func full(_ act: String, _ cause: String) -> WardlineError {
        WardlineError(.full, "Could not \(act): the disk is full. Free some space.", cause: cause)
    }
}
