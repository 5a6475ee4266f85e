// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Records that were lost before the log, as counted at a listener.
public struct LossRow: Hashable, Sendable {
    /// Offset of the loss fact.
    public var offset: Offset
    /// Listener that lost them.
    public var listener: String
    /// How many; a lower bound where the kernel says no more.
    public var count: Int64
    /// Start of the interval in log time; absent if not known.
    public var from: UTCTime
    /// End of the interval in log time; absent if not known.
    public var through: UTCTime
    /// Why, in the words of the fact.
    public var reason: String

    /// Makes a row.
    public init(
        offset: Offset,
        listener: String,
        count: Int64,
        from: UTCTime,
        through: UTCTime,
        reason: String
    ) {
        self.offset = offset
        self.listener = listener
        self.count = count
        self.from = from
        self.through = through
        self.reason = reason
    }
}
