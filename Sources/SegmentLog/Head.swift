// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// Records that are in the write-ahead log and not yet handed out for a block: one run without holes.
struct Head {
    var base: Offset
    var records = RecordBatch()
    /// Leaves of the records in the stream's tree.
    var leaves: [TreeHash] = []

    var end: Offset { base.advanced(by: records.count) }

    func isFull(_ options: LogOptions) -> Bool {
        records.count >= options.blockRecordCountMax || records.bytes.count >= options.blockSizeMaxBytes
    }

    /// Whether `batch` may still join without passing the bounds of a block by more than one batch.
    func accepts(_ batch: RecordBatch, _ options: LogOptions) -> Bool {
        !isFull(options) && records.count + batch.count <= options.blockRecordCountMax
    }

    func isAged(_ now: UTCTime, _ options: LogOptions) -> Bool {
        guard let first = records.rows.first else { return false }
        return now.nanoseconds &- first.logTime.nanoseconds >= options.blockAgeMaxNanoseconds
    }
}
