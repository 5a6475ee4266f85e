// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import Testing

@Suite struct ImportStateTests {
    @Test func `records, columns and an interrupted import survive a process that ends without a stop`()
        throws
    {
        let folder = try TemporaryFolder()
        let first = try folder.engine()
        try first.start()
        #expect(first.intake.put(begin("aa", resumed: 0)))
        #expect(first.intake.put(imported(["1", "2", "3"])))
        _ = try first.synchronise()
        first.abandon()
        #expect(try folder.state("aa") == .interrupted(records: 3))
        #expect(try folder.state("bb") == .new)

        let second = try folder.engine()
        try second.start()
        #expect(second.intake.put(begin("aa", resumed: 3)))
        #expect(second.intake.put(imported(["4"])))
        _ = try second.synchronise()
        second.abandon()
        #expect(try folder.state("aa") == .interrupted(records: 4))

        let third = try folder.engine()
        try third.start()
        #expect(third.intake.put(begin("aa", resumed: 4)))
        #expect(third.intake.put(ImportFacts.end(file: "f", sha256: "aa", records: 4, at: .absent)))
        try third.stop()
        #expect(try folder.state("aa") == .complete(records: 4))
    }

    private func begin(_ sha256: String, resumed: Int) -> RecordBatch {
        ImportFacts.begin(
            file: "f",
            sha256: sha256,
            bytes: 1,
            referenceTime: UTCTime(nanoseconds: 0),
            referenceSource: "flag",
            resumed: resumed,
            at: .absent
        )
    }

    private func imported(_ lines: [String]) -> RecordBatch {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "f", transport: .file))
        for line in lines {
            batch.append(
                Array(line.utf8),
                kind: .device,
                flags: .imported,
                origin: origin,
                receiveTime: .absent
            )
        }
        return batch
    }
}

/// A store in a folder of its own that goes with the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        let base = environmentValue("TMPDIR") ?? "/tmp"
        path = base + "/wardline-pipeline-\(processIdentifier())-\(UInt64.random(in: 0 ... .max))"
        try POSIXStorage().makeDirectories(path)
    }

    deinit {
        try? POSIXStorage().removeTree(path)
    }

    func engine() throws -> Engine {
        let records = try LogOwner(storage: POSIXStorage(), path: path, stream: "records", hasColumns: true)
        let journal = try LogOwner(storage: POSIXStorage(), path: path, stream: "journal", hasColumns: false)
        return Engine(
            records: records,
            journal: journal,
            judge: RecordingJudge(JudgeWitness(), MemoryLog()),
            apply: { _ in }
        )
    }

    func state(_ sha256: String) throws -> ImportState {
        try ImportState.find(sha256, storage: POSIXStorage(), path: path)
    }
}
