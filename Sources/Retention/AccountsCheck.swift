// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
import Platform
public import QueryEngine
public import SegmentLog

/// Compares what tombstones, the file of holds, acts of the log and entries of the journal say of removals
/// and holds, and finds what was removed in spite of a hold.
///
/// Life: made before the log is verified, given the removed records meanwhile, then asked for its report.
/// Right beside writers: of two things that are written one after the other, the first is read last. Memory:
/// the holds, their acts, the entries of both; of removed records a number for each segment and hold.
///
/// - Source: `schemas/disk/leaf-v1.md`, sections 5 and 6.
public struct AccountsCheck {
    private let store: StoreReader
    private let storage = POSIXStorage()
    private let keys: [NoteKey]
    private var watched: [WatchedHold]

    /// Prepares to check `store`, whose notes are checked with the public `keys`, a line each.
    ///
    /// - Throws: `storage` when the holds cannot be read.
    public init(_ store: StoreReader, keys: String) throws(WardlineError) {
        self.store = store
        self.keys = keys.split(separator: "\n").compactMap { NoteKey($0) }
        let own = self.keys.filter { $0.isOf("records") }
        let bytes = try AccountsCheck.holds(of: store, storage)
        watched = HoldNotes(bytes, keys: own).placed.map { WatchedHold($0.hold) }
    }

    /// Counts in removed records of the log, while it is verified.
    public mutating func add(_ span: RemovedSpan) {
        for index in watched.indices { watched[index].add(span) }
    }

    /// What was found, with what verifying the log found before.
    ///
    /// - Throws: `storage` when something cannot be read.
    /// - Complexity: O(bytes) of the journal, and of the blocks of the log that can hold acts.
    public func report(of records: VerifyReport) throws(WardlineError) -> AccountsReport {
        var report = AccountsReport()
        // A note is written before its act, so the acts are read before the notes. Entries come after their
        // acts: those of acts that were written since are known by their offset.
        let acts = try HoldActs(store)
        let bytes = try AccountsCheck.holds(of: store, storage)
        let notes = HoldNotes(bytes, keys: keys.filter { $0.isOf("records") })
        for fault in notes.faults { report.tell("holds", nil, .holdNote, fault) }
        acts.check(bytes, notes, &report)
        guard storage.isDirectory(store.path + "/journal") else { return report }
        let journal = try JournalAccounts.read(store)
        acts.check(journal, &report)
        if journal.isWhole {
            checkTombstones(records.removals, journal, &report)
            checkHolds(notes, journal, &report)
        }
        try checkEntries(records.tombstones, journal, &report)
        return report
    }

    private static func holds(
        of store: StoreReader,
        _ storage: POSIXStorage
    ) throws(WardlineError) -> [UInt8] {
        let path = store.path + "/holds"
        do throws(StorageError) {
            return try storage.exists(path) ? storage.readFile(path) : []
        } catch {
            throw WardlineError(
                .storage,
                "The holds cannot be read.",
                cause: error.description,
                location: path
            )
        }
    }

    /// Each removal has an entry.
    private func checkTombstones(
        _ removals: [RemovalNote],
        _ journal: JournalAccounts,
        _ report: inout AccountsReport
    ) {
        let said = Set(journal.removals.compactMap(\.statement))
        for removal in removals {
            guard let newest = removal.fitting.last,
                !removal.fitting.contains(where: { said.contains(RemovalStatement($0)) })
            else { continue }
            report.tell(
                "records/\(removal.segment)",
                nil,
                .removalEntry,
                "\(removal.count) records were removed at \(newest.time), and no entry of the journal says "
                    + "what the tombstone says"
            )
        }
    }

    /// Each entry of a removal has a tombstone.
    private func checkEntries(
        _ tombstones: [Tombstone],
        _ journal: JournalAccounts,
        _ report: inout AccountsReport
    ) throws(WardlineError) {
        func untold(_ statements: Set<RemovalStatement>) -> [JournalAccounts.Removal] {
            journal.removals.filter { entry in
                !(entry.statement.map { statements.contains($0) } ?? false)
            }
        }
        var statements = Set(tombstones.map { RemovalStatement($0) })
        guard !untold(statements).isEmpty else { return }
        // Retention may have gone on since the tombstones were read, which come first.
        statements.formUnion(try laterTombstones().map { RemovalStatement($0) })
        for entry in untold(statements) {
            let near = entry.statement.flatMap { own in
                statements.filter { $0.segment == own.segment && $0.time == own.time }.map {
                    own.differences(from: $0)
                }.min { $0.count < $1.count }
            }
            let why = near.map { "its tombstone has another " + $0.joined(separator: ", ") }
            report.tell(
                "journal",
                entry.offset,
                .removalEntry,
                "entry \(entry.offset) tells of a removal from \(entry.name), and "
                    + (why ?? "no tombstone does")
            )
        }
    }

    private func laterTombstones() throws(WardlineError) -> [Tombstone] {
        do throws(StorageError) {
            return try TombstoneNotes(storage: storage, path: store.path, stream: "records", keys: keys).sound
        } catch {
            throw WardlineError(
                .storage,
                "The tombstones cannot be read.",
                cause: error.description,
                location: store.path
            )
        }
    }

    /// When a run of retention began, when it came to a segment, and what was gone of it then.
    private struct Run {
        var began: UTCTime
        var came: UTCTime
        var removed: UInt64

        init(_ statement: RemovalStatement, _ logTime: UTCTime) {
            began = statement.time
            came = max(statement.time, logTime)
            removed = UInt64(clamping: statement.records)
        }
    }

    /// Nothing that a hold covered was removed while it was in force, as far as that is certain.
    private func checkHolds(
        _ notes: HoldNotes,
        _ journal: JournalAccounts,
        _ report: inout AccountsReport
    ) {
        var runs: [String: [Run]] = [:]
        for entry in journal.removals {
            guard let statement = entry.statement else { continue }
            runs[statement.segment, default: []].append(Run(statement, entry.logTime))
        }
        let segments = Set(watched.flatMap { Array($0.gone.keys) }).sorted()
        for segment in segments {
            guard let own = runs[segment],
                let newest = own.max(by: { ($0.began, $0.came) < ($1.began, $1.came) })
            else { continue }
            for (index, watch) in watched.enumerated() {
                // Holds are never taken away: each is in its place still, unless somebody writes them anew.
                guard index < notes.placed.count, notes.placed[index].hold == watch.hold else { continue }
                let hold = watch.hold
                let before = own.filter { $0.came < hold.time }.map(\.removed).max() ?? 0
                let gone = watch.gone[segment] ?? 0
                let isInForce = notes.placed[index].end.map { newest.came < $0 } ?? true
                guard gone > before, hold.time <= newest.came, isInForce else { continue }
                let isCertain = hold.time <= newest.began
                let count = "\(gone - before) records or more"
                let text =
                    isCertain
                    ? "\(count) were removed while the hold \(hold.name) covered them"
                    : "the hold \(hold.name) was placed while \(count) that it covers were being removed"
                report.tell("records/\(segment)", nil, .heldRecords, text, isDamage: isCertain)
            }
        }
    }
}
