// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Sums over all device records of a store.
public struct ProjectionTotals: Hashable, Sendable {
    /// Device records.
    public var records: Int64
    /// Device records that no decoder understood.
    public var undecoded: Int64
    /// Typed events decoded from them.
    public var events: Int64
    /// Kept bytes of device records.
    public var rawBytes: Int64

    /// Makes totals.
    public init(records: Int64 = 0, undecoded: Int64 = 0, events: Int64 = 0, rawBytes: Int64 = 0) {
        self.records = records
        self.undecoded = undecoded
        self.events = events
        self.rawBytes = rawBytes
    }

    /// Adds `other`.
    public mutating func merge(_ other: ProjectionTotals) {
        records += other.records
        undecoded += other.undecoded
        events += other.events
        rawBytes += other.rawBytes
    }
}
