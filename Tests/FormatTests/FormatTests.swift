// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

/// The root of the package, from the place of this file.
private let root = parentPath(parentPath(parentPath(#filePath)))

/// The blocks fenced as `hex` of a format document, decoded.
private func examples(_ document: String) throws -> [[UInt8]] {
    let bytes = try POSIXStorage().readFile(root + "/schemas/disk/" + document)
    let fences = String(decoding: bytes, as: UTF8.self).split(
        separator: "```",
        omittingEmptySubsequences: false
    )
    return try fences.filter { $0.hasPrefix("hex\n") }.map { fence in
        let digits = fence.dropFirst(4).filter { !$0.isWhitespace }
        return try #require(Hexadecimal.bytes(String(digits)))
    }
}

private let stamp = UTCTime(nanoseconds: 1_790_000_000_000_000_000)

private func expectedRecord() -> RecordBatch {
    var batch = RecordBatch()
    let peer = IPAddress(v4: 0x0a00_0007)
    let origin = batch.index(of: Origin(listener: "udp", transport: .udp, peer: peer, peerPort: 514))
    batch.append(Array("four".utf8), kind: .device, origin: origin, receiveTime: stamp)
    batch.rows[0].logTime = stamp
    return batch
}

/// The records of the examples of columns.
private func fourRecords() -> RecordBatch {
    var batch = RecordBatch()
    let origin = batch.index(of: Origin(listener: "udp", transport: .udp))
    for number in 0..<4 {
        let line = "<38>Oct  5 04:00:0\(number) pump-\(7 + number) sshd[\(200 - number)]: bye"
        batch.append(Array(line.utf8), kind: .device, origin: origin, receiveTime: stamp)
        batch.rows[number].logTime = stamp
    }
    return batch
}

@Suite struct FormatTests {
    @Test func `the example of records decodes and encodes to the same bytes`() throws {
        let bytes = try #require(try examples("record-v1.md").first)
        let batch = try RecordCodec.decode(bytes, 0..<bytes.count)
        let expected = expectedRecord()
        #expect(
            batch.rows == expected.rows && batch.origins == expected.origins && batch.bytes == expected.bytes
        )
        var writer = ByteWriter()
        RecordCodec.encode(expected, into: &writer)
        #expect(writer.bytes == bytes)
    }

    @Test func `the example of record columns decodes and encodes to the same bytes`() throws {
        let batch = fourRecords()
        var shaper = RecordShaper()
        shaper.take(batch)
        var encoder = RecordColumnsEncoder()
        let stored = encoder.encode(batch, shaper.shapes)
        #expect(try RecordColumnsDecoder.decode(stored).bytes == batch.bytes)
        let bytes = try #require(try examples("record-columns-v1.md").first)
        let read = try RecordColumnsDecoder.decode(bytes)
        #expect(read.rows == batch.rows && read.bytes == batch.bytes && read.origins == batch.origins)
    }

    @Test func `the example of a container of version 2 decodes`() throws {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "udp", transport: .udp))
        for number in 0..<4 {
            let text = "Failed password for invalid user u\(number) from 192.168.1.1\(number) port 22 ssh2"
            let line = "<38>Oct  5 04:00:0\(number) pump-\(7 + number) sshd[\(200 - number)]: \(text)"
            batch.append(Array(line.utf8), kind: .device, origin: origin, receiveTime: stamp)
            batch.rows[number].logTime = stamp
        }
        var shaper = RecordShaper()
        shaper.take(batch)
        var encoder = RecordColumnsEncoder()
        let stored = encoder.encode(batch, shaper.shapes, ColumnPaging(isSmall: true))
        for bytes in try examples("record-columns-v2.md") + [stored] {
            let read = try RecordColumnsDecoder.decode(bytes)
            #expect(read.rows == batch.rows && read.bytes == batch.bytes && read.origins == batch.origins)
        }
        #expect(try examples("record-columns-v2.md").count == 1, "\(Hexadecimal.text(stored))")
    }

    @Test func `the phrases are those of the document, for ever`() throws {
        let bytes = try POSIXStorage().readFile(root + "/schemas/disk/dictionary-v1.txt")
        #expect(PresetDictionary.phrases.bytes == bytes)
        #expect(bytes.count == 32_064 && bytes.count <= PresetDictionary.sizeMaxBytes)
        #expect(PresetDictionary.phrases.id == 0x09c9_3e01)
        let digest = "2c2c3edd6ddb5e46bfc06e2dee9573d075c59f0053b7701e5b950762ee153052"
        #expect(sha256(bytes).bytes == Hexadecimal.bytes(digest))
        let document = try POSIXStorage().readFile(root + "/schemas/disk/record-columns-v2.md")
        #expect(String(decoding: document, as: UTF8.self).contains(digest))
    }

    @Test func `the example of event columns decodes`() throws {
        let records = fourRecords()
        var shaper = RecordShaper()
        shaper.take(records)
        var encoder = RecordColumnsEncoder()
        let shaped = try RecordColumnsDecoder.decodeShaped(encoder.encode(records, shaper.shapes))
        var events = EventBatch()
        events.decoders = ["none", "sshd"]
        for (number, row) in records.rows.enumerated() {
            var event = Event(offset: Offset(UInt64(7 + number)), time: stamp, logTime: stamp)
            event.receiveTime = stamp
            event.eventClass = .access
            event.decoder = 1
            var hash = StableHash()
            hash.combine(records.bytes.span, row.range)
            event.contentHash = hash.value
            events.begin(event)
            events.add(.hostName, "pump-\(7 + number)")
            events.add(.userName, "root")
            events.add(.message, "bye")
        }
        var writer = EventColumnsEncoder()
        let stored = writer.encode([events], beside: shaped, base: Offset(7))
        let forms = try examples("columns-v3.md")
        #expect(forms.count == 2)
        for form in forms + [try #require(stored)] {
            let read = try EventColumnsDecoder.decode(
                form,
                beside: shaped,
                base: Offset(7),
                companion: PresetDictionary(records)
            )
            #expect(read.events.count == 4 && read.decoders == events.decoders)
            for index in 0..<4 {
                #expect(read.events[index].contentHash == events.events[index].contentHash)
                #expect(read.text(.hostName, in: index) == "pump-\(7 + index)")
                #expect(read.text(.userName, in: index) == "root" && read.text(.message, in: index) == "bye")
            }
        }
    }

    @Test func `the example of a leaf is what a record is hashed as`() throws {
        let parts = try examples("leaf-v1.md")
        let record = expectedRecord()
        let content = RecordLeaf.head(of: record, 0, at: Offset(4)) + record.payload(0)
        #expect(
            Array(parts.prefix(2)) == [content, RecordLeaf.hash(of: record, 0, at: Offset(4)).bytes]
        )
        #expect(parts[1] == sha256([0] + content).bytes)
    }

    @Test func `the example of removed records is what is left of them`() throws {
        let bytes = try #require(try examples("leaf-v1.md").last)
        let leaves = (8..<14).map { RecordLeaf.hash(of: expectedRecord(), 0, at: Offset(UInt64($0))) }
        var rows = RowSet(rowCount: 6)
        for row in 1...3 { rows.insert(row) }
        let left = LeafRuns(leaves, base: Offset(8)).removing(rows, cuts: [])
        #expect(left.encodedRemoved() == bytes)
        #expect(try LeafRuns.removed(bytes, base: Offset(8), count: 6) == left.removed)
        #expect(left.range == LeafRuns(leaves, base: Offset(8)).range)
    }

    @Test func `the example of a write-ahead file is what a writer makes`() throws {
        let bytes = try #require(try examples("wal-v1.md").first)
        let header = FileHeader(.wal, Offset(4), stream: "records")
        #expect(header.encoded() == Array(bytes[0..<64]))
        let (batch, _) = try #require(WriteAheadBatch.read(bytes, at: 64))
        #expect(batch.base == Offset(4) && batch.count == 1 && batch.minLogTime == stamp)
        #expect(batch.totalLength == bytes.count - 64)
        #expect(batch.encoded() == Array(bytes[64..<116]))
        let record = try #require(try examples("record-v1.md").first)
        #expect(Array(bytes[116...]) == record)
    }

    @Test func `the example of columns decodes and encodes to the same bytes`() throws {
        let bytes = try #require(try examples("columns-v2.md").first)
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "", transport: .file))
        records.append(
            Array("<38>app: door open\n".utf8),
            kind: .device,
            origin: origin,
            receiveTime: .absent
        )
        var event = Event(offset: Offset(7), time: stamp, logTime: stamp)
        event.deviceTime = stamp
        event.receiveTime = stamp
        event.severity = 6
        var hash = StableHash()
        hash.combine(records.bytes.span, records.rows[0].range)
        event.contentHash = hash.value
        var batch = EventBatch()
        batch.begin(event)
        batch.add(.hostName, "h")
        batch.add(.message, "door open")
        let place = RecordsInPlace(records, base: Offset(7))
        #expect(batch.encoded(beside: place) == bytes)
        let read = try EventBatch(decoding: bytes, beside: place)
        #expect(read.events == batch.events)
        #expect(read.text(.hostName, in: 0) == "h" && read.text(.message, in: 0) == "door open")
    }

    @Test func `the example of filters knows its values`() throws {
        var events = EventBatch()
        events.begin(Event(offset: .zero, time: stamp, logTime: stamp))
        events.add(.userName, "Root")
        events.add(.sourceIP, "10.0.0.7")
        var keys = ValueKeys()
        keys.insert(events)
        #expect(keys.sorted == [0x190d_5683_90ae_03f6, 0xab9b_7e98_3b39_1eff, 0xeb70_f160_1005_5919])
        let filter = try #require(FuseFilter(keys.sorted))
        #expect(try examples("filters-v1.md") == [filter.encoded()], "\(filter.encoded())")
        #expect(try keys.sorted.allSatisfy(FuseFilter(filter.encoded()).mayContain))
        var marks = TrigramMarks()
        marks.insert(Array("led".utf8).span, 0..<3)
        var writer = ByteWriter()
        TrigramMap(marks).encode(into: &writer)
        #expect(writer.bytes.indices.filter { writer.bytes[$0] > 0 } == [45_315 / 8])
        #expect(writer.bytes[45_315 / 8] == 1 << (45_315 % 8))
    }

    @Test func `the example of a block decodes`() throws {
        let bytes = try #require(try examples("block-v1.md").first)
        let header = try #require(try BlockHeader.read(bytes, file: "example"))
        #expect(header.base == .zero && header.count == 2 && header.totalLength == bytes.count)
        #expect(header.encoded() == Array(bytes[0..<header.size]))
        #expect(header.epoch == [UInt8](repeating: 7, count: 32))
        #expect(header.kinds == [KindCount(kind: 1, count: 2)])
        let (position, entry) = try #require(header.place(of: ChunkEntry.Kind.columns))
        #expect(Array(bytes[position..<position + entry.storedLength]) == Array("cols".utf8))
    }

    @Test func `the examples of a segment decode and the hash covers header and block`() throws {
        let parts = try examples("segment-v1.md")
        #expect(parts.count == 3)
        #expect(parts.first == FileHeader(.segment, .zero, stream: "records").encoded())
        let footer = try #require(SegmentFooter.read(parts[1]))
        #expect(footer.encoded() == parts[1])
        #expect(footer.count == 2 && footer.end == Offset(2) && footer.holes.isEmpty)
        let block = try #require(try examples("block-v1.md").first)
        #expect(footer.digest == sha256(parts[0] + block))
        #expect(footer.form == .plain && footer.frontiers == nil && footer.sets == nil)
    }

    @Test func `the example of a footer of form 2 has frontiers, times and sets`() throws {
        let bytes = try #require(try examples("segment-v1.md").last)
        let footer = try #require(SegmentFooter.read(bytes))
        #expect(footer.encoded() == bytes && footer.form == .summary)
        let block = try #require(try examples("block-v1.md").first)
        let header = try #require(try BlockHeader.read(block, file: "example"))
        #expect(footer.blocks[0].minLogTime == header.minLogTime)
        #expect(footer.blocks[0].maxEventTime == header.maxEventTime)
        let (start, entry) = try #require(header.place(of: ChunkEntry.Kind.records))
        let stored = start..<start + entry.storedLength
        let raw = try #require(Deflate.decompress(block, stored, length: entry.rawLength))
        let records = try RecordCodec.decode(raw, 0..<raw.count)
        var tree = CompactRange()
        for leaf in RecordLeaf.hashes(of: records, base: .zero) { tree.append(leaf) }
        #expect(footer.frontiers == SegmentFooter.Frontiers(start: CompactRange(), end: tree))
        func mayHold(_ part: RowCondition.Header, _ byte: UInt8) -> Bool? {
            footer.sets?.mayHold(.header(part, ByteSet([byte])))
        }
        #expect(mayHold(.eventClass, 1) == true && mayHold(.eventClass, 2) == false)
        #expect(mayHold(.severity, 6) == true && mayHold(.severity, 5) == false)
    }

    @Test func `a store of version 1 is read whole`() throws {
        let path = root + "/Tests/FormatTests/versions/v1"
        let storage = POSIXStorage()
        let report = try verifyLog(storage: storage, path: path, stream: "records")
        #expect(report.isSound && report.tails.isEmpty && report.records == 5 && report.sealedSegments == 1)
        let reader = try LogReader.open(storage: storage, path: path, stream: "records")
        var lines: [String] = []
        for part in reader.parts {
            let records = try reader.records(part)
            for index in 0..<records.count {
                lines.append(String(decoding: records.payload(index), as: UTF8.self))
            }
        }
        #expect(lines == ["<13>Oct  5 04:00:00 pump-7 sshd: one", "two", "three", "", "four"])
        #expect(try reader.parts[0].chunk(ChunkEntry.Kind.columns)?.bytes == Array("cols".utf8))
        #expect(reader.parts[0].minEventTime == UTCTime(nanoseconds: 1))
    }

    @Test(arguments: [(8, UInt16(2), UInt32(0)), (16, 1, 1)])
    func `a file of a newer version or with an unknown incompatible flag is refused`(
        _ position: Int,
        _ version: UInt16,
        _ flags: UInt32
    ) throws {
        var bytes = FileHeader(.segment, .zero, stream: "records").encoded()
        bytes[position] = UInt8(version > 1 ? version : UInt16(flags))
        seal(&bytes)
        let storage = RecordingStorage(files: ["store/records/00000000000000000000.seg": bytes])
        #expect(
            throws: LogError.unsupported(file: "00000000000000000000.seg", version: version, flags: flags)
        ) {
            try LogReader.open(storage: storage, path: "store", stream: "records")
        }
    }

    @Test func `an unknown compatible flag is ignored`() throws {
        var bytes = FileHeader(.segment, .zero, stream: "records").encoded()
        bytes[12] = 1
        seal(&bytes)
        let storage = RecordingStorage(files: ["store/records/00000000000000000000.seg": bytes])
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").isSound)
    }

    private func seal(_ bytes: inout [UInt8]) {
        var writer = ByteWriter()
        writer.write(CRC32C.masked(CRC32C.checksum(bytes.span, 0..<60)))
        bytes.replaceSubrange(60..<64, with: writer.bytes)
    }
}
