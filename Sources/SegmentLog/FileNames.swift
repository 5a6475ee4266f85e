// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Every file name of a stream, made and read here only.
enum FileNames {
    static let segmentSuffix = ".seg"
    static let walSuffix = ".wal"
    static let walDirectory = "wal"
    static let tornSuffix = ".torn"
    static let damagedSuffix = ".damaged"
    static let reserve = "reserve"
    /// A generation of a segment that is being written.
    static let freshSuffix = ".new"
    private static let digits = 20

    static func stream(_ store: String, _ stream: String) -> String { store + "/" + stream }

    static func segment(_ base: Offset) -> String { padded(base) + segmentSuffix }

    static func wal(_ base: Offset) -> String { padded(base) + walSuffix }

    /// The copy of bytes that recovery cut or found damaged, beside the file they were in.
    ///
    /// Other bytes from the same position, found later, have the next `number`.
    static func evidence(_ file: String, _ position: Int, _ suffix: String, number: Int = 1) -> String {
        file + "." + String(position) + (number > 1 ? "." + String(number) : "") + suffix
    }

    /// The base offset in a name with that suffix, nil for other names.
    static func base(_ name: String, _ suffix: String) -> Offset? {
        guard name.hasSuffix(suffix), name.utf8.count == digits + suffix.utf8.count else { return nil }
        return UInt64(name.dropLast(suffix.count)).map(Offset.init)
    }

    private static func padded(_ base: Offset) -> String {
        let text = String(base.value)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
