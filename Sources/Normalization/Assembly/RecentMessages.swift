// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Where the newest message of each source lies, for the lines that say how often it was repeated.
///
/// Bytes are not copied: the last batches are kept as they came, as far back as messages are remembered. Two
/// sources whose hashes share a place forget each other; which of them is known then depends on the records
/// alone.
struct RecentMessages: Sendable {
    /// Bytes of records that a message may lie behind; with the count of records it bounds what is kept.
    static let lookBackSizeMaxBytes: UInt64 = 8 * 1_048_576
    /// Places: as many as records are remembered.
    private static let placeCount = 4_096

    private struct Place {
        var source: UInt64 = 0
        /// Count and bytes of records at the message; a count of 0 is none.
        var count: UInt64 = 0
        var bytes: UInt64 = 0
        var batch: UInt64 = 0
        var row: Int32 = 0
        var offset = Offset.zero
    }

    /// A message that can be read again.
    struct Message {
        var records: RecordBatch
        var row: RecordBatch.Row
        var offset: Offset
    }

    private var places = [Place](repeating: Place(), count: RecentMessages.placeCount)
    /// Batches with what had been counted at their end, oldest first; the newest is being read.
    private var batches: [(number: UInt64, records: RecordBatch, endCount: UInt64, endBytes: UInt64)] = []
    private var number: UInt64 = 0
    private var bytes: UInt64 = 0

    /// Begins with the records of `batch`, which stay as they are.
    mutating func begin(_ batch: RecordBatch) {
        number &+= 1
        batches.append((number, batch, .max, .max))
    }

    /// Ends the newest batch; batches that lie too far back go.
    mutating func finish(_ count: UInt64) {
        guard let last = batches.indices.last else { return }
        batches[last].endCount = count
        batches[last].endBytes = bytes
        let size = bytes
        batches.removeAll { !RecentMessages.isNear($0.endCount, $0.endBytes, count, size) }
    }

    private static func isNear(_ count: UInt64, _ bytes: UInt64, _ now: UInt64, _ size: UInt64) -> Bool {
        now &- count <= UInt64(RecordAssembler.lookBackCountMax)
            && size &- bytes <= RecentMessages.lookBackSizeMaxBytes
    }

    /// Notes the message in `row` of the batch that is being read.
    mutating func note(_ source: UInt64, _ row: Int, _ length: Int, _ offset: Offset, _ count: UInt64) {
        bytes &+= UInt64(length)
        let place = Int(source & UInt64(RecentMessages.placeCount - 1))
        places[place] = Place(
            source: source,
            count: count,
            bytes: bytes,
            batch: number,
            row: Int32(truncatingIfNeeded: row),
            offset: offset
        )
    }

    /// Counts a record that is not remembered.
    mutating func pass(_ length: Int) { bytes &+= UInt64(length) }

    /// The newest message of a source; nil if there is none within reach.
    func message(_ source: UInt64, _ count: UInt64) -> Message? {
        let place = places[Int(source & UInt64(RecentMessages.placeCount - 1))]
        guard place.source == source, place.count > 0,
            RecentMessages.isNear(place.count, place.bytes, count, bytes),
            let batch = batches.last(where: { $0.number == place.batch })
        else { return nil }
        return Message(
            records: batch.records,
            row: batch.records.rows[Int(place.row)],
            offset: place.offset
        )
    }

    /// Forgets everything: places point into batches, and those go.
    mutating func removeAll() { batches.removeAll() }
}
