// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Platform
import SiteFiles

/// Measures decoding as a library on one core and prints one JSON line.
///
///     DecodeBenchmark [--each] LINES PASSES [DECODER-FILE]...
///
/// With `--each` lines are decoded one by one, and the time of each at its best is printed.
///
/// LINES holds one record a line. All of it is decoded once to warm up and then PASSES times, in batches as
/// the daemon makes them and into storage that is used again; with 0 passes only the warm-up is run, so that
/// the difference of two runs is that of the passes alone, whatever is counted.
@main
struct DecodeBenchmark {
    /// Lines that are decoded at once.
    private static let batchCount = 4_096
    private var batches: [RecordBatch] = []
    private var lineCount = 0
    private var byteCount = 0

    static func main() throws {
        var arguments = CommandLine.arguments
        let isEach = arguments.count > 1 && arguments[1] == "--each"
        if isEach { arguments.remove(at: 1) }
        guard arguments.count >= 3, let passes = Int(arguments[2]) else {
            print("usage: DecodeBenchmark [--each] LINES PASSES [DECODER-FILE]...")
            return
        }
        let storage = POSIXStorage()
        var files: [DecoderLoader.File] = []
        for path in arguments[3...] {
            files.append(DecoderLoader.File(name: path, bytes: try storage.readFile(path)))
        }
        var benchmark = DecodeBenchmark()
        benchmark.cut(try storage.readFile(arguments[1]), atMost: isEach ? 1 : batchCount)
        let loaded = DecoderLoader.load(files)
        if isEach { benchmark.runEach(passes, loaded) } else { benchmark.run(passes, loaded) }
    }

    /// Cuts the file into batches.
    private mutating func cut(_ bytes: [UInt8], atMost batchCount: Int) {
        let span = bytes.span
        let time = UTCTime(nanoseconds: 1_793_577_600_000_000_000)
        var batch = RecordBatch()
        var start = 0
        for index in span.indices where span[index] == 0x0a {
            let origin = batch.index(of: Origin(listener: "benchmark", transport: .tcp))
            batch.append(span, start..<index, kind: .device, origin: origin, receiveTime: time)
            lineCount += 1
            byteCount += index - start + 1
            start = index + 1
            guard batch.count == batchCount else { continue }
            batches.append(batch)
            batch = RecordBatch()
        }
        if batch.count > 0 { batches.append(batch) }
    }

    private mutating func run(_ passes: Int, _ loaded: DecoderLoader.Outcome) {
        let key = SiteKey(id: "benchmark", secret: [UInt8](repeating: 7, count: 32))
        var normalizer = Normalizer(decoders: loaded.decoders, siteKey: key)
        var events = EventBatch()
        var eventCount = 0
        var undecodedCount = 0
        for batch in batches {
            events.removeAll()
            normalizer.decode(batch, base: .zero, reference: nil, into: &events)
            eventCount += events.events.count
            for event in events.events where event.issues.contains(.undecoded) { undecodedCount += 1 }
        }
        var least = Int64.max
        for _ in 0..<passes {
            let before = processResources().processorNanoseconds
            for batch in batches {
                events.removeAll()
                normalizer.decode(batch, base: .zero, reference: nil, into: &events)
            }
            least = min(least, processResources().processorNanoseconds - before)
        }
        let seconds = passes == 0 ? 0 : Double(least) / 1e9
        let rate = passes == 0 ? 0 : Int(Double(lineCount) / seconds)
        let megabytes = passes == 0 ? 0 : Int(Double(byteCount) / seconds / 1e6)
        print(
            "{\"lines\":\(lineCount),\"events\":\(eventCount),\"undecoded\":\(undecodedCount),"
                + "\"decoders\":\(loaded.loaded.count),\"refused\":\(loaded.refused.count),"
                + "\"cpu_ms\":\(Int(seconds * 1e3)),\"lines_per_second\":\(rate),"
                + "\"megabytes_per_second\":\(megabytes)}"
        )
    }

    /// Prints the microseconds of each line, at its best.
    private mutating func runEach(_ passes: Int, _ loaded: DecoderLoader.Outcome) {
        let key = SiteKey(id: "benchmark", secret: [UInt8](repeating: 7, count: 32))
        var events = EventBatch()
        var each: [String] = []
        for batch in batches {
            // What one line leaves behind, such as a table's header, is nothing to the next.
            var normalizer = Normalizer(decoders: loaded.decoders, siteKey: key)
            var least = Int64.max
            for pass in 0...max(1, passes) {
                let before = processResources().processorNanoseconds
                events.removeAll()
                normalizer.decode(batch, base: .zero, reference: nil, into: &events)
                if pass > 0 { least = min(least, processResources().processorNanoseconds - before) }
            }
            each.append(String(least / 1_000))
        }
        print("{\"each_us\":[\(each.joined(separator: ","))]}")
    }
}
