// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Normalization
import Pipeline
import Platform
import QueryEngine
import WireFormats

extension ReplayCommand {
    /// Stored events against what their records decode to.
    struct Events: ParsableCommand {
        /// Which decoders count.
        enum Decoders: EnumerableFlag {
            case pin
            case latest

            static func help(for value: Decoders) -> ArgumentHelp? {
                switch value {
                case .pin: "By the decoders that were in force when a record came (default)."
                case .latest: "By the decoders of now: --decoders, else those that ship."
                }
            }
        }

        static let configuration = CommandConfiguration(
            commandName: "events",
            abstract: "Decode stored records again and list the events that change.",
            discussion: """
                --pin proves that the stored events follow from the records; --latest shows what newer \
                decoders would make of them. Nothing is written. Event times, which other records corrected, \
                are not compared. Exit status 1 when an event changes.
                """
        )

        @Flag var choice: Decoders = .pin
        @OptionGroup var source: DecoderOptions
        @OptionGroup var time: TimeOptions
        @Option(
            name: [.customShort("n", allowingJoined: true), .customLong("lines")],
            help: ArgumentHelp("Print only the first N changes; all are counted.", valueName: "N")
        )
        var count: Int?
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short, json or jsonl.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        mutating func validate() throws {
            if let count, count < 0 { throw ValidationError("-n takes 0 or more, not \(count).") }
            if source.decoders != nil, choice == .pin {
                throw ValidationError("--decoders goes with --latest: --pin takes those of the store.")
            }
            guard [.short, .json, .jsonl].contains(output) else {
                throw ValidationError(
                    "replay has the outputs short, json and jsonl, not \(output.rawValue)."
                )
            }
        }

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let (since, until) = try context.interval(time)
            let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
            let siteKey = StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
            let decoder: any RecordDecoding
            switch choice {
            case .pin:
                decoder = StoreDecoder(reader, environment: context.environment, siteKey: siteKey)
            case .latest:
                let set = try Content.decoders(
                    folder: source.decoders,
                    environment: context.environment,
                    isQuiet: common.quiet
                )
                decoder = LatestDecoder(Normalizer(decoders: set, siteKey: siteKey))
            }
            let parts = try reader.partSource(decoder: decoder)
            var report = ChangeReport(limit: count, output: output, context: context)
            for part in try parts.parts() {
                if let since, let latest = part.latest, latest < since { continue }
                if let until, let earliest = part.earliest, earliest >= until { continue }
                guard let (stored, found) = try parts.redecoded(part) else {
                    report.waitingCount += part.count
                    continue
                }
                report.add(stored, found, since: since, until: until)
                report.note(schema: parts.schema(of: part), count: stored.events.count)
            }
            report.finish()
            context.output.finish()
            if !common.quiet { report.note() }
            if report.changeCount > 0 { throw Outcome.problemsFound }
        }
    }
}

/// Decodes everything with one set, whatever was in force.
private final class LatestDecoder: RecordDecoding {
    private var normalizer: Normalizer

    init(_ normalizer: Normalizer) { self.normalizer = normalizer }

    var lookBackCount: Int { Normalizer.lookBackCount }

    func events(
        of records: RecordBatch,
        base: Offset,
        before: RecordBatch,
        context: DecodingContext
    ) throws(WardlineError) -> EventBatch {
        var events = EventBatch()
        normalizer.prime(before, before: base, reference: context.reference)
        normalizer.decode(records, base: base, reference: context.reference, into: &events)
        return events
    }

    func object(of bytes: [UInt8]) -> JSONValue? { try? JSONValue(parsing: bytes.span) }
}

/// Changed events as they are printed and counted.
private struct ChangeReport {
    let limit: Int?
    let output: OutputMode
    let context: CommandContext
    private(set) var eventCount = 0
    private(set) var changeCount = 0
    private(set) var newlyDecoded = 0
    private(set) var noLongerDecoded = 0
    /// Records whose events are not stored yet, so that there is nothing to compare.
    var waitingCount = 0
    private var written = 0
    /// Events by the version of the schema in which they are stored.
    private var schemas: [Int: Int] = [:]

    init(limit: Int?, output: OutputMode, context: CommandContext) {
        self.limit = limit
        self.output = output
        self.context = context
    }

    mutating func note(schema: Int, count: Int) { schemas[schema, default: 0] += count }

    mutating func add(_ stored: EventBatch, _ found: EventBatch, since: UTCTime?, until: UTCTime?) {
        eventCount += stored.events.count
        var changes = EventChange.changes(from: stored, to: found)
        if since != nil || until != nil {
            var inside: Set<Offset> = []
            for event in stored.events + found.events {
                if let since, event.time < since { continue }
                if let until, event.time >= until { continue }
                inside.insert(event.offset)
            }
            changes.removeAll { !inside.contains($0.offset) }
        }
        for change in changes {
            changeCount += 1
            if let issues = change.members.first(where: { $0.name == "issues" }) {
                let (before, now) = (isUndecoded(issues.stored), isUndecoded(issues.found))
                if before, !now { newlyDecoded += 1 }
                if now, !before { noLongerDecoded += 1 }
            }
            if written < limit ?? .max { write(change) }
        }
    }

    private func isUndecoded(_ issues: JSONValue?) -> Bool {
        issues?.elements?.contains(.text("undecoded")) ?? false
    }

    private mutating func write(_ change: EventChange) {
        switch output {
        case .json, .jsonl:
            let text = TerminalText.escapedJSON(object(change).line)
            context.output.line(output == .jsonl ? text : (written == 0 ? "[" : ",") + text)
        default:
            let parts = change.members.map { member in
                "\(member.name): \(shown(member.stored)) -> \(shown(member.found))"
            }
            let place = change.ordinal == 0 ? "#\(change.offset)" : "#\(change.offset).\(change.ordinal)"
            context.output.line(TerminalText.escaped(place + "  " + parts.joined(separator: "; ")))
        }
        written += 1
    }

    private func shown(_ value: JSONValue?) -> String { value.map(EventRenderer.text) ?? "(none)" }

    private func object(_ change: EventChange) -> JSONValue {
        .object([
            .init("offset", .integer(Int64(clamping: change.offset.value))),
            .init("ordinal", .integer(Int64(change.ordinal))),
            .init(
                "changes",
                .array(
                    change.members.map { member in
                        .object([
                            .init("name", .text(member.name)), .init("stored", member.stored ?? .null),
                            .init("found", member.found ?? .null),
                        ])
                    }
                )
            ),
        ])
    }

    func finish() {
        if output == .json { context.output.line(written == 0 ? "[]" : "]") }
    }

    func note() {
        var text =
            "\(Amount.count(Int64(changeCount))) of \(Amount.counted(Int64(eventCount), "stored event")) "
            + "change: \(Amount.count(Int64(newlyDecoded))) newly understood, "
            + "\(Amount.count(Int64(noLongerDecoded))) no longer understood"
        for (schema, count) in schemas.sorted(by: { $0.key < $1.key }) where schema < EventSchema.version {
            text +=
                "; \(Amount.counted(Int64(count), "event")) stored in version \(schema) of the event schema "
                + "and read in version \(EventSchema.version)"
        }
        if waitingCount > 0 {
            text +=
                "; \(Amount.counted(Int64(waitingCount), "record")) not in a block yet, "
                + "so nothing is stored to compare with"
        }
        Messages.note(text)
    }
}
