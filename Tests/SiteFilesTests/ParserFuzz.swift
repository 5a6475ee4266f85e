// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import Testing

/// Mutated seeds through every reader of hostile bytes.
struct ParserFuzz {
    private static let seed: UInt64 = 20_261_128

    private struct Generator {
        var state: UInt64

        mutating func next(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(max(limit, 1)))
        }
    }

    /// Signs that formats give a meaning to.
    private static let signs = Array("<>[]{}\"'\\|=:;,. \t\n\r\u{0}%#&/-+0123456789".utf8)

    private static func mutated(_ seeds: [[UInt8]], _ generator: inout Generator) -> [UInt8] {
        var bytes = seeds[generator.next(below: seeds.count)]
        for _ in 0...generator.next(below: 6) {
            let place = generator.next(below: bytes.count + 1)
            switch generator.next(below: 6) {
            case 0: bytes = Array(bytes.prefix(place))
            case 1: bytes.insert(signs[generator.next(below: signs.count)], at: place)
            case 2: bytes.insert(UInt8(generator.next(below: 256)), at: place)
            case 3: if place < bytes.count { bytes.remove(at: place) }
            case 4: if place < bytes.count { bytes[place] ^= 1 << UInt8(generator.next(below: 8)) }
            default:
                let other = seeds[generator.next(below: seeds.count)]
                bytes.insert(contentsOf: other.suffix(generator.next(below: other.count + 1)), at: place)
            }
        }
        return bytes
    }

    @Test(arguments: FuzzTarget.allCases) func `no mutation breaks a promise`(target: FuzzTarget) {
        var generator = Generator(state: Self.seed)
        var normalizer = Normalizer(decoders: DecoderFixtures.loaded.decoders, siteKey: DecoderFixtures.key)
        let seeds = target.seeds.map { Array($0.utf8) }
        for _ in 0..<(target == .decoder ? 300 : 4_000) {
            target.run(Self.mutated(seeds, &generator), by: &normalizer)
        }
        #expect(!seeds.isEmpty, "seed \(Self.seed)")
    }

    @Test func `the mutations find a fault that one sign in one place causes`() {
        // The planted mutant: a reader that trusts a count. It must be hit within the bounded run.
        var generator = Generator(state: Self.seed)
        let seeds = FuzzTarget.framing.seeds.map { Array($0.utf8) }
        let hits = (0..<4_000).count { _ in
            let bytes = Self.mutated(seeds, &generator)
            guard let blank = bytes.firstIndex(of: 0x20),
                let count = Int(String(decoding: bytes[..<blank], as: UTF8.self))
            else { return false }
            return blank + 1 + count > bytes.count
        }
        #expect(hits > 0)
    }
}
