// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The texts of columns as they are read: one buffer, and where in it each text lies.
///
/// A text that occurs often lies there once.
struct TextArena {
    var bytes: [UInt8] = []
    var slots: [RecordShapes.Slot] = []

    /// Bytes after the last text that may be read: copies go by words.
    static let slackBytes = 8

    /// Adds one text.
    mutating func append(_ text: [UInt8]) {
        slots.append(RecordShapes.Slot(start: UInt32(bytes.count), length: UInt32(text.count)))
        bytes.append(contentsOf: text)
    }

    /// Ends a text that began at `start` and was appended to ``bytes``.
    mutating func finish(_ start: Int) {
        slots.append(RecordShapes.Slot(start: UInt32(start), length: UInt32(bytes.count - start)))
    }

    /// Whether nothing more than a chunk holds was read.
    var isBounded: Bool {
        bytes.count <= LogLimits.chunkSizeMaxBytes && slots.count <= TextArena.slotCountMax
    }

    /// Most texts of a block: 256 for each record of the largest block.
    static let slotCountMax = 1 << 24
}

/// The texts of one column in an arena.
struct TextPlaces {
    /// Its first text.
    var first: Int
    /// 1, or 0 for a column of one text.
    var stride: Int

    func index(_ row: Int) -> Int { first + row * stride }
}
