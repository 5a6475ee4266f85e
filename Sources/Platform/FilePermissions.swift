// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// Takes all access to a file or socket from everyone but its owner.
public func restrictToOwner(_ path: String) throws(StorageError) {
    // Valid: the text lives during the call.
    guard unsafe chmod(path, 0o600) == 0 else { throw .last(.status, path) }
}

/// Whether nobody but the owner of a file may read, write or execute it.
public func isOwnerOnly(_ path: String) throws(StorageError) -> Bool {
    var status = stat()
    // Valid: `status` outlives the call.
    guard unsafe stat(path, &status) == 0 else { throw .last(.status, path) }
    return status.st_mode & 0o077 == 0
}
