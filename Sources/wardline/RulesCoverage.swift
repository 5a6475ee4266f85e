// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Pipeline
import Platform
import QueryEngine
import SiteFiles

extension RulesCommand {
    /// What no rule reads.
    struct Coverage: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "coverage",
            abstract: "Show which events no rule reads, by device type, zone, decoder and action.",
            discussion: """
                Over the events of a store (--store), else over what the shipped decoders can make. A rule \
                reads an event if class, action and decoder alone do not rule out that it matches. --all \
                shows what is read too. Exit status 1 when nothing is found.
                """
        )

        @Option(
            name: .customLong("rules"),
            help: ArgumentHelp("Rule files or folders; default: those that ship.", valueName: "PATH")
        )
        var paths: [String] = []
        @Option(
            name: .customLong("store"),
            help: ArgumentHelp("Store whose events are looked at.", valueName: "DIR")
        )
        var store: String?
        @Flag(help: "Show what rules read, too.")
        var all = false
        @OptionGroup var time: TimeOptions
        @OptionGroup var source: DecoderOptions
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: list.output)
            var coverage = RuleCoverage(rules: try RuleFiles.load(paths, context.environment).rules)
            if let store {
                try look(store, context, &coverage)
            } else {
                let files = try Content.decoderFiles(
                    folder: source.decoders,
                    environment: context.environment
                )
                for entry in DecoderCatalogue(files).entries {
                    for (eventClass, action) in entry.actions {
                        coverage.count(.init(eventClass: eventClass, action: action, decoder: entry.decoder))
                    }
                }
            }
            let rows = coverage.rows(withRead: all)
            let hasEvents = store != nil
            var table = TextTable([
                .init(title: hasEvents ? "EVENTS" : "", alignRight: true), .init(title: "DEVICE TYPE"),
                .init(title: "ZONE"), .init(title: "DECODER"), .init(title: "CLASS"), .init(title: "ACTION"),
                .init(title: "RULES", alignRight: true),
            ])
            let chosen = list.selection(rows)
            for row in chosen {
                table.add([
                    hasEvents ? Amount.count(Int64(row.count)) : "", row.key.deviceType.orDash,
                    row.key.zone.orDash, row.key.decoder, row.key.eventClass.name, row.key.action.name,
                    String(row.rules.count),
                ])
            }
            context.write(
                list.output,
                objects: chosen.map { $0.object(hasEvents: hasEvents) },
                table: table.lines(width: context.width, palette: context.palette)
            )
            context.output.finish()
            if !common.quiet { Messages.note(coverage.summary(hasEvents: hasEvents)) }
            if rows.isEmpty { throw Outcome.nothingFound }
        }

        private func look(_ path: String, _ context: CommandContext, _ coverage: inout RuleCoverage) throws {
            let reader = try StoreReader(path: path)
            let (since, until) = try context.interval(time)
            let resolver = SiteResolver(try SiteInForce.register(reader))
            let decoder = StoreDecoder(
                reader,
                environment: context.environment,
                siteKey: StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
            )
            let everything = try Query("", context: .init(now: context.now, zone: context.times.zone))
            var scan = EventScan(
                EventSelection(query: everything, since: since, until: until, order: .offset),
                in: try reader.partSource(decoder: decoder)
            )
            try scan.run { loaded, index in
                let batch = loaded.events
                let event = batch.events[index]
                let subject = resolver.participants(of: index, in: batch).first
                coverage.count(
                    .init(
                        deviceType: subject?.type ?? "",
                        zone: subject?.zone ?? "",
                        eventClass: event.eventClass,
                        action: event.action,
                        decoder: batch.decoders[Int(event.decoder)]
                    )
                )
                return true
            }
        }
    }
}

extension String {
    fileprivate var orDash: String { isEmpty ? "-" : self }
}

/// Events by what they are, and the rules that read them.
private struct RuleCoverage {
    /// What a row stands for.
    struct Key: Hashable {
        var deviceType = ""
        var zone = ""
        var eventClass: EventClass
        var action: Action
        var decoder: String

        /// How rows are ordered, by equal counts.
        var order: [String] { [deviceType, zone, decoder, eventClass.name, action.name] }
    }

    struct Row {
        var key: Key
        var count: Int
        var rules: [String]

        func object(hasEvents: Bool) -> JSONValue {
            .object([
                .init("device_type", .text(key.deviceType)), .init("zone", .text(key.zone)),
                .init("decoder", .text(key.decoder)), .init("class", .text(key.eventClass.name)),
                .init("action", .text(key.action.name)),
                .init("events", hasEvents ? .integer(Int64(count)) : .null), .init("rules", .texts(rules)),
            ])
        }
    }

    /// What decides which rules read an event.
    private struct Readable: Hashable {
        var eventClass: EventClass
        var action: Action
        var decoder: String
    }

    let rules: RuleSet
    private var counts: [Key: Int] = [:]

    init(rules: RuleSet) { self.rules = rules }

    mutating func count(_ key: Key) { counts[key, default: 0] += 1 }

    private func readers(_ key: Key) -> [String] {
        rules.readers(of: key.eventClass, key.action, decoder: key.decoder).map {
            rules.headers[$0].reference
        }
    }

    /// Rows with most events first.
    func rows(withRead isAll: Bool) -> [Row] {
        var known: [Readable: [String]] = [:]
        var rows: [Row] = []
        for (key, count) in counts {
            let what = Readable(eventClass: key.eventClass, action: key.action, decoder: key.decoder)
            let readers = known[what] ?? readers(key)
            known[what] = readers
            if isAll || readers.isEmpty { rows.append(Row(key: key, count: count, rules: readers)) }
        }
        return rows.sorted { left, right in
            left.count != right.count
                ? left.count > right.count : left.key.order.lexicographicallyPrecedes(right.key.order)
        }
    }

    func summary(hasEvents: Bool) -> String {
        let all = rows(withRead: true)
        let unread = all.filter(\.rules.isEmpty)
        guard hasEvents else {
            return "no rule reads \(unread.count) of \(all.count) actions of decoders"
        }
        let total = all.reduce(0) { $0 + $1.count }
        return "no rule reads \(Amount.count(Int64(unread.reduce(0) { $0 + $1.count }))) of "
            + "\(Amount.counted(Int64(total), "event"))"
    }
}
