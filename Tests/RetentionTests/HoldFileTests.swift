// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import SimulationKit
import Testing

@testable import Retention

private let stamp = UTCTime(nanoseconds: 1_790_000_000_000_000_000)

private func hold(_ name: String) -> Hold {
    Hold(
        name: name,
        reason: "court order 2026-4",
        actor: "root (uid 0)",
        time: stamp,
        offsets: [3..<5, 9..<10],
        period: UTCTime(nanoseconds: 0)...stamp,
        incidents: ["INC-a", "INC-b"]
    )
}

@Suite struct HoldFileTests {
    @Test func `holds are read back as they were placed, until they are ended`() throws {
        let file = HoldFile(StorePaths("store"), storage: RecordingStorage())
        #expect(try file.inForce().isEmpty)
        try file.add(hold("a"))
        try file.add(hold("b"))
        #expect(try file.inForce() == [hold("a"), hold("b")])
        try file.remove("a", reason: "settled", actor: "root (uid 0)", time: stamp)
        #expect(try file.inForce() == [hold("b")])
        try file.add(hold("a"))
        #expect(try file.inForce() == [hold("b"), hold("a")])
    }

    @Test func `a reason makes no line of its own`() throws {
        let file = HoldFile(StorePaths("store"), storage: RecordingStorage())
        var sly = hold("a")
        sly.reason = "x\r\noffsets 0 9\nperiod 1970-01-01T00:00:00Z 2100-01-01T00:00:00Z"
        sly.period = nil
        sly.offsets = [3..<5]
        try file.add(sly)
        let read = try file.inForce()
        #expect(read.map(\.offsets) == [[3..<5]] && read.map(\.period) == [nil])
    }

    @Test func `a name is given once, and what is not there cannot be ended`() throws {
        let file = HoldFile(StorePaths("store"), storage: RecordingStorage())
        try file.add(hold("a"))
        #expect(throws: WardlineError.self) { try file.add(hold("a")) }
        #expect(throws: WardlineError.self) {
            try file.remove("b", reason: "", actor: "", time: stamp)
        }
        #expect(try file.inForce().count == 1)
    }

    @Test func `a hold that somebody changed is refused, whatever byte it was`() throws {
        let storage = RecordingStorage()
        try HoldFile(StorePaths("store"), storage: storage).add(hold("a"))
        let bytes = try #require(storage.files["store/holds"])
        for position in bytes.indices {
            var files = storage.files
            files["store/holds"]?[position] ^= 1
            let changed = HoldFile(StorePaths("store"), storage: RecordingStorage(files: files))
            #expect(throws: WardlineError.self, "byte \(position)") { try changed.inForce() }
        }
        for length in 1..<bytes.count {
            var files = storage.files
            files["store/holds"] = Array(bytes[..<length])
            let cut = HoldFile(StorePaths("store"), storage: RecordingStorage(files: files))
            #expect(throws: WardlineError.self, "cut at \(length)") { try cut.inForce() }
        }
    }
}
