// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Cases
import Digests
import EventModel
import Pipeline
import Platform
import Projections
import QueryEngine
import Timelines

/// `wardline case`: one incident with its proof in one file.
struct CaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case",
        abstract: "Put an incident and everything that proves it into one file, and check such a file.",
        subcommands: [Export.self, Verify.self]
    )

    /// Writes one.
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract:
                "Write an incident, its evidence, rules, decoders, site files and proofs into one file.",
            discussion: """
                The file is signed and needs no store: `wardline case verify FILE` checks it on another \
                machine, `wardline timeline --case FILE` shows it. It holds the records as they were \
                received, patient data too: handle it as you handle those. Runs beside a daemon. Exit status \
                2 when no signed head covers the evidence yet.
                """
        )

        @Argument(help: ArgumentHelp("Id of the incident, or the beginning of one.", valueName: "ID"))
        var id: String
        @Argument(help: ArgumentHelp("File to write; it must not exist.", valueName: "FILE"))
        var file: String
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
            let models = try CurrentModels.open(reader, isQuiet: common.quiet)
            let incident = try TimelineOptions.find(id, models, reader.path)
            let storage = POSIXStorage()
            guard (try? storage.size(file)) == nil else {
                throw WardlineError(.usage, "The file exists already. Name another one.", location: file)
            }
            let export = try CaseExport(
                reader,
                storage: storage,
                actor: Confirmation.actor,
                program: "wardline \(VersionText.number)",
                now: SystemWallClock().now()
            )
            let (bytes, report) = try export.bytes(of: incident)
            let damaged = try reader.damaged(report.missing)
            guard report.records > 0 else {
                throw WardlineError(
                    damaged.isEmpty ? .usage : .integrity,
                    "None of the records that \(incident.id) cites is there"
                        + (damaged.isEmpty ? ": they were removed." : " as it was written."),
                    location: reader.path
                )
            }
            do throws(StorageError) {
                try storage.writeAtomically(bytes, to: file)
            } catch {
                throw WardlineError(
                    .storage,
                    "The case cannot be written.",
                    cause: error.description,
                    location: file
                )
            }
            if output.isForPrograms {
                context.output.line(CaseText.object(incident.id, file, bytes.count, report).line)
            } else {
                context.output.line(
                    "\(TerminalText.escaped(incident.id)): \(CaseText.counts(report)), "
                        + "\(Amount.bytes(Int64(bytes.count))) in \(TerminalText.escaped(file))"
                )
            }
            context.output.finish()
            if !report.missing.isEmpty, !common.quiet {
                let count = Amount.counted(Int64(report.missing.count), "cited record")
                Messages.warning("\(count) could not be proven: removed or damaged")
            }
            if !damaged.isEmpty {
                let count = Amount.counted(Int64(damaged.count), "cited record")
                Outcome.damage(
                    "the case lacks \(count) that cannot be read; `wardline verify` names the damage"
                )
            }
        }
    }

    /// Checks one.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Check a case: its seal, every record's proof, every file; no store is needed.",
            discussion: """
                Any changed byte is found. With --key the signatures are checked with keys that you trust, \
                as `keys/head.public` of the store has them; with --head the records must be in the very \
                tree of a head that was kept elsewhere. Exit status 3 when something does not hold.
                """
        )

        @Argument(help: ArgumentHelp("The case.", valueName: "FILE"))
        var file: String
        @Option(help: ArgumentHelp("Public keys to trust; the case's own unless given.", valueName: "FILE"))
        var key: String?
        @Option(help: ArgumentHelp("A head that was kept elsewhere.", valueName: "FILE"))
        var head: String?
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let check = FileCheck(context: context, key: key, since: head, isQuiet: common.quiet)
            try check.runCase(file, output)
        }
    }
}

/// Cases as people and programs see them.
enum CaseText {
    /// Reads and checks a file.
    static func read(_ path: String, key: String?) throws -> CaseFile {
        let known = try key.map { try VerifyCommand.text($0) }?.split(separator: "\n").compactMap {
            NoteKey($0)
        }
        let bytes = try Content.bytes(of: path, atMost: CaseFile.sizeMaxBytes)
        return CaseFile(bytes, known: known)
    }

    static func counts(_ report: CaseExport.Report) -> String {
        [
            Amount.counted(Int64(report.records), "record"),
            Amount.counted(Int64(report.controls), "control record"),
            Amount.counted(Int64(report.facts), "journal fact"),
            Amount.counted(Int64(report.files), "file"),
        ].joined(separator: ", ")
    }

    static func lines(
        _ read: CaseFile,
        _ problems: [String],
        _ palette: Palette,
        _ times: TimeStyle
    ) -> [String] {
        guard problems.isEmpty else {
            return problems.map { palette.paint("FAIL", .danger) + "  " + TerminalText.escaped($0) }
        }
        let id = TerminalText.escaped(read.incident?.id ?? "")
        let head = read.head.map { "\(TerminalText.escaped($0.origin)) of \($0.size) records" } ?? ""
        var lines = [
            palette.paint("OK  ", .good)
                + "  \(id), made \(times.seconds(read.made)) by \(TerminalText.escaped(read.actor))",
            palette.paint("OK  ", .good)
                + "  \(Amount.counted(Int64(read.recordCount), "record")) and "
                + "\(Amount.counted(Int64(read.factCount), "journal fact")) in the tree of \(head)",
            palette.paint("OK  ", .good)
                + "  \(Amount.counted(Int64(read.fileCount), "rule, decoder or site file"))",
        ]
        if !read.missing.isEmpty {
            let count = Amount.counted(Int64(read.missing.count), "cited record")
            lines.append(
                palette.paint("note", .caution) + "  \(count) not in the case: gone when it was made"
            )
        }
        return lines
    }

    /// The object of `schemas/output/case-export-v1.schema.json`.
    static func object(_ id: String, _ file: String, _ size: Int, _ report: CaseExport.Report) -> JSONValue {
        .object([
            .init("incident", .text(id)), .init("file", .text(file)), .init("bytes", .integer(Int64(size))),
            .init("records", .integer(Int64(report.records))),
            .init("controls", .integer(Int64(report.controls))),
            .init("facts", .integer(Int64(report.facts))), .init("files", .integer(Int64(report.files))),
            .init("missing", .array(report.missing.map { .integer(Int64(clamping: $0)) })),
        ])
    }

    /// The object of `schemas/output/case-verify-v1.schema.json`.
    static func object(_ read: CaseFile, _ problems: [String]) -> JSONValue {
        .object([
            .init("sound", .bool(problems.isEmpty)),
            .init("incident", read.incident.map { .text($0.id) } ?? .null),
            .init("made", read.made.isPresent ? .text(read.made.description) : .null),
            .init("actor", .text(read.actor)), .init("head", read.head.map { .text($0.text) } ?? .null),
            .init("own_keys", .bool(read.isSelfSigned)),
            .init("records", .integer(Int64(read.recordCount))),
            .init("facts", .integer(Int64(read.factCount))), .init("files", .integer(Int64(read.fileCount))),
            .init("missing", .array(read.missing.map { .integer(Int64(clamping: $0)) })),
            .init("problems", .texts(problems)),
        ])
    }
}
