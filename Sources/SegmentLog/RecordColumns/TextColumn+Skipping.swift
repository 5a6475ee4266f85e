// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What is known of a column of texts without reading its values.
struct TextColumnSketch {
    /// How its texts can be looked at.
    enum Form {
        /// Alone.
        case plain
        /// Only with the times of their records.
        case timed
        /// As another column of the template, but for `exceptionCount` texts whose places and values stand at
        /// the cursor.
        case copy(of: Int32, exceptionCount: Int32)
    }

    var cursor: ColumnSource.Cursor
    var form: Form

    /// Digits, letters of months, and what stands between.
    static let stamps = ByteSet("0123456789 :.-+tzjanfebmaprylugsocvd".utf8)
    /// Bytes that a written time can begin with, and end with.
    static let stampStarts = ByteSet("0123456789jfmasond".utf8)
    static let stampEnds = decimals
    static let decimals = ByteSet("0123456789".utf8)
    static let addresses = ByteSet("0123456789.".utf8)
    static let hexadecimals = ByteSet("0123456789abcdef".utf8)
}

extension TextColumn {
    /// Goes past a column without reading its texts.
    static func skip(_ source: inout ColumnSource) throws(ByteReaderError) -> TextColumnSketch {
        var alphabet: ByteSet?
        return try skip(&source, &alphabet, isSearched: false)
    }

    /// As above; of a column that is to be searched also which bytes its texts can have, folded: nil for
    /// any.
    static func skip(
        _ source: inout ColumnSource,
        _ alphabet: inout ByteSet?,
        isSearched: Bool = true,
        depth: Int = 0
    ) throws(ByteReaderError) -> TextColumnSketch {
        let position = source.description.position
        var sketch = TextColumnSketch(cursor: source.cursor, form: .plain)
        alphabet = nil
        switch try source.description.byte() {
        case Encoding.constant:
            let text = try countedRange(&source)
            // Nothing can be said of what stands where an empty text is.
            guard isSearched, !text.isEmpty else { return sketch }
            alphabet = ByteSet(folding: source.description.bytes.span, text)
        case Encoding.decimal:
            _ = try source.description.byte()
            try IntegerColumn.skip(&source)
            alphabet = TextColumnSketch.decimals
        case Encoding.address:
            try IntegerColumn.skip(&source)
            alphabet = TextColumnSketch.addresses
        case Encoding.hexadecimal:
            _ = try source.description.byte()
            let pattern = try countedRange(&source)
            try source.skip(1)
            guard isSearched else { return sketch }
            alphabet = ByteSet(folding: source.description.bytes.span, pattern)
                .union(TextColumnSketch.hexadecimals)
        case Encoding.dictionary:
            let size = try source.description.count(atMost: dictionaryCountMax)
            guard size > 1 else { throw .invalid(position: position) }
            try skipPlain(&source)
            try source.skip(ColumnCost.width(UInt64(size - 1)))
        case Encoding.text, Encoding.lines:
            source.seek(sketch.cursor)
            try skipPlain(&source)
        case Encoding.split:
            guard depth == 0 else { throw .invalid(position: position) }
            let separators = try countedRange(&source)
            guard separators.count < partCountMax else { throw .invalid(position: position) }
            var all: ByteSet? = ByteSet(folding: source.description.bytes.span, separators)
            for _ in 0...separators.count {
                _ = try skip(&source, &alphabet, isSearched: isSearched, depth: 1)
                all = alphabet.flatMap { part in all.map { $0.union(part) } }
            }
            alphabet = all
        case Encoding.clock, Encoding.epoch:
            _ = try source.description.byte()
            try IntegerColumn.skip(&source)
            (sketch.form, alphabet) = (.timed, TextColumnSketch.stamps)
        case Encoding.stamp:
            _ = try source.description.byte()
            _ = try source.description.byte()
            try IntegerColumn.skip(&source)
            (sketch.form, alphabet) = (.timed, TextColumnSketch.stamps)
        default: throw .invalid(position: position)
        }
        return sketch
    }

    /// Where bytes with their number before them lie among the descriptions.
    private static func countedRange(_ source: inout ColumnSource) throws(ByteReaderError) -> Range<Int> {
        let length = try source.description.count(atMost: source.description.remaining)
        return try source.description.range(length)
    }

    private static func skipPlain(_ source: inout ColumnSource) throws(ByteReaderError) {
        let position = source.description.position
        switch try source.description.byte() {
        case Encoding.text:
            try IntegerColumn.skip(&source)
            try source.skip(1)
        case Encoding.lines: try source.skip(1)
        default: throw .invalid(position: position)
        }
    }
}
