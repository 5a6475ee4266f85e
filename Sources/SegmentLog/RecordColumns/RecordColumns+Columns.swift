// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Single columns of a block, read without its records.
extension RecordColumnsDecoder {
    /// Reads the time of each record in nanoseconds into the references of `buffers`, and its log time into
    /// the first metadata column.
    mutating func readReferences(into buffers: inout RecordBuffers) throws(ByteReaderError) {
        source.seek(metadata[4])
        try IntegerColumn.decode(count, from: &source, into: &buffers.metadata[0])
        var references: [Int64] = []
        swap(&references, &buffers.references)
        references.grow(to: count)
        // The numbers of all forms, one form after another, and where the next of each is.
        var all: [Int64] = []
        var next: [Int] = []
        // The form of each template, by its place among the columns; below zero for none.
        var forms = [Int](repeating: -1, count: slotCounts.count)
        for (place, column) in stampColumns.enumerated() {
            var total = 0
            for template in forms.indices where firstStamp(template)?.form == column.form {
                forms[template] = place
                total += groups.count(template)
            }
            source.seek(column.cursor)
            try IntegerColumn.decode(total, from: &source, into: &buffers.columns.numbers)
            next.append(all.count)
            all.append(contentsOf: buffers.columns.numbers[..<total])
        }
        let units = stampColumns.map { UTCTime.second / $0.form.unitsPerSecond }
        var target = references.mutableSpan
        let (templates, values) = (numbers.span, all.span)
        for row in templates.indices {
            let form = forms[Int(templates[row])]
            guard form >= 0 else {
                target[row] = RecordColumns.noReference
                continue
            }
            target[row] = values[next[form]] &* units[form]
            next[form] += 1
        }
        swap(&references, &buffers.references)
    }

    /// Constant text `number` of a template, a range of ``literals``.
    func piece(_ number: Int, of template: Int) -> Range<Int> {
        let first = firstKinds[template] + template
        var start = firstLiterals[template]
        for index in first..<first + number { start += Int(pieceLengths[index]) }
        return start..<start + Int(pieceLengths[first + number])
    }

    /// Reads the texts of a slot of a template into those of `memory`; ``sketchColumns(forSearch:)`` comes
    /// first.
    mutating func readColumn(
        _ slot: Int,
        _ template: Int,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> TextPlaces {
        let position = source.description.position
        let rowCount = groups.count(template)
        guard let sketch = sketches[firstKinds[template] + slot] else {
            return try writeStamps(template, &memory)
        }
        memory.timeCount = 0
        switch sketch.form {
        case .plain:
            source.seek(sketch.cursor)
            return try TextColumn.decode(rowCount, from: &source, into: &memory)
        case .timed:
            let unit = firstStamp(template).map { UTCTime.second / $0.form.unitsPerSecond } ?? 1
            let times = try times()
            memory.times = groups.rows[groups.range(template)].map { times[Int($0)] &* unit }
            memory.timeCount = firstStamp(template) == nil ? 0 : rowCount
            source.seek(sketch.cursor)
            return try TextColumn.decode(rowCount, from: &source, into: &memory)
        case .copy(let original, let exceptionCount):
            let copied = try readColumn(Int(original), template, &memory)
            guard exceptionCount > 0 else { return copied }
            source.seek(sketch.cursor)
            let places = try IntegerColumn.decode(Int(exceptionCount), from: &source)
            memory.timeCount = 0
            let values = try TextColumn.decode(Int(exceptionCount), from: &source, into: &memory)
            let first = memory.texts.count
            memory.texts.append(rowCount, copiesOf: copied)
            for (index, place) in places.enumerated() {
                guard place >= 0, place < rowCount else { throw .invalid(position: position) }
                memory.texts.replace(first + Int(place), with: values.index(index))
            }
            guard memory.texts.isBounded else { throw .invalid(position: position) }
            return TextPlaces(first: first, stride: 1)
        }
    }

    private mutating func writeStamps(
        _ template: Int,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> TextPlaces {
        let position = source.description.position
        let times = try times()
        let (rows, places, first) = (groups.rows, groups.range(template), memory.texts.count)
        guard var writer = firstStamp(template).map({ StampWriter($0.form) }),
            memory.texts.append(
                places.count,
                room: StampWriter.textMaxBytes,
                { index, target, place in
                    writer.write(times[Int(rows[places.lowerBound + index])], into: &target, at: place)
                }
            )
        else { throw .invalid(position: position) }
        return TextPlaces(first: first, stride: 1)
    }
}
