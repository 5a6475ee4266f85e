// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Spans of time as people type them: `24h`, `1h30min`, `1.5 days` (systemd.time(7)).
public enum TimeSpan {
    private static let units: [String: Int64] = [
        "ns": 1, "nsec": 1, "us": 1_000, "usec": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000,
        "msec": 1_000_000,
        "s": UTCTime.second, "sec": UTCTime.second, "second": UTCTime.second, "seconds": UTCTime.second,
        "m": minute, "min": minute, "minute": minute, "minutes": minute, "h": hour, "hr": hour, "hour": hour,
        "hours": hour, "d": day, "day": day, "days": day, "w": 7 * day, "week": 7 * day, "weeks": 7 * day,
        "M": month, "month": month, "months": month, "y": year, "year": year, "years": year,
    ]
    private static let minute = 60 * UTCTime.second
    private static let hour = 60 * minute
    private static let day = 24 * hour
    /// 30.44 days, as systemd.time(7) counts.
    private static let month = 2_629_800 * UTCTime.second
    /// 365.25 days.
    private static let year = 12 * month

    /// The span in nanoseconds; nil when the text is no span, has no unit, or is longer than 290 years.
    public static func nanoseconds(_ text: String) -> Int64? {
        let letters = Array(text)
        var total: Int64 = 0
        var index = 0
        var count = 0
        while index < letters.count {
            if letters[index] == " " {
                index += 1
                continue
            }
            let start = index
            while index < letters.count, letters[index].isASCII,
                letters[index].isNumber || letters[index] == "."
            {
                index += 1
            }
            guard index > start, let number = Double(String(letters[start..<index])) else { return nil }
            while index < letters.count, letters[index] == " " { index += 1 }
            let unitStart = index
            while index < letters.count, letters[index].isLetter { index += 1 }
            let name = String(letters[unitStart..<index])
            guard let unit = units[name] ?? units[name.lowercased()], number * Double(unit) < 9.0e18 else {
                return nil
            }
            let (sum, overflow) = total.addingReportingOverflow(Int64((number * Double(unit)).rounded()))
            guard !overflow else { return nil }
            total = sum
            count += 1
        }
        return count > 0 ? total : nil
    }
}
