// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension RecordColumnsDecoder {
    /// The records of `wanted`, or all, with their variables.
    mutating func records(_ wanted: RowSet? = nil) throws(ByteReaderError) -> ShapedRecords {
        var buffers = RecordBuffers()
        return try records(wanted, &buffers, isShaped: true)
    }

    /// The records of `wanted`, or all; without their variables unless `isShaped`.
    mutating func records(
        _ wanted: RowSet? = nil,
        _ buffers: inout RecordBuffers,
        isShaped: Bool
    ) throws(ByteReaderError) -> ShapedRecords {
        guard count > 0 else {
            var batch = RecordBatch()
            batch.origins = origins
            return ShapedRecords(batch)
        }
        if wanted != nil { try sketchColumns() }
        var assembly = RecordAssembly(self, wanted)
        swap(&assembly.buffers, &buffers)
        defer { swap(&assembly.buffers, &buffers) }
        try assembly.readMetadata(&self)
        try assembly.readStamps(&self)
        try assembly.readVariables(&self)
        try assembly.measure(self)
        assembly.copy(self)
        if isShaped { assembly.placeVariables(self) }
        var batch = RecordBatch()
        swap(&batch, &assembly.buffers.batch)
        return ShapedRecords(
            batch: batch,
            templateCount: slotCounts.count,
            numbers: numbers,
            slots: assembly.variables,
            firstSlots: assembly.ends,
            references: assembly.references,
            rows: wanted?.rows
        )
    }
}

/// Rows of a block on their way to records.
private struct RecordAssembly {
    var buffers = RecordBuffers()
    /// Time of each record of the block in nanoseconds.
    private(set) var references: [Int64]
    /// Variables of the wanted records, in their bytes.
    private(set) var variables: [RecordShapes.Slot] = []
    private(set) var ends: [UInt32] = [0]
    private let wanted: RowSet?
    /// Templates that have wanted rows.
    private var isWanted: [Bool]
    /// Number of the first time of each record, in the units of its form.
    private var stamps: [Int64]
    private var plan: TemplatePlans

    init(_ decoder: RecordColumnsDecoder, _ wanted: RowSet?) {
        self.wanted = wanted
        references = [Int64](repeating: RecordColumns.noReference, count: decoder.count)
        stamps = references
        plan = TemplatePlans(templateCount: decoder.slotCounts.count)
        isWanted = [Bool](repeating: wanted == nil, count: decoder.slotCounts.count)
        if let wanted { for row in wanted.rows { isWanted[Int(decoder.numbers[Int(row)])] = true } }
        for template in isWanted.indices where decoder.groups.count(template) == 0 {
            isWanted[template] = false
        }
    }

    mutating func readMetadata(_ decoder: inout RecordColumnsDecoder) throws(ByteReaderError) {
        let position = decoder.source.description.position
        for (number, cursor) in decoder.metadata.enumerated() {
            decoder.source.seek(cursor)
            try IntegerColumn.decode(
                decoder.count,
                from: &decoder.source,
                into: &buffers.metadata[number]
            )
        }
        let (kinds, flags, origins) = (buffers.metadata[0], buffers.metadata[1], buffers.metadata[2])
        let (cuts, logTimes, shifts) = (buffers.metadata[3], buffers.metadata[4], buffers.metadata[5])
        buffers.batch.origins = decoder.origins
        buffers.batch.rows.removeAll(keepingCapacity: true)
        buffers.batch.rows.reserveCapacity(wanted?.count ?? decoder.count)
        for index in 0..<decoder.count where wanted?.contains(index) ?? true {
            guard let raw = UInt8(exactly: kinds[index]), let kind = RecordKind(rawValue: raw),
                let flag = UInt16(exactly: flags[index]), origins[index] >= 0,
                origins[index] < decoder.origins.count
            else { throw .invalid(position: position) }
            buffers.batch.rows.append(
                RecordBatch.Row(
                    kind: kind,
                    flags: FrameFlags(rawValue: flag),
                    origin: UInt32(origins[index]),
                    start: 0,
                    length: 0,
                    originalLength: Int(cuts[index]),
                    logTime: UTCTime(nanoseconds: logTimes[index]),
                    receiveTime: UTCTime(nanoseconds: logTimes[index] &+ shifts[index])
                )
            )
        }
    }

    mutating func readStamps(_ decoder: inout RecordColumnsDecoder) throws(ByteReaderError) {
        // The numbers of all wanted forms, one form after another, and where the next of each is.
        var all: [Int64] = []
        var next: [Int] = []
        var units: [Int64] = []
        // The form of each template, by its place among those; below zero for none.
        var forms = [Int](repeating: -1, count: decoder.slotCounts.count)
        for column in decoder.stampColumns {
            let ofForm = forms.indices.filter { decoder.firstStamp($0)?.form == column.form }
            guard ofForm.contains(where: { isWanted[$0] }) else { continue }
            let total = ofForm.reduce(0) { $0 + decoder.groups.count($1) }
            decoder.source.seek(column.cursor)
            try IntegerColumn.decode(total, from: &decoder.source, into: &buffers.columns.numbers)
            for template in ofForm { forms[template] = next.count }
            next.append(all.count)
            units.append(UTCTime.second / column.form.unitsPerSecond)
            all.append(contentsOf: buffers.columns.numbers[..<total])
        }
        guard !next.isEmpty else { return }
        RecordAssembly.place(all.span, decoder.numbers.span, forms, units, &next, &stamps, &references)
    }

    /// Gives each record its number and its time.
    private static func place(
        _ values: Span<Int64>,
        _ templates: Span<UInt16>,
        _ forms: [Int],
        _ units: [Int64],
        _ next: inout [Int],
        _ stamps: inout [Int64],
        _ references: inout [Int64]
    ) {
        var numbers = stamps.mutableSpan
        var times = references.mutableSpan
        for row in templates.indices {
            let form = forms[Int(templates[row])]
            guard form >= 0 else { continue }
            let value = values[next[form]]
            next[form] += 1
            numbers[row] = value
            times[row] = value &* units[form]
        }
    }

    /// Reads the variables of each template that is wanted.
    mutating func readVariables(_ decoder: inout RecordColumnsDecoder) throws(ByteReaderError) {
        buffers.columns.texts.removeAll()
        decoder.source.seek(decoder.start)
        for template in isWanted.indices where isWanted[template] {
            if wanted != nil { decoder.source.seek(decoder.firstColumns[template]) }
            let rows = decoder.groups.range(template)
            let stamp = decoder.firstStamp(template)
            takeTimes(stamp == nil ? 0..<0 : rows, decoder.groups.rows)
            plan.begin(template)
            let piece = decoder.firstKinds[template] + template
            var literal = decoder.firstLiterals[template]
            for slot in 0...decoder.slotCounts[template] {
                let length = Int(decoder.pieceLengths[piece + slot])
                plan.add(decoder.literals.span, literal..<literal + length)
                literal += length
                guard slot < decoder.slotCounts[template] else { break }
                if let stamp, stamp.slot == slot {
                    plan.add(try writeStamps(stamp.form, rows, decoder), buffers.columns.texts)
                } else {
                    try readColumn(rows.count, &decoder.source)
                }
                guard !plan.isOverfull else {
                    throw .invalid(position: decoder.source.description.position)
                }
            }
            plan.end()
        }
        if wanted == nil { try decoder.checkEnd() }
    }

    private mutating func takeTimes(_ places: Range<Int>, _ rows: [Int32]) {
        buffers.columns.timeCount = places.count
        buffers.columns.times.grow(to: places.count)
        for (index, row) in rows[places].enumerated() { buffers.columns.times[index] = references[Int(row)] }
    }

    /// Writes the first times of the records of a template.
    private mutating func writeStamps(
        _ form: StampForm,
        _ places: Range<Int>,
        _ decoder: RecordColumnsDecoder
    ) throws(ByteReaderError) -> TextPlaces {
        let first = buffers.columns.texts.count
        var writer = StampWriter(form)
        let (rows, stamps) = (decoder.groups.rows, stamps)
        let isSound = buffers.columns.texts.append(places.count, room: StampWriter.textMaxBytes) {
            index,
            target,
            place in
            writer.write(stamps[Int(rows[places.lowerBound + index])], into: &target, at: place)
        }
        guard isSound else { throw .invalid(position: decoder.source.description.position) }
        return TextPlaces(first: first, stride: 1)
    }

    private mutating func readColumn(_ count: Int, _ source: inout ColumnSource) throws(ByteReaderError) {
        let position = source.description.position
        let encoding = source.description.remaining > 0 ? source.description.bytes[position] : 0
        if encoding == TextColumn.Encoding.split {
            _ = try source.description.byte()
            let (separators, parts) = try TextColumn.decodeParts(count, from: &source, into: &buffers.columns)
            guard buffers.columns.texts.isBounded else { throw .invalid(position: position) }
            plan.add(parts, between: separators, buffers.columns.texts)
            return
        }
        guard encoding == TextColumn.Encoding.copy else {
            plan.add(
                try TextColumn.decode(count, from: &source, into: &buffers.columns),
                buffers.columns.texts
            )
            return
        }
        _ = try source.description.byte()
        guard plan.slotCount > 0 else { throw .invalid(position: position) }
        let number = try source.description.count(atMost: plan.slotCount - 1)
        let exceptionCount = try source.description.count(atMost: count)
        guard exceptionCount > 0 else {
            plan.addCopy(of: number, buffers.columns.texts)
            return
        }
        let places = try IntegerColumn.decode(exceptionCount, from: &source)
        let timeCount = buffers.columns.timeCount
        buffers.columns.timeCount = 0
        let values = try TextColumn.decode(exceptionCount, from: &source, into: &buffers.columns)
        buffers.columns.timeCount = timeCount
        let column = plan.composed(number, count, &buffers.columns)
        for (index, place) in places.enumerated() {
            guard place >= 0, place < count else { throw .invalid(position: position) }
            buffers.columns.texts.replace(column.first + Int(place), with: values.index(index))
        }
        guard buffers.columns.texts.isBounded else { throw .invalid(position: position) }
        plan.add(column, buffers.columns.texts)
    }

    /// Finds out where each wanted record begins, and makes room for all.
    mutating func measure(_ decoder: RecordColumnsDecoder) throws(ByteReaderError) {
        let position = decoder.source.description.position
        plan.close()
        if buffers.starts.count < decoder.count {
            buffers.starts = [Int](repeating: 0, count: decoder.count)
            buffers.lengths = buffers.starts
        }
        for template in isWanted.indices where isWanted[template] {
            plan.measure(
                template,
                decoder.groups.rows.span.extracting(decoder.groups.range(template)),
                buffers.columns.texts,
                into: &buffers.lengths
            )
        }
        var end = 0
        var index = 0
        for row in 0..<decoder.count {
            guard wanted?.contains(row) ?? true else {
                buffers.starts[row] = -1
                continue
            }
            let length = buffers.lengths[row]
            let cut = buffers.batch.rows[index].originalLength
            guard cut >= 0, cut <= Int.max - length, length <= LogLimits.chunkSizeMaxBytes - end else {
                throw .invalid(position: position)
            }
            buffers.starts[row] = end
            buffers.batch.rows[index].start = end
            buffers.batch.rows[index].length = length
            buffers.batch.rows[index].originalLength = length + cut
            end += length
            index += 1
        }
        buffers.batch.bytes.resize(to: end + TemplatePlans.slackBytes)
    }

    /// Records that are put together while their place is near.
    private static let runCount = 512

    /// Puts the records together: of a run of them template by template.
    mutating func copy(_ decoder: RecordColumnsDecoder) {
        var next = isWanted.indices.map { decoder.groups.range($0) }
        var seen: UInt8 = 0
        for first in stride(from: 0, to: decoder.count, by: RecordAssembly.runCount) {
            let end = min(first + RecordAssembly.runCount, decoder.count)
            if wanted == nil {
                // One after another, which brings the place near before it is written here and there.
                let last = buffers.starts[end - 1] + buffers.lengths[end - 1]
                for place in stride(from: buffers.starts[first], to: last, by: 64) {
                    seen ^= buffers.batch.bytes[place]
                }
            }
            for template in isWanted.indices where isWanted[template] {
                let range = next[template]
                var middle = range.lowerBound
                while middle < range.upperBound, decoder.groups.rows[middle] < end { middle += 1 }
                guard middle > range.lowerBound else { continue }
                next[template] = middle..<range.upperBound
                plan.copy(
                    template,
                    decoder.groups.rows.span.extracting(range.lowerBound..<middle),
                    from: range.lowerBound - decoder.groups.range(template).lowerBound,
                    buffers.columns.texts,
                    (buffers.starts, buffers.lengths),
                    into: &buffers.batch.bytes
                )
            }
        }
        // Never so: what was read has to be used.
        if seen == 0, buffers.batch.bytes.isEmpty { return }
        buffers.batch.bytes.removeLast(TemplatePlans.slackBytes)
    }

    /// Notes where the variables of the wanted records lie.
    mutating func placeVariables(_ decoder: RecordColumnsDecoder) {
        var firsts = [Int32](repeating: -1, count: decoder.count)
        var total = 0
        ends.reserveCapacity(buffers.batch.rows.count + 1)
        for row in 0..<decoder.count where buffers.starts[row] >= 0 {
            firsts[row] = Int32(total)
            total += decoder.slotCounts[Int(decoder.numbers[row])]
            ends.append(UInt32(total))
        }
        variables = [RecordShapes.Slot](repeating: RecordShapes.Slot(start: 0, length: 0), count: total)
        for template in isWanted.indices where isWanted[template] {
            let piece = decoder.firstKinds[template] + template
            plan.place(
                template,
                pieces: decoder.pieceLengths[piece...piece + decoder.slotCounts[template]],
                decoder.groups.rows.span.extracting(decoder.groups.range(template)),
                buffers.columns.texts,
                (buffers.starts, firsts),
                into: &variables
            )
        }
    }
}

extension [UInt8] {
    /// Cuts off the end, or adds zeros.
    mutating func resize(to count: Int) {
        if self.count > count {
            removeLast(self.count - count)
        } else {
            append(contentsOf: repeatElement(0, count: count - self.count))
        }
    }
}
