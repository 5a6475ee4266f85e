// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Daemon
import EventModel
import Foundation
import Ingest
import Platform
import SiteFiles

/// `wardline ingest`: files into the store, through the daemon when one runs.
struct IngestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Store and judge log files.",
        discussion: """
            Lines, gzip files, and *.rec.jsonl with claimed receive times. A file that is in the store \
            already adds nothing; an interrupted one goes on. - reads standard input, as in \
            `journalctl -o export | wardline ingest --format journal-export -`.
            """
    )

    @Argument(help: ArgumentHelp("Files.", valueName: "FILE"))
    var files: [String]

    @Option(
        name: .customLong("format"),
        help: ArgumentHelp(
            "How files are cut into records: lines, document (one record each) or journal-export.",
            valueName: "FORMAT"
        ),
        transform: { word in
            guard let format = ImportFormat(rawValue: word) else {
                throw ValidationError("'\(word)' is no format; write lines, document or journal-export.")
            }
            return format
        }
    )
    var format: ImportFormat = .lines

    @Option(
        name: .customLong("reference-time"),
        help: ArgumentHelp("Resolves times without a year; default: the file's own time.", valueName: "TIME")
    )
    var referenceTime: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short, json or jsonl.", valueName: "MODE"))
    var output: OutputMode = .short

    @OptionGroup var write: WriteOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: output)
        let path = try StoreLocation.path(
            store,
            context.environment,
            write.configuration(context.environment)
        )
        let reference = try context.time(referenceTime, flag: "--reference-time")
        for file in files where file != "-" && !FileManager.default.isReadableFile(atPath: file) {
            throw WardlineError(
                .input,
                "The file cannot be read. Check its name and permissions.",
                location: file
            )
        }
        for file in files where POSIXStorage().isDirectory(file) {
            throw WardlineError(.input, "This is a folder. Name the files in it.", location: file)
        }
        let reports =
            StoreWriting.hasDaemon(path)
            ? try send(path, reference) : try store(path, reference, context)
        for report in reports where output.isForPrograms || !common.quiet {
            context.output.line(
                output.isForPrograms
                    ? TerminalText.escapedJSON(report.object.line) : TerminalText.escaped(report.summary)
            )
        }
        context.output.finish()
    }

    private func store(
        _ path: String,
        _ reference: UTCTime?,
        _ context: CommandContext
    ) throws -> [(object: JSONValue, summary: String)] {
        let configuration = try write.configuration(context.environment)
        let content = ContentFiles(
            storePath: path,
            environment: context.environment,
            site: configuration.site,
            rules: configuration.rules,
            decoders: configuration.decoders
        )
        let writing = try StoreWriting(path, content, configuration)
        var reports: [(object: JSONValue, summary: String)] = []
        do {
            let importer = FileImport(engine: writing.engine, storePath: path)
            // One call is one import: verdicts wait for the last file.
            let requests = files.map { path in
                var request = ImportRequest(path: path, referenceTime: reference)
                request.format = format
                return request
            }
            var display = ProgressDisplay(isShown: !common.quiet && TerminalInfo(.error).isTerminal)
            defer { display.clear() }
            reports = try importer.run(requests) { display.show($0) }.map { ($0.json, $0.summary) }
        } catch {
            try? writing.finish()
            throw error
        }
        try writing.finish()
        return reports
    }

    /// Asks the daemon, whose working folder is another: paths become absolute.
    private func send(_ path: String, _ reference: UTCTime?) throws -> [(object: JSONValue, summary: String)]
    {
        let client = ControlClient(storePath: path)
        for site in write.site {
            _ = try client.send(ImportCommand.request("site", ImportCommand.absolute(site)))
        }
        guard !files.contains("-") else {
            throw WardlineError(
                .usage,
                "A daemon has the store and cannot read this process's standard input. Name a file."
            )
        }
        let paths = files.map { JSONValue.text(ImportCommand.absolute($0)) }
        var members: [JSONValue.Member] = [.init("paths", .array(paths))]
        if format != .lines { members.append(.init("format", .text(format.rawValue))) }
        if let reference { members.append(.init("reference_time", .text(reference.description))) }
        let answer = try client.send(ControlClient.request("ingest", members))
        return zip(files, answer["files"]?.elements ?? []).map { file, report in
            let added = report["added"]?.integer ?? 0
            return (report, "\(Amount.counted(added, "record")) of \(file) added by the daemon")
        }
    }
}
