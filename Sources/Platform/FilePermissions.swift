// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// Takes all access to a file or socket from everyone but its owner.
public func restrictToOwner(_ path: String) throws(StorageError) {
    // Valid: the text lives during the call.
    guard unsafe chmod(path, 0o600) == 0 else { throw .last(.status, path) }
}
