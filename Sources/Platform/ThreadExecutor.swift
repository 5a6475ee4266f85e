// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A thread that runs asynchronous work, one piece after another.
///
/// For work that takes the processor for a while and must hold up neither an event loop nor the shared
/// pool. The thread ends when the last reference goes. Not bounded: whoever gives it work bounds that.
public final class ThreadExecutor: TaskExecutor {
    private let jobs = HandoverQueue<UnownedJob>(capacity: .max)

    /// Starts a thread that carries `name`.
    ///
    /// - Throws: ``StorageError`` when the system has no more threads.
    public init(_ name: String) throws(StorageError) {
        // Not joined: nothing is waiting for its end.
        _ = try WorkerThread(name) { [jobs, weak self] in
            while let job = jobs.take(), let executor = self {
                // Valid: `executor` is referenced for as long as the job runs on it.
                unsafe job.runSynchronously(on: executor.asUnownedTaskExecutor())
            }
        }
    }

    deinit { jobs.close() }

    /// Takes a piece of work.
    public func enqueue(_ job: consuming ExecutorJob) { _ = jobs.put(UnownedJob(job), weight: 1) }
}
