// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import QueryEngine

/// `wardline store`: the store itself.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Show what the store holds.",
        subcommands: [Stat.self, List.self]
    )

    /// Numbers.
    struct Stat: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stat",
            abstract: "Print records, bytes and blocks."
        )

        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
            let figures = try reader.figures()
            if output.isForPrograms {
                context.output.line(TerminalText.escapedJSON(StoreText.object(figures, reader.path).line))
            } else {
                context.output.lines(StoreText.lines(figures, reader.path))
            }
            context.output.finish()
        }
    }

    /// Files.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List the files of the store."
        )

        @OptionGroup var list: ListOptions
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: list.output, pages: true)
            let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
            let files = list.selection(try reader.files())
            var table = TextTable([.init(title: "SIZE", alignRight: true), .init(title: "FILE")])
            for file in files { table.add([Amount.bytes(file.size), file.path]) }
            context.write(
                list.output,
                objects: files.map {
                    .object([.init("file", .text($0.path)), .init("bytes", .integer($0.size))])
                },
                table: table.lines(width: context.width, palette: context.palette)
            )
            context.output.finish()
        }
    }
}

/// Numbers of a store as text and as an object.
enum StoreText {
    static func lines(_ figures: StoreFigures, _ path: String) -> [String] {
        var rows = [
            ("store", TerminalText.escaped(path)),
            (
                "records",
                "\(Amount.count(figures.records)) from devices, \(Amount.count(figures.logRecords)) in all"
            ),
            ("events", Amount.count(figures.events)), ("undecoded", Amount.count(figures.undecoded)),
            ("raw", Amount.bytes(figures.rawBytes)),
            (
                "on disk",
                "\(Amount.bytes(figures.diskBytes)) of records, \(Amount.bytes(figures.storeBytes)) in all"
            ),
            (
                "files",
                "\(Amount.counted(Int64(figures.segments), "segment")), "
                    + "\(Amount.counted(Int64(figures.blocks), "block"))"
            ),
            ("durable to", "#\(figures.durableOffset)"),
        ]
        if figures.judgedOffset < figures.durableOffset {
            rows.append(("judged to", "#\(figures.judgedOffset)"))
        }
        if figures.missing > 0 || figures.damaged > 0 {
            rows.append(
                (
                    "damage",
                    "\(figures.damaged) places, \(Amount.count(figures.missing)) records missing: "
                        + "wardline verify"
                )
            )
        }
        return rows.map { TerminalText.fitted($0.0, 10) + "  " + $0.1 }
    }

    /// The object of `schemas/output/store-v1.schema.json`.
    static func object(_ figures: StoreFigures, _ path: String) -> JSONValue {
        .object([
            .init("store", .text(path)), .init("records", .integer(figures.records)),
            .init("logRecords", .integer(figures.logRecords)), .init("events", .integer(figures.events)),
            .init("undecoded", .integer(figures.undecoded)), .init("rawBytes", .integer(figures.rawBytes)),
            .init("diskBytes", .integer(figures.diskBytes)),
            .init("storeBytes", .integer(figures.storeBytes)),
            .init("segments", .integer(Int64(figures.segments))),
            .init("blocks", .integer(Int64(figures.blocks))),
            .init("journalEntries", .integer(figures.journalEntries)),
            .init("durableOffset", .integer(Int64(clamping: figures.durableOffset.value))),
            .init("judgedOffset", .integer(Int64(clamping: figures.judgedOffset.value))),
            .init("missing", .integer(figures.missing)), .init("damaged", .integer(Int64(figures.damaged))),
        ])
    }
}
