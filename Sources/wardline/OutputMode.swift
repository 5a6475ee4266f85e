// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import QueryEngine

/// How events and lists are written.
enum OutputMode: String, CaseIterable, Sendable {
    case short
    case shortISO = "short-iso"
    case wide
    case verbose
    case table
    case json
    case jsonl
    case csv
    case cat
    /// One OCSF object a line.
    case ocsf
    /// One ECS document a line.
    case ecs

    /// Whether the output is for programs: UTC, no colour, no pager, stable.
    var isForPrograms: Bool {
        switch self {
        case .json, .jsonl, .csv, .ocsf, .ecs: true
        default: false
        }
    }

    /// Names with `|` between them, for messages.
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// Times for people: in a zone, always with the offset.
struct TimeStyle: Sendable {
    let zone: TimeZoneRules

    /// `2026-03-14 02:08:22.114-05:00`, always with milliseconds.
    func short(_ time: UTCTime) -> String {
        guard time.isPresent else { return "-" }
        let offset = zone.offsetSeconds(at: time)
        let civil = CivilTime(time, offsetSeconds: offset)
        return date(civil) + " " + clock(civil) + "." + digits(civil.nanosecond / 1_000_000, 3)
            + suffix(offset)
    }

    /// `2026-03-14 02:08:22-05:00`.
    func seconds(_ time: UTCTime) -> String {
        guard time.isPresent else { return "-" }
        let offset = zone.offsetSeconds(at: time)
        let civil = CivilTime(time, offsetSeconds: offset)
        return date(civil) + " " + clock(civil) + suffix(offset)
    }

    /// RFC 3339.
    func iso(_ time: UTCTime) -> String { zone.text(time) }

    private func suffix(_ offset: Int) -> String {
        guard offset != 0 else { return "Z" }
        let minutes = abs(offset) / 60
        return (offset < 0 ? "-" : "+") + digits(minutes / 60, 2) + ":" + digits(minutes % 60, 2)
    }

    private func date(_ civil: CivilTime) -> String {
        digits(civil.year, 4) + "-" + digits(civil.month, 2) + "-" + digits(civil.day, 2)
    }

    private func clock(_ civil: CivilTime) -> String {
        digits(civil.hour, 2) + ":" + digits(civil.minute, 2) + ":" + digits(civil.second, 2)
    }

    private func digits(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

/// Lengths of time and amounts for people.
enum Amount {
    /// `3s`, `2m20s`, `41m`, `4h22m`, `3d4h`: the two largest units.
    static func span(_ nanoseconds: Int64) -> String {
        let seconds = (nanoseconds + UTCTime.second / 2) / UTCTime.second
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"),
            (seconds % 60, "s"),
        ]
        guard let first = parts.firstIndex(where: { $0.0 != 0 }) else { return "0s" }
        return parts[first..<min(first + 2, parts.count)].filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }
            .joined()
    }

    /// `+0:00`, `+12:34`, `+1:02:03` from the start.
    static func fromStart(_ nanoseconds: Int64) -> String {
        let seconds = abs(nanoseconds) / UTCTime.second
        let sign = nanoseconds < 0 ? "-" : "+"
        let tail = twoDigits(seconds % 60)
        guard seconds >= 3_600 else { return "\(sign)\(seconds / 60):\(tail)" }
        return "\(sign)\(seconds / 3_600):\(twoDigits(seconds / 60 % 60)):\(tail)"
    }

    /// `+41 s`, `-1.5 s`, `+3m2s`.
    static func skew(_ nanoseconds: Int64) -> String {
        let sign = nanoseconds < 0 ? "-" : "+"
        let size = abs(nanoseconds)
        guard size < 120 * UTCTime.second else { return sign + span(size) }
        let tenths = (size + 50_000_000) / 100_000_000
        return "\(sign)\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths % 10)") + " s"
    }

    /// `512 B`, `1.5 KiB`, `3.2 GiB`.
    static func bytes(_ count: Int64) -> String {
        var value = Double(count)
        var unit = 0
        let names = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1_024, unit < names.count - 1 {
            value /= 1_024
            unit += 1
        }
        guard unit > 0 else { return "\(count) B" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(names[unit])"
    }

    /// `1,204,338`.
    static func count(_ value: Int64) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// `1 event`, `2 events`.
    static func counted(_ value: Int64, _ noun: String) -> String {
        "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    private static func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : String(value) }
}
