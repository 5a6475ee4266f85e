// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import GRDB

/// Column values of the shared types.
extension UTCTime {
    /// NULL where absent.
    var column: Int64? { isPresent ? nanoseconds : nil }

    /// The time of a column.
    init(column: Int64?) { self = column.map { UTCTime(nanoseconds: $0) } ?? .absent }
}

extension Offset {
    /// The position; 2^63 records are out of reach, so the sign is never used.
    var column: Int64 { Int64(bitPattern: value) }

    /// The offset of a column.
    init(column: Int64) { self.init(UInt64(bitPattern: column)) }
}

extension Row {
    /// Text in column `index`.
    func text(_ index: Int) -> String { StoredText.decode(self[index] as String) }

    /// A list of text in column `index`.
    func texts(_ index: Int) -> [String] { StoredText.decode(list: self[index] as String?) }

    /// A time in column `index`.
    func time(_ index: Int) -> UTCTime { UTCTime(column: self[index] as Int64?) }

    /// An offset in column `index`.
    func offset(_ index: Int) -> Offset { Offset(column: self[index] as Int64) }

    /// An integer in column `index`.
    func integer(_ index: Int) -> Int64 { self[index] as Int64 }

    /// A truth value in column `index`.
    func flag(_ index: Int) -> Bool { (self[index] as Int64) != 0 }
}
