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
    }

    var source: ColumnSource
    /// Events.
    private(set) var count = 0
    private(set) var decoders: [String] = []
    private(set) var extensionNames: [String] = []
    private(set) var layouts: [EventColumns.Layout] = []
    /// Constant texts of all layouts.
    private(set) var constantTexts = TextStore()
    private(set) var constants = TextPlaces(first: 0, stride: 0)
    /// Events of each row, and the layout of each event.
    private(set) var counts: [Int64] = []
    private(set) var choices: [Int32] = []
    /// Ordinals, shifts, corrections, uncertainties, log times, receive times.
    private(set) var columns: [ColumnSource.Cursor] = []
    private(set) var hashes: ColumnSource.Cursor?
    private(set) var own: [UInt16: OwnColumn] = [:]
    /// First layout of each template, and the end of the last.
    private var firstLayouts: [Int] = [0]

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
        let constantCount = try source.description.count(atMost: EventColumns.layoutCountMax << 4)
        constants = TextPlaces(first: 0, stride: 1)
        if constantCount > 0 {
            var memory = ColumnMemory()
            constants = try TextColumn.decode(constantCount, from: &source, into: &memory)
            constantTexts = memory.texts
        }
        var total = 0
        for number in columns[10] {
            guard number >= 0, number <= 65_535, total + Int(number) <= EventColumns.sourceCountMax else {
                throw .invalid(position: position)
            }
            total += Int(number)
        }
        var sources: [[Int64]] = []
        if total > 0 { for _ in 0..<6 { sources.append(try IntegerColumn.decode(total, from: &source)) } }
        var next = 0
        for index in 0..<count {
            var layout = try self.layout(columns, index)
            layout.sources.reserveCapacity(Int(columns[10][index]))
            for place in next..<next + Int(columns[10][index]) {
                layout.sources.append(try self.source(sources, place, constantCount))
            }
            next += Int(columns[10][index])
            layouts.append(layout)
        }
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
        choices.reserveCapacity(count)
        var next = 0
        for (row, number) in counts.enumerated() {
            let first = firstLayouts[Int(numbers[row])]
            let size = firstLayouts[Int(numbers[row]) + 1] - first
            for _ in 0..<number {
                guard ranks[next] >= 0, ranks[next] < size else { throw .invalid(position: position) }
                choices.append(Int32(first + Int(ranks[next])))
                next += 1
            }
        }
        for _ in 0..<6 {
            columns.append(source.cursor)
            try IntegerColumn.skip(&source)
        }
        if try source.description.byte() != 0 {
            hashes = source.cursor
            try source.skip(8)
        }
    }

    private mutating func readOwn() throws(ByteReaderError) {
        let position = source.description.position
        let fields = try source.description.count(atMost: 65_536)
        for _ in 0..<fields {
            let field = try source.description.count(atMost: 65_535)
            let size = try source.description.count(atMost: EventBatch.storedFieldCountMax)
            guard size > 0 else { throw .invalid(position: position) }
            own[UInt16(field)] = OwnColumn(count: size, sketch: try TextColumn.skip(&source))
        }
    }

    private func layout(
        _ columns: [[Int64]],
        _ index: Int
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
            sources: []
        )
    }

    private func source(
        _ columns: [[Int64]],
        _ index: Int,
        _ constantCount: Int
    ) throws(ByteReaderError) -> EventColumns.Source {
        let position = source.description.position
        guard let field = UInt16(exactly: columns[0][index]), let kind = UInt8(exactly: columns[1][index]),
            kind <= EventColumns.SourceKind.column, let start = Int32(exactly: columns[2][index]),
            let startShift = Int32(exactly: columns[3][index]),
            let length = Int32(exactly: columns[4][index]),
            let endShift = Int32(exactly: columns[5][index]), start >= 0,
            kind != EventColumns.SourceKind.constant || Int(start) < constantCount
        else { throw .invalid(position: position) }
        var source = EventColumns.Source(field: field, kind: kind)
        (source.start, source.startShift) = (Int(start), Int(startShift))
        (source.end, source.endShift) = (Int(start) + Int(length), Int(endShift))
        return source
    }
}
