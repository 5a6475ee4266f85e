// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Pipeline
import Platform
import Projections
import QueryEngine
import SegmentLog

/// `wardline store`: the store itself.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Show what the store holds, make it smaller, repair it, or make its read models again.",
        subcommands: [Stat.self, List.self, Compact.self, Retain.self, Repair.self, Rebuild.self]
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

extension StoreCommand {
    /// Read models made again from the log.
    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rebuild",
            abstract: "Make the read models again from the log.",
            discussion: "The log is not touched. The new database replaces the old one when it is whole."
        )

        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common)
            let count = try StoreRebuild.run(StorePaths(StoreLocation.path(store, context.environment)))
            if !common.quiet { Messages.note("\(Amount.count(count)) records judged again") }
        }
    }
}

/// Judges a store again into a new database and puts it in the place of the old one.
enum StoreRebuild {
    static func run(_ store: StorePaths) throws -> Int64 {
        let storage = POSIXStorage()
        let stored = try StoreReader(path: store.root)
        let lock: FileLock
        do throws(StorageError) {
            lock = try FileLock(store.lock)
        } catch {
            throw WardlineError(
                error.isHeld ? .busy : .storage,
                error.isHeld
                    ? "Another process has the store. Stop it; a running daemon keeps its read models itself."
                    : "The store cannot be opened. Check the path and its permissions.",
                cause: error.description,
                location: store.root
            )
        }
        defer { withExtendedLifetime(lock) {} }
        try FileManager.default.createDirectory(
            atPath: parentPath(store.readModels),
            withIntermediateDirectories: true
        )
        let fresh = store.readModels + ".new"
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fresh + suffix) }
        let models = try ReadModels(path: fresh, mode: .readWrite)
        var judge = try Judge(store: store, storage: storage)
        var decoder = judge.decoder()
        let reader = try LogReader.open(storage: storage, path: store.root, stream: "records")
        Outcome.check(reader, of: stored)
        try Outcome.checkSets(stored)
        for part in reader.parts {
            guard let records = try reader.soundRecords(part) else {
                Messages.warning("records \(part.base) to \(Offset(part.end.value - 1)) are damaged")
                continue
            }
            _ = try judge.process(decoder.decode(records, base: part.base))
            if let update = judge.takeUpdate(through: part.end) { _ = try models.apply(update) }
        }
        judge.settle()
        if let update = judge.takeUpdate(through: reader.end) { _ = try models.apply(update) }
        let count = try models.totals().records
        try models.close()
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: store.readModels + suffix)
        }
        try storage.rename(fresh, to: store.readModels)
        try storage.synchroniseDirectory(parentPath(store.readModels))
        return count
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
