// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A question about the distinct texts of a column, asked before it is read which of them each record has.
struct TextProbe {
    /// Where the bytes have to stand.
    enum Place {
        case inside
        /// At the end, or all of the text is the end of the bytes.
        case atEnd
        /// At the start, or all of the text is the start of the bytes.
        case atStart
    }

    let place: Place
    /// Folded bytes; not empty.
    let bytes: FoldedText

    /// Nil for no bytes, which are everywhere.
    init?(_ place: Place, _ bytes: ArraySlice<UInt8>) {
        guard let folded = FoldedText(Array(bytes)) else { return nil }
        self.place = place
        self.bytes = folded
    }

    /// Whether one of the texts may answer, of which each is followed by a line feed.
    func mayStand(inLines text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        switch place {
        case .inside: return bytes.mayStand(in: text, range)
        case .atEnd:
            let last = bytes.bytes[bytes.bytes.count - 1]
            for end in range where text[end] == 0x0a {
                // An empty text, or one that another byte ends, needs no second look.
                if end == range.lowerBound || text[end - 1] == 0x0a { return true }
                guard ByteFolding.folded(text[end - 1]) == last else { continue }
                if endsHere(text, range.lowerBound, end) { return true }
            }
            return false
        case .atStart:
            var start = range.lowerBound
            while start < range.upperBound {
                var lane = 0
                while lane < bytes.bytes.count, text[start + lane] != 0x0a,
                    ByteFolding.folded(text[start + lane]) == bytes.bytes[lane]
                {
                    lane += 1
                }
                if lane == bytes.bytes.count || text[start + lane] == 0x0a { return true }
                while text[start + lane] != 0x0a { lane += 1 }
                start += lane + 1
            }
            return false
        }
    }

    /// Whether the text that ends before `end` has the bytes at its end, as far as it goes.
    private func endsHere(_ text: Span<UInt8>, _ first: Int, _ end: Int) -> Bool {
        var lane = 1
        while lane <= bytes.bytes.count, end - lane >= first, text[end - lane] != 0x0a {
            guard ByteFolding.folded(text[end - lane]) == bytes.bytes[bytes.bytes.count - lane] else {
                return false
            }
            lane += 1
        }
        return true
    }

    /// Whether one text may answer.
    func mayStand(in text: [UInt8]) -> Bool { mayStand(inLines: (text + [0x0a]).span, 0..<text.count + 1) }
}

extension TextColumn {
    /// A part of a split column, and the bytes that its texts can have.
    private typealias Part = (sketch: TextColumnSketch, alphabet: ByteSet?)

    /// Whether a text of the column at the cursor of `sketch` may answer `probe`; true where that cannot be
    /// told without reading the column.
    ///
    /// Reads what the column has of distinct texts, and not which of them each record has.
    static func mayHold(
        _ probe: TextProbe,
        _ sketch: TextColumnSketch,
        in source: inout ColumnSource
    ) throws(ByteReaderError) -> Bool {
        source.seek(sketch.cursor)
        switch try source.description.byte() {
        case Encoding.constant: return probe.mayStand(in: try source.description.counted())
        case Encoding.dictionary:
            _ = try source.description.count(atMost: dictionaryCountMax)
            return try mayHold(probe, plain: try source.description.byte(), in: &source)
        case let encoding where encoding == Encoding.lines || encoding == Encoding.text:
            return try mayHold(probe, plain: encoding, in: &source)
        case Encoding.split:
            let separators = try source.description.counted()
            guard separators.count < partCountMax else {
                throw .invalid(position: source.description.position)
            }
            var parts: [Part] = []
            var alphabet: ByteSet?
            for _ in 0...separators.count {
                parts.append((try skip(&source, &alphabet, depth: 1), alphabet))
            }
            return try mayHold(probe, parts, between: separators, in: &source)
        default: return true
        }
    }

    private static func mayHold(
        _ probe: TextProbe,
        plain encoding: UInt8,
        in source: inout ColumnSource
    ) throws(ByteReaderError) -> Bool {
        switch encoding {
        case Encoding.lines:
            let stream = try source.next()
            guard stream.isEmpty || source.raw[stream.upperBound - 1] == 0x0a else { return true }
            return probe.mayStand(inLines: source.raw.span, stream)
        case Encoding.text where probe.place == .inside:
            try IntegerColumn.skip(&source)
            let stream = try source.next()
            return probe.mayStand(inLines: source.raw.span, stream)
        default: return true
        }
    }

    /// Of texts that are put together of parts: parts hold letters and digits alone, so it is known where the
    /// bytes of `probe` go from one part into the next.
    private static func mayHold(
        _ probe: TextProbe,
        _ parts: [Part],
        between separators: [UInt8],
        in source: inout ColumnSource
    ) throws(ByteReaderError) -> Bool {
        let text = probe.bytes.bytes
        let cuts = text.indices.filter { !TextShape.isInner(text[$0]) }
        switch probe.place {
        case .atEnd:
            guard let rest = TextProbe(.atEnd, text[((cuts.last ?? -1) + 1)...]) else { return true }
            return try part(parts.count - 1, of: parts, mayHold: rest, in: &source)
        case .atStart:
            guard let rest = TextProbe(.atStart, text[..<(cuts.first ?? text.count)]) else { return true }
            return try part(0, of: parts, mayHold: rest, in: &source)
        case .inside: break
        }
        guard cuts.count < parts.count else { return false }
        for first in 0..<parts.count - cuts.count
        where cuts.indices.allSatisfy({ separators[first + $0] == text[cuts[$0]] }) {
            var isPossible = true
            for number in 0...cuts.count where isPossible {
                let start = number == 0 ? 0 : cuts[number - 1] + 1
                let end = number == cuts.count ? text.count : cuts[number]
                let place: TextProbe.Place = cuts.isEmpty ? .inside : number == 0 ? .atEnd : .atStart
                guard let rest = TextProbe(place, text[start..<end]) else { continue }
                isPossible = try part(first + number, of: parts, mayHold: rest, in: &source)
            }
            if isPossible { return true }
        }
        return false
    }

    private static func part(
        _ number: Int,
        of parts: [Part],
        mayHold probe: TextProbe,
        in source: inout ColumnSource
    ) throws(ByteReaderError) -> Bool {
        if let alphabet = parts[number].alphabet {
            // At its end a text may be shorter than the bytes, and then has some of them.
            let bytes = probe.bytes.bytes
            switch probe.place {
            case .inside: guard probe.bytes.fits(alphabet) else { return false }
            case .atEnd: guard alphabet[bytes[bytes.count - 1]] else { return false }
            case .atStart: guard alphabet[bytes[0]] else { return false }
            }
        }
        return try mayHold(probe, parts[number].sketch, in: &source)
    }
}
