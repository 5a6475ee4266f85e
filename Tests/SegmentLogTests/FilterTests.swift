// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing

@testable import SegmentLog

/// The filters of a block of device lines with events.
private struct FilteredBlock {
    let records: RecordBatch
    let events: [EventBatch]
    let filters: BlockFilters
    let values: FuseFilter

    init(_ count: Int, _ random: inout SeededGenerator) throws {
        records = batch(deviceLines(count, &random))
        events = SegmentLogTests.events(of: records, &random)
        var buffers = BlockBuffers()
        _ = try buffers.records(of: records, level: 1)
        _ = try buffers.events(events, base: eventBase, level: 1)
        let chunks = try buffers.filters(events, level: 1)
        try #require(chunks.map(\.entry.kind) == [ChunkEntry.Kind.filters, ChunkEntry.Kind.values])
        let length = chunks[0].entry.rawLength
        let raw = try #require(
            Deflate.decompress(chunks[0].stored, 0..<chunks[0].stored.count, length: length)
        )
        filters = try BlockFilters(raw)
        values = try FuseFilter(chunks[1].stored)
    }

    func mayHold(_ condition: RowCondition) -> Bool {
        filters.reduced(condition, values: values.mayContain) != nil
    }

    /// A condition that at least one record satisfies.
    func satisfied(_ random: inout SeededGenerator) -> RowCondition {
        let batch = events[random.below(2)]
        let index = random.below(batch.events.count)
        switch random.below(5) {
        case 0: return .text(cut(records.payload(random.below(records.count)), &random))
        case 1: return .header(.outcome, ByteSet([batch.events[index].outcome.rawValue]))
        case 2: return .header(.severity, ByteSet([batch.events[index].severity]))
        default:
            let fields = batch.fields(of: index)
            let entry = fields[fields.startIndex + random.below(fields.count)]
            let text = batch.bytes[entry.range].map(ByteFolding.folded)
            if random.below(2) == 0 { return .text(cut(text, &random)) }
            return .value(fields: [batch.name(of: entry.field)], .text(text))
        }
    }

    private func cut(_ source: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        let length = min(source.count, random.below(24))
        let start = random.below(source.count - length + 1)
        return source[start..<start + length].map(ByteFolding.folded)
    }
}

/// What random true conditions the filters ruled out.
private func misses(seed: UInt64, _ isRuledOut: (FilteredBlock, RowCondition) -> Bool) throws -> Int {
    var random = SeededGenerator(seed: seed)
    let block = try FilteredBlock(BlockFilters.recordCountMin + random.below(400), &random)
    return (0..<400).count { _ in isRuledOut(block, block.satisfied(&random)) }
}

@Suite struct FilterTests {
    @Test(arguments: 0..<10) func `nothing that a block holds is ruled out`(_ seed: UInt64) throws {
        #expect(try misses(seed: seed) { !$0.mayHold($1) } == 0)
    }

    @Test func `filters that have lost a tenth of their values are noticed`() throws {
        let count = try misses(seed: 1) { block, condition in
            block.filters.reduced(condition, values: { $0 % 10 > 0 && block.values.mayContain($0) }) == nil
        }
        #expect(count > 0)
    }

    @Test func `what a block does not hold is ruled out`() throws {
        var random = SeededGenerator(seed: 3)
        let block = try FilteredBlock(800, &random)
        let conditions: [RowCondition] = [
            .text(Array("zxq-rare-7f3a9".utf8)), .any([]), .header(.outcome, ByteSet([200])), .everything,
            .text([]), .text(Array("same line".utf8)),
        ]
        let answers = conditions.map(block.mayHold)
        #expect(answers == [false, false, false, true, true, true])
        let wrong = (0..<2_000).count { number in
            let address = IPAddress(v4: 0xc633_6400 + UInt32(number))
            return block.mayHold(.value(fields: ["host.ip"], .address(address)))
        }
        #expect(wrong < 2_000 / 256 * 4)
        // A field that no filter knows.
        let known = block.mayHold(.value(fields: ["message"], .text(Array("same".utf8))))
        #expect(known)
    }

    @Test func `an address is found however it was written`() throws {
        var keys = ValueKeys()
        var events = EventBatch()
        events.begin(Event(offset: .zero, time: .absent, logTime: .absent))
        events.add(.sourceIP, "2001:0DB8:0:0::7")
        events.add(.targetIP, "10.20.30.40")
        keys.insert(events)
        #expect(!keys.hasUsualAddresses)
        let filter = try #require(FuseFilter(keys.sorted))
        let address = IPAddress(high: 0x2001_0db8_0000_0000, low: 7)
        let key = try #require(ValueKey.hash(.address(address), ofField: "src.ip"))
        #expect(filter.mayContain(key))
        let other = try #require(ValueKey.hash(.text(Array("10.20.30.40".utf8)), ofField: "dst.ip"))
        #expect(filter.mayContain(other))
        #expect(ValueKey.hash(.text([]), ofField: "ext.anything") == nil)
        #expect(ValueKey.hash(.text([UInt8](repeating: 97, count: 129)), ofField: "user.name") == nil)
    }

    @Test(arguments: [0, 1, 2, 3, 7, 30, 100, 1_000, 4_000, 60_000])
    func `a fuse filter knows all its keys, and one other in 256`(_ count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let keys = Set((0..<count).map { _ in UInt64.random(in: 0 ... .max, using: &random) }).sorted()
        let filter = try #require(FuseFilter(keys))
        #expect(keys.allSatisfy(filter.mayContain))
        let wrong = (0..<100_000).count { _ in
            filter.mayContain(UInt64.random(in: 0 ... .max, using: &random))
        }
        #expect(count == 0 ? wrong == 0 : wrong < 100_000 / 256 * 3 / 2)
        let stored = filter.encoded()
        #expect(try FuseFilter(stored) == filter && FuseFilter(keys)?.encoded() == stored)
        if count >= 60_000 { #expect(stored.count * 80 < count * 105) }
    }

    @Test func `cut and changed filters are refused or harmless`() throws {
        var random = SeededGenerator(seed: 8)
        let filter = try #require(FuseFilter((0..<500).map { UInt64($0) &* 0x9e37_79b9_7f4a_7c15 }.sorted()))
        let stored = filter.encoded()
        for length in 0..<stored.count {
            #expect(throws: ByteReaderError.self) { try FuseFilter(Array(stored[..<length])) }
        }
        var refused = 0
        for _ in 0..<3_000 {
            var changed = stored
            for _ in 0...random.below(3) { changed[random.below(6)] = UInt8(random.below(256)) }
            guard let read = try? FuseFilter(changed) else {
                refused += 1
                continue
            }
            for _ in 0..<20 { _ = read.mayContain(UInt64.random(in: 0 ... .max, using: &random)) }
        }
        #expect(refused > 500)
        let block = try FilteredBlock(600, &random)
        let bytes = block.filters.encoded()
        for length in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: ByteReaderError.self) { try BlockFilters(Array(bytes[..<length])) }
        }
        #expect(throws: ByteReaderError.self) { try BlockFilters(bytes + [0]) }
        for _ in 0..<200 {
            var changed = bytes
            changed[random.below(40)] = UInt8(random.below(256))
            guard let read = try? BlockFilters(changed) else { continue }
            _ = read.reduced(.text([1, 2, 3]), values: { _ in true })
        }
    }

    @Test func `the map of trigrams says no only to what never occurs`() {
        var marks = TrigramMarks()
        let text = Array("Failed password".utf8)
        marks.insert(text.span, 0..<text.count)
        let map = TrigramMap(marks)
        #expect(map.mayHold(Array("led pass".utf8)) && map.mayHold(Array("FAILED".utf8)))
        #expect(map.mayHold(Array("zz".utf8)) && !map.mayHold(Array("passw0rd".utf8)))
        #expect(map.count == text.count - 2)
    }

    /// A block whose filters are damaged is read as one without.
    @Test func `damaged filters change no answer`() throws {
        var random = SeededGenerator(seed: 9)
        let storage = RecordingStorage()
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records")
        var records = batch(deviceLines(700, &random))
        _ = try writer.append(&records, wall: UTCTime(nanoseconds: 1))
        _ = try writer.sync()
        let job = try #require(writer.takeBlockJob(force: true))
        try writer.commit(try job.encode(events: [sampleEvents(of: job)], epoch: [], eventTimes: nil))
        // Of the last block of an open segment all chunks are checked.
        try writer.seal()
        try writer.close()
        let condition = RowCondition.value(fields: ["user.name"], .text(Array("user 2".utf8)))
        let absent = RowCondition.value(fields: ["host.name"], .text(Array("user 2".utf8)))
        func answers(_ storage: RecordingStorage) throws -> (found: Int, isRuledOut: Bool) {
            let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
            let part = try #require(reader.parts.first)
            let found = try part.readRows(where: condition).records.count
            return (found, try part.readRows(where: absent).isRuledOut)
        }
        let before = try answers(storage)
        #expect(before.found > 100 && before.isRuledOut)
        let name = "store/records/00000000000000000000.seg"
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        let part = try #require(reader.parts.first)
        let header = try #require(part.header)
        for kind in [ChunkEntry.Kind.filters, ChunkEntry.Kind.values] {
            let (position, _) = try #require(header.place(of: kind))
            var files = storage.files
            files[name]?[part.places[0].lowerBound + position + 1] ^= 1
            let after = try answers(RecordingStorage(files: files))
            #expect(after.found == before.found && !after.isRuledOut)
        }
    }
}
