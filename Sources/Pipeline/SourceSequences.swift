// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Numbers by which sources count their messages: what is missing between two of them was lost on the way.
///
/// `sequenceId` of RFC 5424 (section 7.3.1) and the counters of Cisco devices. A fold over the records in
/// offset
/// order; the same records give the same gaps.
struct SourceSequences: Codable, Sendable {
    /// Sources that are followed: 65,536 of some 50 bytes; beyond it new ones are not.
    static let sourceCountMax = 65_536
    /// Greatest gap that is believed: a larger step is a counter that was set anew.
    static let gapMax: Int64 = 100_000
    /// Where `sequenceId` begins again at 1.
    static let wrapMax: Int64 = 2_147_483_647

    /// Messages that did not come.
    struct Gap: Hashable {
        var count: Int64
        /// Log time of the message before it.
        var from: UTCTime
    }

    private struct Last: Codable {
        var number: Int64
        var time: UTCTime
    }

    private var last: [UInt64: Last] = [:]

    /// Takes the number of a message of `source`.
    ///
    /// - Returns: The gap before it, if there is one. A smaller number is a message that was overtaken, or a
    ///   restart or the wrap of the counter: none of them is a loss, unless the numbers around the wrap say
    ///   so.
    mutating func read(_ source: UInt64, _ number: Int64, at time: UTCTime) -> Gap? {
        guard let known = last[source] else {
            if last.count < SourceSequences.sourceCountMax { last[source] = Last(number: number, time: time) }
            return nil
        }
        var step = number - known.number
        let isWrapped = step < 0 && known.number > SourceSequences.wrapMax - SourceSequences.gapMax
        if isWrapped { step += SourceSequences.wrapMax }
        // One that was overtaken does not set the counter back.
        if step <= 0, step > -SourceSequences.overtakenMax, number > SourceSequences.overtakenMax {
            return nil
        }
        last[source] = Last(number: number, time: time)
        guard step > 1, step <= SourceSequences.gapMax else { return nil }
        return Gap(count: step - 1, from: known.time)
    }

    /// Steps back that are taken for messages overtaken on the way, not for a restart.
    private static let overtakenMax: Int64 = 64
}
