// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// Everything that a block holds, on the way into a new generation of its segment.
struct BlockContent {
    let base: Offset
    private(set) var records: RecordBatch
    /// Events of the records; nil for none.
    private(set) var events: EventBatch?
    /// Decoder set that made the events.
    private(set) var epoch: [UInt8]
    /// Least and greatest event time, nil for none.
    private(set) var eventTimes: (UTCTime, UTCTime)?
    private(set) var leaves: LeafRuns

    var end: Offset { base.advanced(by: records.count) }

    /// Reads a block whole.
    ///
    /// - Throws: ``LogError/damaged(file:position:)`` also when the records are not those that the block was
    ///   written with: what was altered must not be written anew.
    init(_ part: LogPart) throws(LogError) {
        base = part.base
        (records, events) = try part.readStored()
        epoch = try part.blockHeader()?.epoch ?? []
        if let least = part.minEventTime, let greatest = part.maxEventTime { eventTimes = (least, greatest) }
        leaves = try part.leafRuns(of: records)
        guard leaves.range == (try part.storedRange()) else { throw part.damaged(part.places[0].lowerBound) }
    }

    /// Whether `other` may join in one block.
    func accepts(_ other: BlockContent, countMax: Int, sizeMaxBytes: Int) -> Bool {
        guard other.base == end, records.count + other.records.count <= countMax,
            records.bytes.count + other.records.bytes.count <= sizeMaxBytes,
            (events == nil) == (other.events == nil)
        else { return false }
        guard let events, let more = other.events else { return true }
        let names = Set(events.extensionNames).union(more.extensionNames)
        return epoch == other.epoch && names.count < FieldTable.nameCountMax
    }

    /// Appends the block that follows, which ``accepts(_:countMax:sizeMaxBytes:)`` allows.
    mutating func append(_ other: BlockContent) {
        records.merge(other.records)
        if var all = events, let more = other.events {
            var table = FieldTable()
            for name in all.extensionNames { _ = table.field(named: name) }
            all.merge(more, table: &table)
            events = all
        }
        if let times = other.eventTimes {
            let mine = eventTimes ?? times
            eventTimes = (min(mine.0, times.0), max(mine.1, times.1))
        }
        for run in other.leaves.runs { leaves.append(run) }
    }

    /// Leaves nothing of the records at `rows` but their hashes.
    ///
    /// Hashes of neighbours are joined, except across `cuts`, where a signed head ends.
    mutating func remove(_ rows: RowSet, cuts: Set<UInt64>) {
        guard !rows.isEmpty else { return }
        var kept = RecordBatch()
        let nobody = kept.index(of: Origin(listener: "", transport: .internal))
        var last = records.rows.first?.logTime ?? .absent
        for (index, row) in records.rows.enumerated() {
            if rows.contains(index) || row.kind == .removed {
                kept.append([], kind: .removed, origin: nobody, originalLength: 0, receiveTime: .absent)
            } else {
                let origin = kept.index(of: records.origins[Int(row.origin)])
                kept.append(
                    records.payload(index),
                    kind: row.kind,
                    flags: row.flags,
                    origin: origin,
                    originalLength: row.originalLength,
                    receiveTime: row.receiveTime
                )
                last = row.logTime
            }
            kept.rows[index].logTime = last
        }
        leaves = leaves.removing(rows, cuts: cuts)
        records = kept
        events?.events.removeAll { rows.contains(Int($0.offset.value - base.value)) }
    }

    func encode(_ buffers: inout BlockBuffers) throws(LogError) -> EncodedBlock {
        try BlockJob(base: base, records: records, leaves: leaves).encode(
            events: events.map { [$0] },
            epoch: epoch,
            eventTimes: eventTimes,
            level: BlockEffort.archive.textLevel,
            buffers: &buffers
        )
    }
}
