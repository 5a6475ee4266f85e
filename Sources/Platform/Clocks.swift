// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Glibc

/// The source of wall-clock time; tests supply their own.
public protocol WallClock: Sendable {
    /// The present time; may go back.
    func now() -> UTCTime
}

/// The clock of this machine.
public struct SystemWallClock: WallClock {
    /// Makes the clock; holds nothing.
    public init() {}

    /// The present time of `CLOCK_REALTIME`.
    public func now() -> UTCTime { UTCTime(nanoseconds: nanoseconds(CLOCK_REALTIME)) }
}

/// Nanoseconds of a clock that never goes back, from an unnamed start.
public func monotonicNanoseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) }

private func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // Valid: `time` outlives the call, which cannot fail for these clocks.
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* UTCTime.second &+ Int64(time.tv_nsec)
}
