// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

@Suite struct FaultTests {
    /// Runs the session of the crash tests until an error stops it; returns what was promised.
    private func run(_ storage: RecordingStorage) -> (promised: UInt64, error: (any Error)?) {
        do {
            try recordSession(storage, mutant: nil)
            return (promised(storage), nil)
        } catch {
            return (promised(storage), error)
        }
    }

    private func promised(_ storage: RecordingStorage) -> UInt64 {
        storage.operations.reduce(0) { if case .acknowledge(let end) = $1 { max($0, end) } else { $0 } }
    }

    @Test(arguments: DiskFault.Kind.allCases, [false, true])
    func `whichever operation fails, nothing promised is lost`(
        _ kind: DiskFault.Kind,
        _ isLasting: Bool
    ) throws {
        // A device that interrupts every write for ever cannot be served.
        guard !(kind == .interrupted && isLasting) else { return }
        var nth = 1
        while true {
            let storage = RecordingStorage()
            storage.fail(DiskFault(kind, nth: nth, isLasting: isLasting))
            let (promised, error) = run(storage)
            let hasFired = storage.attempts >= nth
            storage.fail(nil)
            if kind.isForWritesOnly { #expect(error == nil) }
            let all = try readAll(storage)
            for offset in 0..<promised { #expect(all[offset] == payload(offset), "\(kind) at \(nth)") }
            let writer = try LogWriter.open(
                storage: storage,
                path: "store",
                stream: "records",
                options: smallOptions()
            )
            #expect(writer.nextOffset.value >= promised)
            try writer.close()
            #expect(
                try verifyLog(storage: storage, path: "store", stream: "records").isSound,
                "\(kind) at \(nth)"
            )
            guard hasFired else { break }
            nth += 1
        }
        #expect(nth > 50)
    }
}
