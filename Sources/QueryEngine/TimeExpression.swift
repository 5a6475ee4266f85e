// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Points in time as people type them: the forms of systemd.time(7), RFC 3339, bare spans (`24h`), `last
/// 24h`.
///
/// - Source: systemd.time(7), "Parsing Time Spans" and "Parsing Timestamps"; RFC 3339 section 5.6.
public enum TimeExpression {
    /// Reads a time.
    ///
    /// - Parameters:
    ///   - text: The expression.
    ///   - now: What `now`, `today` and spans refer to.
    ///   - zone: The zone of times that name none.
    ///   - zoneNamed: Finds a zone file's rules by name; nil for an unknown one.
    /// - Returns: The time.
    /// - Throws: ``QueryError`` whose text is the expression.
    public static func parse(
        _ text: String,
        now: UTCTime,
        zone: TimeZoneRules,
        zoneNamed: (String) -> TimeZoneRules? = { _ in nil }
    ) throws(QueryError) -> UTCTime {
        var words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard let first = words.first else { throw failure(text, "the time is empty") }
        if let span = try span(words, text) { return now.advanced(by: span) }
        if first.hasPrefix("@"), words.count == 1 { return try epoch(first, text) }
        var zone = zone
        if words.count > 1, let last = words.last, let named = TimeZoneRules(fixed: last) ?? zoneNamed(last) {
            zone = named
            words.removeLast()
        }
        if words.count == 1, let day = day(words[0], now: now, zone: zone) { return day }
        if let weekday = weekdays.firstIndex(where: { $0 == words[0].lowercased().prefix(3) }),
            words.count > 1
        {
            words.removeFirst()
            let time = try stamp(words, text, now: now, zone: zone)
            let civil = CivilTime(time, offsetSeconds: zone.offsetSeconds(at: time))
            let days = CivilTime(year: civil.year, month: civil.month, day: civil.day).utc().nanoseconds
            guard Int(((days / UTCTime.second / 86_400 + 3) % 7 + 7) % 7) == weekday else {
                throw failure(text, "that date is no \(weekdays[weekday])")
            }
            return time
        }
        return try stamp(words, text, now: now, zone: zone)
    }

    private static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    private static func failure(_ text: String, _ message: String) -> QueryError {
        QueryError(
            text,
            at: 0,
            message,
            hint:
                "write a time as 2026-03-14T02:09:16Z, '2026-03-14 02:09', today, -2h, '11min ago' "
                + "or @1773454156"
        )
    }

    /// `-5s`, `+1h30min`, `11min ago`, `2h left`, `last 24h`, `24h` in nanoseconds from now; nil when it is
    /// no span.
    private static func span(_ words: [String], _ text: String) throws(QueryError) -> Int64? {
        var words = words
        var sign: Int64 = -1
        let hasLast = words[0].lowercased() == "last"
        if hasLast { words.removeFirst() }
        switch words.last?.lowercased() {
        case "ago": words.removeLast()
        case "left":
            words.removeLast()
            sign = 1
        default: break
        }
        guard let first = words.first?.utf8.first else {
            throw failure(text, "a span such as 24h is missing")
        }
        if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            sign = first == UInt8(ascii: "+") ? 1 : -1
            words[0].removeFirst()
        }
        guard let length = TimeSpan.nanoseconds(words.joined(separator: " ")) else { return nil }
        return sign * length
    }

    private static func epoch(_ word: String, _ text: String) throws(QueryError) -> UTCTime {
        let parts = word.dropFirst().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = parts.first.flatMap({ Int64($0) }), abs(seconds) < 9_000_000_000,
            let fraction = parts.count == 2 ? nanoseconds(ofFraction: parts[1]) : 0
        else { throw failure(text, "`\(word)` is no count of seconds since 1970") }
        return UTCTime(nanoseconds: seconds * UTCTime.second).advanced(by: Int64(fraction))
    }

    private static func day(_ word: String, now: UTCTime, zone: TimeZoneRules) -> UTCTime? {
        let shift: Int64
        switch word.lowercased() {
        case "now": return now
        case "today": shift = 0
        case "yesterday": shift = -1
        case "tomorrow": shift = 1
        default: return nil
        }
        let civil = CivilTime(now, offsetSeconds: zone.offsetSeconds(at: now))
        let noon = CivilTime(year: civil.year, month: civil.month, day: civil.day, hour: 12).utc()
        let other = CivilTime(noon.advanced(by: shift * 86_400 * UTCTime.second))
        return zone.utc(of: CivilTime(year: other.year, month: other.month, day: other.day))
    }

    /// `DATE`, `TIME`, `DATE TIME`, `DATETTIME[ZONE]`.
    private static func stamp(
        _ words: [String],
        _ text: String,
        now: UTCTime,
        zone: TimeZoneRules
    ) throws(QueryError) -> UTCTime {
        var parts = words
        var zone = zone
        if parts.count == 1, let separator = parts[0].firstIndex(where: { $0 == "T" || $0 == "t" }) {
            parts = [String(parts[0][..<separator]), String(parts[0][parts[0].index(after: separator)...])]
        }
        if let clock = parts.last, parts.count == 2 || clock.contains(":"),
            let start = clock.lastIndex(where: { "zZ+-".contains($0) }),
            let fixed = TimeZoneRules(fixed: String(clock[start...]))
        {
            zone = fixed
            parts[parts.count - 1] = String(clock[..<start])
        }
        let today = CivilTime(now, offsetSeconds: zone.offsetSeconds(at: now))
        var civil = CivilTime(year: today.year, month: today.month, day: today.day)
        switch parts.count {
        case 1 where parts[0].contains(":"):
            guard setClock(parts[0], &civil) else { throw failure(text, "`\(parts[0])` is no time of day") }
        case 1, 2:
            guard let date = date(parts[0]) else { throw failure(text, "`\(words[0])` is no date or time") }
            civil = date
            if parts.count == 2, !setClock(parts[1], &civil) {
                throw failure(text, "`\(parts[1])` is no time of day")
            }
        default: throw failure(text, "`\(text)` is no time")
        }
        guard civil.isValid else {
            throw failure(text, "`\(text)` is not in the calendar (years 1678 to 2261)")
        }
        return zone.utc(of: civil)
    }

    /// `YYYY-MM-DD`, or `YY-MM-DD` for 1969 to 2068.
    private static func date(_ text: String) -> CivilTime? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = digits(parts[0]), let month = digits(parts[1]),
            let day = digits(parts[2]),
            parts[1].count <= 2, parts[2].count <= 2
        else { return nil }
        switch parts[0].count {
        case 4: return CivilTime(year: year, month: month, day: day)
        case 2: return CivilTime(year: year + (year < 69 ? 2_000 : 1_900), month: month, day: day)
        default: return nil
        }
    }

    /// `HH:MM[:SS[.fraction]]`; second 60 counts as 59.
    private static func setClock(_ text: String, _ civil: inout CivilTime) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let hour = digits(parts[0]),
            let minute = digits(parts[1]),
            parts[0].count <= 2, parts[1].count == 2
        else { return false }
        civil.hour = hour
        civil.minute = minute
        guard parts.count == 3 else { return true }
        let seconds = parts[2].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let second = digits(seconds[0]), seconds[0].count == 2 else { return false }
        civil.second = second == 60 ? 59 : second
        guard seconds.count == 2 else { return true }
        guard let fraction = nanoseconds(ofFraction: seconds[1]) else { return false }
        civil.nanosecond = fraction
        return true
    }

    private static func digits(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && text.utf8.count <= 9 ? Int(text) : nil
    }

    private static func nanoseconds(ofFraction text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 9, let value = digits(text) else { return nil }
        return (text.utf8.count..<9).reduce(value) { scaled, _ in scaled * 10 }
    }
}
