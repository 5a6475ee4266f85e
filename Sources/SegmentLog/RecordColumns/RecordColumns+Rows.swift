// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension RecordColumnsDecoder {
    /// The records of `wanted`, or all, with their variables.
    mutating func records(_ wanted: RowSet? = nil) throws(ByteReaderError) -> ShapedRecords {
        guard count > 0 else {
            var batch = RecordBatch()
            batch.origins = origins
            return ShapedRecords(batch)
        }
        var assembly = RecordAssembly(self, wanted)
        try assembly.readMetadata(&self)
        try assembly.readStamps(&self)
        try assembly.readVariables(&self)
        try assembly.assemble(self)
        return ShapedRecords(
            batch: assembly.batch,
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
    var batch = RecordBatch()
    /// Time of each record of the block in nanoseconds.
    var references: [Int64]
    /// Variables of the wanted records, in their bytes.
    var variables: [RecordShapes.Slot] = []
    var ends: [UInt32] = [0]
    private let wanted: RowSet?
    /// Templates that have wanted rows.
    private var isWanted: [Bool]
    /// Text of the first time of each record, in the arena.
    private var stamps: [RecordShapes.Slot] = []
    private var arena = TextArena()
    /// Columns of all slots, and the first of each template.
    private var columns: [TextPlaces] = []
    private var firstColumns: [Int]

    init(_ decoder: RecordColumnsDecoder, _ wanted: RowSet?) {
        self.wanted = wanted
        batch.origins = decoder.origins
        references = [Int64](repeating: RecordColumns.noReference, count: decoder.count)
        firstColumns = [Int](repeating: 0, count: decoder.slotCounts.count)
        isWanted = [Bool](repeating: wanted == nil, count: decoder.slotCounts.count)
        if let wanted { for row in wanted.rows { isWanted[Int(decoder.numbers[Int(row)])] = true } }
        for template in isWanted.indices where decoder.groups.count(template) == 0 {
            isWanted[template] = false
        }
    }

    mutating func readMetadata(_ decoder: inout RecordColumnsDecoder) throws(ByteReaderError) {
        let position = decoder.source.description.position
        var columns: [[Int64]] = []
        for cursor in decoder.metadata {
            decoder.source.seek(cursor)
            columns.append(try IntegerColumn.decode(decoder.count, from: &decoder.source))
        }
        let (kinds, flags, origins, cuts) = (columns[0], columns[1], columns[2], columns[3])
        let (logTimes, shifts) = (columns[4], columns[5])
        batch.rows.reserveCapacity(wanted?.count ?? decoder.count)
        for index in 0..<decoder.count where wanted?.contains(index) ?? true {
            guard let raw = UInt8(exactly: kinds[index]), let kind = RecordKind(rawValue: raw),
                let flag = UInt16(exactly: flags[index]), origins[index] >= 0,
                origins[index] < batch.origins.count
            else { throw .invalid(position: position) }
            batch.rows.append(
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
        let position = decoder.source.description.position
        let forms = decoder.slotCounts.indices.map { decoder.firstStamp($0)?.form }
        stamps = [RecordShapes.Slot](
            repeating: RecordShapes.Slot(start: 0, length: 0),
            count: decoder.count
        )
        var rowsOf = [[Int32]](repeating: [], count: 256)
        for row in 0..<decoder.count {
            if let form = forms[Int(decoder.numbers[row])] { rowsOf[Int(form.rawValue)].append(Int32(row)) }
        }
        for column in decoder.stampColumns {
            let rows = rowsOf[Int(column.form.rawValue)]
            guard rows.contains(where: { isWanted[Int(decoder.numbers[Int($0)])] }) else { continue }
            decoder.source.seek(column.cursor)
            let values = try IntegerColumn.decode(rows.count, from: &decoder.source)
            let unit = UTCTime.second / column.form.unitsPerSecond
            for (value, row) in zip(values, rows) {
                references[Int(row)] = value &* unit
                guard isWanted[Int(decoder.numbers[Int(row)])] else { continue }
                let start = arena.bytes.count
                guard column.form.write(value, to: &arena.bytes) else { throw .invalid(position: position) }
                stamps[Int(row)] = RecordShapes.Slot(
                    start: UInt32(start),
                    length: UInt32(arena.bytes.count - start)
                )
            }
        }
    }

    /// Reads the variables of each template that is wanted.
    mutating func readVariables(_ decoder: inout RecordColumnsDecoder) throws(ByteReaderError) {
        for template in isWanted.indices where isWanted[template] {
            let rows = decoder.groups.rows[decoder.groups.range(template)]
            let first = decoder.firstStamp(template)
            let times = first == nil ? [] : rows.map { references[Int($0)] }
            firstColumns[template] = columns.count
            decoder.source.seek(decoder.firstColumns[template])
            for slot in 0..<decoder.slotCounts[template] {
                if slot == first?.slot {
                    columns.append(TextPlaces(first: arena.slots.count, stride: 1))
                    for row in rows { arena.slots.append(stamps[Int(row)]) }
                } else {
                    columns.append(
                        try readColumn(
                            rows.count,
                            times,
                            columns[firstColumns[template]...],
                            &decoder.source
                        )
                    )
                }
            }
        }
    }

    private mutating func readColumn(
        _ count: Int,
        _ times: [Int64],
        _ earlier: ArraySlice<TextPlaces>,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) -> TextPlaces {
        let position = source.description.position
        guard source.description.remaining > 0,
            source.description.bytes[position] == TextColumn.Encoding.copy
        else { return try TextColumn.decode(count, references: times, from: &source, into: &arena) }
        _ = try source.description.byte()
        let number = try source.description.count(atMost: max(0, earlier.count - 1))
        let exceptionCount = try source.description.count(atMost: count)
        guard !earlier.isEmpty else { throw .invalid(position: position) }
        let original = earlier[earlier.startIndex + number]
        guard exceptionCount > 0 else { return original }
        let places = try IntegerColumn.decode(exceptionCount, from: &source)
        let values = try TextColumn.decode(exceptionCount, references: [], from: &source, into: &arena)
        let first = arena.slots.count
        for index in 0..<count { arena.slots.append(arena.slots[original.index(index)]) }
        for (index, place) in places.enumerated() {
            guard place >= 0, place < count else { throw .invalid(position: position) }
            arena.slots[first + Int(place)] = arena.slots[values.index(index)]
        }
        guard arena.isBounded else { throw .invalid(position: position) }
        return TextPlaces(first: first, stride: 1)
    }

    /// Bytes of the wanted records.
    private func totalLength(_ decoder: RecordColumnsDecoder) -> Int {
        var total = 0
        for template in isWanted.indices where isWanted[template] {
            var wantedPlaces: [Int]?
            if let wanted {
                let rows = decoder.groups.rows[decoder.groups.range(template)]
                wantedPlaces = rows.enumerated().filter { wanted.contains(Int($0.element)) }.map(\.offset)
            }
            let rows = wantedPlaces?.count ?? decoder.groups.count(template)
            let slotCount = decoder.slotCounts[template]
            let piece = decoder.firstKinds[template] + template
            for index in piece...piece + slotCount { total += Int(decoder.pieceLengths[index]) * rows }
            for column in columns[firstColumns[template]..<firstColumns[template] + slotCount] {
                if column.stride == 0 {
                    total += Int(arena.slots[column.first].length) * rows
                } else if let wantedPlaces {
                    for place in wantedPlaces { total += Int(arena.slots[column.first + place].length) }
                } else {
                    for slot in arena.slots[column.first..<column.first + rows] { total += Int(slot.length) }
                }
            }
        }
        return total
    }

    /// Puts the records together.
    mutating func assemble(_ decoder: RecordColumnsDecoder) throws(ByteReaderError) {
        let position = decoder.source.description.position
        let total = totalLength(decoder)
        guard total <= LogLimits.chunkSizeMaxBytes else { throw .invalid(position: position) }
        let slack = [UInt8](repeating: 0, count: TextArena.slackBytes)
        arena.bytes.append(contentsOf: slack)
        let constants = decoder.literals + slack
        var bytes = [UInt8](repeating: 0, count: total + TextArena.slackBytes)
        // In locals, so that no access to self is checked in the loop.
        let (buffer, places) = (arena.bytes, arena.slots)
        let (columns, pieceLengths, numbers) = (columns, decoder.pieceLengths, decoder.numbers)
        let (slotCounts, firstKinds, firstLiterals) = (
            decoder.slotCounts, decoder.firstKinds, decoder.firstLiterals
        )
        var rows = batch.rows
        batch.rows = []
        if wanted == nil {
            variables.reserveCapacity(numbers.reduce(0) { $0 + slotCounts[Int($1)] })
        }
        ends.reserveCapacity(rows.count + 1)
        var next = [Int](repeating: 0, count: slotCounts.count)
        var target = bytes.mutableSpan
        var end = 0
        var row = 0
        for (index, number) in numbers.enumerated() {
            let template = Int(number)
            let place = next[template]
            next[template] += 1
            if let wanted, !wanted.contains(index) { continue }
            let start = end
            var piece = firstKinds[template] + template
            var literal = firstLiterals[template]
            let column = firstColumns[template]
            for slot in 0..<slotCounts[template] {
                let length = Int(pieceLengths[piece])
                target.copyWords(constants.span, from: literal, length, to: end)
                end += length
                literal += length
                piece += 1
                let text = places[columns[column + slot].index(place)]
                target.copyWords(buffer.span, from: Int(text.start), Int(text.length), to: end)
                variables.append(RecordShapes.Slot(start: UInt32(end), length: text.length))
                end += Int(text.length)
            }
            let length = Int(pieceLengths[piece])
            target.copyWords(constants.span, from: literal, length, to: end)
            end += length
            ends.append(UInt32(variables.count))
            let cut = rows[row].originalLength
            guard cut >= 0, cut <= Int.max - (end - start) else { throw .invalid(position: position) }
            rows[row].start = start
            rows[row].length = end - start
            rows[row].originalLength = end - start + cut
            row += 1
        }
        batch.rows = rows
        bytes.removeLast(TextArena.slackBytes)
        batch.bytes = bytes
    }
}
