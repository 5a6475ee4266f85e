// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Digests
import EventModel
import QueryEngine

/// `wardline head`: the newest signed head, to be kept where the store's owner cannot change it.
struct HeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Print the newest signed head: three lines and a signature to keep elsewhere.",
        discussion: """
            The lines are the name of the log, how many records it had, and the root hash over all of them \
            (a C2SP checkpoint). Print them or write them to a file in another zone: `wardline verify \
            --since FILE` later shows whether anything before them was changed. Heads are signed every five \
            minutes and when the store is closed. Exit status 1 when none was signed yet.
            """
    )

    @Option(help: ArgumentHelp("The stream: records or journal.", valueName: "NAME"))
    var stream = "records"

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard ["records", "journal"].contains(stream) else {
            throw ValidationError("--stream is records or journal, not '\(TerminalText.escaped(stream))'.")
        }
    }

    func run() throws {
        let context = try CommandContext(common)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        guard let head = try reader.newestHead(stream: stream) else {
            if !common.quiet { Messages.note("no head of \(stream) was signed yet") }
            throw ExitCode(1)
        }
        let lines = head.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        context.output.lines(lines.map { TerminalText.escaped(String($0)) })
        context.output.finish()
    }
}
