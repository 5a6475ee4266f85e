// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import SegmentLog

/// A record of a stream, as it was read.
public struct ReadRecord: Hashable, Sendable {
    /// Its offset.
    public let offset: Offset
    /// When it was appended, by the clock of the log.
    public let logTime: UTCTime
    /// Its kept bytes.
    public let bytes: [UInt8]
}

/// How much of a stream could be read.
public struct ReadExtent: Hashable, Sendable {
    /// First offset after the last record.
    public let end: Offset
    /// Whether nothing before is damaged or missing.
    public let isWhole: Bool
}

extension StoreReader {
    /// Hands over the records of `kind`, which is none that devices send, in order; passes over what cannot
    /// be read.
    ///
    /// - Complexity: O(bytes) of the parts that can hold them; memory of one part.
    public func forEachReadableRecord(
        of kind: RecordKind,
        in stream: String,
        _ body: (ReadRecord) -> Void
    ) throws(WardlineError) -> ReadExtent {
        let reader = try log(stream)
        var isWhole = reader.holes.isEmpty && reader.damage.isEmpty
        for part in reader.parts where part.mayHoldControlRecords {
            guard let batch = try? reader.records(part) else {
                isWhole = false
                continue
            }
            for (index, row) in batch.rows.enumerated() where row.kind == kind {
                body(
                    ReadRecord(
                        offset: part.base.advanced(by: index),
                        logTime: row.logTime,
                        bytes: batch.payload(index)
                    )
                )
            }
        }
        return ReadExtent(end: reader.end, isWhole: isWhole)
    }
}
