// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// A signal that the service answers to.
public enum ProcessSignal: Int32, Sendable, CaseIterable {
    /// Reload.
    case hangUp = 1
    /// Stop (from the keyboard).
    case interrupt = 2
    /// Stop.
    case terminate = 15
}

/// Waits for signals on a thread of its own, so that handlers may do anything.
///
/// Make it first in `main`: threads started later inherit that the signals are blocked.
public struct SignalWaiter: Sendable {
    private let signals: [ProcessSignal]

    /// Blocks `signals` in this thread and those it starts.
    ///
    /// A broken pipe is ignored for good: writes report it.
    public init(_ signals: [ProcessSignal] = ProcessSignal.allCases) {
        self.signals = signals
        var set = SignalWaiter.set(signals)
        // Valid: `set` outlives the call.
        unsafe _ = pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next of the signals.
    public func next() -> ProcessSignal {
        var set = SignalWaiter.set(signals)
        var number: Int32 = 0
        while true {
            // Valid: both outlive the call.
            if unsafe sigwait(&set, &number) == 0, let signal = ProcessSignal(rawValue: number) {
                return signal
            }
        }
    }

    /// Calls `handle` for every signal on a new thread until it returns false.
    public func start(
        _ handle: @escaping @Sendable (ProcessSignal) -> Bool
    ) throws(StorageError) -> WorkerThread {
        try WorkerThread("wl-signals") { [self] in
            while handle(next()) {}
        }
    }

    private static func set(_ signals: [ProcessSignal]) -> sigset_t {
        var set = sigset_t()
        // Valid: `set` outlives the calls.
        unsafe _ = sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        return set
    }
}
