// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel

/// The version of this build.
enum VersionText {
    /// Release number (semantic versioning).
    static let number = "1.0.0"
    /// What `--version` prints.
    static let line = "wardline \(number)"
}

/// `wardline version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
    var output: OutputMode = .short

    func run() {
        let out = Output(pager: nil)
        out.line(
            output.isForPrograms
                ? JSONValue.object([
                    .init("version", .text(VersionText.number)),
                    .init("event_format", .integer(Int64(EventBatch.storedVersion))),
                ]).line : VersionText.line
        )
        out.finish()
    }
}

/// `wardline completion`.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a completion script for a shell.",
        discussion:
            "For example: wardline completion bash > ~/.local/share/bash-completion/completions/wardline"
    )

    @Argument(help: ArgumentHelp("bash, zsh or fish.", valueName: "SHELL"))
    var shell: String

    func run() throws {
        guard let known = CompletionShell(rawValue: shell) else {
            throw WardlineError(.usage, "There is no completion for `\(shell)`. Use bash, zsh or fish.")
        }
        let out = Output(pager: nil)
        out.line(WardlineCommand.completionScript(for: known))
        out.finish()
    }
}
