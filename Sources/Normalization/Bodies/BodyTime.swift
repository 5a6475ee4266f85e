// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Reads the stamps that bodies state: ISO 8601, epochs, and the civil forms of web servers, Windows and
/// people.
///
/// `27/Jul/2023:16:06:44 +0200`, `Thu, 14 Oct 2021 15:24:12.02 UTC`, `2023/07/05 14:14:33`,
/// `1/19/2024 10:43:19 AM` and alike. Of `a/b/2024` the month is `a`, unless only `b` can be one. A bias of
/// three digits, as CMTrace writes it, is minutes west of UTC.
struct BodyTime {
    /// The time that was read.
    private(set) var time = UTCTime.absent
    private(set) var hasFraction = false
    private(set) var issues: ParseIssues = []

    private var position: Int
    private let end: Int

    /// Reads the stamp at `range`; nil if there is none.
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>, _ context: StampContext) {
        position = range.lowerBound
        end = range.upperBound
        var reader = StampReader(range.lowerBound, range.upperBound, context, isAllStamp: true)
        if reader.read(bytes, from: range.lowerBound), !BodyTime.hasHalf(bytes, reader.position..<end) {
            time = reader.time
            hasFraction = reader.hasFraction
            issues = reader.issues
            position = reader.position
            // A blank may stand before the offset.
            if issues.contains(.timeZoneAssumed), let offset = zone(bytes) {
                issues.remove(.timeZoneAssumed)
                let seconds = Int64(context.offsetSeconds - offset)
                time = UTCTime(nanoseconds: time.nanoseconds + seconds * 1_000_000_000)
            }
        } else if let sensor = BodyTime.sensor(bytes, range, context) {
            time = sensor.time
            hasFraction = sensor.hasFraction
            issues = sensor.issues
        } else if let epoch = EpochTime.read(bytes, BodyTime.first(bytes, range)) {
            time = epoch.time
            hasFraction = epoch.hasFraction
        } else {
            guard let civil = civil(bytes) else { return nil }
            let offset = zone(bytes)
            if offset == nil { issues.insert(.timeZoneAssumed) }
            time = civil.utc(offsetSeconds: offset ?? context.offsetSeconds)
        }
    }

    private static func sensor(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ context: StampContext
    ) -> StampReader? {
        var reader = StampReader(range.lowerBound, range.upperBound, context, isAllStamp: true)
        return reader.readSensor(bytes) && reader.position == range.upperBound ? reader : nil
    }

    /// What stands before a colon: audit logs put a serial behind their epoch.
    private static func first(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] != 0x3a { index += 1 }
        return range.lowerBound..<index
    }

    /// Month names as three folded bytes.
    private static let months: [UInt32] = [
        0x6a616e, 0x666562, 0x6d6172, 0x617072, 0x6d6179, 0x6a756e, 0x6a756c, 0x617567, 0x736570, 0x6f6374,
        0x6e6f76, 0x646563,
    ]

    /// Whether `AM` or `PM` follows.
    private static func hasHalf(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] == 0x20 { index += 1 }
        guard index + 1 < range.upperBound else { return false }
        return (bytes[index].folded == 0x61 || bytes[index].folded == 0x70) && bytes[index + 1].folded == 0x6d
    }

    private mutating func civil(_ bytes: Span<UInt8>) -> CivilTime? {
        skipWeekday(bytes)
        guard let date = date(bytes) else { return nil }
        var civil = CivilTime(year: date.year ?? 2_000, month: date.month, day: date.day)
        skipBetween(bytes)
        guard let hour = number(bytes, 1...2), take(0x3a, bytes), let minute = number(bytes, 2...2) else {
            return nil
        }
        civil.hour = hour
        civil.minute = minute
        if take(0x3a, bytes) { civil.second = number(bytes, 2...2) ?? 0 }
        if position < end, bytes[position] == 0x2e || bytes[position] == 0x2c { readFraction(bytes, &civil) }
        if BodyTime.hasHalf(bytes, position..<end) {
            while bytes[position] == 0x20 { position += 1 }
            let isAfternoon = bytes[position].folded == 0x70
            position += 2
            guard (1...12).contains(civil.hour) else { return nil }
            civil.hour = civil.hour % 12 + (isAfternoon ? 12 : 0)
        }
        if date.year == nil {
            // `Mon Jun 8 12:08:44 2020`: the year comes last.
            guard take(0x20, bytes), let year = number(bytes, 4...4) else { return nil }
            civil.year = year
        }
        return civil.isValid ? civil : nil
    }

    /// Three parts, of which one may be the name of a month.
    private mutating func date(_ bytes: Span<UInt8>) -> (year: Int?, month: Int, day: Int)? {
        var numbers: [Int] = []
        var named: (month: Int, place: Int)?
        while numbers.count + (named == nil ? 0 : 1) < 3 {
            let start = position
            if let value = number(bytes, 1...4) {
                if let named, numbers.count == 1, named.place == 0, position < end, bytes[position] == 0x3a,
                    position - start <= 2
                {
                    position = start
                    return (nil, named.month, numbers[0])
                }
                numbers.append(value)
            } else if named == nil, let month = month(bytes) {
                named = (month, numbers.count)
            } else {
                return nil
            }
            while position < end, [0x2f, 0x2d, 0x2e, 0x20, 0x2c].contains(bytes[position]) {
                let isLast = numbers.count + (named == nil ? 0 : 1) == 3
                if isLast { break }
                position += 1
            }
        }
        if let named {
            guard numbers.count == 2 else { return nil }
            let isYearFirst = numbers[0] > 31
            return (century(numbers[isYearFirst ? 0 : 1]), named.month, numbers[isYearFirst ? 1 : 0])
        }
        if numbers[0] > 31 { return (numbers[0], numbers[1], numbers[2]) }
        let isDayFirst = numbers[0] > 12
        return (century(numbers[2]), numbers[isDayFirst ? 1 : 0], numbers[isDayFirst ? 0 : 1])
    }

    private func century(_ year: Int) -> Int { year < 100 ? year + 2_000 : year }

    private mutating func skipWeekday(_ bytes: Span<UInt8>) {
        let start = position
        if month(bytes) != nil {
            position = start
            return
        }
        while position < end, bytes[position].folded >= 0x61, bytes[position].folded <= 0x7a { position += 1 }
        while position < end, bytes[position] == 0x2c || bytes[position] == 0x20 { position += 1 }
    }

    /// What stands between date and clock: a colon, blanks, `T`, a comma or `at`.
    private mutating func skipBetween(_ bytes: Span<UInt8>) {
        while position < end, !bytes[position].isDigit {
            let byte = bytes[position].folded
            guard [0x3a, 0x20, 0x2c, 0x2d, 0x61, 0x74].contains(byte) else { return }
            position += 1
        }
    }

    private mutating func readFraction(_ bytes: Span<UInt8>, _ civil: inout CivilTime) {
        position += 1
        var scale = 100_000_000
        while position < end, bytes[position].isDigit {
            civil.nanosecond += Int(bytes[position] - 0x30) * scale
            scale /= 10
            position += 1
            hasFraction = true
        }
    }

    /// `Z`, `UTC`, `GMT`, `+0200`, `+02:00` or a bias such as `-060`.
    private mutating func zone(_ bytes: Span<UInt8>) -> Int? {
        while position < end, bytes[position] == 0x20 || bytes[position] == 0x28 { position += 1 }
        guard position < end else { return nil }
        let byte = bytes[position]
        if byte.folded == 0x7a || byte.folded == 0x75 || byte.folded == 0x67 { return 0 }
        guard byte == 0x2b || byte == 0x2d else { return nil }
        position += 1
        let sign = byte == 0x2d ? -1 : 1
        let start = position
        guard let first = number(bytes, 1...4) else { return nil }
        let digits = position - start
        if digits == 3 { return -sign * first * 60 }
        guard digits != 4 else { return sign * (first / 100 * 3_600 + first % 100 * 60) }
        let minutes = take(0x3a, bytes) ? number(bytes, 2...2) ?? 0 : 0
        return sign * (first * 3_600 + minutes * 60)
    }

    private mutating func number(_ bytes: Span<UInt8>, _ count: ClosedRange<Int>) -> Int? {
        let start = position
        var value = 0
        while position < end, position - start < count.upperBound, bytes[position].isDigit {
            value = value * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        if position - start >= count.lowerBound { return value }
        position = start
        return nil
    }

    private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard position < end, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func month(_ bytes: Span<UInt8>) -> Int? {
        guard end - position >= 3 else { return nil }
        let word =
            UInt32(bytes[position].folded) << 16 | UInt32(bytes[position + 1].folded) << 8
            | UInt32(bytes[position + 2].folded)
        guard let found = BodyTime.months.firstIndex(of: word) else { return nil }
        while position < end, bytes[position].folded >= 0x61, bytes[position].folded <= 0x7a { position += 1 }
        return found + 1
    }
}
