// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Pipeline
import Projections
import Testing
import Timelines

@testable import Replay

/// Cuts records into batches of a size.
private struct CutSource: RecordSource {
    var payloads: [[UInt8]]
    var batchSize: Int
    var position = 0
    /// Offset at which one record is left out.
    var hole: Int?

    init(_ payloads: [[UInt8]], batchSize: Int, hole: Int? = nil) {
        self.payloads = payloads
        self.batchSize = batchSize
        self.hole = hole
    }

    mutating func next() -> (base: Offset, records: RecordBatch)? {
        guard position < payloads.count else { return nil }
        if position == hole { position += 1 }
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "t", transport: .udp))
        let base = position
        while position < payloads.count, batch.count < batchSize {
            batch.append(payloads[position], kind: .device, origin: origin, receiveTime: .absent)
            position += 1
        }
        return (Offset(UInt64(base)), batch)
    }
}

/// Opens an incident for each record that holds `!`; the last one's stays provisional until it settles.
struct MarkJudge: RecordJudge {
    var applied = ProjectionCheckpoint.zero
    var counters = SourceCounters(name: "s")
    var incidents: [String: Incident] = [:]
    var isSettled = false
    var totals = ProjectionTotals()

    var next: Offset { applied.records }
    var deadline: UTCTime? { nil }

    mutating func takeFacts() -> [JSONValue] { [] }

    mutating func process(_ decoded: DecodedRecords) -> EventBatch {
        let (records, base) = (decoded.records, decoded.base)
        for index in records.rows.indices where records.rows[index].kind == .device {
            totals.records += 1
            let payload = records.payload(index)
            counters.count(rawBytes: payload.count, issues: [], received: .absent)
            guard payload.contains(UInt8(ascii: "!")) else { continue }
            let offset = base.advanced(by: index)
            incidents["INC-\(offset)"] = Incident(
                id: "INC-\(offset)",
                severity: .high,
                risk: 1,
                title: "t",
                alerts: [],
                rules: [],
                classes: [],
                devices: [],
                users: [],
                first: UTCTime(nanoseconds: Int64(offset.value)),
                last: .absent,
                entries: [],
                absences: [],
                whyJoined: [],
                isProvisional: true
            )
        }
        return EventBatch()
    }

    mutating func settle() { isSettled = true }

    mutating func takeUpdate(through offset: Offset) -> ProjectionUpdate? {
        let next = ProjectionCheckpoint(records: offset, journal: .zero)
        var update = ProjectionUpdate(base: applied, through: next)
        for id in incidents.keys.sorted() {
            incidents[id]?.isProvisional = !isSettled
            if let incident = incidents[id] { update.incidents.append(incident) }
        }
        update.sources = [counters]
        update.totals = totals
        totals = ProjectionTotals()
        counters = SourceCounters(name: "s")
        applied = next
        return update
    }
}

@Suite struct RejudgementTests {
    private static let payloads = (0..<23).map { Array(($0 % 5 == 3 ? "line \($0) !" : "line \($0)").utf8) }

    @Test(arguments: [1, 2, 7, 23, 100])
    func `the cut of the batches does not show`(batchSize: Int) throws {
        var whole: any RecordSource = CutSource(Self.payloads, batchSize: 1_000)
        var first: any RecordJudge = MarkJudge()
        let expected = try Rejudgement.readModels(of: &whole, by: &first)
        var source: any RecordSource = CutSource(Self.payloads, batchSize: batchSize)
        var judge: any RecordJudge = MarkJudge()
        let models = try Rejudgement.readModels(of: &source, by: &judge)
        #expect(try models.orderedDump() == expected.orderedDump())
        #expect(try models.incidents().map(\.id) == ["INC-3", "INC-8", "INC-13", "INC-18"])
        #expect(try models.incidents().allSatisfy { !$0.isProvisional })
        #expect(try models.checkpoint().records == Offset(23))
    }

    @Test func `a changed record changes the result`() throws {
        var payloads = Self.payloads
        payloads[4].append(UInt8(ascii: "!"))
        var source: any RecordSource = CutSource(payloads, batchSize: 5)
        var judge: any RecordJudge = MarkJudge()
        var other: any RecordSource = CutSource(Self.payloads, batchSize: 5)
        var otherJudge: any RecordJudge = MarkJudge()
        let judged = try Rejudgement.readModels(of: &source, by: &judge).incidents()
        let stored = try Rejudgement.readModels(of: &other, by: &otherJudge).incidents()
        #expect(ReplayComparison(stored: stored, judged: judged).surplus == ["INC-4"])
    }

    @Test func `a hole is refused`() {
        var source: any RecordSource = CutSource(Self.payloads, batchSize: 5, hole: 10)
        var judge: any RecordJudge = MarkJudge()
        let error = #expect(throws: WardlineError.self) {
            try Rejudgement.readModels(of: &source, by: &judge)
        }
        #expect(error?.code == .integrity)
    }

    @Test func `no records give empty read models`() throws {
        var source: any RecordSource = CutSource([], batchSize: 5)
        var judge: any RecordJudge = MarkJudge()
        #expect(try Rejudgement.readModels(of: &source, by: &judge).incidents().isEmpty)
    }
}
