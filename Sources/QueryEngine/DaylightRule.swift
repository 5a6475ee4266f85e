// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The rule at the end of a zone file, such as `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX TZ, RFC 9636 section 3.3).
struct DaylightRule: Hashable, Sendable {
    /// A day of each year and a time on it.
    private struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// Month, week 1...5 (5 is the last), weekday 0 (Sunday)...6.
            case weekday(month: Int, week: Int, weekday: Int)
            /// 1...365; the 29th of February is never counted.
            case julian(Int)
            /// 0...365, leap days counted.
            case ordinal(Int)
        }
        var day: Day
        var seconds: Int
    }

    private let standardOffset: Int
    private let daylightOffset: Int
    private let start: Change?
    private let end: Change?

    init?(_ text: String) {
        var scanner = RuleScanner(text)
        guard scanner.name(), let west = scanner.time() else { return nil }
        standardOffset = -west
        guard !scanner.isAtEnd else {
            daylightOffset = standardOffset
            start = nil
            end = nil
            return
        }
        guard scanner.name() else { return nil }
        daylightOffset = scanner.sees(",") ? standardOffset + 3_600 : -(scanner.time() ?? 0)
        guard scanner.take(","), let first = DaylightRule.change(&scanner), scanner.take(","),
            let second = DaylightRule.change(&scanner), scanner.isAtEnd
        else { return nil }
        start = first
        end = second
    }

    private static func change(_ scanner: inout RuleScanner) -> Change? {
        let day: Change.Day
        if scanner.take("M") {
            guard let month = scanner.number(), scanner.take("."), let week = scanner.number(),
                scanner.take("."),
                let weekday = scanner.number(), (1...12).contains(month), (1...5).contains(week), weekday <= 6
            else { return nil }
            day = .weekday(month: month, week: week, weekday: weekday)
        } else if scanner.take("J") {
            guard let number = scanner.number(), (1...365).contains(number) else { return nil }
            day = .julian(number)
        } else {
            guard let number = scanner.number(), number <= 365 else { return nil }
            day = .ordinal(number)
        }
        guard scanner.take("/") else { return Change(day: day, seconds: 7_200) }
        return scanner.time().map { Change(day: day, seconds: $0) }
    }

    /// Seconds east of UTC at a second since the Unix epoch.
    func offset(atSecond second: Int64) -> Int {
        guard let start, let end else { return standardOffset }
        let bounded = min(max(second, -9_000_000_000), 9_000_000_000)
        let year = CivilTime(UTCTime(nanoseconds: bounded * UTCTime.second), offsetSeconds: standardOffset)
            .year
        let begins = DaylightRule.second(start, year) - Int64(standardOffset)
        let ends = DaylightRule.second(end, year) - Int64(daylightOffset)
        let isDaylight =
            begins < ends ? begins <= second && second < ends : second >= begins || second < ends
        return isDaylight ? daylightOffset : standardOffset
    }

    /// The change's local second in `year`, as if local time were UTC.
    private static func second(_ change: Change, _ year: Int) -> Int64 {
        let newYear = CivilTime(year: year, month: 1, day: 1).utc().nanoseconds / UTCTime.second
        let days: Int
        switch change.day {
        case .julian(let number): days = number - 1 + (CivilTime.isLeap(year) && number >= 60 ? 1 : 0)
        case .ordinal(let number): days = number
        case .weekday(let month, let week, let weekday):
            let first =
                CivilTime(year: year, month: month, day: 1).utc().nanoseconds / UTCTime.second / 86_400
            // The 1st of January 1970 was a Thursday, weekday 4.
            let firstWeekday = Int(((first + 4) % 7 + 7) % 7)
            var day = 1 + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            while day > CivilTime.days(inMonth: month, of: year) { day -= 7 }
            return (first + Int64(day - 1)) * 86_400 + Int64(change.seconds)
        }
        return newYear + Int64(days) * 86_400 + Int64(change.seconds)
    }
}

/// Cuts a POSIX TZ text into its parts.
private struct RuleScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    func sees(_ character: Character) -> Bool {
        position < bytes.count && bytes[position] == character.asciiValue
    }

    mutating func take(_ character: Character) -> Bool {
        guard sees(character) else { return false }
        position += 1
        return true
    }

    /// Letters, or anything between `<` and `>`.
    mutating func name() -> Bool {
        let start = position
        if take("<") {
            while position < bytes.count, !sees(">") { position += 1 }
            return take(">")
        }
        while position < bytes.count, bytes[position] | 0x20 >= 0x61, bytes[position] | 0x20 <= 0x7a {
            position += 1
        }
        return position > start
    }

    mutating func number() -> Int? {
        var value: Int?
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39, (value ?? 0) < 1_000 {
            value = (value ?? 0) * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        return value
    }

    /// `[+-]hours[:minutes[:seconds]]` in seconds.
    mutating func time() -> Int? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number() else { return nil }
        var seconds = hours * 3_600
        if take(":") {
            guard let minutes = number() else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = number() else { return nil }
                seconds += rest
            }
        }
        return isNegative ? -seconds : seconds
    }
}
