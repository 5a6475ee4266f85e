// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Pipeline
import Platform
import SimulationKit
import Testing

@testable import Retention
@testable import SegmentLog

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

@Suite struct HoldNotesTests {
    private static let later = stamp.advanced(by: UTCTime.second)

    /// The bytes of a file of three notes, and the keys of its store.
    private func file() throws -> (bytes: [UInt8], keys: [NoteKey]) {
        let storage = RecordingStorage()
        let file = HoldFile(StorePaths("store"), storage: storage)
        try file.add(hold("a"))
        try file.remove("a", reason: "settled", actor: "root (uid 0)", time: Self.later)
        try file.add(hold("a"))
        let keys = String(decoding: try #require(storage.files["store/keys/head.public"]), as: UTF8.self)
        return (
            try #require(storage.files["store/holds"]),
            keys.split(separator: "\n").compactMap { NoteKey($0) }.filter { $0.isOf("records") }
        )
    }

    @Test func `each hold is known with its end, and each note by where it ends`() throws {
        let (bytes, keys) = try file()
        let notes = HoldNotes(bytes, keys: keys)
        #expect(notes.faults == [] && notes.placed.map(\.hold) == [hold("a"), hold("a")])
        #expect(notes.placed.map(\.end) == [Self.later, nil])
        #expect(notes.deeds.sorted { $0.key < $1.key }.map(\.value) == ["add a", "remove a", "add a"])
        #expect(notes.deeds[bytes.count] == "add a")
    }

    @Test func `a note without the signature of the store, and what is no note, are told`() throws {
        let (bytes, keys) = try file()
        #expect(HoldNotes(bytes, keys: []).faults.count == 3)
        let text = String(decoding: bytes, as: UTF8.self)
        let renamed = HoldNotes(Array(text.replacing("add a", with: "add b").utf8), keys: keys)
        // What it ends is not there either.
        #expect(renamed.faults.count == 3 && renamed.placed.isEmpty)
        for stray in ["x", "x\n", "\n", "x\n\n"] {
            let notes = HoldNotes(bytes + Array(stray.utf8), keys: keys)
            #expect(notes.faults.count == 1 && notes.placed.count == 2, "\(stray)")
        }
        #expect(HoldNotes(Array(bytes.dropLast()), keys: keys).faults.count == 1)
        #expect(HoldNotes([], keys: keys).faults == [])
    }

    @Test func `what a hold certainly covers is counted once`() {
        var watched = WatchedHold(hold("a"))
        func span(_ offsets: Range<UInt64>, _ earliest: UTCTime?, _ latest: UTCTime?) -> RemovedSpan {
            RemovedSpan(segment: "s", offsets: offsets, earliest: earliest, latest: latest)
        }
        // Of 0 to 11 it holds 3, 4 and 9.
        watched.add(span(0..<12, nil, nil))
        #expect(watched.gone == ["s": 3])
        watched.add(span(4..<9, nil, stamp))
        #expect(watched.gone == ["s": 4])
        // Both neighbours lie in its time.
        watched.add(span(20..<30, UTCTime(nanoseconds: 0), stamp))
        #expect(watched.gone == ["s": 14])
        watched.add(span(20..<30, UTCTime(nanoseconds: 0), Self.later))
        watched.add(span(10..<11, nil, nil))
        #expect(watched.gone == ["s": 14])
    }
}
