// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit

@testable import SegmentLog

/// A defect planted to prove that the harness sees it.
enum Mutant: CaseIterable {
    case acknowledgeBeforeSync
    case noDirectorySync
    case noTornTailCut
}

/// Passes everything on except directory synchronisation.
struct NoDirectorySync: LogStorage {
    let inner: RecordingStorage

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any LogFile {
        try inner.open(path, mode)
    }
    func makeDirectory(_ path: String) throws(StorageError) { try inner.makeDirectory(path) }
    func list(_ path: String) throws(StorageError) -> [String] { try inner.list(path) }
    func rename(_ path: String, to target: String) throws(StorageError) { try inner.rename(path, to: target) }
    func remove(_ path: String) throws(StorageError) { try inner.remove(path) }
    func synchroniseDirectory(_ path: String) throws(StorageError) {}
    func size(_ path: String) throws(StorageError) -> Int? { try inner.size(path) }
}

/// Writes a store on a recorded disk, with appends in groups, blocks, seals and a reopening.
func recordSession(_ recorder: RecordingStorage, mutant: Mutant?) throws {
    let storage: any LogStorage = mutant == .noDirectorySync ? NoDirectorySync(inner: recorder) : recorder
    for _ in 0..<2 {
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        for group in 0..<9 {
            for _ in 0..<(group % 3 + 1) {
                var batch = sampleBatch(base: writer.nextOffset, count: 3)
                _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(group)))
            }
            if mutant == .acknowledgeBeforeSync { recorder.acknowledge(writer.nextOffset.value) }
            let end = try writer.sync()
            recorder.acknowledge(end.value)
            try commitBlocks(writer)
        }
        try writer.close()
    }
}

/// What is wrong with a disk after a crash; nil if every promise holds.
func brokenPromise(_ state: CrashState, mutant: Mutant?) -> String? {
    var options = smallOptions()
    options.cutsTornTail = mutant != .noTornTailCut
    do {
        let before = try readAll(state.storage)
        let writer = try LogWriter.open(
            storage: state.storage,
            path: "store",
            stream: "records",
            options: options
        )
        let known = Set(writer.recovery.damage)
        guard writer.nextOffset.value >= state.acknowledgedEnd else { return "acknowledged records are cut" }
        for offset in 0..<state.acknowledgedEnd where before[offset] != payload(offset) {
            return "acknowledged record \(offset) is missing or altered"
        }
        let start = writer.nextOffset
        var batch = sampleBatch(base: start, count: 3)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 99))
        _ = try writer.sync()
        try commitBlocks(writer, force: true)
        try writer.close()
        for (offset, bytes) in try readAll(state.storage) where bytes != payload(offset) {
            return "record \(offset) is forged"
        }
        let report = try verifyLog(storage: state.storage, path: "store", stream: "records")
        for note in report.damage where note.reason != .hole && !known.contains(note) {
            return "damage appears after recovery: \(note)"
        }
        for hole in report.holes where hole.from.value < state.acknowledgedEnd {
            return "hole in what was promised"
        }
        guard report.end == start.advanced(by: 3), report.tails.isEmpty else { return "the end is not whole" }
        return nil
    } catch {
        return "the store does not open: \(error)"
    }
}
