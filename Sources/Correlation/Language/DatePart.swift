// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A part of a date field that a rule asks for (Sigma 2.1, time modifiers).
///
/// Taken from the text as it stands: no zone is converted.
enum DatePart: String, Sendable, CaseIterable {
    case minute
    case hour
    case day
    case week
    case month
    case year

    /// Numbers that it can have.
    var range: ClosedRange<Double> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .day: 1...31
        case .week: 1...53
        case .month: 1...12
        case .year: 0...9_999
        }
    }

    /// Whether any date can pass.
    func canPass(_ comparison: Comparison, _ number: Double) -> Bool {
        switch comparison {
        case .equal: range.contains(number) && number == number.rounded()
        case .notEqual: true
        case .lessThan: number > range.lowerBound
        case .lessOrEqual: number >= range.lowerBound
        case .greaterThan: number < range.upperBound
        case .greaterOrEqual: number <= range.upperBound
        }
    }

    /// The part of `value`: `YYYY-MM-DD`, then optionally `T` or a blank and `HH:MM`, then anything; nil if
    /// it is no date or has no such part.
    func number(in value: [UInt8]) -> Int? {
        guard value.count >= 10, value[4] == 0x2d, value[7] == 0x2d,
            let year = DatePart.digits(value, 0..<4), let month = DatePart.digits(value, 5..<7),
            let day = DatePart.digits(value, 8..<10)
        else { return nil }
        guard CivilTime(year: year, month: month, day: day).isValid else { return nil }
        switch self {
        case .year: return year
        case .month: return month
        case .day: return day
        case .week: return DatePart.week(CivilTime(year: year, month: month, day: day))
        case .hour, .minute:
            guard value.count >= 16, [0x54, 0x74, 0x20].contains(value[10]), value[13] == 0x3a,
                let hour = DatePart.digits(value, 11..<13), let minute = DatePart.digits(value, 14..<16),
                hour < 24, minute < 60
            else { return nil }
            return self == .hour ? hour : minute
        }
    }

    private static func digits(_ value: [UInt8], _ range: Range<Int>) -> Int? {
        var number = 0
        for byte in value[range] {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }

    /// Week of ISO 8601: the first one holds the first Thursday of the year.
    private static func week(_ date: CivilTime) -> Int {
        let days = Int(date.utc().nanoseconds / (86_400 * UTCTime.second))
        // Day 0 was a Thursday; Monday is 0.
        let weekday = ((days + 3) % 7 + 7) % 7
        let thursday = days - weekday + 3
        let year = CivilTime(UTCTime(nanoseconds: Int64(thursday) * 86_400 * UTCTime.second)).year
        let first = Int(CivilTime(year: year, month: 1, day: 1).utc().nanoseconds / (86_400 * UTCTime.second))
        return (thursday - first) / 7 + 1
    }
}
