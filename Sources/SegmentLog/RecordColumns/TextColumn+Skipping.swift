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
        case copy(of: Int, exceptionCount: Int)
    }

    var cursor: ColumnSource.Cursor
    var form: Form
    /// Bytes that its texts can have, folded; nil for any.
    var alphabet: ByteSet?

    /// Digits, letters of months, and what stands between.
    static let stamps = ByteSet("0123456789 :.-+tzjanfebmaprylugsocvd".utf8)
    /// Bytes that a written time can begin with, and end with.
    static let stampStarts = ByteSet("0123456789jfmasond".utf8)
    static let stampEnds = decimals
    static let decimals = ByteSet("0123456789".utf8)
    static let addresses = ByteSet("0123456789.".utf8)
}

extension TextColumn {
    /// Goes past a column without reading its texts, and tells what can be told about them; which bytes they
    /// have only for one that will search them.
    static func skip(
        _ source: inout ColumnSource,
        isSearched: Bool = true,
        depth: Int = 0
    ) throws(ByteReaderError) -> TextColumnSketch {
        let position = source.description.position
        var sketch = TextColumnSketch(cursor: source.cursor, form: .plain, alphabet: nil)
        switch try source.description.byte() {
        case Encoding.constant:
            let text = try source.description.counted()
            guard isSearched else { return sketch }
            // Nothing can be said of what stands where an empty text is.
            sketch.alphabet = text.isEmpty ? nil : ByteSet(text.map(ByteFolding.folded))
        case Encoding.decimal:
            _ = try source.description.byte()
            try IntegerColumn.skip(&source)
            sketch.alphabet = TextColumnSketch.decimals
        case Encoding.address:
            try IntegerColumn.skip(&source)
            sketch.alphabet = TextColumnSketch.addresses
        case Encoding.hexadecimal:
            _ = try source.description.byte()
            let pattern = try source.description.counted()
            try source.skip(1)
            guard isSearched else { return sketch }
            sketch.alphabet = ByteSet(pattern.map(ByteFolding.folded) + Array("0123456789abcdef".utf8))
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
            let separators = try source.description.counted()
            guard separators.count < partCountMax else { throw .invalid(position: position) }
            var alphabet: ByteSet? = ByteSet(separators.map(ByteFolding.folded))
            for _ in 0...separators.count {
                let part = try skip(&source, isSearched: isSearched, depth: 1).alphabet
                alphabet = part.flatMap { part in alphabet.map { $0.union(part) } }
            }
            sketch.alphabet = alphabet
        case Encoding.clock, Encoding.epoch:
            _ = try source.description.byte()
            try IntegerColumn.skip(&source)
            (sketch.form, sketch.alphabet) = (.timed, TextColumnSketch.stamps)
        case Encoding.stamp:
            _ = try source.description.byte()
            _ = try source.description.byte()
            try IntegerColumn.skip(&source)
            (sketch.form, sketch.alphabet) = (.timed, TextColumnSketch.stamps)
        default: throw .invalid(position: position)
        }
        return sketch
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
