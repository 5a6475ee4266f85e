// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

private let key = SigningKey()

/// Sealed segments of blocks of eight records with events, and the heads of their ends.
private func sealedStore(
    reopening: Bool = false
) throws -> (storage: RecordingStorage, heads: [SignedHead]) {
    let storage = RecordingStorage()
    func open() throws -> LogWriter {
        try LogWriter.open(storage: storage, path: "store", stream: "records", options: smallOptions())
    }
    var writer = try open()
    var trees: [TreeState] = []
    while writer.nextOffset.value < 90 {
        if reopening {
            try writer.close()
            trees += writer.takeSealedTrees()
            writer = try open()
        }
        var batch = sampleBatch(base: writer.nextOffset, count: 5)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(writer.nextOffset.value) * 1_000))
        _ = try writer.sync()
        try commitBlocks(writer)
    }
    try commitBlocks(writer, force: true)
    try writer.seal()
    try writer.close()
    trees += writer.takeSealedTrees()
    let heads = try trees.map { tree in
        try #require(SignedHead(origin: "h/records", size: tree.size.value, root: tree.root, key: key))
    }
    return (storage, heads)
}

private func names(_ storage: any LogStorage) throws -> [String] {
    try storage.list("store/records").filter { $0.hasSuffix(".seg") }
}

private func check(_ storage: any LogStorage, _ name: String, _ heads: [SignedHead]) throws -> SegmentReport {
    try #require(try verifySegment(storage: storage, file: "store/records/" + name, heads: heads))
}

@Suite struct SegmentFooterTests {
    @Test(arguments: [false, true])
    func `each segment is proven by itself with the head of its end, also after restarts`(
        reopening: Bool
    ) throws {
        let (storage, heads) = try sealedStore(reopening: reopening)
        let names = try names(storage)
        #expect(names.count > 3 && heads.count == names.count)
        var last: TreeHash?
        for (number, name) in names.enumerated() {
            let found = try check(storage, name, heads)
            #expect(found.report.isSound && found.knowsFrontier, "\(found.report.damage)")
            #expect(found.report.heads == 1 && found.report.signedEnd == found.offsets.upperBound)
            #expect(found.roots?.end == heads[number].root)
            if let last { #expect(found.roots?.start == last) }
            last = found.roots?.end
        }
        #expect(try verifyLog(storage: storage, path: "store", stream: "records", heads: heads).isSound)
    }

    @Test func `a segment that was forged with right checksums and a frontier of its own is found`() throws {
        let (storage, heads) = try sealedStore()
        let name = try names(storage)[1]
        let path = "store/records/" + name
        let file = try storage.open(path, .read)
        let scan = try SegmentScan(
            file,
            name: name,
            base: try #require(FileNames.base(name, ".seg")),
            stream: "records"
        )
        let header = FileHeader(.segment, scan.base, stream: "records").encoded()
        let target = RecordingStorage(files: storage.files)
        try target.remove(path)
        let forged = try target.open(path, .create)
        try forged.write(header.span, at: 0)
        var active = ActiveSegment(
            name: name,
            base: scan.base,
            file: forged,
            header: header,
            firstLogTime: scan.parts[0].minLogTime,
            frontier: scan.footer?.frontiers?.start
        )
        for part in scan.parts {
            var records = try part.readRecords()
            if let first = records.rows.firstIndex(where: { $0.length > 0 }) {
                records.bytes[records.rows[first].start] ^= 1
            }
            let leaves = LeafRuns(RecordLeaf.hashes(of: records, base: part.base), base: part.base)
            let block = try BlockJob(base: part.base, records: records, leaves: leaves)
                .encode(events: nil, epoch: [], eventTimes: nil)
            try forged.write(block.bytes.span, at: active.size)
            active.add(block)
        }
        try forged.write(try active.footer().encoded().span, at: active.size)
        let found = try check(target, name, heads)
        #expect(found.report.damage.map(\.reason) == [.signed])
        // Without a head nothing contradicts it: that is why heads exist.
        #expect(try check(target, name, []).report.isSound)
        #expect(try !verifyLog(storage: target, path: "store", stream: "records").isSound)
    }

    @Test func `damage in one segment is not told of the segments behind it`() throws {
        let (storage, _) = try sealedStore()
        let names = try names(storage)
        var files = storage.files
        files["store/records/" + names[1]]?[FileHeader.size + 300] ^= 1
        let changed = RecordingStorage(files: files)
        let report = try verifyLog(storage: changed, path: "store", stream: "records")
        #expect(!report.isSound && report.damage.allSatisfy { $0.file == names[1] }, "\(report.damage)")
    }

    @Test func `any changed byte of a segment is found without its store`() throws {
        let (storage, heads) = try sealedStore()
        let name = try names(storage)[1]
        let bytes = try #require(storage.files["store/records/" + name])
        for place in bytes.indices {
            var files = storage.files
            files["store/records/" + name]?[place] ^= 4
            let changed = RecordingStorage(files: files)
            let found = try? verifySegment(storage: changed, file: "store/records/" + name, heads: heads)
            #expect(found?.report.isSound != true, "byte \(place)")
        }
    }

    @Test func `listing by footers gives the same parts, and reads fewer bytes`() throws {
        let (storage, _) = try sealedStore()
        func parts(_ listing: LogListing) throws -> [String] {
            let reader = try LogReader.open(
                storage: storage,
                path: "store",
                stream: "records",
                listing: listing
            )
            return try reader.parts.map { part in
                let (records, events) = try reader.stored(part)
                return "\(part.base) \(part.count) \(part.minLogTime) \(part.maxLogTime) "
                    + "\(String(describing: part.minEventTime)) \(records.bytes.count) "
                    + "\(events?.events.count ?? -1) \(String(describing: reader.epoch(part)))"
            }
        }
        #expect(try parts(.footers) == parts(.blocks))
        #expect(try parts(.blocks).count > 8)
    }

    @Test func `a segment is passed over when its sets rule out what is looked for, never otherwise`() throws
    {
        let storage = RecordingStorage()
        var options = smallOptions()
        options.segmentSizeMaxBytes = 3_000
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: options
        )
        for number in 0..<8 {
            var batch = sampleBatch(base: writer.nextOffset, count: 5)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(number)))
            _ = try writer.sync()
            let job = try #require(writer.takeBlockJob(force: true))
            var events = sampleEvents(of: job)
            for index in events.events.indices {
                events.events[index].eventClass = number < 4 ? .access : .update
            }
            try writer.commit(try job.encode(events: [events], epoch: [], eventTimes: nil))
            if number == 3 { try writer.seal() }
        }
        try writer.seal()
        try writer.close()
        let reader = try LogReader.open(
            storage: storage,
            path: "store",
            stream: "records",
            listing: .footers
        )
        #expect(reader.parts.count == 8)
        for eventClass in [EventClass.access, .update, .network] {
            let condition = RowCondition.header(.eventClass, ByteSet([eventClass.rawValue]))
            for part in reader.parts {
                let isOld = part.base < Offset(20)
                let mayMatch = eventClass == .access && isOld || eventClass == .update && !isOld
                #expect(try reader.rows(part, where: condition).isRuledOut == !mayMatch)
                #expect(try !reader.rows(part, where: .all([])).isRuledOut)
            }
        }
    }

    @Test func `a damaged header of a block shows when the block is read`() throws {
        let (storage, _) = try sealedStore()
        let name = try names(storage)[1]
        var files = storage.files
        files["store/records/" + name]?[FileHeader.size + 30] ^= 1
        let changed = RecordingStorage(files: files)
        let reader = try LogReader.open(
            storage: changed,
            path: "store",
            stream: "records",
            listing: .footers
        )
        let damaged = try #require(reader.parts.first { $0.fileName == name })
        #expect(throws: LogError.damaged(file: name, position: FileHeader.size)) {
            try reader.records(damaged)
        }
        for part in reader.parts where part.base != damaged.base {
            #expect(try reader.records(part).count == part.count)
        }
    }

    @Test func `a footer cut or changed anywhere is no footer`() throws {
        let (storage, _) = try sealedStore()
        let name = try names(storage)[2]
        let bytes = try #require(storage.files["store/records/" + name])
        let file = try storage.open("store/records/" + name, .read)
        let base = try #require(FileNames.base(name, ".seg"))
        let scan = try SegmentScan(file, name: name, base: base, stream: "records")
        let footer = Array(bytes.suffix(try #require(scan.footer).encoded().count))
        #expect(SegmentFooter.read(footer) == scan.footer)
        for place in footer.indices {
            var changed = footer
            changed[place] ^= 1
            #expect(SegmentFooter.read(changed) == nil, "byte \(place)")
            #expect(SegmentFooter.read(Array(footer[..<place])) == nil)
        }
    }
}
