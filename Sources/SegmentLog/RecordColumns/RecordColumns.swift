// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The stored form of the records of a block: templates, columns of variables, columns of receive metadata.
///
/// - Source: `schemas/disk/record-columns-v1.md`.
enum RecordColumns {
    /// A column is kept as a copy of another while at most one value in so many differs.
    static let copyExceptionRatio = 32
    /// A time that is not there, among those that are differences.
    static let noReference: Int64 = 0
}

/// Records with their variables, as event columns refer to them.
struct ShapedRecords {
    /// The records that were read.
    var batch: RecordBatch
    /// Their rows in the block; nil when all were read.
    var rows: [Int32]?
    var templateCount: Int
    /// Template of each record of the block.
    var numbers: [UInt16]
    /// Variables of the records that were read, ranges of the batch's bytes.
    var slots: [RecordShapes.Slot]
    /// First variable of each record, and the end of the last.
    var firstSlots: [UInt32]
    /// Time of each record of the block in nanoseconds, or ``RecordColumns/noReference``.
    var references: [Int64]

    init(
        batch: RecordBatch,
        templateCount: Int,
        numbers: [UInt16],
        slots: [RecordShapes.Slot],
        firstSlots: [UInt32],
        references: [Int64],
        rows: [Int32]? = nil
    ) {
        self.batch = batch
        self.rows = rows
        self.templateCount = templateCount
        self.numbers = numbers
        self.slots = slots
        self.firstSlots = firstSlots
        self.references = references
    }

    /// Records whose variables are not known.
    init(_ batch: RecordBatch) {
        self.init(batch: batch, templateCount: 0, numbers: [], slots: [], firstSlots: [], references: [])
    }

    /// Bounds of record `index` of those that were read.
    func bounds(of index: Int) -> RecordBounds {
        RecordBounds(
            slots: slots[Int(firstSlots[index])..<Int(firstSlots[index + 1])],
            range: batch.rows[index].range
        )
    }

    /// What device times of record `index` of those that were read are counted from.
    func reference(of index: Int) -> Int64 {
        let row = rows.map { Int($0[index]) } ?? index
        return references[row] == RecordColumns.noReference
            ? batch.rows[index].logTime.nanoseconds : references[row]
    }
}

/// The rows of each template, in the order of the templates.
struct TemplateRows {
    /// First place of each template in ``rows``, and the end of the last.
    private(set) var starts: [Int]
    private(set) var rows: [Int32]

    init(_ numbers: [UInt16], templateCount: Int) {
        starts = [Int](repeating: 0, count: templateCount + 1)
        for number in numbers { starts[Int(number) + 1] += 1 }
        for number in 0..<templateCount { starts[number + 1] += starts[number] }
        var (places, sorted) = (starts, [Int32](repeating: 0, count: numbers.count))
        TemplateRows.sort(numbers.span, &places, into: &sorted)
        rows = sorted
    }

    /// Puts each row at the place of its template, which goes on.
    private static func sort(_ numbers: Span<UInt16>, _ places: inout [Int], into rows: inout [Int32]) {
        var next = places.mutableSpan
        var target = rows.mutableSpan
        for row in numbers.indices {
            let place = next[Int(numbers[row])]
            target[place] = Int32(row)
            next[Int(numbers[row])] = place + 1
        }
    }

    func count(_ template: Int) -> Int { starts[template + 1] - starts[template] }

    func range(_ template: Int) -> Range<Int> { starts[template]..<starts[template + 1] }
}
