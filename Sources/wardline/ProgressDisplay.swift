// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation
import Ingest
import Platform

/// A progress line on standard error, drawn over itself; nothing where no person sits.
struct ProgressDisplay {
    private let isShown: Bool
    private var bar = ProgressBar()

    init(isShown: Bool) { self.isShown = isShown }

    mutating func show(_ progress: ImportProgress) {
        show(done: progress.bytes, of: progress.totalBytes, records: progress.records)
    }

    mutating func show(done: Int, of total: Int, records: Int) {
        guard isShown, let line = bar.line(done: done, of: total, records: records) else { return }
        try? FileHandle.standardError.write(contentsOf: Data("\r\u{1b}[K\(line)".utf8))
    }

    mutating func clear() {
        guard isShown, bar.isShown else { return }
        try? FileHandle.standardError.write(contentsOf: Data("\r\u{1b}[K".utf8))
    }
}
