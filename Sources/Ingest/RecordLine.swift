// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// A line of a `*.rec.jsonl` file: a record with claims about its receipt.
///
/// `{"line": TEXT, "receive_time": RFC 3339, "peer": ADDRESS}`; all but `line` may be missing, other members are ignored.
struct RecordLine {
    var bytes: [UInt8]
    var receiveTime = UTCTime.absent
    var peer: IPAddress?

    /// Nil when the line is no JSON object with a `line`.
    init?(_ text: Span<UInt8>, _ range: Range<Int>) {
        guard let value = try? JSONValue(parsing: text.extracting(range)), let line = value["line"]?.text else {
            return nil
        }
        bytes = Array(line.utf8)
        if let time = value["receive_time"]?.text { receiveTime = RecordLine.time(time) ?? .absent }
        peer = value["peer"]?.text.flatMap { IPAddress($0) }
    }

    /// RFC 3339 with `Z` or a numeric offset; nil for anything else.
    static func time(_ text: String) -> UTCTime? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[10] == 0x54 || bytes[10] == 0x20,
            bytes[13] == 0x3a, bytes[16] == 0x3a, let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19])
        else { return nil }
        var index = 19
        var nanosecond = 0
        if bytes[index] == 0x2e {
            var scale = 100_000_000
            index += 1
            let start = index
            while index < bytes.count, let digit = number(bytes[index..<index + 1]) {
                nanosecond += digit * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard let offset = offset(bytes[index...]) else { return nil }
        let civil = CivilTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: min(second, 59),
            nanosecond: nanosecond)
        guard civil.isValid, second <= 60 else { return nil }
        return civil.utc(offsetSeconds: offset)
    }

    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        let bytes = Array(text)
        if bytes == [0x5a] || bytes == [0x7a] { return 0 }
        guard bytes.count == 6, bytes[3] == 0x3a, bytes[0] == 0x2b || bytes[0] == 0x2d,
            let hours = number(bytes[1..<3]), let minutes = number(bytes[4..<6]), hours < 24, minutes < 60
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (bytes[0] == 0x2d ? -1 : 1)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
