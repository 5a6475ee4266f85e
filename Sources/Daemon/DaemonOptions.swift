// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Pipeline
public import Platform
public import Projections
public import SiteFiles

/// What the daemon is given by its caller: the judge over the store and the content that is in force.
///
/// A seam, so that the daemon is tested without rules and the caller decides where content is found.
public struct DaemonContent: Sendable {
    /// What judges and what applies its changes.
    public struct Judgement: Sendable {
        /// The judge, at the place where it continues.
        public var judge: any RecordJudge
        /// Applies a read-model change in one transaction.
        public var apply: @Sendable (ProjectionUpdate) throws(WardlineError) -> Void
        /// Keeps the state of judgement with the read models as they are; nil where none is kept.
        public var keep: (@Sendable (JudgeSnapshot) throws(WardlineError) -> Void)?
        /// Ends the read models, when nothing is judged any more; nil where there are none.
        public var close: (@Sendable () throws(WardlineError) -> Void)?

        /// Joins them.
        public init(
            judge: any RecordJudge,
            apply: @escaping @Sendable (ProjectionUpdate) throws(WardlineError) -> Void,
            keep: (@Sendable (JudgeSnapshot) throws(WardlineError) -> Void)? = nil,
            close: (@Sendable () throws(WardlineError) -> Void)? = nil
        ) {
            self.judge = judge
            self.apply = apply
            self.keep = keep
            self.close = close
        }
    }

    /// Opens judge and read models; called once, with the store's lock held.
    public var open: @Sendable () throws(WardlineError) -> Judgement
    /// Facts that bring changed site, rule and decoder files into force, at the start and at every reload.
    ///
    /// What a refused file says goes to `report`; the set in force before then stays.
    public var facts: @Sendable (_ report: (String) -> Void) -> [RecordBatch]
    /// Addresses that the site files in force bind to assets, for listeners that let only those in.
    public var addresses: @Sendable () throws(WardlineError) -> Set<IPAddress>
    /// Facts that bring one given site file into force.
    public var importFile: @Sendable (_ role: String, _ path: String) throws(WardlineError) -> [RecordBatch]

    /// Makes content from its parts.
    public init(
        open: @escaping @Sendable () throws(WardlineError) -> Judgement,
        facts: @escaping @Sendable (_ report: (String) -> Void) -> [RecordBatch],
        importFile:
            @escaping @Sendable (_ role: String, _ path: String) throws(WardlineError) -> [RecordBatch],
        addresses: @escaping @Sendable () throws(WardlineError) -> Set<IPAddress> = { [] }
    ) {
        self.open = open
        self.facts = facts
        self.addresses = addresses
        self.importFile = importFile
    }
}

/// What the daemon runs with.
public struct DaemonOptions: Sendable {
    /// The store.
    public var storePath: String
    /// Listeners, limits and group commit.
    public var configuration: Configuration
    /// Version for the start record and `status`.
    public var version: String
    /// Tells people something on one line: the `ready` line, full disk, refused files.
    ///
    /// Called from several threads.
    public var report: @Sendable (String) -> Void
    /// Ends the process at once with a status: for a second interrupt while stopping.
    public var exitNow: @Sendable (Int32) -> Void
    /// The disk; tests supply one that fails.
    public var storage: any LogStorage = POSIXStorage()
    /// The wall clock.
    public var clock: any WallClock = SystemWallClock()
    /// Name of the store's lock file.
    public static let lockName = "LOCK"
    /// Name of the control socket in the store.
    public static let socketName = "control.sock"

    /// Makes options.
    public init(
        storePath: String,
        configuration: Configuration,
        version: String,
        report: @escaping @Sendable (String) -> Void,
        exitNow: @escaping @Sendable (Int32) -> Void
    ) {
        self.storePath = storePath
        self.configuration = configuration
        self.version = version
        self.report = report
        self.exitNow = exitNow
    }
}
