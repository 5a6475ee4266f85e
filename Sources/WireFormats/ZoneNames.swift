// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Abbreviations of time zones that devices put behind their stamps.
///
/// Some name several zones; ours are the readings of network vendors: `CST` is North America, `IST` India,
/// `BST` Britain. Other names leave the stamp in the zone of its source.
enum ZoneNames {
    private static let minutes: [(name: StaticString, offset: Int)] = [
        ("UTC", 0), ("GMT", 0), ("UCT", 0), ("WET", 0), ("WEST", 60), ("BST", 60), ("CET", 60), ("MEZ", 60),
        ("CEST", 120), ("MESZ", 120), ("EET", 120), ("SAST", 120), ("EEST", 180), ("MSK", 180), ("IST", 330),
        ("SGT", 480), ("HKT", 480), ("AWST", 480), ("JST", 540), ("KST", 540), ("ACST", 570), ("AEST", 600),
        ("ACDT", 630), ("AEDT", 660), ("NZST", 720), ("NZDT", 780), ("NST", -210), ("ADT", -180),
        ("BRT", -180), ("AST", -240), ("EDT", -240), ("EST", -300), ("CDT", -300), ("CST", -360),
        ("MDT", -360), ("MST", -420), ("PDT", -420), ("PST", -480), ("AKDT", -480), ("AKST", -540),
        ("HST", -600),
    ]

    private static let table: [(name: UInt64, seconds: Int)] = minutes.map { entry in
        (entry.name.description.utf8.reduce(0) { $0 << 8 | UInt64($1) }, entry.offset * 60)
    }

    /// Seconds east of UTC of the zone whose name is packed into `name`, last letter lowest; nil if unknown.
    static func offset(_ name: UInt64) -> Int? {
        for entry in table where entry.name == name { return entry.seconds }
        return nil
    }
}
