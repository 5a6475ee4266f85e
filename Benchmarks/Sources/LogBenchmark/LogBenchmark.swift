// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Platform
import SegmentLog
import SiteFiles

/// Measures the log as a library on one core: one JSON line per measure, in processor time.
///
///     LogBenchmark FILE syslog|jsonl FOLDER [encode|TOKEN]
///
/// FILE holds one record a line; FOLDER takes the store and is the caller's to remove. A folder that holds a
/// store is measured as it is. With `encode` nothing is read back: for a profile of writing alone. TOKEN is
/// searched for in all parts.
@main
struct LogBenchmark {
    /// Lines that are appended at once.
    private static let batchCount = 4_096
    /// Times that reading is measured; the least counts.
    private static let rounds = 5

    private let storage = POSIXStorage()
    private let folder: String
    private let isJSON: Bool
    /// Bytes of all records.
    private var rawBytes = 0
    private var records = 0
    private var encodeNanoseconds: Int64 = 0

    static func main() throws {
        let arguments = CommandLine.arguments
        guard (4...5).contains(arguments.count), ["syslog", "jsonl"].contains(arguments[2]) else {
            print("usage: LogBenchmark FILE syslog|jsonl FOLDER [encode|TOKEN]")
            return
        }
        let token = arguments.count == 5 ? arguments[4] : nil
        MemoryPolicy.releaseLargeBuffers()
        var benchmark = LogBenchmark(folder: arguments[3], isJSON: arguments[2] == "jsonl")
        let reader = try LogReader.open(storage: benchmark.storage, path: arguments[3], stream: "records")
        if reader.parts.isEmpty {
            try benchmark.write(arguments[1])
        } else {
            try benchmark.count()
        }
        if token != "encode" {
            if let token { try benchmark.measureSearch(token) }
            try benchmark.measureRebuild()
            try benchmark.measureValues()
            try benchmark.measureVerify()
        }
        try benchmark.reportChunks()
    }

    private init(folder: String, isJSON: Bool) {
        self.folder = folder
        self.isJSON = isJSON
    }

    /// Makes a store of the lines of `path`; encoding is measured with the decoded events given.
    private mutating func write(_ path: String) throws {
        let bytes = try storage.readFile(path)
        let span = bytes.span
        var options = LogOptions()
        options.blockAgeMaxNanoseconds = .max
        let writer = try LogWriter.open(storage: storage, path: folder, stream: "records", options: options)
        let decoders = DecoderLoader.load([]).decoders
        let key = SiteKey(id: "benchmark", secret: [UInt8](repeating: 7, count: 32))
        var normalizer = Normalizer(decoders: decoders, siteKey: key)
        var buffers = BlockBuffers()
        var time = UTCTime(nanoseconds: 1_790_000_000_000_000_000)
        var batch = RecordBatch()
        let origin = Origin(listener: "benchmark", transport: .tcp, peer: IPAddress(v4: 0x0a00_0001))
        var start = 0
        for index in span.indices where span[index] == 0x0a {
            let number = batch.index(of: origin)
            let flags: FrameFlags = isJSON ? .jsonLines : []
            batch.append(
                span,
                start..<index,
                kind: .device,
                flags: flags,
                origin: number,
                receiveTime: time
            )
            start = index + 1
            time = UTCTime(nanoseconds: time.nanoseconds + 20_000_000)
            guard batch.count == LogBenchmark.batchCount else { continue }
            _ = try writer.append(&batch, wall: time)
            batch = RecordBatch()
            try encode(writer, &normalizer, &buffers, decoders.epoch, isLast: false)
        }
        if batch.count > 0 { _ = try writer.append(&batch, wall: time) }
        _ = try writer.sync()
        try encode(writer, &normalizer, &buffers, decoders.epoch, isLast: true)
        try writer.seal()
        try writer.close()
        report("encode", encodeNanoseconds)
    }

    /// How much a store holds that was there before.
    private mutating func count() throws {
        let reader = try LogReader.open(storage: storage, path: folder, stream: "records")
        for part in reader.parts {
            records += part.count
            rawBytes += try reader.records(part).bytes.count
        }
    }

    private mutating func encode(
        _ writer: LogWriter,
        _ normalizer: inout Normalizer,
        _ buffers: inout BlockBuffers,
        _ epoch: [UInt8],
        isLast: Bool
    ) throws {
        while let job = writer.takeBlockJob(force: isLast) {
            var events = EventBatch()
            normalizer.decode(job.records, base: job.base, reference: nil, into: &events)
            let times = events.events.map(\.time)
            let before = processResources().processorNanoseconds
            let block = try job.encode(
                events: [events],
                epoch: epoch,
                eventTimes: times.min().flatMap { least in times.max().map { (least, $0) } },
                buffers: &buffers
            )
            encodeNanoseconds += processResources().processorNanoseconds - before
            rawBytes += job.records.bytes.count
            records += job.count
            try writer.commit(block)
        }
    }

    private func measureRebuild() throws {
        let reader = try LogReader.open(storage: storage, path: folder, stream: "records")
        var buffers = RecordBuffers()
        try measure("rebuild") {
            var bytes = 0
            for part in reader.parts {
                let batch = try reader.records(part, reusing: &buffers)
                bytes += batch.bytes.count
                buffers.recycle(batch)
            }
            guard bytes == rawBytes else { throw BenchmarkError.differs }
        }
    }

    /// Finding the records that hold a text, as a query does.
    private func measureSearch(_ token: String) throws {
        let reader = try LogReader.open(
            storage: storage,
            path: folder,
            stream: "records",
            listing: .footers
        )
        let condition = RowCondition.text(token.utf8.map(ByteFolding.folded))
        try measure("search") { for part in reader.parts { _ = try reader.rows(part, where: condition) } }
    }

    /// Time, class and one entity of every event.
    private func measureValues() throws {
        let reader = try LogReader.open(storage: storage, path: folder, stream: "records")
        var buffers = RecordBuffers()
        for field in [FieldID.sourceIP, .userName] {
            try measure("values " + FieldID.knownNames[Int(field.rawValue)]) {
                var values = EventValues()
                for part in reader.parts {
                    let wish = EventValues.Wish(field)
                    guard let found = try reader.values(part, wish, reusing: values, &buffers) else {
                        throw BenchmarkError.differs
                    }
                    values = found
                }
            }
        }
    }

    private func measureVerify() throws {
        try measure("verify") {
            let found = try verifyLog(storage: storage, path: folder, stream: "records")
            guard found.isSound, found.records == UInt64(records) else { throw BenchmarkError.differs }
        }
    }

    /// Where the stored bytes go.
    private func reportChunks() throws {
        let reader = try LogReader.open(storage: storage, path: folder, stream: "records")
        let chunks = reader.statistics.chunkBytes.sorted { $0.key < $1.key }
        let text = chunks.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        print("{\"measure\":\"chunks\",\"records\":\(records),\"chunks\":{\(text)}}")
    }

    private func measure(_ name: String, _ body: () throws -> Void) throws {
        var least = Int64.max
        for _ in 0..<LogBenchmark.rounds {
            let before = processResources().processorNanoseconds
            try body()
            least = min(least, processResources().processorNanoseconds - before)
        }
        report(name, least)
    }

    private func report(_ name: String, _ nanoseconds: Int64) {
        let seconds = max(1, Double(nanoseconds)) / 1e9
        let megabytes = Int(Double(rawBytes) / seconds / 1e6)
        let rate = Int(Double(records) / seconds)
        let milliseconds = Int(seconds * 1e3)
        print(
            "{\"measure\":\"\(name)\",\"cpu_ms\":\(milliseconds),\"megabytes_per_second\":\(megabytes),"
                + "\"records_per_second\":\(rate)}"
        )
    }
}

/// What was read is not what was written.
enum BenchmarkError: Error {
    case differs
}
