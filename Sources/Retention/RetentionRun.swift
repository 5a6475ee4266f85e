// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Pipeline
public import Platform
import SegmentLog
import SiteFiles
import WireFormats

/// Removes what plans say, and leaves for each segment a signed tombstone and an entry of the journal.
///
/// The caller has the store's lock. Life: make, apply plans, then finish in any case.
public struct RetentionRun: Sendable {
    private let store: StorePaths
    private let storage: any LogStorage
    private let signer: HeadSigner
    private let policy: RetentionPolicy
    private let actor: String
    private let reason: String
    private let now: UTCTime
    private let heads: Set<UInt64>
    private let journal: LogOwner

    private static let stream = "records"

    /// Prepares to act for `actor`, whose own `reason` may be empty.
    public init(
        _ store: StorePaths,
        storage: any LogStorage,
        policy: RetentionPolicy,
        actor: String,
        reason: String,
        now: UTCTime
    ) throws(WardlineError) {
        self.store = store
        self.storage = storage
        self.policy = policy
        self.actor = actor
        self.reason = reason
        self.now = now
        signer = try HeadSigner.open(store, storage: storage)
        do throws(StorageError) {
            let read = try HeadFile.read(storage: storage, path: store.root, stream: RetentionRun.stream)
            heads = Set(read.map(\.size))
        } catch {
            throw WardlineError(.storage, "The heads cannot be read.", cause: error.description)
        }
        journal = try LogOwner(
            storage: storage,
            path: store.root,
            stream: "journal",
            hasColumns: false,
            signer: signer
        )
    }

    /// Seals the segment that is being written if it is old enough: only sealed ones are touched.
    public static func seal(
        _ path: String,
        storage: any LogStorage,
        now: UTCTime
    ) throws(WardlineError) {
        let signer = try HeadSigner.open(StorePaths(path), storage: storage)
        do throws(LogError) {
            let writer = try LogWriter.open(storage: storage, path: path, stream: stream)
            try writer.sealAged(now: now)
            try writer.close()
            do throws(StorageError) {
                try signer.signSeals(of: writer, storage: storage, path: path, stream: stream)
            } catch {
                throw .storage(error)
            }
        } catch {
            throw error.wardlineError("seal", stream)
        }
    }

    /// Closes the journal, which is signed with what was done.
    public func finish() throws(WardlineError) { try journal.close() }

    /// Carries out one plan.
    ///
    /// - Returns: Bytes of the segment before and after.
    /// - Throws: `integrity` when the segment is damaged, `storage` when the disk refuses; the segment is
    ///   then as it was.
    public func apply(_ plan: SegmentPlan) throws(WardlineError) -> (before: Int, after: Int) {
        do throws(LogError) {
            let result = try removeRecords(
                of: plan.segment,
                storage: storage,
                path: store.root,
                stream: RetentionRun.stream,
                removes: plan.removes,
                cuts: heads
            ) { summary throws(LogError) in
                try announce(summary, plan)
            }
            return result ?? (0, 0)
        } catch {
            throw error.wardlineError("remove records of", plan.segment)
        }
    }

    private func announce(_ summary: RemovalSummary, _ plan: SegmentPlan) throws(LogError) {
        var reasons = plan.removed.sorted { $0.key < $1.key }.map { number, count in
            "\(policy.rules[number].text): \(count)"
        }
        if !reason.isEmpty { reasons.append(reason) }
        let tombstone = Tombstone(
            stream: RetentionRun.stream,
            segment: summary.segment,
            offsets: summary.offsets,
            removed: summary.removed,
            digest: summary.digest,
            root: summary.root,
            reasons: reasons,
            actor: actor,
            time: now
        )
        guard let note = signer.note(tombstone.body, stream: RetentionRun.stream) else { throw .suspect }
        do throws(StorageError) {
            try Tombstone.append(note, storage: storage, path: store.root, stream: RetentionRun.stream)
        } catch {
            throw .storage(error)
        }
        try report(tombstone)
    }

    /// Says it in the journal too, whose heads cover it.
    private func report(_ tombstone: Tombstone) throws(LogError) {
        let fact = JSONValue.object([
            .init("fact", .text("retention.removed")), .init("id", .text(tombstone.segment)),
            .init("from", .integer(Int64(clamping: tombstone.offsets.lowerBound))),
            .init("end", .integer(Int64(clamping: tombstone.offsets.upperBound))),
            .init("records", .integer(Int64(clamping: tombstone.removed))),
            .init("digest", .text(tombstone.digest.hexadecimal)), .init("reasons", .texts(tombstone.reasons)),
            .init("actor", .text(tombstone.actor)), .init("time", .text(tombstone.time.description)),
        ])
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        batch.append(Array(fact.line.utf8), kind: .fact, origin: origin, receiveTime: now)
        do throws(EngineLogFault) {
            _ = try journal.append(&batch)
            try journal.synchronise()
        } catch {
            throw .suspect
        }
    }
}
