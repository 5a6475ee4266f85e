// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import Testing

/// Mutated samples of all shipped decoders: no input may trap, and every record gives at least one event.
struct DecoderFuzz {
    private static let seed: UInt64 = 20_261_005

    private struct Generator {
        var state: UInt64

        mutating func next(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(max(limit, 1)))
        }
    }

    static func samples() -> [[UInt8]] {
        DecoderFixtures.shipped.flatMap { file in
            guard let definition = try? DecoderLoader.definition(file) else { return [[UInt8]]() }
            return definition.rules.flatMap { $0.samples.map { Array($0.input.text.utf8) } }
        }
    }

    /// Mutated, cut and spliced samples.
    static func lines(_ count: Int) -> [[UInt8]] {
        var generator = Generator(state: Self.seed)
        let samples = Self.samples()
        var lines: [[UInt8]] = []
        for _ in 0..<count {
            var line = samples[generator.next(below: samples.count)]
            switch generator.next(below: 4) {
            case 0: line = Array(line.prefix(generator.next(below: line.count + 1)))
            case 1:
                let other = samples[generator.next(below: samples.count)]
                line =
                    line.prefix(generator.next(below: line.count))
                    + other.suffix(generator.next(below: other.count))
            case 2:
                for _ in 0..<8 where !line.isEmpty {
                    line[generator.next(below: line.count)] = UInt8(generator.next(below: 256))
                }
            default:
                let at = generator.next(below: line.count)
                line.insert(contentsOf: line.suffix(generator.next(below: 64)), at: at)
            }
            lines.append(line)
        }
        return lines
    }

    @Test func `mutated, cut and spliced samples never trap`() {
        #expect(Self.samples().count > 100)
        let lines = Self.lines(4_000)
        let events = DecoderFixtures.decode(lines)
        #expect(Set(events.events.map(\.offset)).count == lines.count, "seed \(Self.seed)")
        #expect(events.events.allSatisfy { Int($0.decoder) < events.decoders.count })
    }

    @Test(arguments: [
        String(repeating: "[", count: 70_000), String(repeating: "{\"a\":", count: 20_000),
        String(repeating: "<a>", count: 20_000), String(repeating: "a=", count: 40_000), "CEF:", "LEEF:2.0|",
        "<", "{",
        "%", "%-1-:", "<1>1 - - - - - [", String(repeating: "x from 10.0.0.", count: 5_000), "{\"a\":\"\\u",
        "CEF:\\",
    ])
    func `hostile shapes give one event each`(line: String) {
        #expect(DecoderFixtures.decode(line).events.count == 1)
    }
}
