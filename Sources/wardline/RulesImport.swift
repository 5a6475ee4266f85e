// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Foundation
import Platform
import SiteFiles

extension RulesCommand {
    /// Rules of other programs.
    struct Import: ParsableCommand {
        /// Whose rules they are.
        enum Kind: String, CaseIterable, ExpressibleByArgument {
            case sigma
            case wazuh
        }

        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Bring in rules of others: Sigma trees as they are, Wazuh 4 rules translated.",
            discussion: """
                Writes rule files below the folder of --to, which must be absent or empty, and a line for \
                each rule or file: taken, or why not. What is written passes `rules check`. Exit status 1 \
                when nothing could be taken.
                """
        )

        @Argument(help: "What it is: sigma or wazuh.")
        var kind: Kind
        @Argument(help: ArgumentHelp("A file, or a folder with what lies below it.", valueName: "PATH"))
        var path: String
        @Option(help: ArgumentHelp("Folder to write.", valueName: "DIR"))
        var to: String
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or jsonl.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var common: CommonOptions

        mutating func validate() throws {
            guard [.short, .jsonl].contains(output) else {
                throw ValidationError("The report has the outputs short and jsonl.")
            }
        }

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let listed = try? FileManager.default.contentsOfDirectory(atPath: to)
            guard listed?.isEmpty ?? !FileManager.default.fileExists(atPath: to) else {
                throw WardlineError(
                    .usage,
                    "The folder to write is there and not empty. Name another.",
                    location: to
                )
            }
            let report = kind == .sigma ? try sigma() : try wazuh()
            for file in report.files { try write(file) }
            for line in report.lines {
                context.output.line(
                    output == .jsonl
                        ? TerminalText.escapedJSON(line.object.line) : TerminalText.escaped(line.text)
                )
            }
            context.output.finish()
            let taken = report.lines.count { $0.reason == nil }
            if !common.quiet {
                Messages.note(
                    "\(taken) of \(report.lines.count) \(kind == .sigma ? "documents" : "rules") taken, "
                        + Amount.counted(Int64(report.files.count), "file") + " written"
                )
            }
            if taken == 0 { throw Outcome.problemsFound }
        }

        /// Files of the path by their names below it.
        private func files(endingIn suffixes: [String]) throws -> [SigmaReader.File] {
            guard POSIXStorage().isDirectory(path) else {
                let bytes = try Content.bytes(of: path, atMost: Content.fileSizeMax)
                return [SigmaReader.File(name: lastPathPart(path), bytes: bytes)]
            }
            return try Content.files(in: path, endingIn: suffixes, except: SigmaReader.caseSuffixes).map {
                SigmaReader.File(name: $0.name, bytes: $0.bytes)
            }
        }

        private func wazuh() throws -> ImportReport {
            let translation = WazuhTranslation(try files(endingIn: [".xml"]))
            let lines = translation.lines.map { line in
                ImportReport.Line(
                    rule: line.rule,
                    place: "\(line.file):\(line.line)",
                    reason: line.reason,
                    notes: line.notes
                )
            }
            return ImportReport(files: translation.files, lines: lines)
        }

        /// Files with a document that loads, byte for byte; a refused document beside it stays in its file.
        private func sigma() throws -> ImportReport {
            let files = try files(endingIn: SigmaReader.fileSuffixes)
            let loaded = SigmaReader.load(files)
            var lines: [ImportReport.Line] = []
            for rule in loaded.rules.facts {
                let header = rule.header
                lines.append(
                    ImportReport.Line(
                        rule: header.reference,
                        place: "\(header.position.file):\(header.position.line)",
                        reason: nil,
                        notes: rule.inactive.map { ["inactive: " + $0] } ?? []
                    )
                )
            }
            let names = Set(loaded.rules.facts.map(\.header.position.file))
            for error in loaded.errors {
                lines.append(
                    ImportReport.Line(
                        rule: "",
                        place: "\(error.position)",
                        reason: error.message,
                        notes: names.contains(error.position.file)
                            ? ["other documents of its file are taken"] : []
                    )
                )
            }
            lines.sort { $0.place < $1.place }
            return ImportReport(files: files.filter { names.contains($0.name) }, lines: lines)
        }

        private func write(_ file: SigmaReader.File) throws {
            let target = to + "/" + file.name
            do {
                try FileManager.default.createDirectory(
                    atPath: parentPath(target),
                    withIntermediateDirectories: true
                )
                try Data(file.bytes).write(to: URL(fileURLWithPath: target))
            } catch {
                throw WardlineError(
                    .storage,
                    "The file cannot be written.",
                    cause: error.localizedDescription,
                    location: target
                )
            }
        }
    }
}

/// What an import writes and says.
private struct ImportReport {
    struct Line {
        var rule: String
        var place: String
        var reason: String?
        var notes: [String]

        var text: String {
            let name = rule.isEmpty ? "" : " \(rule)"
            let more = ([reason].compactMap { $0 } + notes).joined(separator: "; ")
            return (reason == nil ? "taken " : "refused ") + place + name + (more.isEmpty ? "" : ": " + more)
        }

        /// The object of `schemas/output/rule-import-v1.schema.json`.
        var object: JSONValue {
            .object([
                .init("rule", .text(rule)), .init("place", .text(place)),
                .init("taken", .bool(reason == nil)),
                .init("reason", reason.map(JSONValue.text) ?? .null), .init("notes", .texts(notes)),
            ])
        }
    }

    var files: [SigmaReader.File]
    var lines: [Line]
}
