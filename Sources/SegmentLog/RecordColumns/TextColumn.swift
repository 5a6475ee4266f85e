// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Texts as a column.
///
/// - Source: `schemas/disk/record-columns-v1.md`, section 5.
enum TextColumn {
    /// Stored numbers of the encodings.
    enum Encoding {
        static let constant: UInt8 = 16
        static let copy: UInt8 = 17
        static let decimal: UInt8 = 18
        static let address: UInt8 = 19
        static let hexadecimal: UInt8 = 20
        static let dictionary: UInt8 = 21
        static let text: UInt8 = 22
        static let split: UInt8 = 23
        static let clock: UInt8 = 24
        static let epoch: UInt8 = 25
        static let stamp: UInt8 = 26
        static let lines: UInt8 = 27
    }

    /// Most distinct texts of a dictionary.
    static let dictionaryCountMax = 16_384
    /// Most parts of a split text.
    static let partCountMax = 16
    /// Longest text whose digits or nibbles are looked at.
    static let patternLengthMax = 512
}

/// The texts of a column while it is encoded.
struct TextValues {
    /// The buffer of the batch.
    let bytes: [UInt8]
    /// Where each text lies.
    var slots: [RecordShapes.Slot]
    /// Time of the first stamp of each text's record, nanoseconds; empty when records have none.
    var references: [Int64] = []

    var count: Int { slots.count }

    /// Bytes of all texts.
    var sizeBytes: Int { slots.reduce(0) { $0 + Int($1.length) } }

    func isEqual(_ left: Int, _ right: Int) -> Bool { isEqual(slots[left], slots[right]) }

    func isEqual(_ left: RecordShapes.Slot, _ right: RecordShapes.Slot) -> Bool {
        left.length == right.length && bytes.span.isEqual(at: Int(left.start), to: bytes.span, right.range)
    }
}
