// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Platform

/// Asks before what cannot be taken back.
enum Confirmation {
    /// Goes on when `isGiven` (`--yes`) or when the person at the terminal says yes.
    ///
    /// - Throws: `usage` when nobody can be asked; exit status 1 when the answer is another.
    static func require(_ what: String, isGiven: Bool, _ common: CommonOptions) throws {
        guard !isGiven else { return }
        guard !common.noInput, TerminalInfo(.input).isTerminal, TerminalInfo(.error).isTerminal else {
            throw WardlineError(.usage, "\(what) Confirm it with --yes.")
        }
        Messages.note("\(what) Go on? [y/N]")
        let answer = readLine()?.lowercased() ?? ""
        guard answer == "y" || answer == "yes" else {
            Messages.note("nothing was changed")
            throw ExitCode(1)
        }
    }

    /// Who runs the command, for what is recorded.
    static var actor: String { "\(NSUserName()) (uid \(getuid()))" }
}
