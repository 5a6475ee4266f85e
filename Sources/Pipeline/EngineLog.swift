// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// One stream as the engine uses it: appended by one thread, durable on request.
///
/// ``LogOwner`` is the real one.
public protocol EngineLog: AnyObject, Sendable {
    /// Offset of the next record.
    var next: Offset { get }
    /// Appends records; sets their log times. Nothing is appended when it throws `full`.
    func append(_ batch: inout RecordBatch) throws(EngineLogFault) -> Offset
    /// Makes everything appended durable.
    func synchronise() throws(EngineLogFault)
    /// Frees space that was held back on the disk, so that its being full can be told on it.
    func releaseReserve()
    /// Holds space back again, where there is some.
    func restoreReserve()
    /// Takes the decoded columns of the records `base ..< through`, for their block; called from the judge
    /// thread.
    func decoded(_ events: EventBatch, base: Offset, through: Offset, epoch: [UInt8])
    /// Reads records from `offset` on, one stored part at most; nil at `end`. Called from the judge thread.
    func read(
        from offset: Offset,
        below end: Offset
    ) throws(WardlineError) -> (base: Offset, records: RecordBatch)?
    /// Lets go of what reading needed.
    func endReading()
    /// Finishes blocks under way and closes the files. Nothing may follow.
    func close() throws(WardlineError)
}

/// Why a stream took no records.
public enum EngineLogFault: Error, Sendable {
    /// No space; the same append may succeed later.
    case full(WardlineError)
    /// What is on disk is no longer known, as after a failed synchronisation. Nothing may be acknowledged any
    /// more.
    case suspect(WardlineError)

    /// The error below.
    public var error: WardlineError {
        switch self {
        case .full(let error), .suspect(let error): error
        }
    }
}
