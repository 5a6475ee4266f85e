// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import Projections
import Synchronization

/// A log in memory that fails on order.
final class MemoryLog: EngineLog {
    struct Content {
        var appended: [RecordBatch] = []
        var next = Offset.zero
        var durable = Offset.zero
        /// Appends that fail as if the disk were full.
        var fullCount = 0
        /// Whether space for one append is held back, and whether it was freed and not used yet.
        var holdsReserve = false
        var hasFreed = false
        var failsSynchronise = false
        var isClosed = false
    }

    let content = Mutex(Content())

    var next: Offset { content.withLock { $0.next } }
    var durable: Offset { content.withLock { $0.durable } }

    func append(_ batch: inout RecordBatch) throws(EngineLogFault) -> Offset {
        let copy = batch
        let base: Offset? = content.withLock { content in
            guard content.fullCount == 0 || content.hasFreed else {
                content.fullCount -= 1
                return nil
            }
            content.hasFreed = false
            let base = content.next
            content.appended.append(copy)
            content.next = base.advanced(by: copy.count)
            return base
        }
        guard let base else { throw .full(WardlineError(.storage, "full")) }
        return base
    }

    func synchronise() throws(EngineLogFault) {
        let isDone = content.withLock { content in
            guard !content.failsSynchronise else { return false }
            content.durable = content.next
            return true
        }
        guard isDone else { throw .suspect(WardlineError(.storage, "fdatasync failed")) }
    }

    func decoded(_ events: EventBatch, base: Offset, through: Offset, epoch: [UInt8]) {}

    func endReading() {}

    func read(
        from offset: Offset,
        below end: Offset
    ) throws(WardlineError) -> (base: Offset, records: RecordBatch)? {
        content.withLock { content in
            var base = Offset.zero
            for batch in content.appended {
                if base == offset { return (base, batch) }
                base = base.advanced(by: batch.count)
            }
            return nil
        }
    }

    func releaseReserve() {
        content.withLock { content in
            content.hasFreed = content.holdsReserve
            content.holdsReserve = false
        }
    }

    func restoreReserve() { content.withLock { $0.holdsReserve = true } }
    func close() throws(WardlineError) { content.withLock { $0.isClosed = true } }

    /// Payloads of all records of a kind, in order.
    func payloads(_ kind: RecordKind) -> [String] {
        content.withLock { content in
            content.appended.flatMap { batch in
                batch.rows.indices.filter { batch.rows[$0].kind == kind }.map {
                    String(decoding: batch.payload($0), as: UTF8.self)
                }
            }
        }
    }

    func count(_ kind: RecordKind) -> Int {
        content.withLock { content in
            content.appended.reduce(0) { $0 + $1.rows.count { $0.kind == kind } }
        }
    }
}

/// What a recording judge saw; shared with the test.
final class JudgeWitness: Sendable {
    struct Seen {
        var next = Offset.zero
        var records = 0
        var ticks = 0
        var settles = 0
        /// Greatest offset judged that was not durable then; the engine must never let this happen.
        var prematureOffset: Offset?
        var deadline: UTCTime?
    }

    let seen = Mutex(Seen())
    /// While closed queues are empty the judge waits: a gate that a test opens.
    let gate = HandoverQueue<Bool>(capacity: 1)
}

/// A judge that only counts.
struct RecordingJudge: RecordJudge {
    let witness: JudgeWitness
    let log: MemoryLog
    var isBlocked = false
    var next: Offset
    var facts: [JSONValue] = []

    init(_ witness: JudgeWitness, _ log: MemoryLog, isBlocked: Bool = false, next: Offset = .zero) {
        self.witness = witness
        self.log = log
        self.isBlocked = isBlocked
        self.next = next
    }

    var deadline: UTCTime? { witness.seen.withLock { $0.deadline } }

    mutating func process(_ decoded: DecodedRecords) throws(WardlineError) -> EventBatch {
        let records = decoded.records
        if isBlocked { _ = witness.gate.take() }
        isBlocked = false
        next = decoded.end
        let (end, durable) = (next, log.durable)
        witness.seen.withLock { seen in
            seen.records += records.count
            seen.ticks += records.rows.count { $0.kind == .tick }
            if records.rows.contains(where: { $0.kind == .tick }) { seen.deadline = nil }
            seen.next = end
            if end > durable { seen.prematureOffset = end }
        }
        facts.append(.object([.init("fact", .text("seen")), .init("through", .integer(Int64(end.value)))]))
        return EventBatch()
    }

    mutating func takeFacts() -> [JSONValue] {
        defer { facts = [] }
        return facts
    }

    mutating func takeUpdate(through: Offset) -> ProjectionUpdate? { nil }

    mutating func settle() { witness.seen.withLock { $0.settles += 1 } }
}

/// An engine over memory with everything a test looks at.
struct EngineFixture {
    let records: MemoryLog
    let journal = MemoryLog()
    let witness = JudgeWitness()
    let reports = Reports()
    let engine: Engine

    init(
        records: MemoryLog = MemoryLog(),
        isBlocked: Bool = false,
        intakeBytes: Int = IntakeQueue.sizeMaxBytes,
        _ change: (inout Engine.Options) -> Void = { _ in }
    ) {
        self.records = records
        var options = Engine.Options()
        options.groupDelayNanoseconds = 1_000_000
        options.fullRetryNanoseconds = 1_000_000
        options.report = { [reports] in reports.add($0) }
        change(&options)
        engine = Engine(
            records: records,
            journal: journal,
            judge: RecordingJudge(witness, records, isBlocked: isBlocked),
            intake: IntakeQueue(sizeMaxBytes: intakeBytes),
            options: options,
            apply: { _ in }
        )
    }

    func batch(_ lines: [String]) -> RecordBatch {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "test", transport: .tcp))
        for line in lines {
            batch.append(Array(line.utf8), kind: .device, origin: origin, receiveTime: .absent)
        }
        return batch
    }
}

/// What the engine told people.
final class Reports: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
