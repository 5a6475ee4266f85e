// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Texts one after another: one buffer, and where in it each text lies.
struct TextArena {
    var bytes: [UInt8] = []
    var slots: [RecordShapes.Slot] = []

    /// Adds one text.
    mutating func append(_ text: [UInt8]) {
        slots.append(RecordShapes.Slot(start: UInt32(bytes.count), length: UInt32(text.count)))
        bytes.append(contentsOf: text)
    }

    /// Most texts of a block: 256 for each record of the largest block.
    static let slotCountMax = 1 << 24
}

/// The texts of one column among those of a ``TextStore``.
struct TextPlaces: Sendable {
    /// Its first text.
    var first: Int
    /// 1, or 0 for a column of one text.
    var stride: Int

    func index(_ row: Int) -> Int { first + row * stride }
}
