// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Normalization
import Platform
import SiteFiles

/// `wardline decoders`: what is understood, what is not, and a start for what should be.
struct DecodersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decoders",
        abstract: "List and test decoders, and find the lines that none of them takes.",
        subcommands: [List.self, Test.self, Coverage.self, Suggest.self]
    )

    /// Which decoders there are.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List decoder files with their number of rules and samples."
        )

        @OptionGroup var source: DecoderOptions
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: list.output)
            let files = try Content.decoderFiles(folder: source.decoders, environment: context.environment)
            var table = TextTable([
                .init(title: "DECODER"), .init(title: "VERSION"), .init(title: "FORMAT"),
                .init(title: "RULES", alignRight: true), .init(title: "SAMPLES", alignRight: true),
                .init(title: "READS", isElastic: true),
            ])
            var objects: [JSONValue] = []
            var refused: [SiteFilesError] = []
            var definitions: [DecoderDefinition] = []
            for file in files {
                do throws(SiteFilesError) {
                    definitions.append(try DecoderLoader.definition(file))
                } catch {
                    refused.append(error)
                }
            }
            for item in list.selection(definitions) {
                let samples = item.rules.reduce(0) { $0 + $1.samples.count }
                table.add([
                    item.id.text, item.version, item.format.rawValue, String(item.rules.count),
                    String(samples), item.title,
                ])
                objects.append(
                    .object([
                        .init("decoder", .text(item.id.text)), .init("version", .text(item.version)),
                        .init("title", .text(item.title)), .init("format", .text(item.format.rawValue)),
                        .init("witness", .bool(item.isWitness)),
                        .init("rules", .integer(Int64(item.rules.count))),
                        .init("samples", .integer(Int64(samples))),
                        .init("file", .text(item.id.place.file)),
                    ])
                )
            }
            context.write(
                list.output,
                objects: objects,
                table: table.lines(width: context.width, palette: context.palette)
            )
            context.output.finish()
            for error in refused { Messages.error(error.description) }
            if !refused.isEmpty { throw Outcome.problemsFound }
        }
    }

    /// Whether decoders do what their samples say.
    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Run the samples of decoder files; print file:line:column of each problem.",
            discussion: """
                Without a path, the decoders that ship. Files named alone are tested beside those that ship, \
                so that it shows when another decoder takes their lines. Exit status 1 when a file is refused.
                """
        )

        @Argument(help: ArgumentHelp("Decoder files, or folders of them.", valueName: "PATH"))
        var paths: [String] = []
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common)
            var files: [DecoderLoader.File] = []
            for path in paths {
                if POSIXStorage().isDirectory(path) {
                    files += try Content.files(in: path, endingIn: [DecoderLoader.fileSuffix]).map {
                        DecoderLoader.File(name: path + "/" + $0.name, bytes: $0.bytes)
                    }
                } else {
                    let bytes = try Content.bytes(of: path, atMost: Content.fileSizeMax)
                    files.append(DecoderLoader.File(name: path, bytes: bytes))
                }
            }
            if paths.isEmpty {
                files = try Content.decoderFiles(folder: nil, environment: context.environment)
            } else if files.isEmpty {
                throw WardlineError(
                    .input,
                    "There are no decoder files (`*\(DecoderLoader.fileSuffix)`). Name one, or a folder of "
                        + "them."
                )
            }
            let outcome = DecoderLoader.load(files + (try shipped(beside: files, context)))
            let names = Set(files.map(\.name))
            let refused = outcome.refused.filter { names.contains($0.file) || paths.isEmpty }
            context.output.lines(refused.map { TerminalText.escaped($0.description) })
            context.output.lines(outcome.warnings().map { TerminalText.escaped("warning: " + $0) })
            context.output.finish()
            if !common.quiet {
                Messages.note(
                    "\(Amount.counted(Int64(names.count - refused.count), "file")) right, "
                        + "\(refused.count) refused; "
                        + "\(Amount.counted(Int64(outcome.sampleCount(in: names)), "sample")) passed"
                )
            }
            if !refused.isEmpty { throw Outcome.problemsFound }
        }

        /// Shipped files that none of `files` stands for.
        private func shipped(
            beside files: [DecoderLoader.File],
            _ context: CommandContext
        ) throws(WardlineError) -> [DecoderLoader.File] {
            guard !paths.isEmpty, try Content.shared("decoders", context.environment) != nil else {
                return []
            }
            let identifiers = Set(files.compactMap { try? DecoderLoader.definition($0).id.text })
            return try Content.decoderFiles(folder: nil, environment: context.environment).filter { file in
                guard let definition = try? DecoderLoader.definition(file) else { return false }
                return !identifiers.contains(definition.id.text)
            }
        }
    }
}

/// Which decoders count.
struct DecoderOptions: ParsableArguments {
    @Option(
        name: .customLong("decoders"),
        help: ArgumentHelp(
            "Folder with *.decoder.yaml files; default: those that ship.",
            valueName: "DIR"
        )
    )
    var decoders: String?
}
