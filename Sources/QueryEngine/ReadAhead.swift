// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SegmentLog
import Synchronization

/// Reads parts of the log on other cores, ahead of the one thread that goes through them in an announced
/// order.
///
/// What a part gives does not depend on who reads it, so neither do answers. Owned by one thread.
final class ReadAhead {
    /// Parts that are looked at before they are asked for: enough that a thread finds one that filters do not
    /// rule out.
    static let partCountMax = 64
    /// Records that other threads hold ready at most, four blocks: beyond it they wait.
    static let recordCountMax = 65_536
    /// Threads beside the owner's.
    static let threadCountMax = 3

    /// What reading a part gave.
    typealias Outcome = Result<StoredRows, LogError>

    /// Which parts somebody has begun to read.
    private final class Claims: Sendable {
        private let taken = Mutex<Set<Int>>([])

        func claim(_ number: Int) -> Bool { taken.withLock { $0.insert(number).inserted } }
    }

    private let parts: [LogPart]
    private let reader: LogReader
    private let condition: RowCondition
    private let claims = Claims()
    private let wanted = HandoverQueue<Int>(capacity: .max)
    private let finished = HandoverQueue<(number: Int, outcome: Outcome)>(
        capacity: ReadAhead.recordCountMax
    )
    private var threads: [WorkerThread] = []
    private var ready: [Int: Outcome] = [:]
    private var announced = 0
    /// Place of the part that comes next.
    private var next = 0

    /// Prepares to read `parts` in their order; starts nothing where there is one core or one part.
    init(_ parts: [LogPart], _ reader: LogReader, _ condition: RowCondition) {
        self.parts = parts
        self.reader = reader
        self.condition = condition
        let (claims, wanted, finished) = (claims, wanted, finished)
        let count = min(ReadAhead.threadCountMax, processorCount() - 1, parts.count - 1)
        for _ in 0..<max(0, count) {
            let thread = try? WorkerThread("read ahead") {
                while let number = wanted.take() {
                    guard claims.claim(number) else { continue }
                    let outcome = ReadAhead.read(parts[number], reader, condition)
                    let count = (try? outcome.get().records.count) ?? 0
                    _ = finished.put((number, outcome), weight: 1 + count)
                }
            }
            // Without threads the owner reads everything itself.
            if let thread { threads.append(thread) }
        }
    }

    deinit {
        wanted.close()
        _ = wanted.takeAll()
        finished.close()
        for thread in threads { thread.join() }
    }

    /// Reads a part at once.
    static func read(_ part: LogPart, _ reader: LogReader, _ condition: RowCondition) -> Outcome {
        do throws(LogError) {
            return .success(try reader.rows(part, where: condition))
        } catch {
            return .failure(error)
        }
    }

    /// The rows of `part`; nil when it was not announced, or was given already.
    func rows(_ part: LogPart) -> Outcome? {
        guard !threads.isEmpty, let number = number(of: part) else { return nil }
        while announced < min(parts.count, number + 1 + ReadAhead.partCountMax) {
            if announced > number { _ = wanted.put(announced, weight: 1) }
            announced += 1
        }
        if ready[number] == nil {
            if claims.claim(number) { return ReadAhead.read(part, reader, condition) }
            // Instead of waiting for it, the owner reads what comes later.
            for later in number + 1..<max(number + 1, announced) where !isFinished(number) {
                if claims.claim(later) { ready[later] = ReadAhead.read(parts[later], reader, condition) }
            }
            while ready[number] == nil, let done = finished.take() { keep(done.number, done.outcome) }
        }
        return ready.removeValue(forKey: number)
    }

    /// Nobody will ask for what was passed over.
    private func keep(_ number: Int, _ outcome: Outcome) { if number + 1 >= next { ready[number] = outcome } }

    private func isFinished(_ number: Int) -> Bool {
        for done in finished.takeAll() { keep(done.number, done.outcome) }
        return ready[number] != nil
    }

    /// Place of a part that is not behind; parts are asked for in their order, some not at all.
    private func number(of part: LogPart) -> Int? {
        while next < parts.count, parts[next].base != part.base {
            // Nobody will ask for what was passed over.
            ready[next] = nil
            next += 1
        }
        guard next < parts.count else { return nil }
        next += 1
        return next - 1
    }
}
