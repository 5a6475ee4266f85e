// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Projections
import QueryEngine

/// `wardline sources`: who sends what, what was odd, what was lost.
struct SourcesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sources",
        abstract: "List who sends, how much, how well it is understood, and what was lost.",
        discussion: "Exit status 1 when there is none."
    )

    @Argument(help: ArgumentHelp("Only sources whose name begins so.", valueName: "SOURCE"))
    var name: String?

    @OptionGroup var list: ListOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: list.output, pages: true)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        let models = try CurrentModels.open(reader, isQuiet: common.quiet)
        let wanted = name?.lowercased() ?? ""
        let found = list.selection(try models.sources().filter { $0.name.lowercased().hasPrefix(wanted) })
        context.write(
            list.output,
            objects: found.map(SourceList.object),
            table: SourceList.table(found, context)
        )
        context.output.finish()
        for loss in try models.losses() where !common.quiet && !list.output.isForPrograms {
            let place = loss.listener.isEmpty ? "" : " at \(loss.listener)"
            let lost =
                loss.count == 0
                ? "records may be lost" : "\(Amount.counted(loss.count, "record")) lost"
            Messages.warning(
                "\(lost)\(place) between "
                    + "\(context.times.seconds(loss.from)) and "
                    + "\(context.times.seconds(loss.through)): \(loss.reason)"
            )
        }
        if found.isEmpty {
            if !common.quiet { Messages.note("no such sources in \(reader.path)") }
            throw Outcome.nothingFound
        }
    }
}

/// Sources as rows.
enum SourceList {
    /// The object of `schemas/output/source-v1.schema.json`.
    static func object(_ source: StoredSource) -> JSONValue {
        .object([
            .init("source", .text(source.name)), .init("listener", .text(source.listener)),
            .init("peer", .text(source.peer)), .init("records", .integer(source.records)),
            .init("undecoded", .integer(source.undecoded)), .init("raw_bytes", .integer(source.rawBytes)),
            .init("lost", .integer(source.losses)), .init("first_event", time(source.firstEvent)),
            .init("last_event", time(source.lastEvent)), .init("last_received", time(source.lastReceived)),
            .init("skew_ms", source.skew.map { .integer($0 / 1_000_000) } ?? .null),
            .init("decoders", counts(source.decoders)), .init("issues", counts(source.issues)),
        ])
    }

    private static func time(_ time: UTCTime) -> JSONValue {
        time.isPresent ? .text(time.description) : .null
    }

    private static func counts(_ counts: [StoredSource.Count]) -> JSONValue {
        .object(counts.map { .init($0.name, .integer($0.count)) })
    }

    static func table(_ sources: [StoredSource], _ context: CommandContext) -> [String] {
        guard !sources.isEmpty else { return [] }
        var table = TextTable([
            .init(title: "SOURCE"), .init(title: "LISTENER", isElastic: true), .init(title: "PEER"),
            .init(title: "RECORDS", alignRight: true), .init(title: "UNDECODED", alignRight: true),
            .init(title: "LOST", alignRight: true), .init(title: "LAST EVENT"),
            .init(title: "SKEW", alignRight: true), .init(title: "DECODER", isElastic: true),
            .init(title: "ISSUES", isElastic: true),
        ])
        for source in sources {
            table.add([
                source.name, source.listener, source.peer, Amount.count(source.records),
                Amount.count(source.undecoded), Amount.count(source.losses),
                context.times.seconds(source.lastEvent),
                source.skew.map(Amount.skew) ?? "", source.decoders.first?.name ?? "",
                source.issues.prefix(3).map { "\($0.name) \($0.count)" }.joined(separator: ", "),
            ])
        }
        return table.lines(width: context.width, palette: context.palette)
    }
}
