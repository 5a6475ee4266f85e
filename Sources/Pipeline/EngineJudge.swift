// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// What the engine asks of the judge: correlate durable records, in offset order, for any cut of batches.
///
/// Owned by one thread. ``Judge`` conforms; tests of the engine bring their own.
public protocol RecordJudge: Sendable {
    /// First offset that it has not seen: where the engine starts to feed it.
    var next: Offset { get }
    /// Log time at which a tick is wanted if nothing arrives, nil if no verdict waits for time to pass.
    var deadline: UTCTime? { get }
    /// Decodes ahead of this judge, from ``next`` on.
    ///
    /// Asked for once, before the first call of ``process(_:)``.
    func decoder() -> any RecordDecoder
    /// Judges durable records; their first offset is not before ``next``.
    ///
    /// - Returns: Their events, with corrected times.
    mutating func process(_ decoded: DecodedRecords) throws(WardlineError) -> EventBatch
    /// Facts for the journal since the last call, in order.
    mutating func takeFacts() -> [JSONValue]
    /// Changes of the read models up to `through`, nil if there are none.
    mutating func takeUpdate(through: Offset) -> ProjectionUpdate?
    /// The state at ``next``, for the next start; nil if there is none to be had now.
    func snapshot() throws(WardlineError) -> JudgeSnapshot?
    /// Decides what can be decided provisionally about all records so far.
    mutating func settle()
}

extension RecordJudge {
    /// None: the next start judges from the log's beginning.
    public func snapshot() throws(WardlineError) -> JudgeSnapshot? { nil }

    /// Decodes nothing.
    public func decoder() -> any RecordDecoder { NoDecoder() }
}
