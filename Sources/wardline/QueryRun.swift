// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Pipeline
import Platform
import Projections
import QueryEngine
import Timelines

/// One run of `query`: scans, writes, follows.
struct QueryRun {
    /// Seconds between two looks at a store that is followed: a person notices no delay.
    static let followIntervalSeconds = 0.25
    /// Events of a table or of one JSON array at most; more need a mode that writes line by line.
    static let tableCountMax = 1_000_000
    /// Different values of `--unique` at most.
    static let uniqueCountMax = 1_000_000

    private let selection: EventSelection
    private let reader: StoreReader
    private let context: CommandContext
    private let command: QueryCommand
    private var renderer: EventRenderer
    /// Events whose bytes were kept back.
    private var keptBackCount: Int64 = 0
    /// Read when the first event is shown: most events that a search looks at are not.
    private lazy var citations = Citations(try? reader.readModels())

    init(
        _ selection: EventSelection,
        _ reader: StoreReader,
        _ context: CommandContext,
        _ command: QueryCommand
    ) {
        self.selection = selection
        self.reader = reader
        self.context = context
        self.command = command
        renderer = EventRenderer(
            mode: command.output,
            fields: command.fieldNames,
            times: context.times,
            palette: context.palette,
            width: context.width
        )
    }

    mutating func run() throws {
        let started = CommandContext.wallClock
        let decoder = StoreDecoder(
            reader,
            environment: context.environment,
            siteKey: StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
        )
        let source = try reader.partSource(decoder: decoder)
        Outcome.check(source.log, of: reader)
        let shown = command.fieldNames + [command.unique].compactMap(\.self)
        let needsResolver = selection.query.needsResolver || shown.contains(where: SiteValues.isOfSite)
        let resolver = needsResolver ? SiteResolver(try SiteInForce.register(reader)) : nil
        renderer.resolver = resolver
        var scan = EventScan(selection, in: source, resolver: resolver)
        if command.countsOnly || command.unique != nil {
            try summarise(&scan, resolver)
        } else {
            try write(&scan)
        }
        if command.follow { try follow(source, resolver, from: scan.statistics.end) }
        context.output.finish()
        if keptBackCount > 0 {
            Messages.note(
                "the bytes of \(Amount.counted(keptBackCount, "event")) hold patient data and are not shown: "
                    + "--reveal REASON shows them, and the log keeps who asked and why"
            )
        }
        let statistics = scan.statistics
        if !context.isQuiet, !command.output.isForPrograms, context.isTerminal || context.isVerbose {
            let span = CommandContext.wallClock.nanoseconds - started.nanoseconds
            Messages.note(
                "\(Amount.count(Int64(statistics.matchCount))) of "
                    + "\(Amount.counted(Int64(statistics.scannedCount), "event")) scanned in "
                    + "\(span / 1_000_000) ms, "
                    + "\(Amount.counted(Int64(statistics.partCount), "part")) read, "
                    + "\(statistics.skippedCount) skipped"
            )
        }
        source.warnOfNewerEvents()
        QueryRun.tell(source.unreadable)
        if statistics.matchCount == 0 { throw Outcome.nothingFound }
    }

    /// Says which records could not be looked at; everything else was answered.
    private static func tell(_ unreadable: [Offset: Offset]) {
        for (base, end) in unreadable.sorted(by: { $0.key < $1.key }) {
            Outcome.damage("records \(base) to \(Offset(end.value - 1)) are damaged and not in this answer")
        }
    }

    /// Whether the bytes of an event's record are kept back: they hold patient data in clear (DESIGN 3.3).
    private mutating func keepsBack(_ loaded: LoadedPart, _ index: Int) -> Bool {
        guard command.reveal == nil else { return false }
        let events = loaded.events.events
        func isOfRecord(_ other: Int) -> Bool { events[other].offset == events[index].offset }
        let own =
            events[..<index].indices.reversed().prefix(while: isOfRecord) + [index]
            + events[(index + 1)...].indices.prefix(while: isOfRecord)
        guard own.contains(where: { loaded.events.range(of: .patientToken, in: $0) != nil }) else {
            return false
        }
        keptBackCount += 1
        return true
    }

    private mutating func view(_ loaded: LoadedPart, _ index: Int) -> EventView {
        let event = loaded.events.events[index]
        let showsBytes = command.showsBytes && !keepsBack(loaded, index)
        return EventView(
            batch: loaded.events,
            index: index,
            rules: citations.rules(event.offset, event.ordinal),
            skew: EventSkew.of(event),
            raw: showsBytes ? loaded.bytes(at: event.offset) : nil
        )
    }

    private mutating func write(_ scan: inout EventScan) throws {
        let output = context.output
        output.lines(renderer.heading)
        var views: [EventView] = []
        var written = 0
        try scan.run { loaded, index in
            if command.raw {
                if !keepsBack(loaded, index) {
                    output.raw(loaded.bytes(at: loaded.events.events[index].offset))
                }
                return true
            }
            let view = view(loaded, index)
            switch command.output {
            case .cat where view.raw == nil: break
            case .table:
                guard views.count < QueryRun.tableCountMax else {
                    throw WardlineError(
                        .usage,
                        "The table would have more than \(QueryRun.tableCountMax) rows. Use -n or jsonl."
                    )
                }
                views.append(view)
            case .json: output.lines(renderer.lines(view).map { (written == 0 ? "[" : ",") + $0 })
            default: output.lines(renderer.lines(view))
            }
            written += 1
            return true
        }
        if command.output == .json { output.line(written == 0 ? "[]" : "]") }
        if command.output == .table, !views.isEmpty { output.lines(renderer.table(views)) }
    }

    private mutating func summarise(
        _ scan: inout EventScan,
        _ resolver: (any EntityResolver)?
    ) throws {
        var counts: [String: Int64] = [:]
        let field = command.unique
        func count(_ batch: EventBatch, _ index: Int, _ times: Int64) throws {
            guard let field else { return }
            for value in UniqueValues.of(field, batch, index, resolver) { counts[value, default: 0] += times }
            guard counts.count <= QueryRun.uniqueCountMax else {
                throw WardlineError(
                    .usage,
                    "`\(field)` has more than \(QueryRun.uniqueCountMax) values. Narrow the search."
                )
            }
        }
        if selection.last == nil {
            // What the site says of an event takes all of it.
            let isOfSite = resolver != nil && field.map(SiteValues.isOfSite) ?? false
            let interest = field.map { TallyInterest(fieldNamed: $0) } ?? .nothing
            try scan.tally(isOfSite ? .event : interest, count)
        } else {
            try scan.run { loaded, index in
                try count(loaded.events, index, 1)
                return true
            }
        }
        guard let field else {
            context.output.line(String(scan.statistics.matchCount))
            return
        }
        if counts.isEmpty, scan.statistics.matchCount > 0, !command.common.quiet {
            Messages.warning("no event that was found has the field `\(field)`")
        }
        let rows = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var table = TextTable([.init(title: "COUNT", alignRight: true), .init(title: field.uppercased())])
        for row in rows { table.add([Amount.count(row.value), row.key]) }
        let objects = rows.map {
            JSONValue.object([.init("value", .text($0.key)), .init("count", .integer($0.value))])
        }
        context.write(
            command.output,
            objects: objects,
            table: rows.isEmpty ? [] : table.lines(width: context.width, palette: context.palette)
        )
    }

    /// Looks for new records again and again, until the process is interrupted or the reader leaves.
    private mutating func follow(
        _ source: any PartSource,
        _ resolver: (any EntityResolver)?,
        from start: Offset
    ) throws {
        var next = start
        var later = selection
        later.last = nil
        later.order = .offset
        context.output.flush()
        while true {
            Thread.sleep(forTimeInterval: QueryRun.followIntervalSeconds)
            var scan = EventScan(later, in: source, resolver: resolver)
            try scan.run(from: next) { loaded, index in
                if command.raw {
                    if !keepsBack(loaded, index) {
                        context.output.raw(loaded.bytes(at: loaded.events.events[index].offset))
                    }
                } else if command.output != .cat || !keepsBack(loaded, index) {
                    context.output.lines(renderer.lines(view(loaded, index)))
                }
                return true
            }
            next = max(next, scan.statistics.end)
            context.output.flush()
        }
    }
}

/// How far a device's clock was off when it wrote an event.
enum EventSkew {
    /// Device clock less corrected time, when that is a second or more.
    static func of(_ event: Event) -> Int64? {
        guard event.deviceTime.isPresent, event.time.isPresent else { return nil }
        let (skew, overflow) = event.deviceTime.nanoseconds.subtractingReportingOverflow(
            event.time.nanoseconds
        )
        return !overflow && abs(skew) >= UTCTime.second ? skew : nil
    }
}

/// Values of one field of an event as text.
enum UniqueValues {
    static func of(
        _ field: String,
        _ batch: EventBatch,
        _ index: Int,
        _ resolver: (any EntityResolver)?
    ) -> [String] {
        let names = FieldNames.outputNames(of: field)
        let own = EventObject.members(batch, index)
        if let resolver, SiteValues.isOfSite(field), !own.contains(where: { $0.name == field }) {
            return SiteValues.values(of: field, index, in: batch, resolver)
        }
        if names == ["device"] { return [EventSummary.device(batch, index)].filter { !$0.isEmpty } }
        return own.filter { names.contains($0.name) }.flatMap { member in
            member.value.elements?.map(EventRenderer.text) ?? [EventRenderer.text(member.value)]
        }
    }
}

/// Which rules cite which events, from the incidents of the store.
struct Citations {
    private var rules: [Offset: [(UInt16, [String])]] = [:]

    init(_ models: ReadModels?) {
        guard let found = try? models?.citations() else { return }
        for citation in found {
            rules[citation.offset, default: []].append((citation.ordinal, citation.rules))
        }
    }

    /// Rules that cite an event, sorted.
    func rules(_ offset: Offset, _ ordinal: UInt16) -> [String] {
        guard let found = rules[offset] else { return [] }
        return Array(Set(found.filter { $0.0 == ordinal }.flatMap(\.1))).sorted()
    }
}
