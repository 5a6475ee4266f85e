// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

struct UTCTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600),
        ("2026-10-05T06:00:00+02:00", 1_791_172_800),
        ("1969-12-31T23:59:59Z", -1), ("2016-12-31T23:59:60Z", 1_483_228_799),
    ])
    func `a date and time with offset is the second it names`(_ text: String, _ seconds: Int64) throws {
        #expect(try #require(UTCTime(rfc3339: text)).nanoseconds == seconds * UTCTime.second)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:61Z", "1500-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "",
    ])
    func `what is no date and time with offset is refused`(_ text: String) {
        #expect(UTCTime(rfc3339: text) == nil)
    }

    @Test(arguments: [
        "2026-10-05T04:00:00Z", "2026-10-05T04:00:00.120Z", "2026-10-05T04:00:00.000001Z",
        "1969-12-31T23:59:59.999999999Z", "2100-03-01T00:00:00Z",
    ])
    func `text and time turn into each other`(_ text: String) throws {
        #expect(try #require(UTCTime(rfc3339: text)).description == text)
    }

    @Test func `every day of four centuries keeps its place in the calendar`() {
        var day = CivilTime(year: 1_800, month: 1, day: 1)
        var time = day.utc()
        for number in 0..<Int64(146_097) {
            guard CivilTime(time) == day, day.utc() == time else {
                Issue.record("day \(number): \(CivilTime(time)) instead of \(day)")
                return
            }
            time = time.advanced(by: 86_400 * UTCTime.second)
            day.day += 1
            if day.day > CivilTime.days(inMonth: day.month, of: day.year) {
                day.day = 1
                day.month += 1
            }
            if day.month > 12 {
                day.month = 1
                day.year += 1
            }
        }
    }

    @Test func `moving a time stops at the ends of the range, and an absent time stays absent`() {
        #expect(UTCTime(nanoseconds: .max).advanced(by: 1).nanoseconds == .max)
        #expect(UTCTime(nanoseconds: .min + 1).advanced(by: -1).isPresent)
        #expect(!UTCTime.absent.advanced(by: 1).isPresent)
    }
}
