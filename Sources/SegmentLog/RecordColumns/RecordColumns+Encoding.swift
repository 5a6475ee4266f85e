// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Turns the records of one block after another into columns; its memory serves from block to block.
struct RecordColumnsEncoder {
    private var streams = ColumnStreams()
    private var variables = TemplateColumns()
    private let deflater: ColumnDeflater

    /// Time of each record of the last batch, as ``ShapedRecords/references``.
    private(set) var references: [Int64] = []

    init(_ deflater: ColumnDeflater = ColumnDeflater(.live)) { self.deflater = deflater }

    /// The stored form of `batch`, which `shapes` has taken apart.
    mutating func encode(
        _ batch: RecordBatch,
        _ shapes: RecordShapes,
        _ paging: ColumnPaging = ColumnPaging()
    ) -> [UInt8] {
        streams.removeAll()
        references = []
        encodeOrigins(batch)
        guard !batch.rows.isEmpty else { return streams.stored(deflater, paging) }
        encodeMetadata(batch)
        encodeTemplates(shapes)
        references = encodeStamps(shapes)
        encodeVariables(batch, shapes, references)
        return streams.stored(deflater, paging)
    }

    private mutating func encodeOrigins(_ batch: RecordBatch) {
        streams.description.varint(UInt64(batch.rows.count))
        streams.description.varint(UInt64(batch.origins.count))
        for origin in batch.origins { RecordCodec.encode(origin, into: &streams.description) }
    }

    private mutating func encodeMetadata(_ batch: RecordBatch) {
        let rows = batch.rows
        IntegerColumn.encode(rows.map { Int64($0.kind.rawValue) }, into: &streams)
        IntegerColumn.encode(rows.map { Int64($0.flags.rawValue) }, into: &streams)
        IntegerColumn.encode(rows.map { Int64($0.origin) }, into: &streams)
        IntegerColumn.encode(rows.map { Int64($0.originalLength) &- Int64($0.length) }, into: &streams)
        IntegerColumn.encode(rows.map(\.logTime.nanoseconds), into: &streams)
        IntegerColumn.encode(
            rows.map { $0.receiveTime.nanoseconds &- $0.logTime.nanoseconds },
            into: &streams
        )
    }

    private mutating func encodeTemplates(_ shapes: RecordShapes) {
        streams.description.varint(UInt64(shapes.templates.count))
        IntegerColumn.encode(shapes.templates.map { Int64($0.slotCount) }, into: &streams)
        IntegerColumn.encode(shapes.pieceLengths.map { Int64($0) }, into: &streams)
        streams.add(.varints) { $0.append(contentsOf: shapes.slotKinds) }
        streams.add(.phrase) { $0.append(contentsOf: shapes.literals) }
        IntegerColumn.encode(shapes.numbers.map { Int64($0) }, into: &streams)
    }

    /// Adds the first time of each record, one column for each form, and gives those times in nanoseconds.
    private mutating func encodeStamps(_ shapes: RecordShapes) -> [Int64] {
        let forms = shapes.templates.map { shapes.firstStamp($0)?.form }
        // Of each template; zero without a time.
        let codes = forms.map { $0?.rawValue ?? 0 }
        let units = forms.map { form in form.map { UTCTime.second / $0.unitsPerSecond } ?? 0 }
        var references = [Int64](repeating: RecordColumns.noReference, count: shapes.numbers.count)
        for row in references.indices {
            let template = Int(shapes.numbers[row])
            if codes[template] != 0 { references[row] = shapes.times[row] &* units[template] }
        }
        for code in Set(codes).sorted() where code != 0 {
            var column: [Int64] = []
            column.reserveCapacity(references.count)
            for row in references.indices where codes[Int(shapes.numbers[row])] == code {
                column.append(shapes.times[row])
            }
            if !column.isEmpty { IntegerColumn.encode(column, into: &streams) }
        }
        return references
    }

    private mutating func encodeVariables(
        _ batch: RecordBatch,
        _ shapes: RecordShapes,
        _ references: [Int64]
    ) {
        let groups = TemplateRows(shapes.numbers, templateCount: shapes.templates.count)
        for (number, template) in shapes.templates.enumerated() {
            let rows = groups.rows[groups.range(number)]
            guard !rows.isEmpty else { continue }
            let first = shapes.firstStamp(template)?.slot
            let times = first == nil ? [] : rows.map { references[Int($0)] }
            variables.take(batch.bytes.span, shapes, rows, slotCount: template.slotCount)
            var columns: [TextValues] = []
            for slot in 0..<template.slotCount {
                let values = variables.values(slot, references: times)
                columns.append(values)
                guard slot != first else { continue }
                if let form = StampForm(rawValue: shapes.slotKinds[template.firstKind + slot]) {
                    encode(values, form)
                } else if !encodeCopy(columns, slot) {
                    TextColumn.encode(values, into: &streams)
                }
            }
        }
    }

    private mutating func encode(_ values: TextValues, _ form: StampForm) {
        let span = values.bytes.span
        var numbers: [Int64] = []
        numbers.reserveCapacity(values.count)
        for slot in values.slots {
            let range = slot.range
            numbers.append(StampForm.scan(span, at: range.lowerBound, end: range.upperBound)?.value ?? 0)
        }
        TextColumn.encode(numbers, form, references: values.references, into: &streams)
    }

    /// Adds the last of `columns` as a copy of an earlier one, if they hardly differ.
    private mutating func encodeCopy(_ columns: [TextValues], _ slot: Int) -> Bool {
        let values = columns[slot]
        let exceptionCountMax = values.count / RecordColumns.copyExceptionRatio
        guard values.slots[0].length > 1 || values.count > 1 else { return false }
        for other in (0..<slot).reversed()
        where columns[other].isEqual(columns[other].slots[0], values.slots[0]) {
            var exceptions: [Int64] = []
            for index in 0..<values.count
            where !values.isEqual(values.slots[index], columns[other].slots[index]) {
                exceptions.append(Int64(index))
                if exceptions.count > exceptionCountMax { break }
            }
            guard exceptions.count <= exceptionCountMax else { continue }
            // What never changes costs less as a constant.
            guard !values.slots.allSatisfy({ values.isEqual($0, values.slots[0]) }) else { return false }
            streams.description.write(TextColumn.Encoding.copy)
            streams.description.varint(UInt64(other))
            streams.description.varint(UInt64(exceptions.count))
            if !exceptions.isEmpty {
                IntegerColumn.encode(exceptions, into: &streams)
                let differing = exceptions.map { values.slots[Int($0)] }
                TextColumn.encode(TextValues(bytes: values.bytes, slots: differing), into: &streams)
            }
            return true
        }
        return false
    }
}

extension RecordShapes {
    /// The slot of the first time of a template, and its form.
    func firstStamp(_ template: Template) -> (slot: Int, form: StampForm)? {
        for slot in 0..<template.slotCount {
            if let form = StampForm(rawValue: slotKinds[template.firstKind + slot]) { return (slot, form) }
        }
        return nil
    }
}
