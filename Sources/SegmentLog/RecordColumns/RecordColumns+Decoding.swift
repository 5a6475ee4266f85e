// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads what ``RecordColumnsEncoder`` wrote; refuses everything else within stated memory.
///
/// Made from the descriptions alone; columns are read when rows of their templates are wanted.
struct RecordColumnsDecoder {
    /// The columns of one form of first times.
    struct StampColumn {
        var form: StampForm
        var cursor: ColumnSource.Cursor
    }

    var source: ColumnSource
    /// Records.
    private(set) var count = 0
    private(set) var origins: [Origin] = []
    /// Kinds, flags, origins, cuts, log times, shifts.
    private(set) var metadata: [ColumnSource.Cursor] = []
    /// Slots of each template, and its first among those of all templates.
    private(set) var slotCounts: [Int] = []
    private(set) var firstKinds: [Int] = []
    private(set) var kinds: [UInt8] = []
    private(set) var pieceLengths: [Int64] = []
    private(set) var literals: [UInt8] = []
    /// First constant byte of each template.
    private(set) var firstLiterals: [Int] = []
    /// Template of each record, and the records of each template.
    private(set) var numbers: [UInt16] = []
    private(set) var groups = TemplateRows([], templateCount: 0)
    private(set) var stampColumns: [StampColumn] = []
    /// First time of each template.
    private var firstStamps: [(slot: Int, form: StampForm)?] = []
    /// Where the columns of the first template with records begin.
    private(set) var start: ColumnSource.Cursor
    /// Where the columns of each template begin; of no use for those without records, empty until
    /// ``sketchColumns(forSearch:)``.
    private(set) var firstColumns: [ColumnSource.Cursor] = []
    /// What is known of the column of each slot of all templates.
    ///
    /// Nil for first times and for templates without records; empty until ``sketchColumns(forSearch:)``.
    private(set) var sketches: [TextColumnSketch?] = []
    /// Bytes that the texts of each slot can have, folded, nil for any; empty until a search asks for them.
    private(set) var alphabets: [ByteSet?] = []

    /// Most slots of all templates.
    private static let slotCountMax = RecordShapes.templateCountMax * 512

    /// The records; `stored` must hold nothing else.
    static func decode(_ stored: [UInt8]) throws(ByteReaderError) -> RecordBatch {
        try decodeShaped(stored).batch
    }

    /// The records with their variables.
    static func decodeShaped(_ stored: [UInt8]) throws(ByteReaderError) -> ShapedRecords {
        var buffers = RecordBuffers()
        return try decode(stored, &buffers, isShaped: true)
    }

    /// As above, in memory that serves from block to block; without the variables unless `isShaped`.
    static func decode(
        _ stored: [UInt8],
        _ buffers: inout RecordBuffers,
        isShaped: Bool
    ) throws(ByteReaderError) -> ShapedRecords {
        var memory: [UInt8] = []
        swap(&memory, &buffers.raw)
        var decoder = try RecordColumnsDecoder(stored, reusing: memory)
        memory = []
        let shaped = try decoder.records(nil, &buffers, isShaped: isShaped)
        buffers.raw = decoder.source.raw
        return shaped
    }

    /// Reads the descriptions up to the columns of variables; `memory` is what another source has read.
    init(_ stored: [UInt8], reusing memory: consuming [UInt8] = []) throws(ByteReaderError) {
        source = try ColumnSource(stored, reusing: memory)
        start = source.cursor
        try readMetadata()
        if count > 0 {
            try readTemplates()
            try readStamps()
        }
        start = source.cursor
        if count == 0 { try checkEnd() }
    }

    /// Refuses what is left over after the last column.
    func checkEnd() throws(ByteReaderError) {
        guard source.isAtEnd else { throw .invalid(position: source.description.position) }
    }

    private mutating func readMetadata() throws(ByteReaderError) {
        count = try source.description.count(atMost: LogLimits.blockRecordCountMax)
        let originCount = try source.description.count(
            atMost: min(source.description.remaining, LogLimits.blockRecordCountMax)
        )
        for _ in 0..<originCount { origins.append(try RecordCodec.origin(&source.description)) }
        guard count > 0 else { return }
        for _ in 0..<6 {
            metadata.append(source.cursor)
            try IntegerColumn.skip(&source)
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
        kinds = try source.nextBytes()
        literals = try source.nextBytes()
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
        var literal = 0
        for template in 0..<templateCount {
            firstLiterals.append(literal)
            let piece = firstKinds[template] + template
            for index in piece...piece + slotCounts[template] { literal += Int(pieceLengths[index]) }
        }
        let chosen = try IntegerColumn.decode(count, from: &source)
        guard chosen.allSatisfy({ $0 >= 0 && $0 < templateCount }) else { throw .invalid(position: position) }
        numbers = chosen.map { UInt16(truncatingIfNeeded: $0) }
        groups = TemplateRows(numbers, templateCount: templateCount)
        for template in 0..<templateCount {
            var first: (slot: Int, form: StampForm)?
            for slot in 0..<slotCounts[template] where first == nil {
                first = StampForm(rawValue: kinds[firstKinds[template] + slot]).map { (slot, $0) }
            }
            firstStamps.append(first)
        }
    }

    /// The slot of the first time of a template, and its form.
    func firstStamp(_ template: Int) -> (slot: Int, form: StampForm)? { firstStamps[template] }

    private mutating func readStamps() throws(ByteReaderError) {
        let position = source.description.position
        var isUsed = [Bool](repeating: false, count: 256)
        for template in slotCounts.indices where groups.count(template) > 0 {
            if let form = firstStamp(template)?.form { isUsed[Int(form.rawValue)] = true }
        }
        for code in isUsed.indices where isUsed[code] {
            guard let form = StampForm(rawValue: UInt8(code)) else { throw .invalid(position: position) }
            stampColumns.append(StampColumn(form: form, cursor: source.cursor))
            try IntegerColumn.skip(&source)
        }
    }

    /// Goes through the columns of variables without reading their values, so that any can be read alone.
    mutating func sketchColumns(forSearch isSearched: Bool = false) throws(ByteReaderError) {
        guard count > 0, firstColumns.isEmpty || isSearched && alphabets.isEmpty else { return }
        source.seek(start)
        sketches = [TextColumnSketch?](repeating: nil, count: kinds.count)
        if isSearched { alphabets = [ByteSet?](repeating: nil, count: kinds.count) }
        var alphabet: ByteSet?
        firstColumns = [ColumnSource.Cursor](repeating: source.cursor, count: slotCounts.count)
        for template in slotCounts.indices where groups.count(template) > 0 {
            firstColumns[template] = source.cursor
            let first = firstStamp(template)?.slot
            for slot in 0..<slotCounts[template] where slot != first {
                let place = firstKinds[template] + slot
                sketches[place] = try sketch(slot, groups.count(template), &alphabet, isSearched)
                if isSearched { alphabets[place] = alphabet }
            }
        }
        try checkEnd()
    }

    private mutating func sketch(
        _ slot: Int,
        _ count: Int,
        _ alphabet: inout ByteSet?,
        _ isSearched: Bool
    ) throws(ByteReaderError) -> TextColumnSketch {
        let position = source.description.position
        guard source.description.remaining > 0,
            source.description.bytes[position] == TextColumn.Encoding.copy
        else { return try TextColumn.skip(&source, &alphabet, isSearched: isSearched) }
        _ = try source.description.byte()
        guard slot > 0 else { throw .invalid(position: position) }
        let original = try source.description.count(atMost: slot - 1)
        let exceptionCount = try source.description.count(atMost: count)
        let cursor = source.cursor
        if exceptionCount > 0 {
            try IntegerColumn.skip(&source)
            _ = try TextColumn.skip(&source)
        }
        alphabet = nil
        return TextColumnSketch(
            cursor: cursor,
            form: .copy(of: Int32(original), exceptionCount: Int32(exceptionCount))
        )
    }
}
