// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension EventColumnsDecoder {
    /// Rows with an event whose header has one of `values` in `part`.
    func rows(_ part: RowCondition.Header, in values: ByteSet) -> RowSet {
        let wanted = layouts.map { layout in
            switch part {
            case .eventClass: values[layout.header.eventClass]
            case .action: values[layout.header.action]
            case .outcome: values[layout.header.outcome]
            case .severity: values[layout.header.severity]
            }
        }
        return rows(ofLayouts: wanted)
    }

    /// Rows with an event of one of `wanted`.
    func rows(of wanted: RowCondition.Decoders) -> RowSet {
        let isWanted = decoders.map(wanted.contains)
        return rows(ofLayouts: layouts.map { isWanted[Int($0.header.decoder)] })
    }

    /// Rows with an event that holds `text` in a value that its record has not.
    mutating func rows(holding text: FoldedText) throws(ByteReaderError) -> RowSet {
        let isConstant = (0..<constantTexts.count).map {
            text.isIn(constantTexts.bytes.span, constantTexts.range($0))
        }
        var found = RowSet(rowCount: counts.count)
        if isConstant.contains(true) {
            try readSources()
            var wanted = [Bool](repeating: false, count: layouts.count)
            for number in layouts.indices {
                for place in layouts[number].sources
                where sourceNumbers[1][place] == Int64(EventColumns.SourceKind.constant) {
                    if isConstant[constants.index(try source(place).start)] { wanted[number] = true }
                }
            }
            found = rows(ofLayouts: wanted)
        }
        var memory = ColumnMemory()
        guard let probe = TextProbe(.inside, text.bytes[...]) else { return found }
        for (field, column) in own {
            if let alphabet = column.alphabet, !text.fits(alphabet) { continue }
            guard try TextColumn.mayHold(probe, column.sketch, in: &source) else { continue }
            source.seek(column.sketch.cursor)
            let texts = try ColumnTexts(column.count, from: &source, into: &memory)
            let places = texts.indices(holding: text, in: memory.texts)
            if !places.isEmpty { found.formUnion(try rows(of: places, field)) }
        }
        return found
    }

    private func rows(ofLayouts wanted: [Bool]) -> RowSet {
        var found = RowSet(rowCount: counts.count)
        guard wanted.contains(true) else { return found }
        var next = 0
        for row in counts.indices {
            let end = next + Int(counts[row])
            while next < end {
                if wanted[Int(choices[next])] { found.insert(row) }
                next += 1
            }
        }
        return found
    }

    /// The rows of the own values at `places`, which rise, of a field.
    private mutating func rows(of places: [Int], _ field: UInt16) throws(ByteReaderError) -> RowSet {
        try readSources()
        var found = RowSet(rowCount: counts.count)
        var uses = [Int](repeating: 0, count: layouts.count)
        let (fields, kinds) = (sourceNumbers.first ?? [], sourceNumbers.dropFirst().first ?? [])
        for number in uses.indices {
            for place in layouts[number].sources
            where fields[place] == Int64(field) && kinds[place] == Int64(EventColumns.SourceKind.column) {
                uses[number] += 1
            }
        }
        var (wanted, value, next) = (0, 0, 0)
        for row in counts.indices {
            let end = next + Int(counts[row])
            while next < end, wanted < places.count {
                value += uses[Int(choices[next])]
                next += 1
                while wanted < places.count, places[wanted] < value {
                    found.insert(row)
                    wanted += 1
                }
            }
            if wanted == places.count { break }
        }
        return found
    }
}
