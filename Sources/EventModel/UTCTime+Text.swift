// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension UTCTime: CustomStringConvertible {
    /// RFC 3339 in UTC, such as `2026-10-05T04:00:00.123Z`: no fraction when it is zero, otherwise 3, 6 or 9
    /// digits.
    public var description: String { text(offsetSeconds: 0) }

    /// RFC 3339 at an offset east of UTC; `absent` gives `-`.
    public func text(offsetSeconds: Int) -> String {
        guard isPresent else { return "-" }
        let civil = CivilTime(self, offsetSeconds: offsetSeconds)
        var text = ""
        text.reserveCapacity(35)
        text += decimal(civil.year, width: 4) + "-" + decimal(civil.month, width: 2) + "-"
        text += decimal(civil.day, width: 2) + "T" + decimal(civil.hour, width: 2) + ":"
        text += decimal(civil.minute, width: 2) + ":" + decimal(civil.second, width: 2)
        switch civil.nanosecond {
        case 0: break
        case let n where n % 1_000_000 == 0: text += "." + decimal(n / 1_000_000, width: 3)
        case let n where n % 1_000 == 0: text += "." + decimal(n / 1_000, width: 6)
        case let n: text += "." + decimal(n, width: 9)
        }
        guard offsetSeconds != 0 else { return text + "Z" }
        let minutes = abs(offsetSeconds) / 60
        return text + (offsetSeconds < 0 ? "-" : "+") + decimal(minutes / 60, width: 2) + ":"
            + decimal(minutes % 60, width: 2)
    }
}

/// `value` in decimal, padded with zeros to `width`.
private func decimal(_ value: Int, width: Int) -> String {
    let digits = String(value)
    return digits.count >= width ? digits : String(repeating: "0", count: width - digits.count) + digits
}

extension UTCTime {
    /// Reads an RFC 3339 date and time with offset; `T` may be a space, the fraction has up to nine digits
    /// that count.
    ///
    /// - Returns: nil for anything else, such as a missing offset or a day that the month does not have.
    public init?(rfc3339 text: String) {
        var reader = TextReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.skip(":"),
            let second = reader.number(2), let nanosecond = reader.fraction(), let offset = reader.offset(),
            reader.isAtEnd
        else { return nil }
        // A leap second is counted as the last second of its minute.
        let civil = CivilTime(
            year: year,
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: min(second, 59),
            nanosecond: nanosecond
        )
        guard civil.isValid, second <= 60 else { return nil }
        self = civil.utc(offsetSeconds: offset)
    }
}

/// Reads fixed-width decimal text.
private struct TextReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func digit() -> Int? {
        guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else { return nil }
        position += 1
        return Int(bytes[position - 1]) - 0x30
    }

    mutating func number(_ width: Int) -> Int? {
        var value = 0
        for _ in 0..<width {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Nanoseconds; zero without a fraction, nil for a point without digits.
    mutating func fraction() -> Int? {
        guard skip(".") || skip(",") else { return 0 }
        guard var value = digit() else { return nil }
        var width = 1
        while let digit = digit() {
            if width < 9 { value = value * 10 + digit }
            width += 1
        }
        for _ in min(width, 9)..<9 { value *= 10 }
        return value
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let isWest = skip("-")
        guard isWest || skip("+"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24,
            minutes < 60
        else { return nil }
        return (isWest ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }
}
