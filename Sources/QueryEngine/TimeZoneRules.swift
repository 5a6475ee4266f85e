// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Offsets from UTC over time: UTC, a fixed offset, or the rules of a zone file.
public struct TimeZoneRules: Hashable, Sendable {
    /// Seconds since the Unix epoch from which each offset holds, rising.
    let transitions: [Int64]
    /// Offset east of UTC in seconds from each transition on.
    let offsets: [Int]
    /// Offset before the first transition.
    let initialOffset: Int
    /// Rule for times from the last transition on; nil when the last offset holds for ever.
    let tail: DaylightRule?

    /// Always UTC.
    public static let utc = TimeZoneRules(offsetSeconds: 0)

    /// Always this offset east of UTC.
    public init(offsetSeconds: Int) {
        self.init(transitions: [], offsets: [], initialOffset: offsetSeconds, tail: nil)
    }

    init(transitions: [Int64], offsets: [Int], initialOffset: Int, tail: DaylightRule?) {
        self.transitions = transitions
        self.offsets = offsets
        self.initialOffset = initialOffset
        self.tail = tail
    }

    /// Reads `UTC`, `Z`, `GMT`, or `+02:00`, `+0200`, `-5`; nil for anything else, such as the name of a zone
    /// file.
    public init?(fixed text: String) {
        let bytes = Array(text.utf8)
        if ["utc", "z", "gmt", "etc/utc"].contains(text.lowercased()) {
            self = .utc
            return
        }
        guard bytes.count >= 2, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-") else {
            return nil
        }
        let digits = bytes.dropFirst().filter { $0 != UInt8(ascii: ":") }
        let colons = bytes.count - 1 - digits.count
        guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), colons == 0 || colons == 1 && bytes.count == 6,
            [1, 2, 4].contains(digits.count), let number = Int(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let minutes = digits.count == 4 ? number / 100 * 60 + number % 100 : number * 60
        guard minutes <= 18 * 60, digits.count < 4 || number % 100 < 60 else { return nil }
        self.init(offsetSeconds: (bytes[0] == UInt8(ascii: "-") ? -minutes : minutes) * 60)
    }

    /// Seconds east of UTC at `time`.
    public func offsetSeconds(at time: UTCTime) -> Int {
        guard time.isPresent else { return initialOffset }
        var seconds = time.nanoseconds / UTCTime.second
        if time.nanoseconds % UTCTime.second < 0 { seconds -= 1 }
        return offset(atSecond: seconds)
    }

    private func offset(atSecond second: Int64) -> Int {
        guard let last = transitions.last else { return tail?.offset(atSecond: second) ?? initialOffset }
        if second >= last, let tail { return tail.offset(atSecond: second) }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? initialOffset : offsets[low - 1]
    }

    /// The UTC time of a civil time in this zone.
    ///
    /// Where a civil time occurs twice the first is taken; where it is skipped, the clock as it was before
    /// the change.
    public func utc(of civil: CivilTime) -> UTCTime {
        let naive = civil.utc()
        let day: Int64 = 86_400 * UTCTime.second
        let before = offsetSeconds(at: naive.advanced(by: -day))
        let after = offsetSeconds(at: naive.advanced(by: day))
        let early = naive.advanced(by: -Int64(before) * UTCTime.second)
        if offsetSeconds(at: early) == before { return early }
        let late = naive.advanced(by: -Int64(after) * UTCTime.second)
        return offsetSeconds(at: late) == after ? late : early
    }

    /// RFC 3339 with the offset that holds at `time`.
    public func text(_ time: UTCTime) -> String { time.text(offsetSeconds: offsetSeconds(at: time)) }
}
