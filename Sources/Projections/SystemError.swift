// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import GRDB
import GRDBSQLite

extension DatabaseQueue {
    /// EDQUOT on Linux.
    private static let quotaUsedUp: Int32 = 122

    /// Whether the last system call that failed SQLite did so because a quota is used up.
    ///
    /// SQLite keeps that number with the connection where a statement fails, and not where a commit does:
    /// then it is still the thread's, because a call that succeeds leaves it.
    var isQuotaUsedUp: Bool {
        inDatabase { database in
            // Valid: the connection is open, and the queue keeps others from using it meanwhile.
            let ofConnection = unsafe sqlite3_system_errno(database.sqliteConnection)
            // Valid: the default file system of SQLite is there for the life of the process.
            let ofThread = unsafe sqlite3_vfs_find(nil).map { unsafe $0.pointee.xGetLastError($0, 0, nil) }
            return ofConnection == DatabaseQueue.quotaUsedUp || ofThread == DatabaseQueue.quotaUsedUp
        }
    }
}
