// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel
import Inventory
public import Platform
import Projections
import WireFormats

/// State of a judge at an offset, so that a restart judges only what follows it.
///
/// A projection of the log: without it the log is judged from its start, to the same verdicts.
public struct JudgeSnapshot: Sendable {
    /// First offset that is not judged.
    public var offset: Offset
    /// Hash of the record before it, which tells this log from others.
    public var mark: UInt64
    /// The state, as ``Judge`` writes it, in pieces: a state of some hundred megabytes is never whole in
    /// memory.
    public var pieces: [SnapshotPiece]

    /// The state at an offset.
    public init(offset: Offset, mark: UInt64, pieces: [SnapshotPiece]) {
        self.offset = offset
        self.mark = mark
        self.pieces = pieces
    }

    /// Records before ``offset`` that a decoder is shown first, twice what joined messages reach back
    /// (decision 0027).
    public static let decodedBeforeCount = 8_192

    /// Hash of the record at `row`, with the time at which it was logged.
    public static func mark(_ records: RecordBatch, _ row: Int) -> UInt64 {
        var hash = StableHash(seed: UInt64(bitPattern: records.rows[row].logTime.nanoseconds))
        let range = records.rows[row].range
        hash.combine(records.bytes.span, range)
        return hash.value
    }
}

extension Judge {
    /// Opens the judge of a store at the newest of its snapshots that fits its log; at the log's beginning
    /// where none does.
    ///
    /// - Parameters:
    ///   - isReading: Whether the store is not written to.
    ///   - mark: Hash of the record at an offset (``JudgeSnapshot/mark(_:_:)``); nil where the log has none.
    ///   - note: Told why a snapshot is passed over.
    /// - Returns: The judge, and the path of the read models that go with its place; nil at the beginning.
    /// - Throws: `storage` or `integrity` when key or journal cannot be read.
    public static func resumed(
        _ store: StorePaths,
        storage: any LogStorage,
        build: String,
        isReading: Bool = false,
        mark: (Offset) -> UInt64?,
        note: (String) -> Void
    ) throws(WardlineError) -> (judge: Judge, readModels: String?) {
        let start =
            isReading
            ? try Judge(reading: store, storage: storage) : try Judge(store: store, storage: storage)
        var opened: (judge: Judge, readModels: String?) = (start, nil)
        SnapshotFiles(store, storage: storage, build: build).visit(note) { found in
            let snapshot = found.snapshot
            guard snapshot.offset > .zero, mark(Offset(snapshot.offset.value - 1)) == snapshot.mark else {
                note(
                    "the snapshot at offset \(snapshot.offset) is not used: the log before it is another one"
                )
                return false
            }
            var judge = start
            do throws(WardlineError) {
                try judge.resume(from: snapshot)
            } catch {
                note(error.description)
                return false
            }
            opened = (judge, found.readModels)
            return true
        }
        return opened
    }

    /// The state at ``next``; nil while an import runs or something waits to be told or revised.
    ///
    /// Call after facts and updates were taken: what waits there is not part of it.
    public func snapshot() throws(WardlineError) -> JudgeSnapshot? {
        guard let mark, imported == nil, begun == nil, facts.isEmpty, journal.isCaughtUp, correlator.isAtRest
        else { return nil }
        do {
            var pieces: [SnapshotPiece] = []
            let encoder = SnapshotEncoder { pieces.append(SnapshotPiece($0)) }
            try write(to: encoder)
            encoder.finish()
            return JudgeSnapshot(offset: next, mark: mark, pieces: pieces)
        } catch {
            throw WardlineError(.internal, "The state of judgement cannot be written.", cause: "\(error)")
        }
    }

    private func write(to encoder: SnapshotEncoder) throws {
        try encoder.write(content.accepted)
        try correlator.write(to: encoder)
        try encoder.write(clocks)
        try encoder.write(sequences)
        try encoder.write(board)
        for time in [watermark, lastLogTime, latestLive] { encoder.write(time) }
        try encoder.write(removedEnd)
        try encoder.write(update.base)
    }

    /// Goes on at the offset of `snapshot`; this judge must have judged nothing yet.
    ///
    /// - Throws: `integrity` where the snapshot is damaged or does not fit; this judge must not be used then.
    mutating func resume(from snapshot: JudgeSnapshot) throws(WardlineError) {
        do {
            var pieces = snapshot.pieces[...]
            let count = pieces.reduce(0) { $0 + $1.count }
            let decoder = SnapshotDecoder(count: count) { try pieces.popFirst()?.unpacked() }
            try resume(decoder, at: snapshot.offset)
            mark = snapshot.mark
            journal.resume(at: snapshot.offset)
        } catch {
            throw WardlineError(
                .integrity,
                "The snapshot at offset \(snapshot.offset) cannot be used.",
                cause: "\(error)"
            )
        }
    }

    private mutating func resume(_ decoder: SnapshotDecoder, at offset: Offset) throws {
        for accepted in try decoder.value() as [JudgeContent.Accepted] {
            guard let kind = RecordKind(rawValue: accepted.kind),
                let fact = try? JSONValue(parsing: Array(accepted.fact.utf8).span)
            else { throw decoder.damage }
            if fact["role"]?.text == "decoders" { firstDecoder.activate(fact) }
            guard content.apply(kind, fact).refused == accepted.refused else {
                throw SnapshotError.mismatch("a file that was in force is missing or was changed")
            }
        }
        correlator = Correlator(rules: content.rules, register: AssetRegister(site: content.site))
        try correlator.resume(from: decoder)
        clocks = try decoder.value()
        sequences = try decoder.value()
        board = try decoder.value()
        watermark = try decoder.time()
        lastLogTime = try decoder.time()
        latestLive = try decoder.time()
        removedEnd = try decoder.value()
        let base: ProjectionCheckpoint = try decoder.value()
        guard decoder.isAtEnd, base.records == offset else { throw decoder.damage }
        update = ProjectionUpdate(base: base, through: base)
        next = offset
    }
}
