// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import SegmentLog

/// A block of device lines with events, as its columns and as it is.
private struct Sample {
    let records: RecordBatch
    let events: [EventBatch]
    var rows: BlockRows
    let shaped: ShapedRecords

    init(_ count: Int, _ random: inout SeededGenerator, lines: [[UInt8]]? = nil) throws {
        records = batch(lines ?? deviceLines(count, &random))
        events = SegmentLogTests.events(of: records, &random)
        var shaper = RecordShaper()
        var encoder = RecordColumnsEncoder()
        shaper.take(records)
        let stored = encoder.encode(records, shaper.shapes)
        shaped = try RecordColumnsDecoder.decodeShaped(stored)
        var eventEncoder = EventColumnsEncoder()
        let eventColumns = eventEncoder.encode(events, beside: shaped, base: eventBase)
        let columns = try #require(eventColumns)
        let decoder = try RecordColumnsDecoder(stored)
        rows = BlockRows(
            records: decoder,
            events: try EventColumnsDecoder(
                columns,
                templateCount: decoder.slotCounts.count,
                numbers: decoder.numbers
            )
        )
    }

    /// The rows that satisfy `condition`, and perhaps more; all when nothing can be told.
    func find(_ condition: RowCondition) throws -> RowSet? {
        var rows = rows
        return try rows.rows(condition)
    }

    /// Rows that hold `text` in their bytes or in a value of an event.
    func holding(_ text: [UInt8]) -> Set<Int> {
        var rows = Set(records.rows.indices.filter { contains(records.payload($0), text) })
        for batch in events {
            for (index, event) in batch.events.enumerated() {
                let row = Int(event.offset.value - eventBase.value)
                if batch.fields(of: index).contains(where: { contains(Array(batch.bytes[$0.range]), text) }) {
                    rows.insert(row)
                }
            }
        }
        return rows
    }

    private func contains(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
        guard text.count <= bytes.count else { return false }
        let folded = bytes.map(ByteFolding.folded)
        return (0...bytes.count - text.count).contains { folded[$0..<$0 + text.count].elementsEqual(text) }
    }

    /// A text that may stand anywhere: cut out of a record or a value, changed, or made up.
    func text(_ random: inout SeededGenerator) -> [UInt8] {
        var source: [UInt8] = records.payload(random.below(records.count))
        if random.below(4) == 0 {
            let batch = events[random.below(2)]
            if !batch.entries.isEmpty {
                source = Array(batch.bytes[batch.entries[random.below(batch.entries.count)].range])
            }
        }
        let length = min(source.count, 1 + random.below(random.below(3) == 0 ? 40 : 12))
        let start = random.below(source.count - length + 1)
        var text = source[start..<start + length].map(ByteFolding.folded)
        if random.below(5) == 0, !text.isEmpty { text[random.below(text.count)] = UInt8(random.below(128)) }
        return text.map(ByteFolding.folded)
    }
}

/// Rows that a search over random texts did not find; `mutant` loses the last row that each search finds.
private func misses(seed: UInt64, count: Int, mutant: Bool = false) throws -> [String] {
    var random = SeededGenerator(seed: seed)
    let sample = try Sample(count, &random)
    var found: [String] = []
    for _ in 0..<120 {
        let text = sample.text(&random)
        guard let rows = try sample.find(.text(text)) else { continue }
        var numbers = Set(rows.rows.map(Int.init))
        if mutant, let last = numbers.max() { numbers.remove(last) }
        let missed = sample.holding(text).subtracting(numbers)
        if !missed.isEmpty { found.append("\(String(decoding: text, as: UTF8.self)): \(missed.sorted())") }
    }
    return found
}

@Suite struct RowSearchTests {
    @Test(arguments: [1, 4, 50, 400]) func `no row that holds a text is ruled out`(_ count: Int) throws {
        for seed in 0..<(count > 100 ? 4 : 12) {
            let found = try misses(seed: UInt64(seed * 1_000 + count), count: count)
            #expect(found.isEmpty, "\(found.prefix(3))")
        }
    }

    @Test func `a search that loses one row is noticed`() throws {
        #expect(try !misses(seed: 1, count: 50, mutant: true).isEmpty)
    }

    @Test func `a text across pieces, copies and times is found`() throws {
        var random = SeededGenerator(seed: 2)
        let lines = (0..<200).map { number in
            let peer = number % 17 == 0 ? "9\(number)" : "\(number)"
            let start = "<38>1 2026-10-05T04:\(10 + number % 50):00Z h a[\(number)]:"
            return Array("\(start) from \(number)=\(peer) x\(number)y".utf8)
        }
        let sample = try Sample(0, &random, lines: lines)
        for text in [
            "00z h a[1", "t04:1", "2026-10-05t04:11", "m 34=934 x", "]: from 7", "x199y", "=93", "0z h",
        ] {
            let wanted = sample.holding(Array(text.utf8))
            let rows = try #require(try sample.find(.text(Array(text.utf8))))
            #expect(!wanted.isEmpty, "\(text)")
            #expect(wanted.isSubset(of: rows.rows.map(Int.init)), "\(text)")
        }
    }

    @Test func `a rare text leaves few rows`() throws {
        var random = SeededGenerator(seed: 3)
        var lines = deviceLines(3_000, &random)
        lines[1_234] = Array("<38>Oct  5 10:11:12 gw-1 sshd[77]: Failed password for zxq-7f3a".utf8)
        let sample = try Sample(0, &random, lines: lines)
        let rows = try #require(try sample.find(.text(Array("zxq-7f3a".utf8))))
        #expect(rows.rows == [1_234])
        #expect(try sample.find(.text(Array("zxq-7f3b".utf8)))?.isEmpty == true)
    }

    @Test func `conditions combine`() throws {
        var random = SeededGenerator(seed: 4)
        let sample = try Sample(300, &random)
        let failed = RowCondition.text(Array("failed".utf8))
        let same = RowCondition.text(Array("same line".utf8))
        let one = try #require(try sample.find(failed))
        let other = try #require(try sample.find(same))
        #expect(!one.isEmpty && !other.isEmpty)
        #expect(try sample.find(.all([failed, same]))?.isEmpty == true)
        #expect(try sample.find(.any([failed, same]))?.count == one.count + other.count)
        #expect(try sample.find(.any([failed, .everything])) == nil)
        #expect(try sample.find(.all([failed, .everything])) == one)
        #expect(try sample.find(.any([]))?.isEmpty == true)
        #expect(try sample.find(.all([])) == nil)
        #expect(try sample.find(.text([])) == nil)
        for part in RowCondition.Header.allCases {
            #expect(try sample.find(.header(part, ByteSet()))?.isEmpty == true)
        }
        let network = ByteSet([EventClass.network.rawValue])
        let rows = try #require(try sample.find(.header(.eventClass, network)))
        var wanted: Set<Int32> = []
        for batch in sample.events {
            for event in batch.events where event.eventClass == .network {
                wanted.insert(Int32(event.offset.value - eventBase.value))
            }
        }
        #expect(Set(rows.rows) == wanted)
    }

    @Test(arguments: 0..<12) func `chosen rows read as they do among all`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var sample = try Sample([5, 80, 900][seed % 3], &random)
        let all = try sample.rows.events.events(beside: sample.shaped, base: eventBase)
        var wanted = RowSet(rowCount: sample.records.count)
        let density = 1 + random.below(30)
        for row in sample.records.rows.indices where random.below(density) == 0 { wanted.insert(row) }
        let chosen = try sample.rows.records.records(wanted)
        let rows = wanted.rows.map(Int.init)
        #expect(chosen.batch.count == rows.count)
        for (index, row) in rows.enumerated() {
            #expect(chosen.batch.payload(index) == sample.records.payload(row))
            var (left, right) = (chosen.batch.rows[index], sample.records.rows[row])
            (left.start, right.start) = (0, 0)
            #expect(left == right)
        }
        let read = try sample.rows.events.events(beside: chosen, base: eventBase)
        let isWanted = Set(rows)
        let expected = all.events.indices.filter {
            isWanted.contains(Int(all.events[$0].offset.value - eventBase.value))
        }
        #expect(expected.map { text(all, $0) } == read.events.indices.map { text(read, $0) })
    }

    private func text(_ batch: EventBatch, _ index: Int) -> String {
        var event = batch.events[index]
        event.fieldStart = 0
        let fields = batch.fields(of: index).map {
            "\(batch.name(of: $0.field))=\(Array(batch.bytes[$0.range]))"
        }
        return "\(event) \(fields)"
    }

    @Test func `changed bytes of a searched block are refused or harmless`() throws {
        var random = SeededGenerator(seed: 6)
        let records = batch(deviceLines(40, &random))
        var shaper = RecordShaper()
        var encoder = RecordColumnsEncoder()
        shaper.take(records)
        let stored = encoder.encode(records, shaper.shapes)
        let text = try #require(FoldedText(Array("failed".utf8)))
        var refused = 0
        for _ in 0..<3_000 {
            var container = try Container(stored)
            for _ in 0...random.below(3) {
                container.directory[random.below(container.directory.count)] = UInt8(random.below(256))
            }
            do {
                var decoder = try RecordColumnsDecoder(container.stored())
                let rows = try decoder.rows(holding: text)
                let read = try decoder.records(rows)
                #expect(read.batch.rows.allSatisfy { $0.range.upperBound <= read.batch.bytes.count })
            } catch {
                refused += 1
            }
        }
        #expect(refused > 500)
    }
}
