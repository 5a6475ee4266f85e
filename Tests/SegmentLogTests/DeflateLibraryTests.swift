// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import SegmentLog

/// Whichever library compresses, zlib reads it.
struct DeflateLibraryTests {
    /// Repeats with numbers between them: shrinks, and differs along its length.
    private static func sample(_ length: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(length))
        var bytes: [UInt8] = []
        while bytes.count < length {
            bytes += Array("pump-\(random.below(900)) infusion started rate=\(random.below(9)) ".utf8)
        }
        return Array(bytes.prefix(length))
    }

    @Test(
        .enabled(if: DeflateLibrary.hasLibdeflate, "this machine has no libdeflate"),
        arguments: [Int32(1), 12],
        [300, 1_000, 100_000]
    )
    func `what libdeflate writes is read by zlib`(level: Int32, length: Int) throws {
        let stream = try #require(LibdeflateStream(level: level))
        let bytes = [1, 2, 3] + DeflateLibraryTests.sample(length)
        var output: [UInt8] = [9]
        for _ in 0..<2 {
            let start = output.count
            #expect(stream.append(bytes, 3..<bytes.count, to: &output))
            #expect(output.count - start < length)
            let read = Deflate.decompress(output, start..<output.count, length: length)
            #expect(read == Array(bytes[3...]))
        }
    }

    @Test(.enabled(if: DeflateLibrary.hasLibdeflate, "this machine has no libdeflate"))
    func `what does not shrink is not written`() throws {
        let stream = try #require(LibdeflateStream(level: 1))
        var random = SeededGenerator(seed: 3)
        let bytes = (0..<5_000).map { _ in UInt8(random.below(256)) }
        var output: [UInt8] = [9]
        for range in [0..<5_000, 0..<20, 0..<1, 0..<0] {
            #expect(!stream.append(bytes, range, to: &output))
            #expect(output == [9])
        }
    }

    @Test(arguments: DeflateLibrary.allCases)
    func `a block of each library gives back its records`(library: DeflateLibrary) throws {
        var random = SeededGenerator(seed: 5)
        let storage = RecordingStorage()
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records")
        let lines = deviceLines(3_000, &random)
        var records = batch(lines)
        _ = try writer.append(&records, wall: UTCTime(nanoseconds: 1))
        _ = try writer.sync()
        let job = try #require(writer.takeBlockJob(force: true))
        var buffers = BlockBuffers(.live, library)
        try writer.commit(
            try job.encode(events: [sampleEvents(of: job)], epoch: [], eventTimes: nil, buffers: &buffers)
        )
        try writer.seal()
        try writer.close()
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").isSound)
        let read = try readAll(storage)
        #expect(lines.indices.map { read[UInt64($0)] } == lines)
    }
}
