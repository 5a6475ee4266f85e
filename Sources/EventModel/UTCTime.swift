// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, leap seconds clamped.
///
/// Covers the years 1677 to 2262. `absent` stands for "the device gave no time".
public struct UTCTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since the Unix epoch.
    public var nanoseconds: Int64

    /// Wraps a count of nanoseconds since the Unix epoch.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Marks a missing time; sorts before every real one.
    public static let absent = UTCTime(nanoseconds: .min)

    /// Whether this is a real time.
    public var isPresent: Bool { nanoseconds != .min }

    /// Nanoseconds in a second.
    public static let second: Int64 = 1_000_000_000

    /// Orders by time; `absent` first.
    public static func < (left: UTCTime, right: UTCTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// This time moved by `nanoseconds`; saturates at the ends of the range, and `absent` stays absent.
    public func advanced(by nanoseconds: Int64) -> UTCTime {
        guard isPresent else { return self }
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        guard overflow || sum == .min else { return UTCTime(nanoseconds: sum) }
        return UTCTime(nanoseconds: nanoseconds < 0 ? .min + 1 : .max)
    }
}

/// A civil date and time of day in the proleptic Gregorian calendar, without a zone.
public struct CivilTime: Hashable, Sendable {
    /// Year, month 1...12, day 1...31, hour 0...23, minute 0...59, second 0...59, nanosecond 0..<1e9.
    public var year: Int
    /// Month 1...12.
    public var month: Int
    /// Day 1...31.
    public var day: Int
    /// Hour 0...23.
    public var hour: Int
    /// Minute 0...59.
    public var minute: Int
    /// Second 0...59.
    public var second: Int
    /// Nanosecond 0..<1,000,000,000.
    public var nanosecond: Int

    /// Makes a civil time; the caller keeps the ranges (see ``isValid``).
    public init(
        year: Int,
        month: Int,
        day: Int,
        hour: Int = 0,
        minute: Int = 0,
        second: Int = 0,
        nanosecond: Int = 0
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.nanosecond = nanosecond
    }

    /// Whether every part lies in its range, with the length of the month and leap years honoured.
    public var isValid: Bool {
        (1...12).contains(month) && day >= 1 && day <= CivilTime.days(inMonth: month, of: year)
            && (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second)
            && (0..<1_000_000_000).contains(nanosecond) && (1678...2261).contains(year)
    }

    /// Days of a month, 28...31.
    public static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: isLeap(year) ? 29 : 28
        default: 31
        }
    }

    /// Whether `year` has a 29th of February.
    public static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// The UTC time of this civil time at an offset east of UTC, in seconds.
    ///
    /// Valid civil times only.
    ///
    /// Source: days-from-civil, the usual era arithmetic over 400-year cycles.
    public func utc(offsetSeconds: Int = 0) -> UTCTime {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offsetSeconds
        return UTCTime(nanoseconds: Int64(seconds) &* UTCTime.second &+ Int64(nanosecond))
    }

    /// The civil time in UTC (or at an offset east of it, in seconds) of `time`.
    public init(_ time: UTCTime, offsetSeconds: Int = 0) {
        let shifted = time.nanoseconds &+ Int64(offsetSeconds) &* UTCTime.second
        let (seconds, rest) = shifted.flooredQuotient(dividingBy: UTCTime.second)
        let (days, ofDay) = seconds.flooredQuotient(dividingBy: 86_400)
        let z = Int(days) + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        self.init(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
            month: month,
            day: dayOfYear - (153 * monthIndex + 2) / 5 + 1,
            hour: Int(ofDay) / 3_600,
            minute: Int(ofDay) / 60 % 60,
            second: Int(ofDay) % 60,
            nanosecond: Int(rest)
        )
    }
}

extension Int64 {
    /// Quotient rounded toward negative infinity, and the remainder in `0 ..< divisor`.
    fileprivate func flooredQuotient(dividingBy divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
