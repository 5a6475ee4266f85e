// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Synchronization

/// The files that were loaded last, and what became of them: one process often loads the same files for
/// several stores, or checks them before a store takes them, and the outcome depends on nothing else.
final class LatestOutcome<File: Equatable & Sendable, Outcome: Sendable>: Sendable {
    private let latest = Mutex<(files: [File], outcome: Outcome)?>(nil)

    /// What `load` makes of `files`, unless that is known.
    func outcome(of files: [File], _ load: ([File]) -> Outcome) -> Outcome {
        if let known = latest.withLock({ $0 }), known.files == files { return known.outcome }
        let outcome = load(files)
        latest.withLock { $0 = (files, outcome) }
        return outcome
    }
}
