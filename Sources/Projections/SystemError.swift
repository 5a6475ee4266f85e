// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import GRDB
import GRDBSQLite

extension DatabaseQueue {
    /// EDQUOT on Linux.
    private static let quotaUsedUp: Int32 = 122

    /// Whether the last system call that failed SQLite did so because a quota is used up.
    var isQuotaUsedUp: Bool {
        // Valid: the connection is open, and the queue keeps others from using it meanwhile.
        inDatabase { unsafe sqlite3_system_errno($0.sqliteConnection) } == DatabaseQueue.quotaUsedUp
    }
}
