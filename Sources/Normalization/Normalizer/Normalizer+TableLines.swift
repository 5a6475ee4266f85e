// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Rows of tables that come one by one behind their header.
extension Normalizer {
    /// What tells the tables of senders apart: the source and its program.
    static func tableKey(_ source: UInt64, _ work: borrowing RecordWork, _ bytes: [UInt8]) -> UInt64 {
        var hash = StableHash(seed: source)
        hash.combine(bytes.span, work.envelope.application)
        return hash.value
    }

    /// Decodes a record that is a row, or part of a row, of a table whose header came before; false if it is
    /// none.
    ///
    /// What looks like a header in front of a row without one may be cells: such a record is tried as a whole
    /// too, as a row of what its connection sent.
    mutating func decodeTableLine(
        _ place: RecordAssembler.Place,
        origin: UInt64,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        if decodeTableLine(tableKey, place, &work, bytes, &events) { return true }
        let isHeaderless = work.envelope.issues.contains(.missingPriority)
        guard isHeaderless, work.envelope.body.lowerBound > work.record.lowerBound else { return false }
        let saved = work
        var end = work.record.upperBound
        while end > work.record.lowerBound, bytes[end - 1] == 0x0a || bytes[end - 1] == 0x0d { end -= 1 }
        work.envelope = Envelope(body: work.record.lowerBound..<end)
        work.text = work.envelope.body
        let key = Normalizer.tableKey(origin, work, bytes)
        if key != tableKey, decodeTableLine(key, place, &work, bytes, &events) { return true }
        work = saved
        return false
    }

    private mutating func decodeTableLine(
        _ key: UInt64,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard let table = assembler.tables.table(key, assembler.count) else { return false }
        let form = decoders.decoders[table.decoder].tableForm
        var reader = TableReader(work.envelope.body, form)
        let row = reader.next(bytes.span) ?? []
        let isRow =
            row.count == table.names.count && !reader.isOpen
            && (form != .extended || Normalizer.fits(row, table.names, bytes.span))
        if let open = table.open {
            if !isRow, isContinued(open, place) {
                return addPiece(open, table, key, place, &work, bytes, &events)
            }
            assembler.tables.setOpen(nil, key)
            tell(open, table, .fragment, &work, &events)
        }
        if isRow {
            begin(&work, bytes)
            work.text = work.envelope.body
            return decodeRow(row, table.names, table.decoder, &work, bytes, &events)
        }
        guard reader.isOpen, row.count > 1, row.count <= table.names.count else { return false }
        let open = TableLines.OpenRow(
            text: Array(bytes[work.record.lowerBound..<work.envelope.body.upperBound]),
            start: work.envelope.body.lowerBound - work.record.lowerBound,
            offsets: [place.offset],
            first: assembler.count,
            clock: place.clock
        )
        assembler.tables.setOpen(open, key)
        emitFragment(table.decoder, &work, bytes, &events)
        return true
    }

    /// Whether cells of a date, a time or a status are such: any line of blanks and words has cells, and by
    /// chance as many as the row.
    private static func fits(_ row: [TableCell], _ names: [[UInt8]], _ bytes: Span<UInt8>) -> Bool {
        for (cell, name) in zip(row, names) {
            for column in numberColumns where column.name == name {
                for index in cell.range where !column.bytes[bytes[index]] { return false }
            }
        }
        return true
    }

    /// Bytes of columns that hold nothing but numbers, by their names.
    ///
    /// - Source: W3C, Extended Log File Format.
    private static let numberColumns: [(name: [UInt8], bytes: ByteSet)] = [
        ("date", "-/"), ("time", ":."), ("sc-status", "-"), ("s-port", "-"), ("time-taken", "-."),
    ].map { name, marks in (Array(name.utf8), ByteSet { $0.isDigit || marks.utf8.contains($0) }) }

    private mutating func isContinued(_ open: TableLines.OpenRow, _ place: RecordAssembler.Place) -> Bool {
        guard RecordAssembler.isWithinReach(open.first, assembler.count) else { return false }
        guard open.clock.isPresent, place.clock.isPresent else { return true }
        return place.clock <= open.clock.advanced(by: RecordAssembler.timeoutNanoseconds)
    }

    /// Adds a line to an open row, which is told when the line closes it.
    private mutating func addPiece(
        _ row: TableLines.OpenRow,
        _ table: TableLines.Table,
        _ key: UInt64,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        var open = row
        open.pieceCount += 1
        open.clock = max(open.clock, place.clock)
        if open.offsets.count < RecordAssembler.pieceCountMax { open.offsets.append(place.offset) }
        var piece = work.envelope.body
        let quote = piece.first { bytes[$0] == 0x22 }
        if open.text.count + piece.count > RecordAssembler.groupSizeMaxBytes {
            // The rest of a long cell is left out; what stands behind the cell counts.
            open.isTruncated = true
            piece = (quote ?? piece.upperBound)..<piece.upperBound
        }
        if piece.count < RecordAssembler.groupSizeMaxBytes {
            open.text.append(0x0a)
            open.text.append(contentsOf: bytes[piece])
        }
        var isOpen = true
        if quote != nil {
            let form = decoders.decoders[table.decoder].tableForm
            var reader = TableReader(open.start..<open.text.count, form)
            _ = reader.next(open.text.span)
            isOpen = reader.isOpen
        }
        if isOpen, open.pieceCount < TableLines.pieceCountMax {
            assembler.tables.setOpen(open, key)
            emitFragment(table.decoder, &work, bytes, &events)
            return true
        }
        assembler.tables.setOpen(nil, key)
        if !open.offsets.contains(place.offset) { open.offsets[open.offsets.count - 1] = place.offset }
        if !tell(open, table, isOpen ? .fragment : [], &work, &events) {
            emitFragment(table.decoder, &work, bytes, &events)
        }
        return true
    }

    /// Makes the event of a row that several records hold.
    @discardableResult
    private mutating func tell(
        _ row: TableLines.OpenRow,
        _ table: TableLines.Table,
        _ issues: ParseIssues,
        _ work: inout RecordWork,
        _ events: inout EventBatch
    ) -> Bool {
        let text = row.text
        var issues = issues
        if row.isTruncated { issues.insert(.decodeTruncated) }
        var part = Normalizer.part(of: text, adding: issues, at: nil, work)
        part.envelope = Envelope(body: row.start..<text.count)
        if row.start > 0 {
            part.envelope = EnvelopeReader.read(text.span, 0..<text.count, work.context)
            part.envelope.body = row.start..<text.count
        }
        part.text = part.envelope.body
        citation = Array(row.offsets.map { String($0.value) }.joined(separator: " ").utf8)
        carried.removeAll(keepingCapacity: true)
        begin(&part, text)
        var reader = TableReader(part.text, decoders.decoders[table.decoder].tableForm)
        var isMade = false
        if let cells = reader.next(text.span), cells.count <= table.names.count {
            isMade = decodeRow(cells, table.names, table.decoder, &part, text, &events)
        }
        citation = []
        work.ordinal = part.ordinal
        return isMade
    }

    /// An event that only shows its record: a header, or a piece of a row.
    mutating func emitPart(
        of decoder: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        begin(&work, bytes)
        emitBare(&work, bytes, &events)
        let last = events.events.count - 1
        let rule = decoders.tables.rules[decoders.decoders[decoder].rules.lowerBound].base
        events.events[last].eventClass = rule.eventClass ?? rule.action?.defaultClass ?? .unclassified
        events.events[last].action = .statusReport
        events.events[last].decoder = decoderNumber(named: decoders.decoderNames[decoder], &events)
        if decoders.decoders[decoder].isWitness { events.events[last].flags.insert(.witness) }
    }

    private mutating func emitFragment(
        _ decoder: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        work.header.issues.insert(.fragment)
        emitPart(of: decoder, &work, bytes, &events)
    }
}
