// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import Projections
import Synchronization

/// The judge thread: catch up, judge, journal, project.
extension Engine {
    /// Records that the judge may be ahead of the read models while more wait: a second or two of work.
    private static let publishCount = 131_072

    func runJudge(_ judge: inout any RecordJudge, startedAt durable: Offset) {
        do {
            // Newer records must not be judged before those that a stop has left unread.
            if try catchUp(&judge, below: durable) { try judgeNew(&judge) }
        } catch {
            fail(error)
        }
        // The log thread must not wait for a judge that is gone.
        judgeQueue.close()
        for item in judgeQueue.takeAll() {
            guard case .settle(let receipt) = item else { continue }
            receipt.fulfil(
                .failure(WardlineError(.storage, "The store closed before the records were judged."))
            )
        }
    }

    /// Feeds what the log held before the start and the judge has not seen.
    ///
    /// - Returns: False when a stop ended it early; the next start goes on there.
    private func catchUp(_ judge: inout any RecordJudge, below end: Offset) throws(WardlineError) -> Bool {
        while judge.next < end {
            guard !pause.isClosed else { return false }
            guard let (base, batch) = try records.read(from: judge.next, below: end), batch.count > 0 else {
                throw WardlineError(
                    .integrity,
                    "Records from offset \(judge.next) on cannot be read; run `wardline store verify`."
                )
            }
            try process(batch, base: base, &judge)
            try publish(&judge, moreFollows: judge.next < end)
        }
        records.endReading()
        return true
    }

    private func judgeNew(_ judge: inout any RecordJudge) throws(WardlineError) {
        var isSettled = false
        while true {
            let item =
                isSettled
                ? judgeQueue.take() : judgeQueue.take(waitingNanoseconds: options.settleDelayNanoseconds)
            switch item {
            case .records(let batch, let base):
                try process(batch, base: base, &judge)
                try publish(&judge, moreFollows: judgeQueue.count > 0)
                isSettled = false
            case .settle(let receipt):
                try settle(&judge)
                isSettled = true
                receipt.fulfil(.success(judge.next))
            case nil:
                let isDone = judgeQueue.isClosed && judgeQueue.count == 0
                if !isSettled { try settle(&judge) }
                isSettled = true
                if isDone { return }
            }
        }
    }

    private func process(
        _ batch: RecordBatch,
        base: Offset,
        _ judge: inout any RecordJudge
    ) throws(WardlineError) {
        // Damaged records leave a hole in the offsets; nothing may come twice.
        guard base >= judge.next else {
            throw WardlineError(
                .internal,
                "The judge stands at \(judge.next) and was given records from \(base)."
            )
        }
        let events = try judge.process(batch, base: base)
        let epoch = judge.epoch
        if !epoch.isEmpty {
            records.decoded(events, base: base, through: base.advanced(by: batch.count), epoch: epoch)
        }
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
            try apply(update)
        }
        let (next, wanted, journalNext) = (judge.next, judge.deadline, journal.next)
        deadline.withLock { $0 = wanted }
        state.withLock { status in
            status.judgedOffset = next
            status.journalOffset = journalNext
        }
    }

    private func journal(_ facts: [JSONValue]) throws(WardlineError) {
        guard !facts.isEmpty else { return }
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        let now = options.clock.now()
        for fact in facts {
            batch.append(Array(fact.line.utf8), kind: .fact, origin: origin, receiveTime: now)
        }
        while true {
            do throws(EngineLogFault) {
                _ = try journal.append(&batch)
                try journal.synchronise()
                return
            } catch {
                guard case .full(let reason) = error else { throw error.error }
                enterFull(reason)
                guard !pause.isClosed else { throw reason }
                _ = pause.take(waitingNanoseconds: options.fullRetryNanoseconds)
            }
        }
    }
}
