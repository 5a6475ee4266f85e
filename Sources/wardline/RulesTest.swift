// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Platform
import SiteFiles

extension RulesCommand {
    /// Whether rules do what their cases say.
    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Run the cases beside rule files; say what was expected and what came.",
            discussion: """
                The cases of RULE.yml stand in RULE.test.yml beside it (docs/rules.md). They go through the \
                decoders that ship, their own site, the rules of the folder and the forming of incidents. \
                Without a path, the rules that ship. --generate makes for each rule an event that matches \
                and one that only just does not, and names fields that no decoder fills. Exit status 1 when \
                a case fails, a file is refused, or a rule lacks an event or a field.
                """
        )

        @Argument(help: ArgumentHelp("Rule files, or folders of them.", valueName: "PATH"))
        var paths: [String] = []
        @Flag(help: "Make events from the rules instead of running their cases.")
        var generate = false
        @OptionGroup var source: DecoderOptions
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or jsonl.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var common: CommonOptions

        mutating func validate() throws {
            guard [.short, .jsonl].contains(output) else {
                throw ValidationError("Tests have the outputs short and jsonl.")
            }
        }

        func run() throws {
            let context = try CommandContext(common, mode: output)
            guard !generate else { return try self.generate(context) }
            let decoders = try Content.decoders(
                folder: source.decoders,
                environment: context.environment,
                isQuiet: true
            )
            var report = CaseReport(context: context, isForPrograms: output == .jsonl)
            for set in try RuleFiles.sets(paths, context.environment) {
                let loaded = SigmaReader.load(set.files)
                let tested = Set(set.tested)
                for error in loaded.errors where tested.contains(error.position.file) {
                    report.refuse(error.description)
                }
                for file in set.tested {
                    let trial = RuleTrial(rules: loaded.rules, decoders: decoders, file: file)
                    try report.run(trial, try RuleFiles.cases(beside: file))
                }
            }
            context.output.finish()
            if !common.quiet { report.note() }
            if report.isFailed { throw Outcome.problemsFound }
        }

        private func generate(_ context: CommandContext) throws {
            let catalogue = DecoderCatalogue(
                try Content.decoderFiles(folder: source.decoders, environment: context.environment)
            )
            let files = try RuleFiles.files(paths, context.environment)
            let loaded = SigmaReader.load(files)
            for error in loaded.errors { Messages.error("rule refused: \(error)") }
            var generation = RuleGeneration(context: context, isForPrograms: output == .jsonl)
            generation.run(files, loaded.rules.facts, catalogue)
            context.output.finish()
            if !common.quiet { generation.note() }
            if generation.isFailed || !loaded.errors.isEmpty { throw Outcome.problemsFound }
        }
    }
}

/// What the cases of rule files gave.
private struct CaseReport {
    let context: CommandContext
    let isForPrograms: Bool
    private var passed = 0
    private var failed = 0
    private var refused = 0
    private var fileCount = 0
    private var bare: [String] = []

    init(context: CommandContext, isForPrograms: Bool) {
        self.context = context
        self.isForPrograms = isForPrograms
    }

    var isFailed: Bool { failed + refused > 0 }

    mutating func refuse(_ reason: String) {
        refused += 1
        if isForPrograms { Messages.error(reason) } else { context.output.line(TerminalText.escaped(reason)) }
    }

    mutating func run(_ trial: RuleTrial, _ file: SigmaReader.File?) throws {
        guard let file else {
            bare.append(trial.file)
            return
        }
        fileCount += 1
        do throws(SiteFilesError) {
            let cases = try RuleCases.read(file.bytes, file: file.name)
            for one in cases.cases { run(trial, one, cases) }
        } catch {
            refuse(error.description)
        }
    }

    private mutating func run(_ trial: RuleTrial, _ one: RuleCases.Case, _ cases: RuleCases) {
        do throws(WardlineError) {
            let verdict = try trial.run(one, of: cases)
            if verdict.isPassed { passed += 1 } else { failed += 1 }
            if isForPrograms {
                context.output.line(
                    TerminalText.escapedJSON(CaseReport.object(one, trial.file, verdict).line)
                )
            } else if !verdict.isPassed {
                context.output.lines(lines(one, verdict))
            }
        } catch {
            refuse(error.description)
        }
    }

    private func lines(_ one: RuleCases.Case, _ verdict: RuleTrial.Verdict) -> [String] {
        func list(_ names: [String]) -> String { names.isEmpty ? "no alert" : names.joined(separator: ", ") }
        let place = "\(one.name.position.file):\(one.name.position.line)"
        var lines = [
            context.palette.paint("FAIL", .danger) + " "
                + TerminalText.escaped("\(place): \(one.name.text)")
        ]
        var details = ["expected  " + list(verdict.expected), "came      " + list(verdict.alerts)]
        if let wanted = verdict.expectedIncidents, wanted != verdict.incidents {
            details.append("incidents \(verdict.incidents), expected \(wanted)")
        }
        if !verdict.others.isEmpty {
            details.append("others    " + verdict.others.joined(separator: ", "))
        }
        details += verdict.misses.map { "missed    " + $0 }
        lines += details.map { TerminalText.escaped("     " + $0) }
        return lines
    }

    private static func object(
        _ one: RuleCases.Case,
        _ file: String,
        _ verdict: RuleTrial.Verdict
    ) -> JSONValue {
        .object([
            .init("file", .text(one.name.position.file)),
            .init("line", .integer(Int64(one.name.position.line))),
            .init("rules", .text(file)), .init("case", .text(one.name.text)),
            .init("passed", .bool(verdict.isPassed)), .init("expected", .texts(verdict.expected)),
            .init("alerts", .texts(verdict.alerts)), .init("others", .texts(verdict.others)),
            .init("expected_incidents", verdict.expectedIncidents.map { .integer(Int64($0)) } ?? .null),
            .init("incidents", .integer(Int64(verdict.incidents))), .init("missed", .texts(verdict.misses)),
        ])
    }

    func note() {
        for file in bare { Messages.warning("no cases stand beside \(file)") }
        Messages.note(
            Amount.counted(Int64(passed + failed), "case") + " of "
                + Amount.counted(Int64(fileCount), "file") + ": "
                + "\(passed) passed, \(failed) failed" + (refused > 0 ? ", \(refused) refused" : "")
        )
    }
}
