// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// What the engine asks of the judge: decode and correlate durable records, in offset order, for any cut of batches.
///
/// Owned by one thread. ``Judge`` conforms; tests of the engine bring their own.
public protocol RecordJudge: Sendable {
    /// First offset that it has not seen: where the engine starts to feed it.
    var next: Offset { get }
    /// Log time at which a tick is wanted if nothing arrives, nil if no verdict waits for time to pass.
    var deadline: UTCTime? { get }
    /// SHA-256 of the decoder set in force, 32 bytes; empty if the events of this judge are not to be stored.
    var epoch: [UInt8] { get }
    /// Judges durable records; `base` is ``next``.
    mutating func process(_ records: RecordBatch, base: Offset) throws(WardlineError) -> EventBatch
    /// Facts for the journal since the last call, in order.
    mutating func takeFacts() -> [JSONValue]
    /// Changes of the read models up to `through`, nil if there are none.
    mutating func takeUpdate(through: Offset) -> ProjectionUpdate?
    /// Decides what can be decided provisionally about all records so far.
    mutating func settle()
}

extension RecordJudge {
    /// Events are not stored unless the judge says which decoders made them.
    public var epoch: [UInt8] { [] }
}
