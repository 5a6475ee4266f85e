// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Reads a stamp by a pattern of Java's `SimpleDateFormat`, which LEEF messages carry in `devTimeFormat`.
///
/// Known letters: `y M d H h m s S a Z X z E`; text in quotes and other signs stand for themselves.
public enum DatePattern {
    /// The time that `text` states in the form of `pattern`; nil if it does not have that form, or names no
    /// day.
    public static func read(
        _ text: Span<UInt8>,
        pattern: Span<UInt8>,
        _ context: StampContext
    ) -> (time: UTCTime, hasFraction: Bool, issues: ParseIssues)? {
        var reader = PatternedStamp()
        guard reader.read(text, pattern) else { return nil }
        return reader.result(context)
    }
}

private struct PatternedStamp {
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ].map { Array($0.utf8) }

    private var civil = CivilTime(year: 0, month: 1, day: 0)
    private var hasFraction = false
    private var offset: Int?
    private var isAfternoon: Bool?
    private var position = 0

    mutating func read(_ text: Span<UInt8>, _ pattern: Span<UInt8>) -> Bool {
        var index = 0
        while index < pattern.count {
            let letter = pattern[index]
            if letter == 0x27 {
                index += 1
                while index < pattern.count, pattern[index] != 0x27 {
                    guard take(pattern[index], text) else { return false }
                    index += 1
                }
                index += 1
            } else if letter.folded >= 0x61, letter.folded <= 0x7a {
                var count = 0
                while index < pattern.count, pattern[index] == letter {
                    index += 1
                    count += 1
                }
                guard field(letter, count, text) else { return false }
            } else {
                guard take(letter, text) else { return false }
                index += 1
            }
        }
        return position == text.count
    }

    func result(_ context: StampContext) -> (time: UTCTime, hasFraction: Bool, issues: ParseIssues)? {
        var civil = civil
        var issues: ParseIssues = []
        if let isAfternoon { civil.hour = civil.hour % 12 + (isAfternoon ? 12 : 0) }
        if civil.second == 60 {
            civil.second = 59
            issues.insert(.leapSecond)
        }
        guard civil.isValid, civil.year > 0 else { return nil }
        if offset == nil { issues.insert(.timeZoneAssumed) }
        return (civil.utc(offsetSeconds: offset ?? context.offsetSeconds), hasFraction, issues)
    }

    private mutating func take(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
        guard position < text.count, text[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func number(_ text: Span<UInt8>, _ lengthMax: Int) -> Int? {
        let start = position
        var value = 0
        while position < text.count, position - start < lengthMax, text[position].isDigit {
            value = value * 10 + Int(text[position] - 0x30)
            position += 1
        }
        return position > start ? value : nil
    }

    private mutating func word(_ text: Span<UInt8>) -> [UInt8] {
        var letters: [UInt8] = []
        while position < text.count, text[position].folded >= 0x61, text[position].folded <= 0x7a {
            letters.append(text[position])
            position += 1
        }
        return letters
    }

    private mutating func field(_ letter: UInt8, _ count: Int, _ text: Span<UInt8>) -> Bool {
        switch letter {
        case UInt8(ascii: "y"):
            guard let year = number(text, max(4, count)) else { return false }
            civil.year = year < 100 ? year + 2_000 : year
        case UInt8(ascii: "M") where count >= 3:
            let name = word(text).map(\.folded)
            guard let month = PatternedStamp.months.firstIndex(where: { name.starts(with: $0) }) else {
                return false
            }
            civil.month = month + 1
        case UInt8(ascii: "M"): return store(\.month, text, count)
        case UInt8(ascii: "d"): return store(\.day, text, count)
        case UInt8(ascii: "H"), UInt8(ascii: "h"): return store(\.hour, text, count)
        case UInt8(ascii: "m"): return store(\.minute, text, count)
        case UInt8(ascii: "s"): return store(\.second, text, count)
        case UInt8(ascii: "S"): return fraction(text)
        case UInt8(ascii: "a"):
            let half = word(text).map(\.folded)
            isAfternoon = half.first == UInt8(ascii: "p")
            return half.count == 2
        case UInt8(ascii: "E"): return !word(text).isEmpty
        case UInt8(ascii: "Z"), UInt8(ascii: "X"), UInt8(ascii: "z"): return zone(text)
        default: return false
        }
        return true
    }

    private mutating func store(
        _ part: WritableKeyPath<CivilTime, Int>,
        _ text: Span<UInt8>,
        _ count: Int
    ) -> Bool {
        guard let value = number(text, max(2, count)) else { return false }
        civil[keyPath: part] = value
        return true
    }

    private mutating func fraction(_ text: Span<UInt8>) -> Bool {
        var scale = 100_000_000
        let start = position
        while position < text.count, text[position].isDigit {
            civil.nanosecond += Int(text[position] - 0x30) * scale
            scale /= 10
            position += 1
        }
        hasFraction = position > start
        return hasFraction
    }

    /// `+0200`, `+02:00`, `Z` or a name that a table lists.
    private mutating func zone(_ text: Span<UInt8>) -> Bool {
        guard position < text.count else { return false }
        let sign = text[position]
        guard sign == 0x2b || sign == 0x2d else {
            let name = word(text)
            if name == [0x5a] {
                offset = 0
            } else {
                offset = ZoneNames.offset(name.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
            }
            return !name.isEmpty
        }
        position += 1
        guard let hours = number(text, 2), hours < 24 else { return false }
        _ = take(0x3a, text)
        let minutes = number(text, 2) ?? 0
        guard minutes < 60 else { return false }
        offset = (hours * 3_600 + minutes * 60) * (sign == 0x2d ? -1 : 1)
        return true
    }
}
