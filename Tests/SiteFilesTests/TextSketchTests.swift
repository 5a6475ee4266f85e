// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SiteFiles
import Testing
import WireFormats

@testable import Normalization

@Suite struct TextSketchTests {
    private static func lead(_ text: [UInt8]) -> LeadBytes { LeadBytes(text.map(\.folded)) }

    private static func otherCase(_ byte: UInt8) -> UInt8 {
        (0x61...0x7a).contains(byte | 0x20) ? byte ^ 0x20 : byte
    }

    @Test func `no part of a line is said to be absent, in whatever case`() {
        for line in DecoderFuzz.lines(500) where line.count > 8 {
            var sketch = TextSketch()
            sketch.begin(line.indices)
            sketch.consider(line.span, spent: .max / 2)
            for start in stride(from: 0, to: line.count - 1, by: 7) {
                for count in [1, 2, 3, 8, 40] where start + count <= line.count {
                    let part = line[start..<start + count].map(Self.otherCase)
                    #expect(!sketch.lacks(Self.lead(part).pairs, in: line.indices))
                }
            }
        }
    }

    @Test func `most of what is absent is said to be`() {
        var sketch = TextSketch()
        let line = Array("<38>Oct  5 06:00:00 pump-1 sshd[7]: Failed password for ada from 10.1.2.3".utf8)
        sketch.begin(line.indices)
        sketch.consider(line.span, spent: line.count)
        #expect(!sketch.isTaken && !sketch.lacks(Self.lead(Array("accepted".utf8)).pairs, in: line.indices))
        sketch.consider(line.span, spent: line.count * sketch.patience)
        let absent = ["accepted", "invalid user", "session opened", "port", "sudo", "denied", "zq"]
        #expect(sketch.isTaken)
        #expect(absent.allSatisfy { sketch.lacks(Self.lead(Array($0.utf8)).pairs, in: line.indices) })
        // Of another place nothing is known.
        #expect(!sketch.lacks(Self.lead(Array("zq".utf8)).pairs, in: 0..<line.count + 1))
    }

    @Test func `events are the same with a sketch at once and without any`() {
        // The last one is looked at often: of it the sketch is there in the end.
        let last =
            "<4>Oct  5 04:00:00 gw-2 kernel: [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.9 DST=10.44.9.3 LEN=44"
        let lines = DecoderFuzz.samples() + DecoderFuzz.lines(3_000) + [Array(last.utf8)]
        func events(_ patience: Int) -> EventBatch {
            var normalizer = Normalizer(
                decoders: DecoderFixtures.loaded.decoders,
                siteKey: DecoderFixtures.key
            )
            normalizer.sketch.patience = patience
            let events = DecoderFixtures.decode(lines, &normalizer)
            #expect(normalizer.sketch.isTaken == (patience == 0))
            return events
        }
        let (with, without) = (events(0), events(1 << 40))
        #expect(with.events == without.events && with.entries == without.entries)
        #expect(with.bytes == without.bytes && with.extensionNames == without.extensionNames)
    }
}
