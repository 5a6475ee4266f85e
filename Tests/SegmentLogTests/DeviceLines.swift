// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import SimulationKit
import Testing

@testable import SegmentLog

/// Records of `lines` from three peers, at times that advance unevenly.
func batch(_ lines: [[UInt8]]) -> RecordBatch {
    var batch = RecordBatch()
    var time = UTCTime(nanoseconds: 1_790_000_000_000_000_000)
    for (number, line) in lines.enumerated() {
        let peer = IPAddress(v4: 0x0a00_0000 + UInt32(number % 3))
        let origin = batch.index(of: Origin(listener: "udp", transport: .udp, peer: peer, peerPort: 514))
        batch.append(line, kind: .device, origin: origin, receiveTime: time)
        batch.rows[number].logTime = time
        time = UTCTime(nanoseconds: time.nanoseconds + Int64(number % 7) * 1_000_003)
    }
    return batch
}

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

/// Lines as devices write them, with every kind of variable; `count` of them.
func deviceLines(_ count: Int, _ random: inout SeededGenerator) -> [[UInt8]] {
    (0..<count).map { number in
        let octet = random.below(256)
        let day = 1 + random.below(9)
        let clock = "\(10 + random.below(14)):\(10 + random.below(50)):\(10 + random.below(50))"
        let fraction = 100 + random.below(900)
        let hexadecimal = String(random.next(), radix: 16)
        let failure = "Failed password for u\(octet % 9)"
        let text: String =
            switch random.below(8) {
            case 0: "<38>Oct  \(day) \(clock) gw-\(octet % 4) sshd[\(octet)]: \(failure)"
            case 1: "<38>Oct 1\(day) \(clock) gw sshd[\(octet)]: \(failure) 10.0.7.\(octet)"
            case 2:
                "<134>1 2026-10-0\(day)T\(clock).\(fraction)Z f w - - - src=10.1.\(octet).9 t=\(clock)"
            case 3:
                "{\"t\":1790000\(fraction),\"i\":\"\(hexadecimal)\",\"p\":\"/a/b\(octet % 5)\",\"n\":0\(day)}"
            case 4: "mac \(String(octet, radix: 16)):0a:1b:2c:3d:4e len \(random.next())"
            case 5: "2026-01-02 \(clock) only \(hexadecimal.uppercased()) \u{e9}\u{1f600} \(number)"
            case 6: String(repeating: "x\(octet) ", count: random.below(40))
            default: "same line every time"
            }
        return Array(text.utf8)
    }
}

/// A container taken apart, so that a test can write another directory with a right checksum.
struct Container {
    var directory: [UInt8]
    var pages: [UInt8]

    init(_ stored: [UInt8]) throws {
        var reader = ByteReader(stored)
        _ = try reader.byte()
        let rawLength = try reader.count(atMost: 1 << 26)
        let storedLength = try reader.count(atMost: 1 << 26)
        _ = try reader.uint32()
        let range = try reader.range(storedLength)
        directory =
            rawLength == storedLength
            ? Array(stored[range])
            : try #require(Deflate.decompress(stored, range, length: rawLength, [.phrases]))
        pages = Array(stored[range.upperBound...])
    }

    func stored() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(ColumnSource.version)
        writer.varint(UInt64(directory.count))
        writer.varint(UInt64(directory.count))
        writer.write(CRC32C.masked(CRC32C.checksum(directory)))
        return writer.bytes + directory + pages
    }
}
