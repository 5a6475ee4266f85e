// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// The descriptors 0, 1 and 2, which a parent process may have closed.
public enum StandardDescriptors {
    /// Occupies those that are closed, so that no file of a store gets such a number and is written to by
    /// what means standard output or standard error.
    ///
    /// Reading and writing them fails as before. Call before anything is opened.
    public static func occupyClosed() {
        for number in Int32(0)...2 where fcntl(number, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number is given, so it is this one. Valid: the literal outlives the call.
            _ = unsafe open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
        }
    }
}
