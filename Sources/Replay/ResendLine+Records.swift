// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

extension ResendLine {
    /// The device records of `records` as lines to send, in offset order.
    ///
    /// A line's time is its receive time, else the device time of its first event that has one: plain files
    /// have no receive times. Control records are ours and are never sent.
    ///
    /// - Parameters:
    ///   - records: Records as they lie in a log or came from a file.
    ///   - base: Offset of the first.
    ///   - events: What was decoded from them, in offset order; may be empty.
    /// - Returns: One line for each record of kind `device`.
    /// - Complexity: O(bytes + events).
    public static func lines(
        of records: RecordBatch,
        base: Offset,
        events: EventBatch
    ) -> [ResendLine] {
        var lines: [ResendLine] = []
        var position = 0
        for (index, row) in records.rows.enumerated() {
            let offset = base.advanced(by: index)
            while position < events.events.count, events.events[position].offset < offset { position += 1 }
            guard row.kind == .device else { continue }
            var time = row.receiveTime
            var next = position
            while !time.isPresent, next < events.events.count, events.events[next].offset == offset {
                time = events.events[next].deviceTime
                next += 1
            }
            lines.append(ResendLine(bytes: records.payload(index), time: time))
        }
        return lines
    }
}
