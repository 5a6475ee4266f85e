// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// How far the clock of a source is off, and what that makes of an event's time.
public struct ClockReading: Hashable, Sendable {
    /// What to do with the device's time.
    public enum Verdict: Hashable, Sendable {
        /// Near enough: kept.
        case kept
        /// Behind or ahead by the measured skew: moved by it.
        case moved
        /// Never set, or far in the future: the time of receipt stands in.
        case replaced
        /// Far in the past but possible, as with recorded traffic: kept and flagged.
        case implausible
    }

    /// What to do.
    public var verdict: Verdict
    /// Receipt less device time, nanoseconds: what to add to the device's time where it is moved.
    public var skew: Int64
    /// Spread of the measurements, nanoseconds: how sure the skew is.
    public var spread: Int64

    /// Nothing measured: the device's time stands.
    public static let unknown = ClockReading(verdict: .kept, skew: 0, spread: 0)
}

/// Measures the clocks of sources: the least delay between stamp and receipt is taken as their skew.
///
/// A message can arrive late but never early, so the smallest difference of the last ``windowCount`` is
/// nearest to the truth. Folded in offset order, so the cut of batches decides nothing.
public struct SourceClocks: Codable, Sendable {
    /// Differences that count for one source: 64 of 8 bytes.
    public static let windowCount = 64
    /// Sources measured: 65,536 of some 600 bytes; further ones are not corrected.
    public static let sourceCountMax = 65_536
    /// Skew that is left alone: 30 s, which queues and resends explain.
    public static let skewMinNanoseconds: Int64 = 30 * UTCTime.second
    /// Skew that is believed: 12 h, a wrong time zone at most.
    public static let skewMaxNanoseconds: Int64 = 12 * 3_600 * UTCTime.second
    /// Age beyond which a clock was never set: 400 days.
    public static let deadNanoseconds: Int64 = 400 * 86_400 * UTCTime.second

    fileprivate struct Window: Codable, Sendable {
        var differences: [Int64] = []
        var next = 0
    }

    private var windows: [UInt64: Window] = [:]

    /// Nothing measured yet.
    public init() {}

    /// Takes a stamp and its receipt; says what to make of the stamp.
    ///
    /// `source` is a hash of what names the source.
    public mutating func read(_ source: UInt64, device: UTCTime, received: UTCTime) -> ClockReading {
        let difference = received.nanoseconds.subtractingReportingOverflow(device.nanoseconds)
        guard !difference.overflow else { return ClockReading(verdict: .replaced, skew: 0, spread: 0) }
        let delay = difference.partialValue
        if let apart = SourceClocks.apart(delay) { return apart }
        guard windows[source] != nil || windows.count < SourceClocks.sourceCountMax else {
            return .unknown
        }
        let (least, most) = windows[source, default: Window()].note(delay)
        return SourceClocks.reading(least: least, most: most)
    }

    /// What a difference says alone, whatever its source; nil if it is one to measure with.
    public static func apart(_ delay: Int64) -> ClockReading? {
        if delay < -skewMaxNanoseconds || delay > deadNanoseconds {
            return ClockReading(verdict: .replaced, skew: delay, spread: 0)
        }
        return delay > skewMaxNanoseconds ? ClockReading(verdict: .implausible, skew: delay, spread: 0) : nil
    }

    /// What the least and the greatest difference of a source say.
    public static func reading(least: Int64, most: Int64) -> ClockReading {
        let spread = min(most - least, skewMinNanoseconds)
        return ClockReading(
            verdict: least.magnitude > UInt64(skewMinNanoseconds) ? .moved : .kept,
            skew: least,
            spread: spread
        )
    }
}

extension SourceClocks.Window {
    fileprivate mutating func note(_ delay: Int64) -> (least: Int64, most: Int64) {
        if differences.count < SourceClocks.windowCount {
            differences.append(delay)
        } else {
            differences[next] = delay
            next = (next + 1) % SourceClocks.windowCount
        }
        var (least, most) = (delay, delay)
        for difference in differences {
            least = min(least, difference)
            most = max(most, difference)
        }
        return (least, most)
    }
}
