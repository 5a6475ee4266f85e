// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Digests
public import EventModel
import Pipeline
public import Platform
public import Projections
public import QueryEngine
import SegmentLog
import Timelines
import WireFormats

/// Writes a case: an incident with everything that proves it, in one file.
///
/// Reads beside a daemon and takes no lock.
public struct CaseExport {
    private let store: StoreReader
    private let storage: any LogStorage
    private let signer: HeadSigner
    private let actor: String
    private let program: String
    private let now: UTCTime

    /// Exports from `store` for `actor`, with the store's key.
    public init(
        _ store: StoreReader,
        storage: any LogStorage,
        actor: String,
        program: String,
        now: UTCTime
    ) throws(WardlineError) {
        self.store = store
        self.storage = storage
        self.actor = actor
        self.program = program
        self.now = now
        signer = try HeadSigner.open(StorePaths(store.path), storage: storage)
    }

    /// What an export came to.
    public struct Report: Hashable, Sendable {
        /// Records of devices.
        public var records = 0
        /// Records of Wardline that decide how those are read: files in force, imports, losses.
        public var controls = 0
        /// Entries of the journal.
        public var facts = 0
        /// Rule, decoder and site files.
        public var files = 0
        /// Records that the incident names and that are not there: removed by retention, or damaged.
        public var missing: [UInt64] = []
    }

    /// The bytes of a case.
    ///
    /// - Throws: `usage` when no signed head covers the evidence yet, `integrity` when the store does not
    ///   agree with its newest head.
    /// - Complexity: O(bytes) of the log up to the last record that is cited; memory of the case.
    public func bytes(of incident: StoredIncident) throws(WardlineError) -> ([UInt8], Report) {
        let cited = Set(incident.citedOffsets).sorted()
        guard let last = cited.last else {
            throw WardlineError(.usage, "The incident cites no record.")
        }
        var report = Report()
        let controls = try ControlsInForce(store, storage, cited: cited)
        let records = try prover("records", upTo: last)
        let proven = try proofs(records, Set(cited).union(controls.offsets).sorted())
        let known = Set(proven.map(\.offset.value))
        report.missing = cited.filter { !known.contains($0) }
        report.controls = controls.offsets.count
        report.records = proven.count - controls.offsets.filter(known.contains).count
        let facts = try factOffsets(incident)
        let journal = try facts.last.map { last throws(WardlineError) in try prover("journal", upTo: last) }
        let provenFacts = try journal.map { prover throws(WardlineError) in try proofs(prover, facts) } ?? []
        report.facts = provenFacts.count
        report.files = controls.files.count
        let content = CaseContent(
            incident: incident.incident,
            alerts: incident.alerts.map(CaseExport.object),
            made: now,
            actor: actor,
            program: program,
            keys: signer.publicText.split(separator: "\n").compactMap { NoteKey($0) },
            heads: [records.head] + [journal?.head].compactMap { $0 }
        )
        var lines = [CaseLine.opening(content), CaseLine.incident(content)]
        lines += proven.map { CaseLine.record("records", $0) }
        lines += provenFacts.map { CaseLine.record("journal", $0) }
        for file in controls.files { lines.append(CaseLine.file(file.name, try store.set(file.sha256))) }
        return (try sealed(lines, incident.id), report)
    }

    private func sealed(_ lines: [JSONValue], _ incident: String) throws(WardlineError) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines {
            bytes += Array(line.line.utf8)
            bytes.append(0x0a)
        }
        let body = CaseLine.sealBody(incident, lines: lines.count, sha256(bytes))
        guard let note = signer.note(body, stream: "records") else {
            throw WardlineError(.internal, "The case could not be signed.")
        }
        return bytes + Array((CaseLine.seal(note).line + "\n").utf8)
    }

    private func prover(_ stream: String, upTo last: UInt64) throws(WardlineError) -> LogProver {
        guard let head = try store.newestHead(stream: stream), head.size > last else {
            throw WardlineError(
                .usage,
                "No signed head of \(stream) covers record \(last) yet. Heads are signed every five minutes "
                    + "and when the store is closed: try again then."
            )
        }
        return try store.prover(in: head, stream: stream)
    }

    private func proofs(_ prover: LogProver, _ offsets: [UInt64]) throws(WardlineError) -> [RecordProof] {
        let proofs = try store.proofs(of: offsets.map(Offset.init), by: prover)
        guard proofs.allSatisfy(\.isSound) else {
            throw WardlineError(
                .integrity,
                "The store does not agree with its newest head. Run `wardline verify`.",
                location: store.path
            )
        }
        return proofs
    }

    /// Entries of the journal about the incident and its alerts.
    private func factOffsets(_ incident: StoredIncident) throws(WardlineError) -> [UInt64] {
        let ids = Set([incident.id] + incident.mergedIDs + incident.alerts.map(\.id))
        var found: [UInt64] = []
        try store.forEachJournalEntry { offset, bytes in
            guard let fact = try? JSONValue(parsing: bytes.span), let id = fact["id"]?.text, ids.contains(id)
            else { return }
            found.append(offset.value)
        }
        return found
    }

    /// What a rule's licence asks to be carried, and what the alert rests on.
    static func object(_ alert: Alert) -> JSONValue {
        .object([
            .init("id", .text(alert.id)), .init("rule", .text(alert.rule)),
            .init("title", .text(alert.title)),
            .init("level", .text(alert.level.name)), .init("key", .texts(alert.key)),
            .init("first", .text(alert.first.description)), .init("last", .text(alert.last.description)),
            .init("count", .integer(Int64(alert.count))), .init("tags", .texts(alert.tags)),
            .init("absences", .texts(alert.statedAbsences)),
            .init("evidence", .array(alert.evidence.map { .integer(Int64(clamping: $0.offset.value)) })),
            .init("author", .text(alert.attribution.author)),
            .init("license", .text(alert.attribution.license)),
            .init("references", .texts(alert.attribution.references)),
        ])
    }
}
