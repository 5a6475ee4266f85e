// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Numbers that are times.
public enum EpochTime {
    private static let dateMark = Array("/Date(".utf8)

    /// Reads `1793511351.874911`, `1793511351`, milliseconds, microseconds or nanoseconds, or `/Date(ms)/`
    /// with
    /// or without an offset for display; nil if it is none.
    public static func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (time: UTCTime, hasFraction: Bool)?
    {
        guard range.count > 9, bytes[range.lowerBound] == 0x2f else { return readNumber(bytes, range) }
        for lane in dateMark.indices where bytes[range.lowerBound + lane] != dateMark[lane] { return nil }
        guard bytes[range.upperBound - 1] == 0x2f, bytes[range.upperBound - 2] == 0x29 else { return nil }
        let start = range.lowerBound + dateMark.count
        var end = start
        while end < range.upperBound, bytes[end].isDigit { end += 1 }
        var milliseconds: Int64 = 0
        for index in start..<min(end, start + 15) {
            milliseconds = milliseconds * 10 + Int64(bytes[index] - 0x30)
        }
        guard end > start, end - start <= 15 else { return nil }
        let isPlain = bytes[end] == 0x29 || bytes[end] == 0x2b || bytes[end] == 0x2d
        return isPlain ? (UTCTime(nanoseconds: milliseconds &* 1_000_000), true) : nil
    }

    private static func readNumber(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> (time: UTCTime, hasFraction: Bool)? {
        var whole: Int64 = 0
        var index = range.lowerBound
        while index < range.upperBound, bytes[index].isDigit, index - range.lowerBound < 19 {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            let (sum, carried) = product.addingReportingOverflow(Int64(bytes[index] - 0x30))
            guard !carried else { return nil }
            whole = sum
            index += 1
        }
        let digits = index - range.lowerBound
        guard digits >= 9 else { return nil }
        switch digits {
        case 9...10:
            var fraction: Int64 = 0
            var scale: Int64 = 100_000_000
            if index < range.upperBound, bytes[index] == 0x2e {
                index += 1
                while index < range.upperBound, bytes[index].isDigit {
                    fraction += Int64(bytes[index] - 0x30) * scale
                    scale /= 10
                    index += 1
                }
            }
            guard index == range.upperBound else { return nil }
            return (UTCTime(nanoseconds: whole &* UTCTime.second &+ fraction), scale < 100_000_000)
        case 12...13: return (UTCTime(nanoseconds: whole &* 1_000_000), true)
        case 15...16: return (UTCTime(nanoseconds: whole &* 1_000), true)
        case 18...19: return (UTCTime(nanoseconds: whole), true)
        default: return nil
        }
    }
}
