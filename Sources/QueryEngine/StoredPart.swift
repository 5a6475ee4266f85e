// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import SegmentLog

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
    /// Its records in offset order, or those of them that a condition could not rule out.
    public var records: RecordBatch
    /// Offsets of the records.
    public var offsets: OffsetList
    /// Its events in record order.
    public var events: EventBatch
    /// Whether filters ruled all of it out, so that nothing else of it was read.
    public var isRuledOut = false

    /// Makes a loaded part, of all its records unless `offsets` says which.
    public init(
        part: StoredPart,
        records: RecordBatch,
        offsets: OffsetList? = nil,
        events: EventBatch
    ) {
        self.part = part
        self.records = records
        self.offsets = offsets ?? .consecutive(from: part.base)
        self.events = events
    }

    /// Where the kept bytes of the record at `offset` lie in those of ``records``; empty when it was not
    /// read.
    public func range(at offset: Offset) -> Range<Int> {
        offsets.index(of: offset, count: records.count).map { records.rows[$0].range } ?? 0..<0
    }

    /// Kept bytes of the record at `offset`; none when it was not read.
    public func bytes(at offset: Offset) -> [UInt8] {
        offsets.index(of: offset, count: records.count).map(records.payload) ?? []
    }
}

/// Where a scan gets its parts from.
///
/// Owned by one thread.
public protocol PartSource: AnyObject {
    /// The durable parts of the log now, in offset order and without overlap.
    func parts() throws(WardlineError) -> [StoredPart]

    /// Says which parts will be read next, in this order, some perhaps not.
    func announce(_ parts: [StoredPart], where condition: RowCondition)

    /// Reads one of them, without what `condition` rules out.
    func load(_ part: StoredPart, where condition: RowCondition) throws(WardlineError) -> LoadedPart

    /// Reads of one of them what `wish` names, unless `condition` rules all of it out.
    func read(
        _ part: StoredPart,
        _ wish: EventValues.Wish,
        where condition: RowCondition,
        into values: inout EventValues
    ) throws(WardlineError) -> PartColumns
}

extension PartSource {
    /// Changes nothing: reading ahead only saves time.
    public func announce(_ parts: [StoredPart], where condition: RowCondition) {}

    /// Has no columns.
    public func read(
        _: StoredPart,
        _: EventValues.Wish,
        where _: RowCondition,
        into _: inout EventValues
    ) throws(WardlineError) -> PartColumns { .whole }
}
