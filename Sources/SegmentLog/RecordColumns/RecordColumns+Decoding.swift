// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads what ``RecordColumnsEncoder`` wrote; refuses everything else within stated memory.
struct RecordColumnsDecoder {
    private var source: ColumnSource
    private var batch = RecordBatch()
    private var count = 0
    private var slotCounts: [Int] = []
    private var firstKinds: [Int] = []
    private var kinds: [UInt8] = []
    private var pieceLengths: [Int64] = []
    private var literals: [UInt8] = []
    private var numbers: [UInt16] = []
    /// Time of each record in nanoseconds, and its text.
    private var references: [Int64] = []
    /// Text of the first time of each record, in the arena.
    private var stamps: [RecordShapes.Slot] = []
    private var arena = TextArena()
    private var groups = TemplateRows([], templateCount: 0)
    /// Columns of all slots, and the first of each template.
    private var columns: [TextPlaces] = []
    private var firstColumns: [Int] = []
    /// Variables of the records, in their bytes.
    private var slots: [RecordShapes.Slot] = []
    private var firstSlots: [UInt32] = [0]

    /// Most slots of all templates.
    private static let slotCountMax = RecordShapes.templateCountMax * 512

    /// The records; `stored` must hold nothing else.
    static func decode(_ stored: [UInt8]) throws(ByteReaderError) -> RecordBatch {
        try decodeShaped(stored).batch
    }

    /// The records with their variables.
    static func decodeShaped(_ stored: [UInt8]) throws(ByteReaderError) -> ShapedRecords {
        var decoder = RecordColumnsDecoder(source: try ColumnSource(stored))
        try decoder.readMetadata()
        if decoder.count > 0 {
            try decoder.readTemplates()
            try decoder.readStamps()
            try decoder.readVariables()
            try decoder.assemble()
        }
        guard decoder.source.isAtEnd else { throw .invalid(position: decoder.source.description.position) }
        return ShapedRecords(
            batch: decoder.batch,
            templateCount: decoder.slotCounts.count,
            numbers: decoder.numbers,
            slots: decoder.slots,
            firstSlots: decoder.firstSlots,
            references: decoder.references
        )
    }

    private init(source: ColumnSource) { self.source = source }

    private mutating func readMetadata() throws(ByteReaderError) {
        count = try source.description.count(atMost: LogLimits.blockRecordCountMax)
        let originCount = try source.description.count(
            atMost: min(source.description.remaining, LogLimits.blockRecordCountMax)
        )
        for _ in 0..<originCount { batch.origins.append(try RecordCodec.origin(&source.description)) }
        guard count > 0 else { return }
        let position = source.description.position
        let kinds = try IntegerColumn.decode(count, from: &source)
        let flags = try IntegerColumn.decode(count, from: &source)
        let origins = try IntegerColumn.decode(count, from: &source)
        let cuts = try IntegerColumn.decode(count, from: &source)
        let logTimes = try IntegerColumn.decode(count, from: &source)
        let shifts = try IntegerColumn.decode(count, from: &source)
        batch.rows.reserveCapacity(count)
        for index in 0..<count {
            guard let raw = UInt8(exactly: kinds[index]), let kind = RecordKind(rawValue: raw),
                let flag = UInt16(exactly: flags[index]), origins[index] >= 0, origins[index] < originCount
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

    private mutating func readTemplates() throws(ByteReaderError) {
        let position = source.description.position
        let templateCount = try source.description.count(atMost: RecordShapes.templateCountMax)
        guard templateCount > 0 else { throw .invalid(position: position) }
        var total = 0
        for slotCount in try IntegerColumn.decode(templateCount, from: &source) {
            guard slotCount >= 0, slotCount <= Int64(RecordColumnsDecoder.slotCountMax - total) else {
                throw .invalid(position: position)
            }
            firstKinds.append(total)
            slotCounts.append(Int(slotCount))
            total += Int(slotCount)
        }
        pieceLengths = try IntegerColumn.decode(total + templateCount, from: &source)
        kinds = try source.next()
        literals = try source.next()
        var length: Int64 = 0
        for piece in pieceLengths {
            guard piece >= 0, piece <= Int64(literals.count) - length else {
                throw .invalid(position: position)
            }
            length += piece
        }
        guard kinds.count == total, length == literals.count,
            kinds.allSatisfy({ $0 == RecordShapes.text || StampForm(rawValue: $0) != nil })
        else { throw .invalid(position: position) }
        for number in try IntegerColumn.decode(count, from: &source) {
            guard number >= 0, number < templateCount else { throw .invalid(position: position) }
            numbers.append(UInt16(number))
        }
    }

    private func firstStamp(_ template: Int) -> (slot: Int, form: StampForm)? {
        for slot in 0..<slotCounts[template] {
            if let form = StampForm(rawValue: kinds[firstKinds[template] + slot]) { return (slot, form) }
        }
        return nil
    }

    private mutating func readStamps() throws(ByteReaderError) {
        let position = source.description.position
        let forms = slotCounts.indices.map { firstStamp($0)?.form }
        references = [Int64](repeating: RecordColumns.noReference, count: count)
        stamps = [RecordShapes.Slot](repeating: RecordShapes.Slot(start: 0, length: 0), count: count)
        var rowsOf = [[Int32]](repeating: [], count: 256)
        for row in 0..<count {
            if let form = forms[Int(numbers[row])] { rowsOf[Int(form.rawValue)].append(Int32(row)) }
        }
        for code in rowsOf.indices where !rowsOf[code].isEmpty {
            guard let form = StampForm(rawValue: UInt8(code)) else { throw .invalid(position: position) }
            let values = try IntegerColumn.decode(rowsOf[code].count, from: &source)
            let unit = UTCTime.second / form.unitsPerSecond
            for (value, row) in zip(values, rowsOf[code]) {
                references[Int(row)] = value &* unit
                let start = arena.bytes.count
                guard form.write(value, to: &arena.bytes) else { throw .invalid(position: position) }
                stamps[Int(row)] = RecordShapes.Slot(
                    start: UInt32(start),
                    length: UInt32(arena.bytes.count - start)
                )
            }
        }
    }

    /// Reads the variables of each template.
    private mutating func readVariables() throws(ByteReaderError) {
        groups = TemplateRows(numbers, templateCount: slotCounts.count)
        firstColumns = [Int](repeating: 0, count: slotCounts.count)
        for template in slotCounts.indices where groups.count(template) > 0 {
            let rows = groups.rows[groups.range(template)]
            let first = firstStamp(template)
            let times = first == nil ? [] : rows.map { references[Int($0)] }
            firstColumns[template] = columns.count
            for slot in 0..<slotCounts[template] {
                if slot == first?.slot {
                    columns.append(TextPlaces(first: arena.slots.count, stride: 1))
                    for row in rows { arena.slots.append(stamps[Int(row)]) }
                } else {
                    columns.append(try readColumn(rows.count, times, columns[firstColumns[template]...]))
                }
            }
        }
    }

    private mutating func readColumn(
        _ count: Int,
        _ times: [Int64],
        _ earlier: ArraySlice<TextPlaces>
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

    /// Bytes of all records.
    private func totalLength() -> Int {
        var total = 0
        for template in slotCounts.indices where groups.count(template) > 0 {
            let rows = groups.count(template)
            let piece = firstKinds[template] + template
            for index in piece...piece + slotCounts[template] { total += Int(pieceLengths[index]) * rows }
            for column in columns[firstColumns[template]..<firstColumns[template] + slotCounts[template]] {
                if column.stride == 0 {
                    total += Int(arena.slots[column.first].length) * rows
                } else {
                    for slot in arena.slots[column.first..<column.first + rows] { total += Int(slot.length) }
                }
            }
        }
        return total
    }

    /// Puts the records together.
    private mutating func assemble() throws(ByteReaderError) {
        let position = source.description.position
        let total = totalLength()
        guard total <= LogLimits.chunkSizeMaxBytes else { throw .invalid(position: position) }
        var firstLiterals: [Int] = []
        var literal = 0
        for template in slotCounts.indices {
            firstLiterals.append(literal)
            let piece = firstKinds[template] + template
            for index in piece...piece + slotCounts[template] { literal += Int(pieceLengths[index]) }
        }
        let slack = [UInt8](repeating: 0, count: TextArena.slackBytes)
        arena.bytes.append(contentsOf: slack)
        literals.append(contentsOf: slack)
        var bytes = [UInt8](repeating: 0, count: total + TextArena.slackBytes)
        // In locals, so that no access to self is checked in the loop.
        let (constants, buffer, places) = (literals, arena.bytes, arena.slots)
        let (columns, pieceLengths, numbers) = (columns, pieceLengths, numbers)
        var rows = batch.rows
        batch.rows = []
        var variables: [RecordShapes.Slot] = []
        variables.reserveCapacity(numbers.reduce(0) { $0 + slotCounts[Int($1)] })
        var ends: [UInt32] = [0]
        ends.reserveCapacity(count + 1)
        var next = [Int](repeating: 0, count: slotCounts.count)
        var target = bytes.mutableSpan
        var end = 0
        for row in 0..<count {
            let template = Int(numbers[row])
            let place = next[template]
            next[template] += 1
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
        }
        batch.rows = rows
        (slots, firstSlots) = (variables, ends)
        bytes.removeLast(TextArena.slackBytes)
        batch.bytes = bytes
    }
}
