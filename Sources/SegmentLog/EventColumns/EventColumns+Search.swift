// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension EventColumnsDecoder {
    /// Rows with an event whose header has one of `values` in `part`.
    func rows(_ part: RowCondition.Header, in values: ByteSet) -> RowSet {
        rows { layout in
            switch part {
            case .eventClass: values[layout.header.eventClass]
            case .action: values[layout.header.action]
            case .outcome: values[layout.header.outcome]
            case .severity: values[layout.header.severity]
            }
        }
    }

    /// Rows with an event of one of `wanted`.
    func rows(of wanted: RowCondition.Decoders) -> RowSet {
        let isWanted = decoders.map(wanted.contains)
        return rows { isWanted[Int($0.header.decoder)] }
    }

    /// Rows with an event that holds `text` in a value that its record has not.
    mutating func rows(holding text: FoldedText) throws(ByteReaderError) -> RowSet {
        let isConstant = (0..<constantTexts.count).map {
            text.isIn(constantTexts.bytes.span, constantTexts.range($0))
        }
        var found = rows { layout in
            layout.sources.contains { source in
                source.kind == EventColumns.SourceKind.constant && isConstant[constants.index(source.start)]
            }
        }
        var memory = ColumnMemory()
        guard let probe = TextProbe(.inside, text.bytes[...]) else { return found }
        for (field, column) in own.sorted(by: { $0.key < $1.key }) {
            if let alphabet = column.sketch.alphabet, !text.fits(alphabet) { continue }
            guard try TextColumn.mayHold(probe, column.sketch, in: &source) else { continue }
            source.seek(column.sketch.cursor)
            let texts = try ColumnTexts(column.count, from: &source, into: &memory)
            let places = texts.indices(holding: text, in: memory.texts)
            if !places.isEmpty { found.formUnion(try rows(of: places, field)) }
        }
        return found
    }

    private func rows(_ isWanted: (EventColumns.Layout) -> Bool) -> RowSet {
        var found = RowSet(rowCount: counts.count)
        let wanted = layouts.map(isWanted)
        guard wanted.contains(true) else { return found }
        var next = 0
        for (row, number) in counts.enumerated() {
            for choice in choices[next..<next + Int(number)] where wanted[Int(choice)] { found.insert(row) }
            next += Int(number)
        }
        return found
    }

    /// The rows of the own values at `places`, which rise, of a field.
    private func rows(of places: [Int], _ field: UInt16) throws(ByteReaderError) -> RowSet {
        var found = RowSet(rowCount: counts.count)
        let uses = layouts.map { layout in
            layout.sources.count { $0.kind == EventColumns.SourceKind.column && $0.field == field }
        }
        var wanted = places[...]
        var value = 0
        var next = 0
        for (row, number) in counts.enumerated() {
            for choice in choices[next..<next + Int(number)] {
                value += uses[Int(choice)]
                while let place = wanted.first, place < value {
                    found.insert(row)
                    wanted.removeFirst()
                }
            }
            next += Int(number)
        }
        return found
    }
}
