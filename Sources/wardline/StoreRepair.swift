// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Pipeline
import Platform
import SegmentLog

extension StoreCommand {
    /// A damaged store made whole as far as that is possible.
    struct Repair: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "repair",
            abstract: "Put damage aside, so that everything sound is served and records can be appended.",
            discussion: """
                Deletes no evidence: damaged bytes and torn tails are copied beside their file (.damaged, \
                .torn) before it is touched; sealed segments stay as they are. No daemon may have the store. \
                Exit status: 0 done, or nothing to repair; 1 with --dry-run when something would be done, or \
                when it was not confirmed; 2 failed; 3 done as far as it goes, but evidence is missing or \
                damaged that no repair brings back: restore it from a copy.
                """
        )

        @Flag(name: .customLong("dry-run"), help: "Only say what would be done.")
        var isTrial = false

        @Flag(name: .customLong("yes"), help: "Do it without asking.")
        var isConfirmed = false

        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let path = try StoreLocation.path(store, context.environment)
            let lock = try StoreLock(path)
            defer { lock.release() }
            var reports = try Repair.reports(path, isTrial: true)
            let isNeeded = reports.contains { !$0.report.steps.isEmpty }
            let isDone = isNeeded && !isTrial
            if isDone {
                try confirm(reports)
                reports = try Repair.reports(path, isTrial: false)
            }
            let isWhole = reports.allSatisfy(\.report.remaining.isEmpty)
            if output.isForPrograms {
                let object = RepairText.object(reports, isDone: isDone, isWhole: isWhole)
                context.output.line(TerminalText.escapedJSON(object.line))
            } else {
                for (stream, report) in reports {
                    context.output.lines(RepairText.lines(stream, report, isDone: isDone, context.palette))
                }
            }
            context.output.finish()
            if isNeeded, isTrial { throw ExitCode(1) }
            guard isWhole else {
                if !common.quiet {
                    Messages.error(
                        "evidence is missing or damaged that no repair brings back; everything else is served"
                    )
                }
                throw ExitCode(3)
            }
        }

        private static func reports(
            _ path: String,
            isTrial: Bool
        ) throws -> [(stream: String, report: RepairReport)] {
            var reports: [(stream: String, report: RepairReport)] = []
            for stream in ["records", "journal"] {
                do throws(LogError) {
                    let storage = POSIXStorage()
                    reports.append(
                        (
                            stream,
                            try repairLog(storage: storage, path: path, stream: stream, isTrial: isTrial)
                        )
                    )
                } catch {
                    throw error.wardlineError("repair", stream)
                }
            }
            return reports
        }

        /// Asks the person at the terminal, unless `--yes` was given.
        private func confirm(_ reports: [(stream: String, report: RepairReport)]) throws {
            if !isConfirmed {
                for (stream, report) in reports {
                    for line in RepairText.steps(stream, report, isDone: false) { Messages.note(line) }
                }
            }
            try Confirmation.require(
                "Repairing changes files of the store and deletes nothing; --dry-run shows what it would do.",
                isGiven: isConfirmed,
                common
            )
        }
    }
}

/// What a repair did, as text and as an object.
enum RepairText {
    static func lines(
        _ stream: String,
        _ report: RepairReport,
        isDone: Bool,
        _ palette: Palette
    ) -> [String] {
        let name = TerminalText.fitted(stream, 8) + "  "
        var lines = steps(stream, report, isDone: isDone)
        if lines.isEmpty { lines.append(name + "nothing to repair") }
        for note in report.remaining {
            lines.append(
                palette.paint("LOST", .danger) + "  \(stream)/\(TerminalText.escaped(note.file))  "
                    + VerifyText.description(note)
            )
        }
        let count = Amount.counted(Int64(clamping: report.records), "record")
        return lines + [name + "\(count) served, the next is #\(report.end)"]
    }

    static func steps(_ stream: String, _ report: RepairReport, isDone: Bool) -> [String] {
        report.steps.map { step in
            let bytes = Amount.counted(Int64(step.length), "byte")
            let place = "\(bytes) from \(Amount.count(Int64(step.position)))"
            let words =
                switch step.act {
                case .keep: ("damaged: \(place) copied beside", "damaged: \(place) to be copied beside")
                case .cut:
                    ("torn: \(place) copied beside and cut", "torn: \(place) to be copied beside and cut")
                case .clear: ("nothing whole in it: moved aside", "nothing whole in it: to be moved aside")
                case .seal:
                    ("footer written, \(place) copied beside", "footer to be written, \(place) copied beside")
                case .tidy:
                    ("left by a crash, of no use: removed", "left by a crash, of no use: to be removed")
                }
            let file = TerminalText.escaped(step.file)
            return "\(TerminalText.fitted(stream, 8))  \(file): \(isDone ? words.0 : words.1)"
        }
    }

    /// The object of `schemas/output/repair-v1.schema.json`.
    static func object(
        _ reports: [(stream: String, report: RepairReport)],
        isDone: Bool,
        isWhole: Bool
    ) -> JSONValue {
        let streams = reports.map { stream, report in
            JSONValue.object([
                .init("stream", .text(stream)), .init("records", .integer(Int64(clamping: report.records))),
                .init("end", .integer(Int64(clamping: report.end.value))),
                .init("steps", .array(report.steps.map(object))),
                .init("remaining", .array(report.remaining.map(VerifyText.object))),
            ])
        }
        return .object([
            .init("done", .bool(isDone)), .init("whole", .bool(isWhole)), .init("streams", .array(streams)),
        ])
    }

    private static func object(_ step: RepairReport.Step) -> JSONValue {
        .object([
            .init("act", .text(step.act.rawValue)), .init("file", .text(step.file)),
            .init("position", .integer(Int64(step.position))), .init("length", .integer(Int64(step.length))),
        ])
    }
}
