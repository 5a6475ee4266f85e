// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

/// Blocks with right checksums that claim more than they hold, or hold more than anyone can want.
private enum HostileBlocks {
    typealias Chunk = (kind: UInt16, encoding: UInt8, raw: [UInt8], isPacked: Bool)

    /// A segment of one block of `count` records with these chunks, without footer.
    static func segment(_ count: Int, _ chunks: [Chunk]) throws -> [UInt8] {
        var entries: [ChunkEntry] = []
        var body: [UInt8] = []
        for chunk in chunks {
            let packed = chunk.isPacked ? try Deflate.compress(chunk.raw, level: 9) : nil
            let stored = packed ?? chunk.raw
            entries.append(
                ChunkEntry(
                    kind: chunk.kind,
                    encoding: chunk.encoding,
                    isDeflated: packed != nil,
                    rawLength: chunk.raw.count,
                    storedLength: stored.count,
                    storedCRC: CRC32C.masked(CRC32C.checksum(stored)),
                    rawCRC: CRC32C.masked(CRC32C.checksum(chunk.raw))
                )
            )
            body += stored
        }
        let header = BlockHeader(
            base: .zero,
            count: count,
            minLogTime: UTCTime(nanoseconds: 1),
            maxLogTime: UTCTime(nanoseconds: 1),
            minEventTime: .absent,
            maxEventTime: .absent,
            epoch: [UInt8](repeating: 0, count: BlockHeader.epochSize),
            chunks: entries,
            kinds: []
        )
        return FileHeader(.segment, .zero, stream: "records").encoded() + header.encoded() + body
    }

    /// The stored form of columns whose description and streams `write` gives.
    static func columns(_ write: (inout ColumnStreams) -> Void) -> [UInt8] {
        var streams = ColumnStreams()
        write(&streams)
        return streams.stored(ColumnDeflater(.archive))
    }

    static func constant(_ value: Int64, _ streams: inout ColumnStreams) {
        streams.description.write(IntegerColumn.Encoding.constant)
        streams.description.signed(value)
    }

    /// Columns of `count` equal records of one template with `slots` variables of which `slot` writes each.
    static func records(
        _ count: Int,
        slots: Int,
        literals: Int = 0,
        kinds: Int? = nil,
        _ slot: (inout ColumnStreams) -> Void
    ) -> Chunk {
        let stored = columns { streams in
            streams.description.varint(UInt64(count))
            streams.description.varint(1)
            var origin = ByteWriter()
            RecordCodec.encode(Origin(listener: "", transport: .udp), into: &origin)
            streams.description.bytes += origin.bytes
            for value: Int64 in [1, 0, 0, 0, 1, 0] { constant(value, &streams) }
            streams.description.varint(1)
            constant(Int64(slots), &streams)
            constant(Int64(literals), &streams)
            streams.add(.plane) { $0 += [UInt8](repeating: RecordShapes.text, count: kinds ?? slots) }
            streams.add(.text) { $0 += [UInt8](repeating: 0x61, count: literals * (slots + 1)) }
            constant(0, &streams)
            for _ in 0..<slots { slot(&streams) }
        }
        return (ChunkEntry.Kind.records, ChunkEntry.Encoding.recordColumns, stored, false)
    }

    /// Four plain records.
    static let four = records(4, slots: 0, literals: 3) { _ in }

    /// Columns of events beside ``four``, of one layout with `fields` constant fields.
    static func events(
        _ count: Int,
        fields: Int,
        layouts: Int = 1,
        own: (inout ColumnStreams) -> Void = { $0.description.varint(0) }
    ) -> Chunk {
        let stored = columns { streams in
            streams.description.write(EventColumns.version)
            streams.description.varint(UInt64(count))
            streams.description.varint(1)
            streams.description.counted([0x6e])
            streams.description.varint(0)
            streams.description.varint(1)
            constant(Int64(layouts), &streams)
            for _ in 0..<10 { constant(0, &streams) }
            constant(Int64(fields), &streams)
            streams.description.varint(1)
            streams.description.write(TextColumn.Encoding.constant)
            streams.description.counted([0x61])
            if fields > 0 { for _ in 0..<6 { constant(0, &streams) } }
            constant(Int64(count / 4), &streams)
            for _ in 0..<7 { constant(0, &streams) }
            streams.description.write(0 as UInt8)
            own(&streams)
        }
        return (ChunkEntry.Kind.columns, ChunkEntry.Encoding.eventColumns, stored, false)
    }

    static let zeros = [UInt8](repeating: 0, count: LogLimits.chunkSizeMaxBytes)

    /// A column of the greatest numbers, in decimal.
    static func decimals(_ streams: inout ColumnStreams) {
        streams.description.write(TextColumn.Encoding.decimal)
        streams.description.write(19 as UInt8)
        constant(.max, &streams)
    }

    /// Events stored row by row, each of which claims as many fields as there can be.
    static var manyFields: [UInt8] {
        var writer = ByteWriter()
        // Their sum does not fit 32 bits either.
        let count = 70_000
        writer.write(EventBatch.storedVersion)
        writer.varint(UInt64(count))
        for _ in 0..<2 { writer.varint(0) }
        writer.bytes += [UInt8](repeating: 0, count: count * 13)
        for _ in 0..<count { writer.varint(65_535) }
        return writer.bytes
    }

    private static let few = RecordShapes.templateCountMax

    /// What each block is, and the block.
    static let all: [(name: String, segment: @Sendable () throws -> [UInt8])] = [
        ("records that are 64 MiB of zeros", { try segment(4, [(1, 1, zeros, true)]) }),
        (
            "columns that are 16 MiB of zeros",
            { try segment(4, [(1, 3, Array(zeros.prefix(16 << 20)), true)]) }
        ),
        (
            "filters that are 16 MiB of zeros",
            { try segment(4, [four, events(4, fields: 1), (4, 6, Array(zeros.prefix(16 << 20)), true)]) }
        ),
        (
            "a fuse filter of more segments than bytes",
            {
                var writer = ByteWriter()
                writer.bytes = [FuseFilter.version, 0, 18]
                writer.varint(1 << 24)
                let values = writer.bytes + [UInt8](repeating: 0, count: 1 << 24)
                return try segment(4, [four, events(4, fields: 1), (5, 7, values, true)])
            }
        ),
        ("a page of 16 MiB of zeros", { try segment(4, [records(4, slots: 1, kinds: 16 << 20) { _ in }]) }),
        (
            "two million columns of nothing",
            {
                try segment(
                    4,
                    [
                        records(4, slots: 2_000_000) { streams in
                            streams.description.bytes += [TextColumn.Encoding.constant, 0]
                        }
                    ]
                )
            }
        ),
        (
            "65,536 records of 64 KiB from one constant",
            {
                try segment(
                    65_536,
                    [
                        records(65_536, slots: 1) { streams in
                            streams.description.write(TextColumn.Encoding.constant)
                            streams.description.counted([UInt8](repeating: 0x62, count: 65_536))
                        }
                    ]
                )
            }
        ),
        (
            "65,536 records of 500 patterns",
            {
                try segment(
                    65_536,
                    [
                        records(65_536, slots: 500) { streams in
                            streams.description.bytes += [TextColumn.Encoding.hexadecimal, 0]
                            streams.description.counted([UInt8](repeating: 0x2d, count: 512))
                            streams.add(.plane) { _ in }
                        }
                    ]
                )
            }
        ),
        ("layouts of 65,535 fields", { try segment(4, [four, events(4, fields: 65_535, layouts: 65_535)]) }),
        ("a million events of 65,535 fields", { try segment(4, [four, events(1_048_576, fields: 65_535)]) }),
        ("262,144 events of 8 fields", { try segment(4, [four, events(262_144, fields: 8)]) }),
        (
            "values of events without end",
            {
                try segment(
                    4,
                    [
                        four,
                        events(4, fields: 1) { streams in
                            streams.description.varint(100)
                            for field in 0..<100 {
                                streams.description.varint(UInt64(field))
                                streams.description.varint(UInt64(EventBatch.storedFieldCountMax))
                                decimals(&streams)
                            }
                        },
                    ]
                )
            }
        ),
        ("rows of events with 65,535 fields each", { try segment(4, [four, (2, 2, manyFields, true)]) }),
        (
            "removed runs without end",
            {
                var writer = ByteWriter()
                writer.write(LeafRuns.version)
                writer.varint(.max)
                return try segment(4, [four, (6, 8, writer.bytes, false)])
            }
        ),
    ]

    /// Reads a block whole, and as a search and verifying do where that reads something else.
    static func read(_ segment: [UInt8]) throws {
        let storage = RecordingStorage(files: ["store/records/00000000000000000000.seg": segment])
        let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        for part in reader.parts {
            _ = try? reader.stored(part)
            guard part.count == 4 else { continue }
            _ = try? reader.rows(part, where: .text(Array("zz".utf8)))
            _ = try? part.leafRuns(of: try reader.records(part))
        }
    }

    /// Greatest resident memory of this process.
    static func peakBytes() throws -> Int {
        let text = try POSIXStorage().open("/proc/self/status", .read).read(at: 0, count: 65_536)
        let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("VmHWM")
        }
        let words = line?.split(whereSeparator: \.isWhitespace) ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) << 10 : .max
    }
}

@Suite struct HostileBlockTests {
    /// What reading one block may take (`schemas/disk/block-v1.md`, section 2), and what a test process has.
    static let memoryMaxBytes = LogLimits.blockMemoryMaxBytes + 128 << 20

    @Test func `whatever a block claims, reading it takes no more than the stated memory`() async {
        await #expect(processExitsWith: .success) {
            for (name, segment) in HostileBlocks.all {
                try HostileBlocks.read(try segment())
                let peak = try HostileBlocks.peakBytes()
                precondition(peak <= HostileBlockTests.memoryMaxBytes, "\(name): \(peak >> 20) MiB")
            }
        }
    }

    @Test func `the measure notices who takes more`() async {
        await #expect(processExitsWith: .failure) {
            let planted = [UInt8](repeating: 1, count: HostileBlockTests.memoryMaxBytes + 64 << 20)
            let peak = try HostileBlocks.peakBytes()
            precondition(peak <= HostileBlockTests.memoryMaxBytes, "\(planted[9])")
        }
    }

    @Test func `records beside hostile events and filters are served`() throws {
        for name in ["layouts of", "rows of events"] {
            let block = try #require(HostileBlocks.all.first { $0.name.hasPrefix(name) })
            let storage = RecordingStorage(files: [
                "store/records/00000000000000000000.seg": try block.segment()
            ])
            let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
            let part = try #require(reader.parts.first)
            let rows = try reader.rows(part, where: .text(Array("aaa".utf8)))
            #expect(rows.records.count == 4 && rows.records.payload(3) == Array("aaa".utf8), "\(name)")
        }
    }

    @Test(arguments: [UInt32.max, 65_537, 0]) func `a count of records that no block has is refused`(
        _ count: UInt32
    ) throws {
        var bytes = try HostileBlocks.segment(4, [HostileBlocks.four])
        var writer = ByteWriter()
        writer.write(count)
        bytes.replaceSubrange(64 + 20..<64 + 24, with: writer.bytes)
        let size = 100 + ChunkEntry.size + 4
        writer = ByteWriter()
        writer.write(CRC32C.masked(CRC32C.checksum(bytes.span, 64..<64 + size - 4)))
        bytes.replaceSubrange(64 + size - 4..<64 + size, with: writer.bytes)
        #expect(try BlockHeader.read(Array(bytes[64...]), file: "") == nil)
    }

    @Test func `a batch of a length or count that none has is refused`() {
        for (length, count) in [(Int(UInt32.max), 1), (9, Int(UInt32.max)), (9, 65_537), (9, 0), (0, 1)] {
            var batch = WriteAheadBatch(
                base: .zero,
                count: count,
                payloadLength: length,
                minLogTime: .absent,
                maxLogTime: .absent,
                previous: 0,
                payloadCRC: CRC32C.masked(CRC32C.checksum([UInt8](repeating: 0, count: 9)))
            )
            #expect(WriteAheadBatch.read(batch.encoded() + [UInt8](repeating: 0, count: 9), at: 0) == nil)
            (batch.payloadLength, batch.count) = (9, 1)
            #expect(WriteAheadBatch.read(batch.encoded() + [UInt8](repeating: 0, count: 9), at: 0) != nil)
        }
    }

    @Test func `a footer whose blocks overlap, run in a circle or have no end is told and not followed`()
        throws
    {
        let store = try smallStore()
        let path = try #require(store.files.keys.filter { $0.hasSuffix(".seg") }.min())
        let bytes = try #require(store.files[path])
        let file = try store.open(path, .read)
        let scan = try SegmentScan(file, name: lastPathPart(path), base: .zero, stream: "records")
        let footer = try #require(scan.footer)
        let body = Array(bytes.dropLast(footer.encoded().count))
        let original = try readAll(store)
        for change in 0..<5 {
            var changed = footer
            switch change {
            case 0: changed.blocks[0].position = changed.blocks[0].position - 1
            case 1: changed.blocks[0].position = 0
            case 2: changed.blocks[0].length = Int(UInt32.max)
            case 3: changed.blocks = Array(repeating: changed.blocks[0], count: 5_000)
            default: changed.blocks[0].count = Int(UInt32.max)
            }
            var files = store.files
            files[path] = body + changed.encoded()
            let storage = RecordingStorage(files: files)
            #expect(try readAll(storage) == original)
            let report = try verifyLog(storage: storage, path: "store", stream: "records")
            #expect(report.damage.contains { $0.reason == .footer })
        }
    }

    @Test func `a number of ten bytes that does not fit 64 bits is refused`() {
        for last: UInt8 in [0x02, 0x7f, 0x80, 0xff] {
            var reader = ByteReader([UInt8](repeating: 0xff, count: 9) + [last, 0])
            #expect(throws: ByteReaderError.self) { try reader.varint() }
        }
        var reader = ByteReader([UInt8](repeating: 0xff, count: 9) + [1])
        #expect((try? reader.varint()) == .max)
    }

    @Test func `a directory of pages that claims more than there is, or other lengths, is refused`() throws {
        let whole = HostileBlocks.four.raw
        #expect(throws: Never.self) { try RecordColumnsDecoder.decode(whole) }
        let container = try Container(whole)
        // Each byte of the directory as the greatest number, and as the start of a number of ten bytes.
        for position in container.directory.indices {
            for bytes in [[0x7f], [UInt8](repeating: 0xff, count: 9) + [1], [0xff, 0xff, 0xff, 0xff, 0x0f]] {
                var changed = container
                changed.directory.replaceSubrange(position...position, with: bytes)
                _ = try? RecordColumnsDecoder.decode(changed.stored())
            }
        }
    }
}
