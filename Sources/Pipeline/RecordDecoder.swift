// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Durable records with the events that the decoders in force made of them.
public struct DecodedRecords: Sendable {
    /// The events of a stretch of device records between control records.
    struct Run: Sendable {
        var rows: Range<Int>
        var events: EventBatch
    }

    /// The records, of any kind.
    public let records: RecordBatch
    /// Offset of the first of them.
    public let base: Offset
    /// The stretches of device records, in order.
    var runs: [Run] = []
    /// Why parts of the decoders that a record brings were refused, by its row.
    var refused: [(row: Int, reasons: [String])] = []
    /// SHA-256 of the decoders in force, 32 bytes; empty if the events are not to be stored, as for records
    /// over which the decoders changed.
    public var epoch: [UInt8] = []

    /// Records without events.
    public init(records: RecordBatch, base: Offset) {
        self.records = records
        self.base = base
    }

    /// Offset after the last record.
    public var end: Offset { base.advanced(by: records.count) }

    /// What it weighs in a queue.
    var memoryBytes: Int {
        runs.reduce(records.memoryBytes) { sum, run in
            sum + run.events.bytes.count + run.events.entries.count * 12 + run.events.events.count * 80
        }
    }
}

/// Turns records into events, in offset order, ahead of a judge and on another thread.
///
/// Sees every record of the stream from its start, so that decoders, reference times and zones are those that
/// the records before say. Equal records give equal events, however they are cut.
public protocol RecordDecoder: Sendable {
    /// Decodes the device records among `records`; `base` follows the last call's end.
    mutating func decode(_ records: RecordBatch, base: Offset) -> DecodedRecords
}

/// Decodes nothing: for judges that look at records alone.
public struct NoDecoder: RecordDecoder {
    /// Makes it.
    public init() {}

    /// The records as they are.
    public mutating func decode(_ records: RecordBatch, base: Offset) -> DecodedRecords {
        DecodedRecords(records: records, base: base)
    }
}
