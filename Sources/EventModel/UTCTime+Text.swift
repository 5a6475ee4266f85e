// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension UTCTime: CustomStringConvertible {
    /// RFC 3339 in UTC, such as `2026-10-05T04:00:00.123Z`: no fraction when it is zero, otherwise 3, 6 or 9 digits.
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
