// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Ingest
import Platform
import SiteFiles

/// `wardline check`: whether configuration, decoder, rule and site files are right.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Check configuration, decoder, rule and site files; print file:line:column of each problem.",
        discussion: "Exit status 1 when there are problems."
    )

    @OptionGroup var write: WriteOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common)
        var problemCount = 0
        var configuration = Configuration()
        do throws(WardlineError) {
            configuration = try write.configuration(context.environment)
        } catch {
            context.output.line(TerminalText.escaped(error.description))
            problemCount += 1
            configuration.decoders = write.decoders
        }
        for listener in configuration.listeners {
            guard let fault = Listeners.fault(of: listener) else { continue }
            context.output.line(TerminalText.escaped(fault.description))
            problemCount += 1
        }
        let files = try Content.decoderFiles(
            folder: configuration.decoders.first,
            environment: context.environment
        )
        let outcome = DecoderLoader.load(files)
        problemCount += outcome.refused.count
        for refused in outcome.refused { context.output.line(TerminalText.escaped(refused.description)) }
        for warning in outcome.warnings() { context.output.line(TerminalText.escaped("warning: " + warning)) }
        if !common.quiet {
            Messages.note(
                "decoders: \(outcome.loaded.count) files right, \(outcome.refused.count) refused, "
                    + "\(outcome.sampleCount) samples passed"
            )
        }
        let rules = ContentReport(
            try RuleFiles.load(configuration.rules, context.environment),
            DecoderCatalogue(files)
        )
        rules.write(to: context, isQuiet: common.quiet)
        problemCount += rules.problemCount
        for folder in configuration.site {
            guard POSIXStorage().isDirectory(folder) else {
                context.output.line(
                    TerminalText.escaped(
                        "\(folder): there is no such folder; name the folder of the site files"
                    )
                )
                problemCount += 1
                continue
            }
            let site = try ContentReport(site: folder)
            site.write(to: context, isQuiet: common.quiet)
            problemCount += site.problemCount
        }
        if problemCount > 0 { throw Outcome.problemsFound }
    }
}
