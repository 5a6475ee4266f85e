// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Foundation
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

/// The stored form of `batch`.
private func encoded(_ batch: RecordBatch, isSmall: Bool = false) -> [UInt8] {
    var shaper = RecordShaper()
    var encoder = RecordColumnsEncoder()
    shaper.take(batch)
    return encoder.encode(batch, shaper.shapes, ColumnPaging(isSmall: isSmall))
}

private func isEqual(_ left: RecordBatch, _ right: RecordBatch) -> Bool {
    left.bytes == right.bytes && left.rows == right.rows && left.origins == right.origins
}

private func lines(_ text: String) -> [[UInt8]] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.utf8) }
}

/// The conformance folder; nil if it is absent.
private let conformance: String? = {
    let path = ProcessInfo.processInfo.environment["WARDLINE_CONFORMANCE"] ?? "../shared/conformance"
    return FileManager.default.fileExists(atPath: path) ? path : nil
}()

@Suite struct RecordColumnsTests {
    @Test(arguments: 0..<40) func `records of any bytes come back`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let alphabets: [[UInt8]] = [
            Array(0...255), Array("0123456789".utf8), Array("aF0 :.=\"/\n\r\0[]{},-T".utf8), [0x0a],
            Array(0x80...0xff),
        ]
        let alphabet = alphabets[seed % alphabets.count]
        let records = (0..<random.below(400)).map { _ in
            (0..<random.below(90)).map { _ in alphabet[random.below(alphabet.count)] }
        }
        let original = batch(records)
        #expect(isEqual(try RecordColumnsDecoder.decode(encoded(original)), original))
    }

    @Test(arguments: [1, 3, 60, 5_000]) func `lines of devices come back`(_ count: Int) throws {
        for seed in 0..<(count > 1_000 ? 2 : 20) {
            var random = SeededGenerator(seed: UInt64(seed + count))
            let original = batch(deviceLines(count, &random))
            let stored = encoded(original)
            #expect(isEqual(try RecordColumnsDecoder.decode(stored), original))
            if count > 1_000 { #expect(stored.count < original.bytes.count / 4) }
        }
    }

    @Test func `rows keep kinds, flags, cut lengths and times of every size`() throws {
        var original = RecordBatch()
        for number in 0..<300 {
            let origin = original.index(
                of: Origin(listener: "l\(number % 5)", transport: .tcp, identity: "é")
            )
            let time = UTCTime(nanoseconds: number % 2 == 0 ? .max - Int64(number) : .min + Int64(number))
            original.append(
                Array("n \(number)".utf8),
                kind: number % 3 == 0 ? .tick : .fact,
                flags: FrameFlags(rawValue: UInt16(number * 200)),
                origin: origin,
                originalLength: number * number,
                receiveTime: time
            )
            original.rows[number].originalLength = max(original.rows[number].length, number * number)
            original.rows[number].logTime = UTCTime(nanoseconds: 0 &- time.nanoseconds)
        }
        #expect(isEqual(try RecordColumnsDecoder.decode(encoded(original)), original))
    }

    @Test func `no records and empty records come back`() throws {
        for original in [RecordBatch(), batch([[]]), batch([[], [], []]), batch(lines("a\n\n\nb"))] {
            #expect(isEqual(try RecordColumnsDecoder.decode(encoded(original)), original))
        }
    }

    @Test(arguments: [
        "Jan 32 00:00:00 h a", "Oct 05 04:00:00 h a", "Oct 10 24:00:00 h a", "Oct 10 23:59:60 h a",
        "2026-02-29T00:00:00Z", "2024-02-29T00:00:00.0000000001", "1969-12-31T23:59:59",
        "2026-10-05T04:00:00.",
        "Oct 10 04:00:000 h", "2026-10-05t04:00:00 h", "<999>1 Oct 10 04:00:00 h", "<1>", "<>1 x", "a:b:c:d",
        "::::", "\"\":\"",
        "k=\"v\\\"", "t=\"2026-10-05T04:00:00.5\" u=\"2026-10-05 04:00:00\"",
        "255.255.255.256 1.2.3.04 0.0.0.0 1.2.3",
    ]) func `texts that are almost times, addresses or values come back`(_ text: String) throws {
        // Once, often, and beside others.
        let one = Array(text.utf8)
        let other = Array("x \(text) 7".utf8)
        for records in [[one], Array(repeating: one, count: 50), (0..<60).map { $0 % 2 == 0 ? one : other }] {
            let original = batch(records)
            #expect(isEqual(try RecordColumnsDecoder.decode(encoded(original)), original))
        }
    }

    @Test func `more templates than there can be keep their records whole`() throws {
        let words = (0..<9_000).flatMap { number -> [[UInt8]] in
            let word = String(number, radix: 26).map {
                Character(UnicodeScalar(UInt8(0x67 + ($0.hexDigitValue ?? 9))))
            }
            return Array(repeating: Array("\(String(word)) is".utf8), count: 5)
        }
        let original = batch(words)
        #expect(isEqual(try RecordColumnsDecoder.decode(encoded(original)), original))
    }

    @Test(.enabled(if: conformance != nil, "the conformance folder is absent"))
    func `every line of the conformance folder comes back`() throws {
        let root = try #require(conformance)
        let found = try #require(FileManager.default.enumerator(atPath: root))
        var files = 0
        for case let name as String in found {
            guard let bytes = FileManager.default.contents(atPath: root + "/" + name).map(Array.init) else {
                continue
            }
            let records = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map { Array($0) }
            for start in stride(from: 0, to: records.count, by: 20_000) {
                let original = batch(Array(records[start..<min(records.count, start + 20_000)]))
                #expect(isEqual(try RecordColumnsDecoder.decode(encoded(original)), original), "\(name)")
            }
            files += 1
        }
        #expect(files > 100)
    }

    @Test(arguments: [1, 3, 60, 2_000]) func `pages that are shared come back`(_ count: Int) throws {
        for seed in 0..<20 {
            var random = SeededGenerator(seed: UInt64(seed))
            let original = batch(deviceLines(count, &random))
            #expect(isEqual(try RecordColumnsDecoder.decode(encoded(original, isSmall: true)), original))
        }
    }

    @Test func `phrases that devices write cost little in a small block`() throws {
        let lines = [
            "pam_unix(sshd:session): session opened for user root by (uid=0)",
            "Received signal 15; terminating.",
            "error: Could not load host key: /etc/ssh/ssh_host_ed25519_key",
        ]
        let original = batch(lines.map { Array($0.utf8) })
        let stored = encoded(original, isSmall: true)
        #expect(isEqual(try RecordColumnsDecoder.decode(stored), original))
        #expect(stored.count < original.bytes.count - 30)
    }

    @Test func `a container of version 1 needs no dictionary`() throws {
        var random = SeededGenerator(seed: 4)
        var stored = encoded(batch(deviceLines(60, &random)), isSmall: true)
        stored[0] = 1
        #expect(throws: ByteReaderError.self) { try RecordColumnsDecoder.decode(stored) }
    }

    @Test(arguments: [false, true]) func `a cut or a changed byte is refused`(_ isSmall: Bool) throws {
        var random = SeededGenerator(seed: 5)
        let original = batch(deviceLines(60, &random))
        let stored = encoded(original, isSmall: isSmall)
        for length in stored.indices {
            #expect(throws: ByteReaderError.self) {
                try RecordColumnsDecoder.decode(Array(stored[..<length]))
            }
        }
        for position in stored.indices {
            var changed = stored
            changed[position] ^= UInt8(1 << random.below(8))
            // Some bits of a zlib stream mean nothing: then the records must be the same.
            if let read = try? RecordColumnsDecoder.decode(changed) { #expect(isEqual(read, original)) }
        }
    }

    @Test func `descriptions that lie are refused or read within bounds`() throws {
        var random = SeededGenerator(seed: 6)
        var refused = 0
        for round in 0..<6_000 {
            let stored = encoded(batch(deviceLines(40, &random)), isSmall: round % 2 == 0)
            var container = try Container(stored)
            for _ in 0...random.below(3) {
                container.directory[random.below(container.directory.count)] = UInt8(random.below(256))
            }
            if round % 3 == 0 { container.pages.removeLast(random.below(20)) }
            do {
                let read = try RecordColumnsDecoder.decode(container.stored())
                #expect(read.bytes.count <= LogLimits.chunkSizeMaxBytes)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 4_000)
    }

    @Test func `a decoder that loses one exception of a copy is caught`() throws {
        // The planted mutant: what the round trip compares must include the exceptions.
        let records = (0..<400).map { Array("from h\($0) to h\($0 == 77 ? 0 : $0)".utf8) }
        let original = batch(records)
        var read = try RecordColumnsDecoder.decode(encoded(original))
        #expect(isEqual(read, original))
        let row = read.rows[77]
        read.bytes[row.start + row.length - 1] ^= 1
        #expect(!isEqual(read, original))
    }
}
