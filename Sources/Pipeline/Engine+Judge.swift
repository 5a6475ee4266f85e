// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import Projections
import Synchronization

/// The judge thread: judge, journal, project.
extension Engine {
    /// Records that the judge may be ahead of the read models while more wait: two or three seconds of work.
    private static let publishCount = 262_144

    func runJudge(_ judge: inout any RecordJudge, startedAt start: Offset) {
        do {
            try judgeAll(&judge, startedAt: start)
        } catch {
            fail(error)
        }
        // The decode thread must not wait for a judge that is gone.
        judgeQueue.close()
        for item in judgeQueue.takeAll() {
            guard case .settle(let receipt) = item else { continue }
            receipt.fulfil(.failure(Engine.unjudged))
        }
    }

    static let unjudged = WardlineError(.storage, "The store closed before the records were judged.")

    private func judgeAll(_ judge: inout any RecordJudge, startedAt start: Offset) throws(WardlineError) {
        let next = judge.next
        kept.withLock { $0 = next }
        // What a stop leaves unread of the log before the start must not be judged as if it were all.
        var isSettled = true
        while true {
            let item =
                isSettled
                ? judgeQueue.take() : judgeQueue.take(waitingNanoseconds: options.settleDelayNanoseconds)
            switch item {
            case .records(let decoded):
                try process(decoded, &judge)
                // Durable records that were not judged are on their way.
                try publish(&judge, moreFollows: judge.next < durableOffset)
                isSettled = judge.next < start
            case .settle(let receipt):
                try settle(&judge)
                isSettled = true
                receipt.fulfil(.success(judge.next))
            case nil:
                let isDone = judgeQueue.isClosed && judgeQueue.count == 0
                if !isSettled { try settle(&judge) }
                isSettled = true
                if isDone {
                    keepState(of: judge, after: options.snapshotCountAtStop)
                    return
                }
            }
        }
    }

    private func process(_ decoded: DecodedRecords, _ judge: inout any RecordJudge) throws(WardlineError) {
        // Damaged records leave a hole in the offsets; nothing may come twice.
        guard decoded.base >= judge.next else {
            throw WardlineError(
                .internal,
                "The judge stands at \(judge.next) and was given records from \(decoded.base)."
            )
        }
        let events = try judge.process(decoded)
        guard !decoded.epoch.isEmpty else { return }
        records.decoded(events, base: decoded.base, through: decoded.end, epoch: decoded.epoch)
    }

    private func settle(_ judge: inout any RecordJudge) throws(WardlineError) {
        judge.settle()
        try publish(&judge, moreFollows: false)
    }

    /// Facts become durable before the read models show what follows from them.
    ///
    /// While more records wait, the read models follow only every ``publishCount`` records: a transaction
    /// costs the same for one record of a source as for thousands.
    private func publish(_ judge: inout any RecordJudge, moreFollows: Bool) throws(WardlineError) {
        try journal(judge.takeFacts())
        let published = state.withLock(\.judgedOffset)
        if moreFollows, judge.next < published.advanced(by: Engine.publishCount) { return }
        if var update = judge.takeUpdate(through: judge.next) {
            update.through.journal = journal.next
            try whenThereIsSpace { () throws(WardlineError) in try apply(update) }
        }
        let (next, wanted, journalNext) = (judge.next, judge.deadline, journal.next)
        deadline.withLock { $0 = wanted }
        state.withLock { status in
            status.judgedOffset = next
            status.journalOffset = journalNext
        }
        keepState(of: judge, after: options.snapshotCount)
    }

    /// Keeps the state of judgement if `count` records were judged since it was kept last.
    ///
    /// What goes wrong costs time at the next start and nothing else, so it is told and passed over.
    private func keepState(of judge: any RecordJudge, after count: Int) {
        let last = kept.withLock { $0 }
        guard let keep, judge.next >= last.advanced(by: count) else { return }
        do throws(WardlineError) {
            // Soon again where something waits to be told.
            guard let snapshot = try judge.snapshot() else { return }
            try keep(snapshot)
        } catch {
            options.report("warning: \(error)")
        }
        let next = judge.next
        kept.withLock { $0 = next }
    }

    private func journal(_ facts: [JSONValue]) throws(WardlineError) {
        guard !facts.isEmpty else { return }
        let lost = VerdictFacts.determinismCount(facts)
        if lost > 0 {
            options.report(
                "error: \(lost) conclusions in the journal do not follow from the records any more: records, "
                    + "or the rules and site files that were in force, are not those of then. Compare with a "
                    + "head that was kept elsewhere: wardline verify --since HEAD"
            )
        }
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        let now = options.clock.now()
        for fact in facts {
            batch.append(Array(fact.line.utf8), kind: .fact, origin: origin, receiveTime: now)
        }
        try whenThereIsSpace { () throws(WardlineError) in
            do throws(EngineLogFault) {
                _ = try journal.append(&batch)
                try journal.synchronise()
            } catch {
                guard case .full(var reason) = error else { throw error.error }
                reason.code = .full
                throw reason
            }
        }
    }

    /// Does `act`, again and again as long as the disk is full.
    private func whenThereIsSpace(_ act: () throws(WardlineError) -> Void) throws(WardlineError) {
        while true {
            do throws(WardlineError) {
                try act()
                leaveFull(by: .judge)
                return
            } catch {
                guard error.code == .full else { throw error }
                enterFull(error, by: .judge)
                guard !pause.isClosed else { throw error }
                _ = pause.take(waitingNanoseconds: options.fullRetryNanoseconds)
            }
        }
    }
}
