// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// How stamps without year or zone are resolved: against the record's own reference, never against today.
public struct StampContext: Sendable {
    /// A stamp without a year is taken to be near this time.
    public var reference: UTCTime
    /// Offset east of UTC for stamps without a zone, in seconds.
    public var offsetSeconds: Int

    /// Makes a context.
    public init(reference: UTCTime, offsetSeconds: Int) {
        self.reference = reference
        self.offsetSeconds = offsetSeconds
    }
}

/// Reads a time stamp at a position; `position` is after it when one was found.
///
/// Source: RFC 5424 section 6.2.3, RFC 3164 section 4.1.2, and the stamps that devices send instead.
public struct StampReader: Sendable {
    /// Where reading goes on.
    public private(set) var position: Int
    /// The time that was read; absent before.
    public private(set) var time = UTCTime.absent
    /// Whether the stamp has parts of a second.
    public private(set) var hasFraction = false
    /// What was assumed or odd.
    public private(set) var issues: ParseIssues = []
    /// Digits of the fraction.
    private(set) var fractionDigits = 0
    /// Whether `T` and `Z` stand in lower case or the comma for the full stop.
    private(set) var isLoose = false
    /// Whether the stamp names its offset from UTC.
    private(set) var hasOffset = false
    private let end: Int
    private let context: StampContext
    /// Whether a zone may be the last word.
    ///
    /// In a value that is all stamp it is; at the end of a header the last word is a host.
    private let endsWithZone: Bool

    /// A reader of the bytes from `position` up to `end`, which hold nothing else if `isAllStamp`.
    public init(_ position: Int, _ end: Int, _ context: StampContext, isAllStamp: Bool = false) {
        self.position = position
        endsWithZone = isAllStamp
        self.end = end
        self.context = context
    }

    /// A year-less stamp may lie this far in the future of its reference before the year before is meant.
    static let futureMaxNanoseconds: Int64 = 86_400 * UTCTime.second

    /// Month names as three folded bytes.
    private static let months: [UInt32] = [
        0x6a616e, 0x666562, 0x6d6172, 0x617072, 0x6d6179, 0x6a756e, 0x6a756c, 0x617567, 0x736570, 0x6f6374,
        0x6e6f76,
        0x646563,
    ]

    private mutating func number(_ bytes: Span<UInt8>, _ count: ClosedRange<Int>) -> Int? {
        let start = position
        var value = 0
        while position < end, position - start < count.upperBound, bytes[position].isDigit {
            value = value * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        return position - start >= count.lowerBound ? value : nil
    }

    private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard position < end, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// ISO 8601: `2026-10-05T04:00:00[.fraction][Z|+02:00|+0200]`, with `T` or one blank before the hour;
    /// also `2026:10:05-04:00:00`, as Sophos UTM writes.
    ///
    /// Behind a blank an offset may follow, and where a blank parts the date too, as servers write, the name
    /// of a zone: `2026-10-05 04:00:00.1 CET`.
    public mutating func readISO(_ bytes: Span<UInt8>) -> Bool {
        guard let year = number(bytes, 4...4), position < end else { return false }
        let part = bytes[position]
        guard part == 0x2d || part == 0x3a, take(part, bytes), let month = number(bytes, 2...2),
            take(part, bytes), let day = number(bytes, 2...2), position < end
        else { return false }
        let separator = bytes[position]
        let isParted = separator == 0x54 || separator == 0x74 || separator == 0x20
        guard part == 0x3a ? separator == 0x2d : isParted else { return false }
        isLoose = separator != 0x54
        position += 1
        var civil = CivilTime(year: year, month: month, day: day)
        guard readClock(bytes, &civil) else { return false }
        let afterClock = position
        let offset = readOffset(bytes)
        // An offset that no zone has makes the stamp a guess.
        guard offset != nil || position == afterClock else { return false }
        guard offset == nil, part == 0x2d else { return finish(civil, offset) }
        let isName = separator == 0x20 || position + 1 < end && !(0x41...0x7a).contains(bytes[position + 1])
        return finish(civil, isName ? readZone(bytes) : nil)
    }

    /// A stamp of either kind at `start`.
    public mutating func read(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        position = start
        if readLegacy(bytes) { return true }
        position = start
        issues = []
        return readISO(bytes)
    }

    /// `11/21-10:11:12.061909`, as sensors write; with a year of two digits before it (Snort 3) or between
    /// date and hyphen (Snort 2).
    public mutating func readSensor(_ bytes: Span<UInt8>) -> Bool {
        guard var month = number(bytes, 2...2), take(0x2f, bytes), var day = number(bytes, 2...2) else {
            return false
        }
        var year: Int?
        if take(0x2f, bytes) {
            guard let third = number(bytes, 2...2) else { return false }
            if month > 12 { (year, month, day) = (month, day, third) } else { year = third }
        }
        guard take(0x2d, bytes) else { return false }
        var civil = CivilTime(year: 2_000 + (year ?? 0), month: month, day: day)
        guard readClock(bytes, &civil) else { return false }
        return year == nil ? finishYearless(civil, nil) : finish(civil, nil)
    }

    /// `Oct  5 04:00:00[.fraction]`, the year before or after the time, a zone after it.
    public mutating func readLegacy(_ bytes: Span<UInt8>) -> Bool {
        let start = position
        var year: Int?
        if end - position > 5, bytes[position].isDigit, let first = number(bytes, 4...4), take(0x20, bytes) {
            year = first
        } else {
            position = start
        }
        guard let month = month(bytes), take(0x20, bytes) else { return false }
        _ = take(0x20, bytes)
        guard let day = number(bytes, 1...2), take(0x20, bytes) else { return false }
        let afterDay = position
        if let given = number(bytes, 4...4), take(0x20, bytes) { year = given } else { position = afterDay }
        var civil = CivilTime(year: year ?? 2_000, month: month, day: day)
        guard readClock(bytes, &civil) else { return false }
        let afterClock = position
        if year == nil, take(0x20, bytes), let given = number(bytes, 4...4), (1_990...2_099).contains(given),
            position < end ? bytes[position] == 0x20 : endsWithZone
        {
            year = given
        } else {
            position = afterClock
        }
        let offset = readZone(bytes)
        guard let year else { return finishYearless(civil, offset) }
        civil.year = year
        return finish(civil, offset)
    }

    private mutating func month(_ bytes: Span<UInt8>) -> Int? {
        guard end - position >= 3 else { return nil }
        let word =
            UInt32(bytes[position].folded) << 16 | UInt32(bytes[position + 1].folded) << 8
            | UInt32(bytes[position + 2].folded)
        var found: Int?
        for index in 0..<12 where StampReader.months[index] == word { found = index + 1 }
        if found != nil { position += 3 }
        return found
    }

    private mutating func readClock(_ bytes: Span<UInt8>, _ civil: inout CivilTime) -> Bool {
        guard let hour = number(bytes, 1...2), take(0x3a, bytes), let minute = number(bytes, 2...2),
            take(0x3a, bytes),
            let second = number(bytes, 2...2)
        else { return false }
        civil.hour = hour
        civil.minute = minute
        civil.second = second
        if second == 60 {
            civil.second = 59
            issues.insert(.leapSecond)
        }
        if position < end, bytes[position] == 0x2e || bytes[position] == 0x2c { readFraction(bytes, &civil) }
        return true
    }

    /// The digits after a full stop or comma; some devices send none.
    private mutating func readFraction(_ bytes: Span<UInt8>, _ civil: inout CivilTime) {
        let start = position + 1
        var index = start
        var scale = 100_000_000
        while index < end, bytes[index].isDigit {
            civil.nanosecond += Int(bytes[index] - 0x30) * scale
            scale /= 10
            index += 1
        }
        let isBare = index == start
        // A comma that no digit follows belongs to the text.
        guard !isBare || bytes[position] == 0x2e && index < end && bytes[index] == 0x20 else { return }
        if bytes[position] == 0x2c { isLoose = true }
        fractionDigits = index - start
        hasFraction = !isBare
        position = index
    }

    /// `Z`, `+02:00` or `+0200`; the position moves past an offset that cannot be, without a result.
    private mutating func readOffset(_ bytes: Span<UInt8>) -> Int? {
        guard position < end else { return nil }
        let byte = bytes[position]
        if byte == 0x5a || byte == 0x7a {
            if byte == 0x7a { isLoose = true }
            position += 1
            return 0
        }
        guard byte == 0x2b || byte == 0x2d else { return nil }
        let start = position
        position += 1
        guard let hours = number(bytes, 2...2) else {
            position = start
            return nil
        }
        if !take(0x3a, bytes) { isLoose = true }
        let minutes = number(bytes, 2...2) ?? 0
        guard hours < 24, minutes < 60 else { return nil }
        return (hours * 3_600 + minutes * 60) * (byte == 0x2d ? -1 : 1)
    }

    /// A zone after the time of day: a known name, or an offset of hours as `-7:` or `+02:00`.
    ///
    /// A name that no table lists is taken for one only where a vendor mark follows (`XYZ: %SYS-5-...`).
    private mutating func readZone(_ bytes: Span<UInt8>) -> Int? {
        let start = position
        guard take(0x20, bytes), position < end else {
            position = start
            return nil
        }
        if let offset = zoneOffset(bytes) { return offset }
        position = start + 1
        var name: UInt64 = 0
        var isSmall = false
        while position < end, position - start <= 5, bytes[position].folded >= 0x61,
            bytes[position].folded <= 0x7a
        {
            if bytes[position] >= 0x61 { isSmall = true }
            name = name << 8 | UInt64(bytes[position] & 0xdf)
            position += 1
        }
        // Small letters are a zone only where a colon says so: `mdt:` is one, a host `est` is not.
        if isSmall, position == end || bytes[position] != 0x3a {
            position = start
            return nil
        }
        if position < end, bytes[position] == 0x2b || bytes[position] == 0x2d, ZoneNames.offset(name) == 0 {
            let sign = position
            if let offset = zoneOffset(bytes) { return offset }
            position = sign
        }
        if position - start > 3, position == end, endsWithZone, let offset = ZoneNames.offset(name) {
            return offset
        }
        if position - start > 3, position < end, endsZone(bytes[position]) {
            if let offset = ZoneNames.offset(name) { return offset }
            if position + 2 < end, bytes[position] == 0x3a, bytes[position + 1] == 0x20,
                bytes[position + 2] == 0x25
            {
                issues.insert(.unknownZoneName)
                return nil
            }
        }
        position = start
        return nil
    }

    /// What stands behind a zone; a comma in logs that are tables, as PostgreSQL writes.
    private func endsZone(_ byte: UInt8) -> Bool { byte == 0x3a || byte == 0x20 || byte == 0x2c }

    private mutating func zoneOffset(_ bytes: Span<UInt8>) -> Int? {
        let sign = bytes[position]
        guard sign == 0x2b || sign == 0x2d else { return nil }
        position += 1
        guard let hours = number(bytes, 1...2), hours < 24 else { return nil }
        _ = position + 1 < end && bytes[position + 1].isDigit && take(0x3a, bytes)
        let minutes = number(bytes, 2...2) ?? 0
        let isWhole = position == end ? endsWithZone : endsZone(bytes[position])
        guard minutes < 60, isWhole else { return nil }
        return (hours * 3_600 + minutes * 60) * (sign == 0x2d ? -1 : 1)
    }

    private mutating func finish(_ civil: CivilTime, _ offset: Int?) -> Bool {
        guard civil.isValid else { return false }
        hasOffset = offset != nil
        if offset == nil { issues.insert(.timeZoneAssumed) }
        time = civil.utc(offsetSeconds: offset ?? context.offsetSeconds)
        return true
    }

    /// The year that puts the stamp nearest the reference, at most a day ahead of it.
    private mutating func finishYearless(_ civil: CivilTime, _ offset: Int?) -> Bool {
        issues.insert(.yearAssumed)
        if offset == nil { issues.insert(.timeZoneAssumed) }
        let base = context.reference.isPresent ? CivilTime(context.reference).year : 1_970
        var best: UTCTime?
        var leap = civil
        for year in [base + 1, base, base - 1, base - 2, base - 3, base - 4] {
            leap.year = year
            guard leap.isValid else { continue }
            let candidate = leap.utc(offsetSeconds: offset ?? context.offsetSeconds)
            if context.reference.isPresent,
                candidate > context.reference.advanced(by: StampReader.futureMaxNanoseconds)
            {
                continue
            }
            best = candidate
            break
        }
        guard let best else { return false }
        time = best
        return true
    }
}
