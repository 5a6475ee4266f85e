// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import Projections
import QueryEngine
import Replay
import SegmentLog

/// The read models as of all records: those that are stored or, where they lag behind the log and nobody is
/// at work on them, judged anew in memory.
///
/// Writes nothing: also on a medium that cannot be written.
enum CurrentModels {
    /// Most records judged for a command that only reads: about half a minute of work.
    ///
    /// Beyond it the stored read models are shown, and a warning says how far they lag.
    static let judgedCountMax: UInt64 = 2_000_000

    /// The judge at the newest snapshot that fits, with a copy of the read models as of there.
    private static func resumed(_ path: String) throws(WardlineError) -> (any RecordJudge, ReadModels?) {
        let found = try Judge.resumed(
            StorePaths(path),
            storage: POSIXStorage(),
            build: buildIdentity(),
            isReading: true,
            mark: { Judging.mark(at: $0, path) },
            note: { _ in }
        )
        guard let models = found.readModels else { return (found.judge, nil) }
        return (found.judge, try ReadModels(path: models, mode: .immutable).copy())
    }

    static func open(_ reader: StoreReader, isQuiet: Bool) throws(WardlineError) -> ReadModels {
        let stored = try reader.readModels()
        let log: LogReader
        do throws(LogError) {
            log = try LogReader.open(storage: POSIXStorage(), path: reader.path, stream: "records")
        } catch {
            Outcome.damage("the log cannot be read: \(error); shown is what was judged before")
            return stored
        }
        Outcome.check(log, of: reader)
        let judged = try stored.checkpoint().records
        guard judged < log.end, log.holes.isEmpty, !StoreWriting.hasDaemon(reader.path) else { return stored }
        let count = Int64(clamping: log.end.value - judged.value)
        var (judge, kept) = try resumed(reader.path)
        guard log.end.value - judge.next.value <= judgedCountMax else {
            Messages.warning(
                "\(Amount.counted(count, "record")) are not judged yet and not shown; "
                    + "`wardline store rebuild` or a start of the daemon judges them"
            )
            return stored
        }
        if !isQuiet {
            Messages.note(
                "\(Amount.counted(count, "record")) are not judged yet: judged in memory for this answer"
            )
        }
        try Outcome.checkSets(reader)
        let before = UInt64(JudgeSnapshot.decodedBeforeCount)
        let from = Offset(judge.next.value > before ? judge.next.value - before : 0)
        var source: any RecordSource = StoredRecords(log, from: from)
        do throws(WardlineError) {
            return try Rejudgement.readModels(of: &source, by: &judge, from: kept)
        } catch {
            guard error.code == .integrity else { throw error }
            Outcome.damage("\(error); shown is what was judged before")
            return stored
        }
    }
}
