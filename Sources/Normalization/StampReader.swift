// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads a time stamp at a position; `position` is after it when one was found.
struct StampReader {
    private(set) var position: Int
    private(set) var time = UTCTime.absent
    private(set) var hasFraction = false
    private(set) var issues: ParseIssues = []
    private let end: Int
    private let context: StampContext

    init(_ position: Int, _ end: Int, _ context: StampContext) {
        self.position = position
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

    /// Zone names that are met between a Cisco stamp and its colon, with their offsets in seconds.
    private static let zones: [(name: [UInt8], offset: Int)] = [
        (Array("UTC:".utf8), 0), (Array("GMT:".utf8), 0), (Array("CET:".utf8), 3_600),
        (Array("CEST:".utf8), 7_200),
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

    /// ISO 8601 from `start`, with `T` or one blank between date and time.
    mutating func readISO(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        position = start
        return readISO(bytes)
    }

    /// ISO 8601: `2026-10-05T04:00:00[.fraction][Z|+02:00|+0200]`.
    mutating func readISO(_ bytes: Span<UInt8>) -> Bool {
        guard let year = number(bytes, 4...4), take(0x2d, bytes), let month = number(bytes, 2...2),
            take(0x2d, bytes),
            let day = number(bytes, 2...2), position < end
        else { return false }
        let separator = bytes[position]
        guard separator == 0x54 || separator == 0x74 || separator == 0x20 else { return false }
        position += 1
        var civil = CivilTime(year: year, month: month, day: day)
        guard readClock(bytes, &civil) else { return false }
        return finish(civil, readOffset(bytes))
    }

    /// As ``readLegacy(_:)``, from `start`.
    mutating func readLegacyAgain(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        position = start
        return readLegacy(bytes)
    }

    /// `Oct  5 04:00:00[.fraction]`, the year before or after the time, a zone after it.
    mutating func readLegacy(_ bytes: Span<UInt8>) -> Bool {
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
            position < end, bytes[position] == 0x20
        {
            year = given
        } else {
            position = afterClock
        }
        let offset = readZoneName(bytes)
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
        if position + 1 < end, bytes[position] == 0x2e || bytes[position] == 0x2c, bytes[position + 1].isDigit
        {
            position += 1
            var scale = 100_000_000
            while position < end, bytes[position].isDigit {
                civil.nanosecond += Int(bytes[position] - 0x30) * scale
                scale /= 10
                position += 1
            }
            hasFraction = true
        }
        return true
    }

    private mutating func readOffset(_ bytes: Span<UInt8>) -> Int? {
        guard position < end else { return nil }
        let byte = bytes[position]
        if byte == 0x5a || byte == 0x7a {
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
        _ = take(0x3a, bytes)
        let minutes = number(bytes, 2...2) ?? 0
        return (hours * 3_600 + minutes * 60) * (byte == 0x2d ? -1 : 1)
    }

    private mutating func readZoneName(_ bytes: Span<UInt8>) -> Int? {
        let start = position
        guard take(0x20, bytes), end - position >= 3 else {
            position = start
            return nil
        }
        for (text, offset) in StampReader.zones {
            guard end - position >= text.count else { continue }
            var lane = 0
            while lane < text.count, bytes[position + lane] == text[lane] { lane += 1 }
            if lane == text.count {
                position += text.count - 1
                return offset
            }
        }
        position = start
        return nil
    }

    private mutating func finish(_ civil: CivilTime, _ offset: Int?) -> Bool {
        guard civil.isValid else { return false }
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
