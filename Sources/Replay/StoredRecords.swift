// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Platform
public import SegmentLog

/// The records of a store in offset order, read without a lock and without writing.
///
/// Shows what was durable when it was made; what a live writer appends later is not part of it.
public struct StoredRecords: RecordSource {
    /// First offset after the last record.
    public let end: Offset

    private let reader: LogReader
    private var position = 0

    /// Reads what `reader` lists of the `records` stream, from the part that holds `offset` on.
    public init(_ reader: LogReader, from offset: Offset = .zero) {
        self.reader = reader
        end = reader.end
        position = reader.parts(from: offset).startIndex
    }

    /// The next part of the log.
    ///
    /// - Returns: Its first offset and its records; nil at the end. A hole shows as a base that does not
    ///   follow.
    /// - Throws: `integrity` with the file where the part is damaged.
    public mutating func next() throws(WardlineError) -> (base: Offset, records: RecordBatch)? {
        guard position < reader.parts.count else { return nil }
        let part = reader.parts[position]
        position += 1
        do {
            return (part.base, try reader.records(part))
        } catch {
            throw WardlineError(
                .integrity,
                "Records \(part.base) to \(part.end) cannot be read: run `wardline verify`, which names the "
                    + "damage.",
                cause: "\(error)"
            )
        }
    }
}
