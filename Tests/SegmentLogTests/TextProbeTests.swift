// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import SegmentLog

/// What is asked of the distinct texts of a column, against looking at every text.
@Suite struct TextProbeTests {
    /// Texts of a column in one of the shapes that columns have.
    private func texts(_ shape: Int, _ random: inout SeededGenerator) -> [String] {
        let words = ["pump", "Vent-7", "aq", "", "link down", "ZXQ-RARE-7f3a9", "über", "no", "a:b", "x1"]
        return (0..<40 + random.below(400)).map { index in
            let word = words[random.below(words.count)]
            switch shape {
            case 0: return word
            case 1: return word + String(index)
            case 2: return "\(word.filter { $0.isLetter })-\(random.below(9_000))/\(word.filter(\.isNumber))"
            case 3: return "constant-7"
            case 4: return "\(word)\n\(index)"
            case 5: return String(random.below(100_000))
            case 6: return "10.\(random.below(255)).3.\(random.below(255))"
            default: return String(0x10_0000 + random.below(0xe_ffff), radix: 16)
            }
        }
    }

    private func column(_ texts: [String]) throws -> (source: ColumnSource, sketch: TextColumnSketch) {
        var values = TextValues(bytes: [], slots: [])
        var bytes: [UInt8] = []
        for text in texts {
            let utf8 = Array(text.utf8)
            values.slots.append(
                RecordShapes.Slot(start: UInt32(bytes.count), length: UInt32(utf8.count))
            )
            bytes += utf8
        }
        values = TextValues(bytes: bytes, slots: values.slots)
        var streams = ColumnStreams()
        TextColumn.encode(values, into: &streams)
        var source = try ColumnSource(streams.stored(ColumnDeflater(.live)))
        return (source, try TextColumn.skip(&source))
    }

    private func answers(_ text: String, _ place: TextProbe.Place, _ wanted: [UInt8]) -> Bool {
        let folded = text.utf8.map(ByteFolding.folded)
        let shared = min(folded.count, wanted.count)
        switch place {
        case .inside:
            guard wanted.count <= folded.count else { return false }
            return (0...folded.count - wanted.count).contains {
                folded[$0..<$0 + wanted.count].elementsEqual(wanted)
            }
        case .atEnd: return folded.suffix(shared).elementsEqual(wanted.suffix(shared))
        case .atStart: return folded.prefix(shared).elementsEqual(wanted.prefix(shared))
        }
    }

    /// Probes that ruled out a column although a text of it answers, and how many columns were ruled out;
    /// `mutant` asks for less than there is.
    private func misses(_ seed: UInt64, mutant: Bool = false) throws -> (missed: Int, ruledOut: Int) {
        var random = SeededGenerator(seed: seed)
        var (missed, ruledOut) = (0, 0)
        for shape in 0..<8 {
            let texts = texts(shape, &random)
            let asked = try column(mutant ? Array(texts.dropFirst(texts.count / 2)) : texts)
            var source = asked.source
            for _ in 0..<120 {
                let other = random.below(3) == 0 ? self.texts(random.below(8), &random) : texts
                var wanted = other[random.below(other.count)].utf8.map(ByteFolding.folded)
                if random.below(2) == 0 { wanted = Array(wanted.prefix(1 + random.below(8))) }
                if random.below(2) == 0 { wanted = Array(wanted.suffix(1 + random.below(8))) }
                if random.below(6) == 0 { wanted = [0x2d] + wanted }
                for place in [TextProbe.Place.inside, .atEnd, .atStart] {
                    guard let probe = TextProbe(place, wanted[...]) else { continue }
                    let mayHold = try TextColumn.mayHold(probe, asked.sketch, in: &source)
                    if !mayHold { ruledOut += 1 }
                    if !mayHold, texts.contains(where: { answers($0, place, wanted) }) { missed += 1 }
                }
            }
        }
        return (missed, ruledOut)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `no column is ruled out that holds the text`(_ seed: UInt64) throws {
        let found = try misses(seed)
        #expect(found.missed == 0, "seed \(seed)")
        #expect(found.ruledOut > 300, "seed \(seed)")
    }

    @Test func `a column that lost half of its texts is noticed`() throws {
        #expect(try misses(1, mutant: true).missed > 0)
    }
}
