// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// How a time is written, so that a number gives back its text byte for byte.
///
/// Raw values are stored and never reused.
public struct StampForm: Hashable, Sendable {
    /// The stored number.
    public let rawValue: UInt8

    /// `Mmm dd hh:mm:ss`, the day padded with a space (RFC 3164); the number counts seconds of a year of
    /// twelve months with 32 days.
    public static let legacySpaced = StampForm(1)
    /// The same, the day padded with a zero.
    public static let legacyZeroed = StampForm(2)

    private static let modernBase: UInt8 = 16
    /// Years whose nanoseconds fit 63 bits.
    private static let years = 1970...2199

    private init(_ rawValue: UInt8) { self.rawValue = rawValue }

    /// The form with that stored number; nil if there is none.
    public init?(rawValue: UInt8) {
        guard rawValue == 1 || rawValue == 2 || (StampForm.modernBase..<36).contains(rawValue) else {
            return nil
        }
        self.rawValue = rawValue
    }

    /// `YYYY-MM-DDThh:mm:ss`, with so many digits of a fraction; the number counts units of the last digit
    /// since 1970.
    static func modern(digits: Int, isSpaced: Bool) -> StampForm {
        StampForm(StampForm.modernBase + UInt8(digits) * 2 + (isSpaced ? 1 : 0))
    }

    /// Whether the year is part of the text.
    public var isModern: Bool { rawValue >= StampForm.modernBase }

    /// Digits of the fraction, 0...9.
    public var fractionDigits: Int { isModern ? Int(rawValue - StampForm.modernBase) / 2 : 0 }

    /// Units in a second.
    public var unitsPerSecond: Int64 { StampForm.powers[fractionDigits] }

    static let powers: [Int64] = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
    ]
}

/// A time found in bytes.
public struct StampFound: Hashable, Sendable {
    /// How it is written.
    public var form: StampForm
    /// Its number in that form.
    public var value: Int64
    /// Bytes of its text.
    public var length: Int
}

extension StampForm {
    /// The time that begins at `position`; nil unless writing its number gives the same bytes.
    public static func scan(_ bytes: Span<UInt8>, at position: Int, end: Int) -> StampFound? {
        guard position < end else { return nil }
        return isDigit(bytes[position]) ? modern(bytes, position, end) : legacy(bytes, position, end)
    }

    private static func modern(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> StampFound? {
        guard end - start >= 19, bytes[start + 4] == 0x2d, bytes[start + 7] == 0x2d,
            bytes[start + 13] == 0x3a,
            bytes[start + 16] == 0x3a, bytes[start + 10] == 0x54 || bytes[start + 10] == 0x20
        else { return nil }
        let century = two(bytes, start)
        let year = two(bytes, start + 2)
        let civil = CivilTime(
            year: century * 100 + year,
            month: two(bytes, start + 5),
            day: two(bytes, start + 8),
            hour: two(bytes, start + 11),
            minute: two(bytes, start + 14),
            second: two(bytes, start + 17)
        )
        guard century >= 0, year >= 0, years.contains(civil.year), civil.isValid else { return nil }
        var value = civil.utc().nanoseconds / UTCTime.second
        var position = start + 19
        var digits = 0
        if position + 1 < end, bytes[position] == 0x2e, isDigit(bytes[position + 1]) {
            position += 1
            while position < end, digits < 9, isDigit(bytes[position]) {
                value = value * 10 + Int64(bytes[position] - 0x30)
                digits += 1
                position += 1
            }
        }
        // A digit after it would make another number.
        if position < end, isDigit(bytes[position]) { return nil }
        return StampFound(
            form: .modern(digits: digits, isSpaced: bytes[start + 10] == 0x20),
            value: value,
            length: position - start
        )
    }

    private static func legacy(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> StampFound? {
        guard end - start >= 15, bytes[start + 3] == 0x20, bytes[start + 6] == 0x20, bytes[start + 9] == 0x3a,
            bytes[start + 12] == 0x3a, let month = month(bytes, start)
        else { return nil }
        let isSpaced = bytes[start + 4] == 0x20
        let day =
            isSpaced
            ? (isDigit(bytes[start + 5]) ? Int(bytes[start + 5] - 0x30) : -1) : two(bytes, start + 4)
        let (hour, minute, second) = (two(bytes, start + 7), two(bytes, start + 10), two(bytes, start + 13))
        guard (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
            (0...59).contains(second), end - start == 15 || !isDigit(bytes[start + 15])
        else { return nil }
        let value = ((month * 32 + day) * 24 + hour) * 3_600 + minute * 60 + second
        // From the 10th on the two forms are the same text: one is canonical.
        return StampFound(
            form: isSpaced || day >= 10 ? .legacySpaced : .legacyZeroed,
            value: Int64(value),
            length: 15
        )
    }

    private static let months = Array("JanFebMarAprMayJunJulAugSepOctNovDec".utf8)

    /// 0...11.
    private static func month(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
        let (first, second, third) = (bytes[start], bytes[start + 1], bytes[start + 2])
        switch (first, second, third) {
        case (0x4a, 0x61, 0x6e): return 0
        case (0x46, 0x65, 0x62): return 1
        case (0x4d, 0x61, 0x72): return 2
        case (0x41, 0x70, 0x72): return 3
        case (0x4d, 0x61, 0x79): return 4
        case (0x4a, 0x75, 0x6e): return 5
        case (0x4a, 0x75, 0x6c): return 6
        case (0x41, 0x75, 0x67): return 7
        case (0x53, 0x65, 0x70): return 8
        case (0x4f, 0x63, 0x74): return 9
        case (0x4e, 0x6f, 0x76): return 10
        case (0x44, 0x65, 0x63): return 11
        default: return nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// Two digits, or a number that is in no range.
    private static func two(_ bytes: Span<UInt8>, _ position: Int) -> Int {
        let (tens, ones) = (bytes[position] &- 0x30, bytes[position + 1] &- 0x30)
        return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : -1_000
    }
}

extension StampForm {
    /// Appends the text of `value`; false, and nothing appended, when the form has no such time.
    public func write(_ value: Int64, to bytes: inout [UInt8]) -> Bool {
        isModern ? writeModern(value, &bytes) : writeLegacy(value, &bytes)
    }

    private func writeModern(_ value: Int64, _ bytes: inout [UInt8]) -> Bool {
        guard value >= 0 else { return false }
        let (seconds, fraction) = value.quotientAndRemainder(dividingBy: unitsPerSecond)
        guard seconds < 7_258_118_400 else { return false }
        let civil = CivilTime(UTCTime(nanoseconds: seconds * UTCTime.second))
        StampForm.append(civil.year / 100, &bytes)
        StampForm.append(civil.year % 100, &bytes)
        bytes.append(0x2d)
        StampForm.append(civil.month, &bytes)
        bytes.append(0x2d)
        StampForm.append(civil.day, &bytes)
        bytes.append(rawValue & 1 == 1 ? 0x20 : 0x54)
        StampForm.appendClock(civil.hour * 3_600 + civil.minute * 60 + civil.second, &bytes)
        guard fractionDigits > 0 else { return true }
        bytes.append(0x2e)
        var unit = unitsPerSecond / 10
        while unit > 0 {
            bytes.append(UInt8(fraction / unit % 10) + 0x30)
            unit /= 10
        }
        return true
    }

    private func writeLegacy(_ value: Int64, _ bytes: inout [UInt8]) -> Bool {
        guard value >= 0, value < 12 * 32 * 86_400 else { return false }
        let (days, clock) = Int(value).quotientAndRemainder(dividingBy: 86_400)
        let (month, day) = days.quotientAndRemainder(dividingBy: 32)
        guard day >= 1, month < 12 else { return false }
        bytes.append(contentsOf: StampForm.months[month * 3..<month * 3 + 3])
        bytes.append(0x20)
        if day < 10 {
            bytes.append(self == .legacySpaced ? 0x20 : 0x30)
            bytes.append(UInt8(day) + 0x30)
        } else {
            StampForm.append(day, &bytes)
        }
        bytes.append(0x20)
        StampForm.appendClock(clock, &bytes)
        return true
    }

    /// Appends `hh:mm:ss` of seconds of a day.
    public static func appendClock(_ seconds: Int, _ bytes: inout [UInt8]) {
        append(seconds / 3_600, &bytes)
        bytes.append(0x3a)
        append(seconds / 60 % 60, &bytes)
        bytes.append(0x3a)
        append(seconds % 60, &bytes)
    }

    private static func append(_ number: Int, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(number / 10) + 0x30)
        bytes.append(UInt8(number % 10) + 0x30)
    }
}
