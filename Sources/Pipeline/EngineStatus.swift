// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What the engine is doing, as `status` shows it.
public struct EngineStatus: Hashable, Sendable {
    /// Whether records are taken.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Records are taken and made durable.
        case ok
        /// The disk is full: nothing is taken until there is space; connections wait.
        case full
        /// The log cannot be trusted to be durable any more: nothing is acknowledged, the process ends.
        case suspect
    }

    /// Whether records are taken.
    public var state = State.ok
    /// First offset that is not durable: every record below it survives a crash.
    public var durableOffset = Offset.zero
    /// First offset that is not judged.
    public var judgedOffset = Offset.zero
    /// First offset of the journal that is not durable.
    public var journalOffset = Offset.zero
    /// Bytes that wait for the log thread.
    public var intakeBytes = 0
    /// Bytes that wait for the judge thread.
    public var judgeBytes = 0
    /// Group commits since the start.
    public var commits = 0
    /// Why the state is not `ok`; nil if it is.
    public var failure: WardlineError?

    /// The state at the start.
    public init() {}
}
