// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Removed records that lie together in a segment, and what is left to tell of their time.
public struct RemovedSpan: Hashable, Sendable {
    /// File name of the segment.
    public var segment: String
    /// Their offsets.
    public var offsets: Range<UInt64>
    /// Log time of the nearest record before them that is still there: none of them is older; nil when there
    /// is none.
    public var earliest: UTCTime?
    /// Log time of the nearest record after them that is still there: none of them is younger; nil when there
    /// is none.
    public var latest: UTCTime?
}

/// Finds removed records among those of a stream, which it is given part by part.
struct RemovedSpans {
    private var before: UTCTime?
    /// Those whose next record is still to come.
    private var open: [RemovedSpan] = []
    private var closed: [RemovedSpan] = []

    /// Goes on with the records of a part of a segment.
    mutating func add(_ records: RecordBatch, base: Offset, segment: String) {
        var isRun = false
        for (index, row) in records.rows.enumerated() {
            guard row.kind == .removed else {
                close(at: row.logTime)
                before = row.logTime
                isRun = false
                continue
            }
            let offset = base.value + UInt64(index)
            if isRun {
                open[open.count - 1].offsets = open[open.count - 1].offsets.lowerBound..<offset + 1
            } else {
                open.append(RemovedSpan(segment: segment, offsets: offset..<offset + 1, earliest: before))
            }
            isRun = true
        }
    }

    /// Those of which everything is known, in order, each once.
    mutating func take() -> [RemovedSpan] {
        let taken = closed
        closed = []
        return taken
    }

    /// Those that are left at the end of the stream.
    mutating func finish() -> [RemovedSpan] {
        close(at: nil)
        return take()
    }

    private mutating func close(at time: UTCTime?) {
        guard !open.isEmpty else { return }
        for var span in open {
            span.latest = time
            closed.append(span)
        }
        open = []
    }
}
