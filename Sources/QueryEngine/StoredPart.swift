// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A run of consecutive records as the log stores them: a block, or batches that are not in a block yet.
public struct StoredPart: Hashable, Sendable {
    /// Offset of its first record.
    public var base: Offset
    /// Number of records.
    public var count: Int
    /// Earliest event time in it, widened so that no corrected time lies outside; nil if not known.
    public var earliest: UTCTime?
    /// Latest event time in it, widened in the same way; nil if not known.
    public var latest: UTCTime?

    /// Makes a part.
    public init(base: Offset, count: Int, earliest: UTCTime? = nil, latest: UTCTime? = nil) {
        self.base = base
        self.count = count
        self.earliest = earliest
        self.latest = latest
    }

    /// Offset after its last record.
    public var end: Offset { base.advanced(by: count) }
}

/// A part in memory: its records and the events decoded from them.
public struct LoadedPart: Sendable {
    /// The part.
    public var part: StoredPart
    /// Its records in offset order.
    public var records: RecordBatch
    /// Its events in record order.
    public var events: EventBatch

    /// Makes a loaded part.
    public init(part: StoredPart, records: RecordBatch, events: EventBatch) {
        self.part = part
        self.records = records
        self.events = events
    }

    /// Kept bytes of the record at `offset`.
    public func bytes(at offset: Offset) -> [UInt8] {
        guard offset >= part.base, offset < part.end else { return [] }
        return records.payload(Int(offset.value - part.base.value))
    }
}

/// Where a scan gets its parts from.
///
/// Owned by one thread.
public protocol PartSource: AnyObject {
    /// The durable parts of the log now, in offset order and without overlap.
    func parts() throws(WardlineError) -> [StoredPart]

    /// Reads one of them.
    func load(_ part: StoredPart) throws(WardlineError) -> LoadedPart
}
