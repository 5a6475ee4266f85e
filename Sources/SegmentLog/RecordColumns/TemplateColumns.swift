// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The variables of the records of one template, moved together column by column.
///
/// Choosing an encoding looks at a column several times, and a record is as long as several cache lines: side
/// by side the values are read once from far away.
struct TemplateColumns {
    /// The values of all columns, each column followed by slack.
    private(set) var bytes: [UInt8] = []
    /// Where each value lies, ``rowCount`` for each column.
    private var slots: [RecordShapes.Slot] = []
    private var rowCount = 0

    /// Bytes that a copy may go beyond its end.
    private static let slackBytes = 16

    /// Takes the variables of `rows`, which have `slotCount` each, in place of what was here.
    mutating func take(
        _ source: Span<UInt8>,
        _ shapes: RecordShapes,
        _ rows: ArraySlice<Int32>,
        slotCount: Int
    ) {
        rowCount = rows.count
        var ends = TemplateColumns.starts(shapes, rows, slotCount)
        let size = ends.removeLast()
        if bytes.count < size { bytes.append(contentsOf: repeatElement(0, count: size - bytes.count)) }
        let more = rows.count * slotCount - slots.count
        if more > 0 {
            slots.append(contentsOf: repeatElement(RecordShapes.Slot(start: 0, length: 0), count: more))
        }
        TemplateColumns.move(source, shapes, rows, &ends, &bytes, &slots)
    }

    /// Copies each value to the cursor of its column, which goes on.
    private static func move(
        _ source: Span<UInt8>,
        _ shapes: RecordShapes,
        _ rows: ArraySlice<Int32>,
        _ cursors: inout [Int],
        _ bytes: inout [UInt8],
        _ slots: inout [RecordShapes.Slot]
    ) {
        let slotCount = cursors.count
        var target = bytes.mutableSpan
        var places = slots.mutableSpan
        var cursors = cursors.mutableSpan
        let (rows, firsts, all) = (rows.span, shapes.firstSlots.span, shapes.slots.span)
        for index in rows.indices {
            let first = Int(firsts[Int(rows[index])])
            for column in 0..<slotCount {
                let slot = all[first + column]
                let (start, length) = (Int(slot.start), Int(slot.length))
                let position = cursors[column]
                if start + max(slackBytes, (length + 15) & ~15) <= source.count {
                    target.copyWide(source, from: start, length, to: position)
                } else {
                    for lane in 0..<length { target[position + lane] = source[start + lane] }
                }
                places[column * rows.count + index] = RecordShapes.Slot(
                    start: UInt32(position),
                    length: slot.length
                )
                cursors[column] = position + length
            }
        }
    }

    /// Where each column begins, then the size of all.
    private static func starts(
        _ shapes: RecordShapes,
        _ rows: ArraySlice<Int32>,
        _ slotCount: Int
    ) -> [Int] {
        var sizes = [Int](repeating: 0, count: slotCount)
        let (firsts, all) = (shapes.firstSlots.span, shapes.slots.span)
        for row in rows {
            let first = Int(firsts[Int(row)])
            for column in 0..<slotCount { sizes[column] += Int(all[first + column].length) }
        }
        var starts = [0]
        for size in sizes { starts.append(starts[starts.count - 1] + size + 2 * slackBytes) }
        return starts
    }

    /// The values of `column`; `references` are the times of their records.
    func values(_ column: Int, references: [Int64]) -> TextValues {
        let range = column * rowCount..<(column + 1) * rowCount
        return TextValues(bytes: bytes, slots: Array(slots[range]), references: references)
    }
}
