// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// How many records each peer may still send: a second's worth at once, then so many a second.
///
/// Keeps one number per peer, the time at which what it sent so far would have been sent at the allowed rate.
/// Bounded: peers that have used nothing up are forgotten; beyond the bound new peers share one number.
/// Used by one thread. Source: generic cell rate algorithm, ITU-T I.371 annex A.
struct RateMeter: Sendable {
    /// Peers remembered: 65,536 of some 32 bytes.
    static let peerCountMax = 65_536
    /// What may come at once, in nanoseconds of the allowed rate.
    static let burstNanoseconds: Int64 = 1_000_000_000

    private let costNanoseconds: Int64
    private var spentUntil: [IPAddress: Int64] = [:]
    /// Of all peers that are not remembered.
    private var sharedUntil: Int64 = 0

    init(recordsPerSecondMax: Int) {
        costNanoseconds = max(1, 1_000_000_000 / Int64(recordsPerSecondMax))
    }

    /// Takes one record of `peer` if its rate allows it at monotonic time `now`.
    mutating func admit(_ peer: IPAddress, at now: Int64) -> Bool {
        let spent = max(until(peer), now) + costNanoseconds
        guard spent - now <= RateMeter.burstNanoseconds + costNanoseconds - 1 else { return false }
        set(peer, spent, now)
        return true
    }

    /// Counts records that were taken already.
    ///
    /// - Returns: Nanoseconds for which nothing more should be taken of `peer`.
    mutating func charge(_ peer: IPAddress, count: Int, at now: Int64) -> Int64 {
        let spent = max(until(peer), now) + Int64(count) * costNanoseconds
        set(peer, spent, now)
        return max(0, spent - now - RateMeter.burstNanoseconds)
    }

    private func until(_ peer: IPAddress) -> Int64 { spentUntil[peer] ?? sharedUntil }

    private mutating func set(_ peer: IPAddress, _ spent: Int64, _ now: Int64) {
        if spentUntil[peer] == nil, spentUntil.count >= RateMeter.peerCountMax {
            spentUntil = spentUntil.filter { $0.value > now }
            guard spentUntil.count < RateMeter.peerCountMax else {
                sharedUntil = spent
                return
            }
        }
        spentUntil[peer] = spent
    }
}
