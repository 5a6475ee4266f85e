// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Platform
import Synchronization

/// Records on their way to the log thread: bounded in bytes, handed over in batches.
///
/// A full queue makes threads wait and tells connections to stop reading, so that memory stays bounded and
/// nothing is lost that a sender can still hold back.
public final class IntakeQueue: Sendable {
    /// What the log thread is given.
    enum Item: Sendable {
        /// Records to append; who gave them may wait until they are durable.
        case records(RecordBatch, IntakeReceipt?)
        /// Answer once everything before is durable.
        case durable(IntakeReceipt)
        /// Answer once everything before is durable and judged, provisional verdicts included.
        case settled(IntakeReceipt)
    }

    /// Most bytes held: half a second of the fastest stream.
    ///
    /// More would only hide a slow disk.
    public static let sizeMaxBytes = 16 * 1_048_576

    private let queue: HandoverQueue<Item>
    /// Weight from which waiting connections are told to read again: a stop and start for every batch would
    /// be slow.
    private let resumeBelow: Int
    private let waiting = Mutex<[@Sendable () -> Void]>([])
    private let heldUp = Atomic(false)

    /// Makes an empty queue.
    ///
    /// Tests give a smaller bound.
    public init(sizeMaxBytes: Int = IntakeQueue.sizeMaxBytes) {
        queue = HandoverQueue(capacity: sizeMaxBytes)
        resumeBelow = sizeMaxBytes / 2
    }

    /// Gives records; waits while the queue is full.
    ///
    /// For threads of their own: datagrams and files. They get half of the queue, so that a flood of
    /// datagrams
    /// leaves room for connections.
    ///
    /// - Returns: False when the queue is closed; the records were not taken.
    public func put(_ batch: RecordBatch) -> Bool {
        queue.put(.records(batch, nil), weight: batch.memoryBytes, within: resumeBelow)
    }

    /// Gives records if they fit.
    ///
    /// For event loops, which must not wait.
    ///
    /// - Parameters:
    ///   - batch: Records of one listener.
    ///   - receipt: Answered once the records are durable, or never will be.
    ///   - resume: Called once, on another thread, when the queue has room again; only after a refusal, and
    ///     not after one of a closed queue.
    /// - Returns: False when the queue is full or closed; the caller keeps the records and stops reading.
    public func tryPut(
        _ batch: RecordBatch,
        receipt: IntakeReceipt? = nil,
        resume: @escaping @Sendable () -> Void
    ) -> Bool {
        if queue.tryPut(.records(batch, receipt), weight: batch.memoryBytes) { return true }
        // A closed queue has no room ever again: who were called back would ask again and again.
        guard !queue.isClosed else { return false }
        waiting.withLock { $0.append(resume) }
        // The taker may have emptied the queue, or closed it, between refusal and registration: then nobody
        // else would call.
        if queue.weight <= resumeBelow || queue.isClosed { resumeAll() }
        return false
    }

    /// Whether the log waits for space on a full disk: what is given now waits for an unknown time.
    public var isHeldUp: Bool { heldUp.load(ordering: .relaxed) }

    func holdUp(_ isHeldUp: Bool) { heldUp.store(isHeldUp, ordering: .relaxed) }

    /// Whether nothing waits now.
    var isEmpty: Bool { queue.count == 0 }

    /// Bytes held now.
    public var bytes: Int { queue.weight }

    /// Whether nothing more will come out.
    var isDrained: Bool { queue.isClosed && queue.count == 0 }

    func put(_ item: Item) -> Bool { queue.put(item, weight: 1) }

    func take(waitingNanoseconds nanoseconds: Int64) -> Item? {
        let item = queue.take(waitingNanoseconds: nanoseconds)
        if queue.weight <= resumeBelow { resumeAll() }
        return item
    }

    /// Refuses further records; what is held can still be taken.
    public func close() {
        queue.close()
        resumeAll()
    }

    private func resumeAll() {
        let callbacks = waiting.withLock { list in
            let all = list
            list.removeAll()
            return all
        }
        for callback in callbacks { callback() }
    }
}

/// The answer to a request that travels with the records; given once, waited for once.
public final class IntakeReceipt: Sendable {
    private let answer = HandoverQueue<Result<Offset, WardlineError>>(capacity: 1)
    private let onAnswer: (@Sendable (Result<Offset, WardlineError>) -> Void)?

    /// Makes a receipt without an answer, for a thread that waits for it.
    public init() { onAnswer = nil }

    /// Makes a receipt whose answer is handed to `onAnswer` on the log thread, which must not be held up.
    public init(onAnswer: @escaping @Sendable (Result<Offset, WardlineError>) -> Void) {
        self.onAnswer = onAnswer
    }

    /// Waits for the answer: the first offset that is not covered by it.
    public func wait() throws(WardlineError) -> Offset {
        guard let result = answer.take() else {
            throw WardlineError(.storage, "The store was closed before the records were durable.")
        }
        return try result.get()
    }

    func fulfil(_ result: Result<Offset, WardlineError>) {
        if let onAnswer { return onAnswer(result) }
        _ = answer.tryPut(result, weight: 1)
        answer.close()
    }
}

extension RecordBatch {
    /// What the batch weighs in a queue: its bytes and rows.
    var memoryBytes: Int { bytes.count + rows.count * MemoryLayout<Row>.stride + 1 }
}
