// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Platform
import WireFormats

/// The command line.
struct WardlineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wardline",
        abstract: "Keep device logs as evidence, join them into incidents, and show what happened.",
        discussion: """
            Exit status: 0 done or found; 1 nothing found, or a check found problems; 2 wrong usage or a \
            failure at run time; 3 stored evidence is damaged; 130 interrupted. Data goes to standard \
            output, everything else to standard error.
            """,
        version: VersionText.line,
        groupedSubcommands: [
            CommandGroup(
                name: "Daily",
                subcommands: [
                    QueryCommand.self, IncidentsCommand.self, TimelineCommand.self, DevicesCommand.self,
                    WhyCommand.self, WhyNotCommand.self, SourcesCommand.self, StatusCommand.self,
                ]
            ),
            CommandGroup(
                name: "Write",
                subcommands: [ServeCommand.self, IngestCommand.self, ImportCommand.self]
            ),
            CommandGroup(
                name: "Check",
                subcommands: [
                    CheckCommand.self, RulesCommand.self, DecodersCommand.self, VerifyCommand.self,
                    HeadCommand.self,
                    ProveCommand.self, CaseCommand.self, HoldCommand.self,
                    DecodeCommand.self,
                    ReplayCommand.self,
                ]
            ),
            CommandGroup(
                name: "Operate",
                subcommands: [
                    StoreCommand.self, TLSCommand.self, DemoCommand.self, VersionCommand.self,
                    CompletionCommand.self,
                ]
            ),
        ]
    )
}

@main
enum EntryPoint {
    static func main() {
        StandardDescriptors.occupyClosed()
        MemoryPolicy.releaseLargeBuffers()
        ProcessSignals.ignoreBrokenPipe()
        ProcessSignals.exitOnInterrupt()
        do {
            let arguments = withSpansAgo(Array(CommandLine.arguments.dropFirst()))
            var command = try WardlineCommand.parseAsRoot(arguments == ["-V"] ? ["--version"] : arguments)
            try command.run()
            exit(Outcome.status(0))
        } catch let error as WardlineError {
            Messages.error(error.description)
            exit(error.exitStatus)
        } catch {
            finish(error)
        }
    }

    /// `-S -1h` as `-S=-1h`: what begins with a hyphen would be flags of its own.
    private static func withSpansAgo(_ arguments: [String]) -> [String] {
        var joined: [String] = []
        for argument in arguments {
            if let flag = joined.last, ["-S", "--since", "-U", "--until"].contains(flag),
                argument.utf8.first == 0x2d, argument.utf8.dropFirst().first.map({ $0.isDigit }) ?? false
            {
                joined[joined.count - 1] = flag + "=" + argument
            } else {
                joined.append(argument)
            }
        }
        return joined
    }

    /// Help and version on standard output with status 0; faults of usage on standard error with status 2.
    private static func finish(_ error: any Error) -> Never {
        let status = WardlineCommand.exitCode(for: error)
        let text = WardlineCommand.fullMessage(for: error)
        if status == .success {
            let output = Output(pager: nil)
            if !text.isEmpty { output.line(text) }
            output.finish()
            exit(0)
        }
        if let code = error as? ExitCode { exit(Outcome.status(code.rawValue)) }
        Messages.note(text)
        exit(2)
    }
}
