// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension RecordColumnsDecoder {
    /// Every row whose record can hold `text`, and perhaps more.
    ///
    /// Asked once of each template and each distinct variable; of single rows only where the text could begin
    /// in one piece of them and end in another.
    mutating func rows(holding text: FoldedText) throws(ByteReaderError) -> RowSet {
        var found = RowSet(rowCount: count)
        try sketchColumns(forSearch: true)
        let times = text.canBeInStamp ? try self.times() : []
        let literalPlaces = text.places(in: literals.span, literals.indices)
        // Serves from template to template.
        var memory = ColumnMemory()
        for template in slotCounts.indices where groups.count(template) > 0 {
            var search = TemplateSearch(text, template, self, literalPlaces, times: times)
            if search.isConstant {
                for row in groups.rows[groups.range(template)] { found.insert(Int(row)) }
            } else {
                swap(&memory, &search.memory)
                search.memory.texts.removeAll()
                try search.addVariables(&self, to: &found)
                try search.addSeams(&self, to: &found)
                swap(&memory, &search.memory)
            }
        }
        return found
    }

    /// The constant texts of a template, in order.
    fileprivate func pieces(of template: Int) -> [Range<Int>] {
        var start = firstLiterals[template]
        let first = firstKinds[template] + template
        return (first...first + slotCounts[template]).map { piece in
            defer { start += Int(pieceLengths[piece]) }
            return start..<start + Int(pieceLengths[piece])
        }
    }

    /// The number of the first time of each record, in the units of its form; 0 where there is none.
    mutating func times() throws(ByteReaderError) -> [Int64] {
        var times = [Int64](repeating: 0, count: count)
        let forms = slotCounts.indices.map { firstStamp($0)?.form }
        for column in stampColumns {
            let rows = numbers.indices.filter { forms[Int(numbers[$0])] == column.form }
            source.seek(column.cursor)
            let values = try IntegerColumn.decode(rows.count, from: &source)
            for (row, value) in zip(rows, values) { times[row] = value }
        }
        return times
    }
}

/// A text looked for in the records of one template.
private struct TemplateSearch {
    /// A place where the text can go from one piece of a record into the next.
    private struct Seam {
        /// Bytes of the text that must end the variable before, none when it begins later.
        var before: Int
        /// First byte of the text that must begin the variable after, none when it ends earlier.
        var after: Int
        /// The variables, nil where anything may stand or nothing is asked.
        var left: Int?
        var right: Int?
    }

    let text: FoldedText
    let template: Int
    /// The columns that were read.
    var memory = ColumnMemory()
    let isConstant: Bool
    /// Number of the first time of each record of the block; empty when the text can be in none.
    let times: [Int64]
    private let stamp: (slot: Int, form: StampForm)?
    private let slots: Range<Int>
    private let rows: Range<Int>
    private let pieces: [Range<Int>]
    /// Columns that were read, by slot.
    private var texts: [Int: ColumnTexts] = [:]

    /// `literalPlaces` are those of the text in the constant text of all templates.
    init(
        _ text: FoldedText,
        _ template: Int,
        _ decoder: RecordColumnsDecoder,
        _ literalPlaces: [Int],
        times: [Int64]
    ) {
        self.text = text
        self.template = template
        slots = decoder.firstKinds[template]..<decoder.firstKinds[template] + decoder.slotCounts[template]
        rows = decoder.groups.range(template)
        pieces = decoder.pieces(of: template)
        isConstant = pieces.contains { piece in
            literalPlaces.contains {
                $0 >= piece.lowerBound && $0 + text.bytes.count <= piece.upperBound
            }
        }
        self.times = times
        stamp = decoder.firstStamp(template)
    }

    /// Adds the rows with a variable that holds the text.
    mutating func addVariables(
        _ decoder: inout RecordColumnsDecoder,
        to found: inout RowSet
    ) throws(ByteReaderError) {
        for slot in slots {
            guard let sketch = decoder.sketches[slot] else {
                guard !times.isEmpty else { continue }
                let texts = try stampTexts(decoder)
                add(texts, decoder, to: &found)
                continue
            }
            switch sketch.form {
            case .copy(_, 0): continue
            case .timed:
                guard !times.isEmpty else { continue }
                let unit = stamp.map { UTCTime.second / $0.form.unitsPerSecond } ?? 1
                memory.times = decoder.groups.rows[rows].map { times[Int($0)] &* unit }
                memory.timeCount = rows.count
                decoder.source.seek(sketch.cursor)
                let texts = try ColumnTexts(rows.count, from: &decoder.source, into: &memory)
                memory.timeCount = 0
                add(texts, decoder, to: &found)
            case .copy(_, let exceptionCount):
                guard try mayHoldException(sketch, &decoder.source) else { continue }
                decoder.source.seek(sketch.cursor)
                let places = try IntegerColumn.decode(Int(exceptionCount), from: &decoder.source)
                let texts = try ColumnTexts(Int(exceptionCount), from: &decoder.source, into: &memory)
                for index in texts.indices(holding: text, in: memory.texts) {
                    guard places[index] >= 0, places[index] < rows.count else {
                        throw .invalid(position: decoder.source.description.position)
                    }
                    found.insert(Int(decoder.groups.rows[rows.lowerBound + Int(places[index])]))
                }
            case .plain:
                if let alphabet = decoder.alphabets[slot], !text.fits(alphabet) { continue }
                guard try mayHold(slot, .inside, text.bytes[...], &decoder) else { continue }
                if let texts = try column(slot, &decoder) { add(texts, decoder, to: &found) }
            }
        }
    }

    /// Whether the texts that are no copies may hold the text.
    private func mayHoldException(
        _ sketch: TextColumnSketch,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) -> Bool {
        guard let probe = TextProbe(.inside, text.bytes[...]) else { return true }
        source.seek(sketch.cursor)
        try IntegerColumn.skip(&source)
        var alphabet: ByteSet?
        let values = try TextColumn.skip(&source, &alphabet)
        if let alphabet, !text.fits(alphabet) { return false }
        return try TextColumn.mayHold(probe, values, in: &source)
    }

    /// Whether a text of a slot may have `bytes` at a place; true where only reading it tells.
    private func mayHold(
        _ slot: Int,
        _ place: TextProbe.Place,
        _ bytes: ArraySlice<UInt8>,
        _ decoder: inout RecordColumnsDecoder
    ) throws(ByteReaderError) -> Bool {
        guard texts[slot] == nil, let sketch = decoder.sketches[slot],
            let probe = TextProbe(place, bytes)
        else { return true }
        switch sketch.form {
        case .timed: return true
        case .copy(let original, 0):
            return try mayHold(slots.lowerBound + Int(original), place, bytes, &decoder)
        case .copy: return true
        case .plain: return try TextColumn.mayHold(probe, sketch, in: &decoder.source)
        }
    }

    private func add(
        _ texts: ColumnTexts,
        _ decoder: RecordColumnsDecoder,
        to found: inout RowSet
    ) {
        for index in texts.indices(holding: text, in: memory.texts) {
            found.insert(Int(decoder.groups.rows[rows.lowerBound + index]))
        }
    }

    /// The first times of the template's records.
    private mutating func stampTexts(
        _ decoder: RecordColumnsDecoder
    ) throws(ByteReaderError) -> ColumnTexts {
        let (times, rows, first) = (times, rows, memory.texts.mark)
        guard var writer = stamp.map({ StampWriter($0.form) }),
            memory.texts.append(
                rows.count,
                room: StampWriter.textMaxBytes,
                { index, target, place in
                    let row = decoder.groups.rows[rows.lowerBound + index]
                    return writer.write(times[Int(row)], into: &target, at: place)
                }
            )
        else { throw .invalid(position: decoder.source.description.position) }
        return ColumnTexts(rows.count, since: first, in: memory.texts)
    }

    /// Adds the rows where the text can lie across a seam.
    mutating func addSeams(
        _ decoder: inout RecordColumnsDecoder,
        to found: inout RowSet
    ) throws(ByteReaderError) {
        for seam in seams(decoder) {
            if let slot = seam.left, try !mayHold(slot, .atEnd, text.bytes[..<seam.before], &decoder) {
                continue
            }
            if let slot = seam.right, try !mayHold(slot, .atStart, text.bytes[seam.after...], &decoder) {
                continue
            }
            var left: ColumnTexts?
            if let slot = seam.left { left = try column(slot, &decoder) }
            var right: ColumnTexts?
            if let slot = seam.right { right = try column(slot, &decoder) }
            for index in 0..<rows.count
            where left?.ends(index, with: text, before: seam.before, in: memory.texts) ?? true
                && right?.begins(index, with: text, from: seam.after, in: memory.texts) ?? true
            {
                found.insert(Int(decoder.groups.rows[rows.lowerBound + index]))
            }
        }
    }

    private func seams(_ decoder: RecordColumnsDecoder) -> [Seam] {
        var found: [Seam] = []
        let span = decoder.literals.span
        let length = text.bytes.count
        for (number, piece) in pieces.enumerated() {
            let hasRight = number < slots.count
            // The text begins in the variable before the piece.
            if number > 0, piece.isEmpty || text.distinct[ByteFolding.folded(span[piece.lowerBound])] {
                for before in 1..<max(1, length)
                where piece.isEmpty || text.continues(from: before, span, piece) {
                    let after = before + piece.count
                    if after < length, !hasRight { continue }
                    add(before, after, number, decoder, to: &found)
                }
            }
            guard hasRight else { continue }
            // It begins in the piece.
            for start in max(piece.lowerBound, piece.upperBound - length + 1)..<piece.upperBound
            where ByteFolding.folded(span[start]) == text.bytes[0] {
                if text.continues(from: 0, span, start..<piece.upperBound) {
                    add(0, piece.upperBound - start, number, decoder, to: &found)
                }
            }
        }
        return found
    }

    private func add(
        _ before: Int,
        _ after: Int,
        _ piece: Int,
        _ decoder: RecordColumnsDecoder,
        to found: inout [Seam]
    ) {
        var seam = Seam(before: before, after: after, left: nil, right: nil)
        if before > 0 {
            let slot = slots.lowerBound + piece - 1
            guard allows(slot, text.bytes[before - 1], TextColumnSketch.stampEnds, decoder) else { return }
            seam.left = slot
        }
        if after < text.bytes.count {
            let slot = slots.lowerBound + piece
            guard allows(slot, text.bytes[after], TextColumnSketch.stampStarts, decoder) else { return }
            seam.right = slot
        }
        found.append(seam)
    }

    /// Whether the texts of a slot can have `byte` at the end that matters; those of times only what `stamps`
    /// says.
    private func allows(
        _ slot: Int,
        _ byte: UInt8,
        _ stamps: ByteSet,
        _ decoder: RecordColumnsDecoder
    ) -> Bool {
        guard let sketch = decoder.sketches[slot] else { return stamps[byte] }
        switch sketch.form {
        case .timed: return stamps[byte]
        case .copy(let original, 0): return allows(slots.lowerBound + Int(original), byte, stamps, decoder)
        case .copy: return true
        case .plain: return decoder.alphabets[slot].map { $0[byte] } ?? true
        }
    }

    /// The texts of a slot; nil for those that are not known alone.
    private mutating func column(
        _ slot: Int,
        _ decoder: inout RecordColumnsDecoder
    ) throws(ByteReaderError) -> ColumnTexts? {
        guard let sketch = decoder.sketches[slot] else { return nil }
        switch sketch.form {
        case .timed: return nil
        case .copy(let original, 0): return try column(slots.lowerBound + Int(original), &decoder)
        case .copy: return nil
        case .plain:
            if let known = texts[slot] { return known }
            decoder.source.seek(sketch.cursor)
            let read = try ColumnTexts(rows.count, from: &decoder.source, into: &memory)
            texts[slot] = read
            return read
        }
    }
}

/// The texts of one column, in a store that others share.
struct ColumnTexts {
    private let places: TextPlaces
    private let count: Int
    /// The part of the store's bytes that holds them, each that occurs often once.
    private let bytes: Range<Int>

    /// The `count` texts that were added to `texts` after it was as `earlier`.
    init(_ count: Int, since earlier: TextMark, in texts: TextStore) {
        places = TextPlaces(first: earlier.count, stride: 1)
        self.count = count
        bytes = earlier.end..<texts.end
    }

    /// Reads the column of `count` texts that comes next; the times of their records are those of `memory`.
    init(
        _ count: Int,
        from source: inout ColumnSource,
        into memory: inout ColumnMemory
    ) throws(ByteReaderError) {
        let start = memory.texts.end
        places = try TextColumn.decode(count, from: &source, into: &memory)
        self.count = count
        bytes = start..<memory.texts.end
    }

    /// Which texts hold `text`, rising.
    func indices(holding text: FoldedText, in texts: TextStore) -> [Int] {
        // Texts that occur often lie there once, so what is searched is short.
        let found = text.places(in: texts.bytes.span, bytes)
        guard !found.isEmpty else { return [] }
        return (0..<count).filter { index in
            let range = texts.range(places.index(index))
            let next = found.partitioningIndex { $0 >= range.lowerBound }
            return next < found.count && found[next] + text.bytes.count <= range.upperBound
        }
    }

    /// Whether the first `length` bytes of `text` can end at the end of a text, as far as that goes.
    func ends(
        _ index: Int,
        with text: FoldedText,
        before length: Int,
        in texts: TextStore
    ) -> Bool {
        let range = texts.range(places.index(index))
        let shared = min(length, range.count)
        return text.isEqual(length - shared, texts.bytes.span, range.upperBound - shared, shared)
    }

    /// Whether `text` from `start` on can begin at the start of a text, as far as that goes.
    func begins(
        _ index: Int,
        with text: FoldedText,
        from start: Int,
        in texts: TextStore
    ) -> Bool {
        let range = texts.range(places.index(index))
        let shared = min(text.bytes.count - start, range.count)
        return text.isEqual(start, texts.bytes.span, range.lowerBound, shared)
    }
}

extension [Int] {
    /// The first index from which on `isAfter` holds; it must hold for all after the first.
    func partitioningIndex(_ isAfter: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
