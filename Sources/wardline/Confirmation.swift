// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation

/// Asks before what cannot be taken back.
enum Confirmation {
    /// Goes on when `isGiven` (`--yes`) or when somebody at the terminal types `yes`.
    ///
    /// - Throws: `usage` in every other case.
    static func require(_ question: String, isGiven: Bool) throws(WardlineError) {
        if isGiven { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw WardlineError(.usage, "\(question) Say so with --yes.")
        }
        FileHandle.standardError.write(Data("\(question) Type yes to go on: ".utf8))
        guard readLine() == "yes" else { throw WardlineError(.usage, "Nothing was done.") }
    }

    /// Who runs the command, for what is recorded.
    static var actor: String { "\(NSUserName()) (uid \(getuid()))" }
}
