// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import Synchronization
import Testing

@Suite struct EngineTests {
    @Test func `nothing is judged before it is durable, and a stop loses nothing`() throws {
        let fixture = EngineFixture()
        try fixture.engine.start()
        let lines = (0..<2_000).map { "<13>line \($0)" }
        for line in lines { #expect(fixture.engine.intake.put(fixture.batch([line]))) }
        try fixture.engine.stop()
        #expect(fixture.records.payloads(.device) == lines)
        #expect(fixture.records.count(.start) == 1)
        #expect(fixture.records.count(.stop) == 1)
        #expect(fixture.records.durable == fixture.records.next)
        let seen = fixture.witness.seen.withLock { $0 }
        #expect(seen.records == lines.count + 2)
        #expect(seen.prematureOffset == nil)
        #expect(seen.settles >= 1)
        #expect(fixture.journal.durable == fixture.journal.next)
        #expect(fixture.journal.next > .zero)
        #expect(fixture.engine.status.commits < lines.count, "records must be committed in groups")
        #expect(!fixture.engine.intake.put(fixture.batch(["late"])), "a stopped engine takes nothing")
    }

    @Test func `a receipt covers all records given before it`() throws {
        let fixture = EngineFixture()
        try fixture.engine.start()
        #expect(fixture.engine.intake.put(fixture.batch(["a", "b"])))
        #expect(try fixture.engine.synchronise() == Offset(3))
        #expect(fixture.engine.durableOffset >= Offset(3))
        #expect(try fixture.engine.settle() == Offset(3))
        #expect(fixture.witness.seen.withLock { $0.next } == Offset(3))
        try fixture.engine.stop()
    }

    @Test func `a full disk stops intake, keeps what came, and goes on by itself`() throws {
        let fixture = EngineFixture()
        fixture.records.content.withLock { $0.fullCount = 5 }
        try fixture.engine.start()
        #expect(fixture.engine.intake.put(fixture.batch(["kept"])))
        _ = try fixture.engine.synchronise()
        #expect(fixture.records.payloads(.device) == ["kept"])
        #expect(fixture.engine.status.state == .ok)
        #expect(fixture.reports.all.count == 2, "told once when full and once when there is space")
        #expect(fixture.reports.all.first?.contains("full") == true)
        try fixture.engine.stop()
    }

    @Test func `that the disk is full is told in space held back for it, and how long when there is space`()
        throws
    {
        let fixture = EngineFixture()
        fixture.records.content.withLock { content in
            content.fullCount = 5
            content.holdsReserve = true
        }
        try fixture.engine.start()
        #expect(fixture.engine.intake.put(fixture.batch(["kept"])))
        _ = try fixture.engine.synchronise()
        let begun = fixture.records.payloads(.fault)
        let ended = fixture.records.payloads(.loss)
        #expect(begun.count == 1 && ended.count == 1)
        #expect(begun.first?.contains("\"from\":\"") == true && begun.first?.contains("through") == false)
        #expect(ended.first?.contains("\"through\":\"") == true && ended.first?.contains("full") == true)
        // From the same moment on.
        let starts = (begun + ended).map { $0.split(separator: "\"from\":").last?.prefix(22) }
        #expect(starts.first == starts.last)
        #expect(fixture.records.content.withLock { $0.holdsReserve })
        try fixture.engine.stop()
    }

    @Test func `a stop on a full disk says that records could not be stored`() throws {
        let fixture = EngineFixture()
        fixture.records.content.withLock { $0.fullCount = .max }
        try fixture.engine.start()
        #expect(fixture.engine.intake.put(fixture.batch(["lost"])))
        let error = try #require(throws: WardlineError.self) { try fixture.engine.stop() }
        #expect(error.code == .storage)
        #expect(error.message.contains("could not be stored"))
    }

    @Test func `after a failed synchronisation nothing is acknowledged`() throws {
        let fixture = EngineFixture()
        fixture.records.content.withLock { $0.failsSynchronise = true }
        try fixture.engine.start()
        #expect(throws: WardlineError.self) { try fixture.engine.synchronise() }
        #expect(fixture.engine.status.state == .suspect)
        #expect(fixture.engine.durableOffset == .zero)
        #expect(fixture.witness.seen.withLock { $0.records } == 0)
        #expect(!fixture.engine.intake.put(fixture.batch(["late"])))
        #expect(throws: WardlineError.self) { try fixture.engine.stop() }
    }

    @Test func `a blocked judge stops intake at its bound and loses nothing`() throws {
        let fixture = EngineFixture(isBlocked: true, intakeBytes: 65_536) { options in
            options.decodeQueueMaxBytes = 32_768
            options.judgeQueueMaxBytes = 32_768
            options.groupSizeMaxBytes = 16_384
        }
        try fixture.engine.start()
        let line = String(repeating: "x", count: 8_000)
        var given = 0
        let refused = HandoverQueue<Bool>(capacity: 1)
        while fixture.engine.intake.tryPut(
            fixture.batch([line]),
            resume: { _ = refused.tryPut(true, weight: 1) }
        ) {
            given += 1
            try #require(given < 100_000, "intake must end while the judge is blocked")
        }
        #expect(fixture.engine.intake.bytes <= 65_536)
        #expect(fixture.engine.status.judgeBytes <= 65_536)
        _ = fixture.witness.gate.tryPut(true, weight: 1)
        #expect(refused.take() == true, "a refused giver is called when there is room")
        try fixture.engine.stop()
        #expect(fixture.records.count(.device) == given)
        #expect(fixture.witness.seen.withLock { $0.records } == given + 2)
    }

    @Test func `a closed intake refuses and calls nobody back, who would ask again for ever`() {
        let intake = IntakeQueue()
        intake.close()
        let calls = HandoverQueue<Bool>(capacity: 9)
        let isTaken = intake.tryPut(
            EngineFixture().batch(["late"]),
            resume: { _ = calls.tryPut(true, weight: 1) }
        )
        #expect(!isTaken && calls.count == 0)
    }

    @Test func `the judge catches up from the log before new records`() throws {
        let log = MemoryLog()
        var old = EngineFixture(records: log).batch(["old 1", "old 2"])
        _ = try log.append(&old)
        try log.synchronise()
        let fixture = EngineFixture(records: log)
        try fixture.engine.start()
        #expect(try fixture.engine.settle() == Offset(3))
        #expect(fixture.witness.seen.withLock { $0.records } == 3)
        try fixture.engine.stop()
    }

    @Test func `a tick is appended when its time has come and nothing arrives`() throws {
        let fixture = EngineFixture { $0.settleDelayNanoseconds = 1_000_000 }
        fixture.witness.seen.withLock { $0.deadline = UTCTime(nanoseconds: 1) }
        try fixture.engine.start()
        _ = try fixture.engine.settle()
        while fixture.witness.seen.withLock({ $0.ticks }) == 0 {
            _ = try fixture.engine.synchronise()
            yieldToThreads()
        }
        try fixture.engine.stop()
        #expect(fixture.records.count(.tick) == 1, "one tick for one deadline")
    }

    /// Gives other threads time by waiting for something that never comes.
    private func yieldToThreads() {
        _ = HandoverQueue<Never>(capacity: 1).take(waitingNanoseconds: 300_000_000)
    }
}
