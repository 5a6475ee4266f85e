// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation

/// What signals do to a command.
enum ProcessSignals {
    /// A reader that leaves early shows as a failed write, which ends the command silently.
    static func ignoreBrokenPipe() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Ctrl-C ends a command at once with status 130.
    ///
    /// Commands write nothing that could be left half done.
    static func exitOnInterrupt() {
        signal(SIGINT) { _ in _exit(130) }
    }

    /// Ends the process at once.
    static func exitNow(_ status: Int32) { _exit(status) }

    /// Gives Ctrl-C back to whoever waits for signals: the service drains before it ends.
    static func leaveInterruptToWaiter() {
        signal(SIGINT, SIG_DFL)
    }
}
