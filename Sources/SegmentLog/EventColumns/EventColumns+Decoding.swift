// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads what ``EventColumnsEncoder`` wrote beside the same records; refuses everything else within stated
/// memory.
///
/// Made from the descriptions and the layouts; the rest is read for the rows that are wanted.
struct EventColumnsDecoder {
    /// Values of a field that no record holds.
    struct OwnColumn {
        var count: Int
        var sketch: TextColumnSketch
        /// Bytes that its texts can have, folded; nil for any.
        var alphabet: ByteSet?
    }

    var source: ColumnSource
    /// Events.
    private(set) var count = 0
    private(set) var decoders: [String] = []
    private(set) var extensionNames: [String] = []
    private(set) var layouts: [EventColumns.Layout] = []
    /// Fields of all layouts.
    private var sourceCount = 0
    private var sourceColumns: [ColumnSource.Cursor] = []
    /// Fields, kinds, starts, shifts of them, lengths, shifts of ends; empty until ``readSources()``.
    private(set) var sourceNumbers: [[Int64]] = []
    /// Constant texts of all layouts.
    private(set) var constantTexts = TextStore()
    private(set) var constants = TextPlaces(first: 0, stride: 0)
    private var constantCount = 0
    /// Events of each row, and the layout of each event.
    private(set) var counts: [Int64] = []
    private(set) var choices: [Int32] = []
    /// Ordinals, shifts, corrections, uncertainties, log times, receive times.
    private(set) var columns: [ColumnSource.Cursor] = []
    private(set) var hashes: ColumnSource.Cursor?
    private(set) var own: [UInt16: OwnColumn] = [:]
    /// First layout of each template, and the end of the last.
    private(set) var firstLayouts: [Int] = [0]

    /// The events; `stored` must hold nothing else.
    static func decode(
        _ stored: [UInt8],
        beside records: ShapedRecords,
        base: Offset,
        companion: PresetDictionary? = nil
    ) throws(ByteReaderError) -> EventBatch {
        var decoder = try EventColumnsDecoder(
            stored,
            templateCount: records.templateCount,
            numbers: records.numbers,
            companion: companion
        )
        return try decoder.events(beside: records, base: base)
    }

    /// Reads the descriptions; `numbers` tell the template of each row, `memory` is what another source has
    /// read.
    init(
        _ stored: [UInt8],
        templateCount: Int,
        numbers: [UInt16],
        companion: PresetDictionary? = nil,
        reusing memory: consuming [UInt8] = []
    ) throws(ByteReaderError) {
        source = try ColumnSource(stored, companion: companion, reusing: memory)
        guard try source.description.byte() == EventColumns.version else { throw .invalid(position: 0) }
        count = try source.description.count(atMost: EventBatch.storedEventCountMax)
        decoders = try names(atMost: 65_536)
        extensionNames = try names(atMost: FieldTable.nameCountMax + 1)
        if count > 0 {
            try readLayouts(templateCount)
            try readChoices(numbers)
            try readOwn()
        } else {
            counts = [Int64](repeating: 0, count: numbers.count)
        }
        guard source.isAtEnd else { throw .invalid(position: source.description.position) }
    }

    private mutating func names(atMost limit: Int) throws(ByteReaderError) -> [String] {
        let count = try source.description.count(atMost: min(limit, source.description.remaining))
        var names: [String] = []
        for _ in 0..<count { names.append(try source.description.text()) }
        return names
    }

    private mutating func readLayouts(_ templateCount: Int) throws(ByteReaderError) {
        let position = source.description.position
        guard try source.description.count(atMost: RecordShapes.templateCountMax) == templateCount
        else {
            throw .invalid(position: position)
        }
        for count in try IntegerColumn.decode(templateCount, from: &source) {
            guard count >= 0, count <= EventColumns.layoutCountMax - firstLayouts[firstLayouts.count - 1]
            else {
                throw .invalid(position: position)
            }
            firstLayouts.append(firstLayouts[firstLayouts.count - 1] + Int(count))
        }
        let count = firstLayouts[firstLayouts.count - 1]
        guard count > 0 else { throw .invalid(position: position) }
        var columns: [[Int64]] = []
        for _ in 0..<11 { columns.append(try IntegerColumn.decode(count, from: &source)) }
        constantCount = try source.description.count(atMost: EventColumns.layoutCountMax << 4)
        constants = TextPlaces(first: 0, stride: 1)
        if constantCount > 0 {
            var memory = ColumnMemory()
            constants = try TextColumn.decode(constantCount, from: &source, into: &memory)
            constantTexts = memory.texts
        }
        var total = 0
        layouts.reserveCapacity(count)
        for index in 0..<count {
            let number = columns[10][index]
            guard number >= 0, number <= 65_535, total + Int(number) <= EventColumns.sourceCountMax else {
                throw .invalid(position: position)
            }
            layouts.append(try layout(columns, index, total..<total + Int(number)))
            total += Int(number)
        }
        sourceCount = total
        guard total > 0 else { return }
        for _ in 0..<6 {
            sourceColumns.append(source.cursor)
            try IntegerColumn.skip(&source)
        }
    }

    /// Reads where the values of all layouts come from: what ``source(_:)`` is asked of.
    mutating func readSources() throws(ByteReaderError) {
        guard sourceNumbers.isEmpty else { return }
        for cursor in sourceColumns {
            source.seek(cursor)
            sourceNumbers.append(try IntegerColumn.decode(sourceCount, from: &source))
        }
    }

    /// Places of those sources of all layouts that give `field`, rising; ``readSources()`` comes first.
    func sources(of field: UInt16) -> [Int] {
        guard let fields = sourceNumbers.first else { return [] }
        return fields.indices.filter { fields[$0] == Int64(field) }
    }

    /// Reads which layout each event has.
    private mutating func readChoices(_ numbers: [UInt16]) throws(ByteReaderError) {
        let position = source.description.position
        guard !numbers.isEmpty else { throw .invalid(position: position) }
        counts = try IntegerColumn.decode(numbers.count, from: &source)
        var left = Int64(count)
        for number in counts {
            guard number >= 0, number <= left else { throw .invalid(position: position) }
            left -= number
        }
        guard left == 0 else { throw .invalid(position: position) }
        let ranks = try IntegerColumn.decode(count, from: &source)
        var chosen = [Int32](repeating: 0, count: count)
        guard choose(ranks.span, numbers.span, into: &chosen) else { throw .invalid(position: position) }
        choices = chosen
        for _ in 0..<6 {
            columns.append(source.cursor)
            try IntegerColumn.skip(&source)
        }
        if try source.description.byte() != 0 {
            hashes = source.cursor
            try source.skip(8)
        }
    }

    /// Turns places among the layouts of a template into places among all; false when one is not there.
    private func choose(
        _ ranks: Span<Int64>,
        _ templates: Span<UInt16>,
        into choices: inout [Int32]
    ) -> Bool {
        let (counts, firsts) = (counts.span, firstLayouts.span)
        var target = choices.mutableSpan
        var next = 0
        for row in counts.indices {
            let first = firsts[Int(templates[row])]
            let size = firsts[Int(templates[row]) + 1] - first
            let end = next + Int(counts[row])
            while next < end {
                guard ranks[next] >= 0, ranks[next] < size else { return false }
                target[next] = Int32(first + Int(ranks[next]))
                next += 1
            }
        }
        return true
    }

    private mutating func readOwn() throws(ByteReaderError) {
        let position = source.description.position
        let fields = try source.description.count(atMost: 65_536)
        for _ in 0..<fields {
            let field = try source.description.count(atMost: 65_535)
            let size = try source.description.count(atMost: EventBatch.storedFieldCountMax)
            guard size > 0 else { throw .invalid(position: position) }
            var column = OwnColumn(count: size, sketch: TextColumnSketch(cursor: source.cursor, form: .plain))
            column.sketch = try TextColumn.skip(&source, &column.alphabet)
            own[UInt16(field)] = column
        }
    }

    private func layout(
        _ columns: [[Int64]],
        _ index: Int,
        _ sources: Range<Int>
    ) throws(ByteReaderError) -> EventColumns.Layout {
        let position = source.description.position
        guard let eventClass = UInt8(exactly: columns[0][index]),
            let action = UInt8(exactly: columns[1][index]),
            let outcome = UInt8(exactly: columns[2][index]), let severity = UInt8(exactly: columns[3][index]),
            let decoder = UInt16(exactly: columns[4][index]), Int(decoder) < decoders.count,
            let flags = UInt16(exactly: columns[5][index])
        else { throw .invalid(position: position) }
        let blank = Event(offset: .zero, time: .absent, logTime: .absent)
        var header = EventColumns.Header(blank, decoder: decoder)
        header.eventClass = eventClass
        header.action = action
        header.outcome = outcome
        header.severity = severity
        header.flags = flags
        header.issues = UInt64(bitPattern: columns[6][index])
        header.hasDeviceTime = columns[7][index] != 0
        return EventColumns.Layout(
            header: header,
            shift: columns[8][index],
            uncertainty: columns[9][index],
            sources: sources
        )
    }

    /// Source number `index` of all layouts; ``readSources()`` comes first.
    func source(_ index: Int) throws(ByteReaderError) -> EventColumns.Source {
        guard sourceNumbers.count == 6,
            let field = UInt16(exactly: sourceNumbers[0][index]),
            let kind = UInt8(exactly: sourceNumbers[1][index]),
            kind <= EventColumns.SourceKind.column, let start = Int32(exactly: sourceNumbers[2][index]),
            let startShift = Int32(exactly: sourceNumbers[3][index]),
            let length = Int32(exactly: sourceNumbers[4][index]),
            let endShift = Int32(exactly: sourceNumbers[5][index]), start >= 0,
            kind != EventColumns.SourceKind.constant || Int(start) < constantCount
        else { throw .invalid(position: source.description.position) }
        var found = EventColumns.Source(field: field, kind: kind)
        (found.start, found.startShift) = (Int(start), Int(startShift))
        (found.end, found.endShift) = (Int(start) + Int(length), Int(endShift))
        return found
    }
}
