// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

@testable import SegmentLog

/// The stores under `versions/`, one for each form in which stores ever were written, and what each holds.
///
/// See `versions/README.md` for how the next one is made.
enum GoldenStores {
    /// What the blocks of a store are written with.
    enum Form: String, CaseIterable {
        /// Records row by row, events row by row.
        case rows = "rows-v1"
        /// Records as columns, events row by row.
        case recordColumns = "record-columns-v1"
        /// Containers of version 2 with the dictionary of phrases, small blocks with companions, footers of
        /// form 2.
        case containers = "record-columns-v2"
        /// The same, and records of the first segment were removed.
        case removed = "removed-v1"
        /// Events of version 2 of the event schema.
        case schema2 = "events-v2"
    }

    /// Lines of three devices, `count` of them from `base` on.
    static func lines(_ base: UInt64, _ count: Int) -> RecordBatch {
        var batch = RecordBatch()
        for number in base..<base + UInt64(count) {
            let peer = IPAddress(v4: 0x0a00_0001 + UInt32(number % 3))
            let origin = batch.index(of: Origin(listener: "udp", transport: .udp, peer: peer, peerPort: 514))
            let clock = "04:\(10 + number / 60 % 50):\(10 + number % 50)"
            let text =
                switch number % 4 {
                case 0:
                    "<38>Oct  5 \(clock) pump-\(number % 9) sshd[\(200 + number)]: Failed password for root"
                case 1: "<134>1 2026-10-05T\(clock).250Z gw fw 7 - - src=10.1.\(number % 250).9 dst=10.2.0.7"
                case 2:
                    "<13>Oct  5 \(clock) w\u{f6}rter-\(number % 2) app: door \(number * 7_919 % 1_000) open"
                default: number % 36 == 3 ? "" : "{\"device\":\"mon-\(number % 5)\",\"n\":\(number)}"
                }
            batch.append(
                Array(text.utf8),
                kind: number % 50 == 49 ? .tick : .device,
                flags: number % 25 == 7 ? [.truncated] : [],
                origin: origin,
                originalLength: text.utf8.count + (number % 25 == 7 ? 9 : 0),
                receiveTime: number % 10 == 9
                    ? .absent : UTCTime(nanoseconds: 1_790_000_000_000_000_000 + Int64(number) * 1_000_003)
            )
        }
        return batch
    }

    /// An event of each record that is not empty, with fields from it and beside it.
    static func events(of job: BlockJob) -> EventBatch {
        var events = EventBatch()
        events.decoders = ["none", "golden"]
        for (index, row) in job.records.rows.enumerated() where row.length > 0 {
            var event = Event(offset: job.base.advanced(by: index), time: row.logTime, logTime: row.logTime)
            event.receiveTime = row.receiveTime
            event.decoder = 1
            event.eventClass = index % 2 == 0 ? .access : .network
            event.outcome = index % 3 == 0 ? .failure : .success
            var hash = StableHash()
            hash.combine(job.records.bytes.span, row.range)
            event.contentHash = hash.value
            events.begin(event)
            events.add(.hostName, "pump-\(index % 9)")
            events.add(.userName, index % 5 == 0 ? "root" : "user \(index % 40)")
            events.add(.sourceIP, "10.1.\(index % 250).9")
            events.add(.message, job.records.bytes.span, row.range)
        }
        return events
    }

    /// Writes a store of a form: a sealed segment with a large and a small block, one that is sealed with one
    /// block, an open one, and records that are in none.
    static func write(_ form: Form, storage: any LogStorage, path: String) throws(LogError) {
        var options = LogOptions()
        options.reserveSizeBytes = 0
        let writer = try LogWriter.open(storage: storage, path: path, stream: "records", options: options)
        // Companions pay from some dozen records on.
        let isNew = form == .containers || form == .removed || form == .schema2
        for (step, count) in [540, isNew ? 90 : 5, 6, 7, 8].enumerated() {
            var batch = lines(writer.nextOffset.value, count)
            let wall = UTCTime(nanoseconds: 1_790_000_000_000_000_000 + Int64(step) * 1_000_000_000)
            _ = try writer.append(&batch, wall: wall)
            _ = try writer.sync()
            guard step < 4 else { break }
            while let job = writer.takeBlockJob(force: true) { try writer.commit(try block(form, job)) }
            if step == 1 || step == 2 { try writer.seal() }
        }
        try writer.close()
        if form == .removed { try remove(storage, path) }
    }

    private static func remove(_ storage: any LogStorage, _ path: String) throws(LogError) {
        _ = try removeRecords(
            of: FileNames.segment(.zero),
            storage: storage,
            path: path,
            stream: "records",
            removes: { $0.value % 7 < 3 },
            cuts: [100, 300]
        ) { summary throws(LogError) in
            let tombstone = Tombstone(
                stream: "records",
                segment: summary.segment,
                offsets: summary.offsets,
                removed: summary.removed,
                digest: summary.digest,
                root: summary.root,
                reasons: ["class default keep 1d: \(summary.removed)"],
                actor: "golden",
                time: UTCTime(nanoseconds: 1_790_000_000_000_000_000)
            )
            // What signed it is no part of what is compared.
            guard let note = SignedNote(tombstone.body, name: "golden/records", key: SigningKey()) else {
                throw .suspect
            }
            try onDisk { () throws(StorageError) in
                try Tombstone.append(note, storage: storage, path: path, stream: "records")
            }
        }
    }

    private static func block(_ form: Form, _ job: BlockJob) throws(LogError) -> EncodedBlock {
        let events = events(of: job)
        let epoch = [UInt8](repeating: 7, count: BlockHeader.epochSize)
        let times = (UTCTime(nanoseconds: 1), UTCTime(nanoseconds: 2))
        let schema = form == .schema2 ? 2 : 1
        let today = try job.encode(events: [events], epoch: epoch, eventTimes: times, schema: schema)
        guard form == .rows || form == .recordColumns else { return today }
        var records = ByteWriter()
        RecordCodec.encode(job.records, into: &records)
        var chunks: [BlockChunk] = []
        if form == .rows {
            let (kind, encoding) = (ChunkEntry.Kind.records, ChunkEntry.Encoding.records)
            chunks.append(try BlockChunk(kind, encoding, records.bytes, level: 6))
        } else {
            var buffers = BlockBuffers()
            chunks.append(try buffers.records(of: job.records, level: 6))
        }
        let stored = events.encoded(beside: RecordsInPlace(job.records, base: job.base))
        chunks.append(try BlockChunk(ChunkEntry.Kind.columns, ChunkEntry.Encoding.events, stored, level: 6))
        var header = today.header
        header.chunks = chunks.map(\.entry)
        return EncodedBlock(
            header: header,
            bytes: header.encoded() + chunks.flatMap(\.stored),
            tree: today.tree,
            sets: nil
        )
    }

    /// What a store holds and whether it verifies, a line for each record: its offset, its leaf, and a hash
    /// of its events.
    static func description(storage: any LogStorage, path: String) throws(LogError) -> String {
        let reader = try LogReader.open(storage: storage, path: path, stream: "records")
        let notes = try onDisk { () throws(StorageError) in
            try Tombstone.read(storage: storage, path: path, stream: "records")
        }
        let report = try verifyLog(
            storage: storage,
            path: path,
            stream: "records",
            tombstones: notes.compactMap { Tombstone($0) }
        )
        var lines: [String] = []
        var tree = CompactRange()
        var count = 0
        for part in reader.parts {
            let (records, events) = try part.readStored()
            var words = [String](repeating: "", count: records.count)
            for (index, event) in (events?.events ?? []).enumerated() {
                count += 1
                words[Int(event.offset.value - part.base.value)] += " " + word(events, index)
            }
            for run in try part.leafRuns(of: records).runs {
                switch run {
                case .leaves(let leaves):
                    for leaf in leaves {
                        let hash = leaf.bytes.prefix(16).map(hexadecimal).joined()
                        lines.append("\(tree.end) \(hash)\(words[Int(tree.end - part.base.value)])")
                        tree.append(leaf)
                    }
                case .removed(let range):
                    lines.append("\(range.begin) to \(range.end - 1) gone")
                    tree.append(range)
                }
            }
        }
        let head = [
            "records \(report.records)", "events \(count)", "sound \(report.isSound)",
            "segments \(report.segments), \(report.sealedSegments) sealed", "tails \(report.tails.count)",
            "root \(tree.root.bytes.map(hexadecimal).joined())",
        ]
        return (head + lines).joined(separator: "\n") + "\n"
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// A hash of everything that an event says.
    private static func word(_ events: EventBatch?, _ index: Int) -> String {
        guard let events else { return "" }
        let event = events.events[index]
        var text =
            "\(event.offset) \(event.ordinal) \(event.time.nanoseconds) \(event.deviceTime.nanoseconds) "
            + "\(event.logTime.nanoseconds) \(event.receiveTime.nanoseconds) \(event.uncertainty) "
            + "\(event.eventClass.rawValue) \(event.action.rawValue) \(event.outcome.rawValue) "
            + "\(event.severity) \(events.decoders[Int(event.decoder)]) \(event.flags.rawValue) "
            + "\(event.issues.rawValue) \(event.contentHash)"
        for entry in events.fields(of: index) {
            text += "\n\(events.name(of: entry.field))=\(Array(events.bytes[entry.range]))"
        }
        return sha256(Array(text.utf8)).bytes.prefix(8).map(hexadecimal).joined()
    }
}
