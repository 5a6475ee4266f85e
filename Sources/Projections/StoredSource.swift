// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A source as the read models know it.
public struct StoredSource: Hashable, Sendable {
    /// How often something was found.
    public struct Count: Hashable, Sendable {
        /// Decoder id or issue code.
        public var name: String
        /// How often.
        public var count: Int64
    }

    /// Name of the source.
    public var name: String
    /// Listener (or file) of its newest record.
    public var listener: String
    /// Observed peer of its newest record; empty if none.
    public var peer: String
    /// Records.
    public var records: Int64
    /// Records that no decoder understood.
    public var undecoded: Int64
    /// Kept bytes.
    public var rawBytes: Int64
    /// Events by decoder, most first, then by name.
    public var decoders: [Count]
    /// Records by parse issue, most first, then by code.
    public var issues: [Count]
    /// Earliest corrected event time; absent if none.
    public var firstEvent: UTCTime
    /// Latest corrected event time; absent if none.
    public var lastEvent: UTCTime
    /// Log time of its newest record.
    public var lastReceived: UTCTime
    /// Device clock less true time, in nanoseconds; nil if not measured.
    public var skew: Int64?
    /// Records lost at its listener; shared by all sources of that listener.
    public var losses: Int64
}
