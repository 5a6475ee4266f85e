// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Slots that every set has, at fixed numbers: what the header says, and the keys under which JSON states its
/// time.
enum StandardSlot {
    static let body = 0
    static let application = 1
    static let host = 2
    static let code = 3
    static let facility = 4
    static let messageID = 5

    /// First of the time keys, in order of preference.
    static let firstTime = 6

    /// Names by number.
    ///
    /// Decoder files use the ones with `$` in conditions and fields.
    static let names =
        ["$body", "$app", "$host", "$code", "$facility", "$msgid"] + timeKeys + timeParts

    /// Keys of times, in order of preference.
    static let timeKeys = [
        "@timestamp", "timestamp", "time", "ts", "_write_ts", "eventTime", "published", "createdDateTime",
        "EventTime",
        "isotimestamp", "TimeCreated", "Event.System.TimeCreated.@SystemTime", "rt", "devTime", "eventtime",
    ]

    /// Numbers of the time keys.
    static let timeSlots = firstTime..<firstTime + timeKeys.count

    /// Keys of parts of a time: the day beside `time`, zones, and how `devTime` is written.
    private static let timeParts = ["date", "tz", "timezone", "devTimeFormat"]
    static let date = firstTime + timeKeys.count
    static let zones = [date + 1, date + 2]
    static let timePattern = date + 3
    /// The time of day beside ``date``.
    static let clock = firstTime + 2
    /// The stamp that ``timePattern`` describes.
    static let patternedTime = firstTime + 13
}
