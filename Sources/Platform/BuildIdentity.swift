// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// Names the running program among its builds: size and change time of its file; `none` where the system does
/// not say.
///
/// For what one build may keep for itself and no other may read, such as snapshots of its state.
public func buildIdentity() -> String {
    var found = stat()
    // Valid: the path ends in zero and `found` outlives the call.
    guard unsafe stat("/proc/self/exe", &found) == 0 else { return "none" }
    return "\(found.st_size)-\(found.st_mtim.tv_sec).\(found.st_mtim.tv_nsec)"
}
