// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import SiteFiles
import Synchronization
import WireFormats

/// A body on its way from a connection to the log.
struct HTTPBody: Sendable {
    var bytes: [UInt8]
    var form: RequestBody.Form
    var coding: PayloadCoding
    var origin: Origin
    var time: UTCTime
    /// Called once, on another thread.
    var answer: @Sendable (HTTPAnswer) -> Void
}

/// The bodies of one listener to records, on a thread of its own: a body is stored whole, or not at all.
///
/// Bodies that wait together become durable with one synchronisation. A full queue refuses, so that memory
/// stays bounded and the sender is told to come again.
final class HTTPIntake: Sendable {
    /// Bytes of bodies that wait: four of the greatest by default.
    static let waitingMaxBytes = 32 * 1_048_576
    /// Bytes of bodies that are made durable together: more would make the first of them wait.
    static let groupSizeMaxBytes = 4 * 1_048_576

    private let listener: String
    private let recordSizeMaxBytes: Int
    private let bodySizeMaxBytes: Int
    private let intake: IntakeQueue
    private let clock: any WallClock
    private let counters: ListenerCounters
    private let bodies = HandoverQueue<HTTPBody>(capacity: HTTPIntake.waitingMaxBytes)
    private let faults: Mutex<InputFaults>
    private let thread = Mutex<WorkerThread?>(nil)

    init(
        _ definition: ListenerDefinition,
        limits: Configuration.Limits,
        intake: IntakeQueue,
        clock: any WallClock,
        counters: ListenerCounters
    ) {
        listener = definition.name
        recordSizeMaxBytes = limits.messageSizeMaxBytes(of: definition)
        bodySizeMaxBytes = definition.extras.bodySizeMaxBytes
        self.intake = intake
        self.clock = clock
        self.counters = counters
        faults = Mutex(InputFaults(listener: definition.name))
    }

    func start() throws(StorageError) {
        let started = try WorkerThread("wl-http") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Answers what waits, then ends.
    func stop() {
        bodies.close()
        thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }?.join()
    }

    /// Takes a body; false when too many wait.
    func offer(_ body: HTTPBody) -> Bool { bodies.tryPut(body, weight: body.bytes.count + 1_024) }

    /// Whether nothing is taken any more.
    var isClosed: Bool { bodies.isClosed }

    /// Notes a request that was refused before its body was looked at.
    func note(_ answer: HTTPAnswer) {
        faults.withLock { $0.note(.refused, answer.reason, at: clock.now()) }
    }

    private func run() {
        while true {
            let first = bodies.take(waitingNanoseconds: InputFaults.periodNanoseconds)
            var answers: [(answer: @Sendable (HTTPAnswer) -> Void, count: Int)] = []
            var size = 0
            var next = first
            while let body = next {
                size += body.bytes.count
                if let count = store(body) { answers.append((body.answer, count)) }
                next = size < HTTPIntake.groupSizeMaxBytes ? bodies.take(waitingNanoseconds: 0) : nil
            }
            acknowledge(answers)
            let isDone = first == nil && bodies.isClosed && bodies.count == 0
            tellFaults(isLast: isDone)
            if isDone { return }
        }
    }

    /// Gives the records of a body to the log; nil when it was answered with a refusal.
    private func store(_ body: HTTPBody) -> Int? {
        var bytes = body.bytes
        if body.coding != .plain {
            switch PayloadInflater.inflate(
                bytes,
                body.coding,
                keep: bodySizeMaxBytes,
                limit: bodySizeMaxBytes
            ) {
            case .inflated(let kept, _): bytes = kept
            case .tooLarge:
                return refuse(
                    body,
                    .refused(413, "the body holds more than \(bodySizeMaxBytes) bytes; send less at once")
                )
            case .damaged:
                return refuse(body, .unreadable(line: 1, "the compressed body is damaged or cut"))
            }
        }
        var batch = RecordBatch()
        let origin = batch.index(of: body.origin)
        do throws(RequestBody.Fault) {
            for range in try RequestBody.records(bytes.span, body.form) {
                let kept = range.prefix(recordSizeMaxBytes)
                var flags: FrameFlags = body.form == .lines ? [] : .jsonLines
                if body.coding != .plain { flags.insert(.inflated) }
                if kept.count < range.count { flags.insert(.truncated) }
                batch.append(
                    bytes.span,
                    kept,
                    kind: .device,
                    flags: flags,
                    origin: origin,
                    originalLength: range.count,
                    receiveTime: body.time
                )
            }
        } catch {
            return refuse(body, .unreadable(line: error.line, error.reason))
        }
        guard batch.count > 0 else { return 0 }
        // Waits while the log is behind: the queue fills, and further bodies are refused.
        guard intake.put(batch) else { return refuse(body, HTTPIntake.closing) }
        counters.count(batch, from: 0)
        return batch.count
    }

    static let full = HTTPAnswer.later(503, "the disk of the store is full")
    static let closing = HTTPAnswer.later(503, "the store takes no records now")

    private func refuse(_ body: HTTPBody, _ answer: HTTPAnswer) -> Int? {
        faults.withLock { $0.note(.refused, answer.reason, at: clock.now()) }
        body.answer(answer)
        return nil
    }

    /// Answers with 200 once everything is durable.
    private func acknowledge(_ answers: [(answer: @Sendable (HTTPAnswer) -> Void, count: Int)]) {
        guard !answers.isEmpty else { return }
        let isDurable = (try? intake.synchronise()) != nil
        for (answer, count) in answers { answer(isDurable ? .taken(count) : HTTPIntake.closing) }
    }

    private func tellFaults(isLast: Bool) {
        var batch = RecordBatch()
        faults.withLock {
            $0.tell(at: clock.now(), isLast ? .max : monotonicNanoseconds(), counters, into: &batch)
        }
        if batch.count > 0 { _ = intake.put(batch) }
    }
}
