// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// A thread of its own for work that blocks: reading sockets, synchronising files, compressing.
///
/// Runs its body once. Whoever starts it joins it.
public final class WorkerThread: Sendable {
    /// Most bytes of a name that the kernel keeps.
    public static let nameLengthMax = 15

    private let thread: pthread_t

    /// Starts `body` on a new thread that carries `name` (cut to 15 bytes).
    ///
    /// - Throws: ``StorageError`` when the system has no more threads.
    public init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(StorageError) {
        let task = unsafe Unmanaged.passRetained(ThreadBody(name, body))
        var thread = pthread_t()
        // Valid: the retained body is taken back by the new thread, or below if there is none.
        let code = unsafe pthread_create(
            &thread,
            nil,
            { pointer in
                guard let pointer = unsafe pointer else { return nil }
                let body = unsafe Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue()
                nameThisThread(body.name)
                body.run()
                return nil
            },
            task.toOpaque()
        )
        guard code == 0 else {
            unsafe task.release()
            throw StorageError(.system, name, code)
        }
        self.thread = thread
    }

    /// Waits until the body has returned.
    ///
    /// Call once.
    public func join() {
        // Valid: the thread is joined once, by its owner.
        _ = pthread_join(thread, nil)
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

/// Shown by `top -H` and in core dumps; failing to set it harms nothing.
private func nameThisThread(_ name: String) {
    // Valid: the text lives during the call.
    let descriptor = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { _ = close(descriptor) }
    let bytes = Array(name.utf8.prefix(WorkerThread.nameLengthMax))
    // Valid: the array bounds the buffer.
    unsafe bytes.withUnsafeBufferPointer { unsafe _ = write(descriptor, $0.baseAddress, $0.count) }
}
