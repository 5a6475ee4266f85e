// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import SiteFiles

/// `wardline check`: whether config, site, rule and decoder files are right, before a daemon reads them.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check decoder files; print file:line:column of each problem.",
        discussion: "Exit status 1 when there are problems."
    )

    @Option(
        name: .customLong("decoders"),
        help: ArgumentHelp("Folder with *.decoder.yaml files.", valueName: "DIR")
    )
    var decoders: String?

    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common)
        let outcome = DecoderLoader.load(
            try Content.decoderFiles(folder: decoders, environment: context.environment)
        )
        for refused in outcome.refused { context.output.line(TerminalText.escaped(refused.description)) }
        for warning in outcome.warnings { context.output.line(TerminalText.escaped("warning: " + warning)) }
        context.output.finish()
        if !common.quiet {
            Messages.note(
                "decoders: \(outcome.loaded.count) files right, \(outcome.refused.count) refused, "
                    + "\(outcome.sampleCount) samples passed"
            )
        }
        if !outcome.refused.isEmpty { throw Outcome.problemsFound }
    }
}
