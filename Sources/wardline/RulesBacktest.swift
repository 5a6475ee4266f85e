// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import Digests
import EventModel
import Foundation
import Ingest
import Inventory
import Pipeline
import Platform
import QueryEngine
import Replay
import SiteFiles
import Timelines

extension RulesCommand {
    /// New rules over stored history.
    struct BacktestCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "backtest",
            abstract: "Judge stored events with rules that are not in force yet, and list what would change.",
            discussion: """
                Documents of NEW replace those in force that have the same id or name; the others stay. \
                Stored events are judged twice in the order of their times, with the site files in force \
                now; nothing is written. Exit status 1 when an incident is lost.
                """
        )

        @Argument(help: ArgumentHelp("Files or folders of rules.", valueName: "NEW"))
        var paths: [String]
        @OptionGroup var hindsight: HindsightOptions

        mutating func validate() throws {
            guard !paths.isEmpty else { throw ValidationError("Name the rules to try.") }
        }

        func run() throws {
            let run = try HindsightRun(hindsight)
            let new = try RuleDefinitions(run.files(paths))
            let old = try run.rulesInForce()
            try run.compare(old, old.replaced(by: new))
        }
    }

    /// Two rule sets over stored history.
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff",
            abstract: "Judge stored events with two sets of rules and list the incidents that differ.",
            discussion: """
                Incidents correspond by the events that they rest on. Nothing is written. Exit status 1 when \
                an incident of OLD is lost.
                """
        )

        @Argument(help: ArgumentHelp("File or folder of rules.", valueName: "OLD"))
        var old: String
        @Argument(help: ArgumentHelp("File or folder of rules.", valueName: "NEW"))
        var new: String
        @OptionGroup var hindsight: HindsightOptions

        func run() throws {
            let run = try HindsightRun(hindsight)
            try run.compare(RuleDefinitions(run.files([old])), RuleDefinitions(run.files([new])))
        }
    }
}

/// What commands that judge history take.
struct HindsightOptions: ParsableArguments {
    @OptionGroup var time: TimeOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short, json or jsonl.", valueName: "MODE"))
    var output: OutputMode = .short
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard [.short, .json, .jsonl].contains(output) else {
            throw ValidationError("This has the outputs short, json and jsonl, not \(output.rawValue).")
        }
    }
}

/// Rule documents before they are compiled.
struct RuleDefinitions {
    private(set) var definitions: [RuleDefinition] = []

    /// Reads files.
    ///
    /// - Throws: `input` with every place when a document is refused: a comparison with a part is none.
    init(_ files: [SigmaReader.File]) throws(WardlineError) {
        var errors: [RuleError] = []
        for file in files {
            let found = SigmaReader.definitions(bytes: file.bytes, file: file.name)
            definitions += found.definitions
            errors += found.errors
        }
        guard errors.isEmpty else { throw RuleDefinitions.refusal(errors) }
    }

    /// These documents, without those that have an id or name of `new`, and `new`.
    func replaced(by new: RuleDefinitions) -> RuleDefinitions {
        func names(_ definition: RuleDefinition) -> Set<String> {
            Set([definition.header.id, definition.header.name].filter { !$0.isEmpty })
        }
        let taken = new.definitions.reduce(into: Set<String>()) { $0.formUnion(names($1)) }
        var result = self
        result.definitions = definitions.filter { names($0).isDisjoint(with: taken) } + new.definitions
        return result
    }

    /// The documents compiled together.
    ///
    /// - Throws: `input` when one does not compile.
    func compiled() throws(WardlineError) -> RuleSet {
        let (rules, errors) = RuleSet.compile(definitions)
        guard errors.isEmpty else { throw RuleDefinitions.refusal(errors) }
        return rules
    }

    private static func refusal(_ errors: [RuleError]) -> WardlineError {
        WardlineError(
            .input,
            "\(Amount.counted(Int64(errors.count), "rule")) cannot be used; put this right first:\n"
                + errors.map { "  \($0)" }.joined(separator: "\n")
        )
    }
}

/// History judged by two rule sets, and what is printed of it.
struct HindsightRun {
    let options: HindsightOptions
    let context: CommandContext
    let reader: StoreReader
    let inForce: ContentInForce

    init(_ options: HindsightOptions) throws {
        self.options = options
        context = try CommandContext(options.common, mode: options.output)
        reader = try StoreReader(path: StoreLocation.path(options.store, context.environment))
        inForce = try ContentInForce(reader)
    }

    func files(_ paths: [String]) throws(WardlineError) -> [SigmaReader.File] {
        try RuleFiles.files(paths, context.environment)
    }

    /// The rules that the store's log brought into force last, else those that ship.
    func rulesInForce() throws(WardlineError) -> RuleDefinitions {
        guard let files = inForce.sets["rules"] else { return try RuleDefinitions(files([])) }
        return try RuleDefinitions(RuleFiles.files(files, reader))
    }

    /// Judges by both and prints the difference.
    ///
    /// - Throws: the status for problems found when an incident is lost.
    func compare(_ old: RuleDefinitions, _ new: RuleDefinitions) throws {
        let sets = [try old.compiled(), try new.compiled()]
        let (since, until) = try context.interval(options.time)
        let site = try SiteInForce.register(reader, inForce).site
        var backtest = Backtest(sets, site: site, over: Backtest.Stretch(since: since, until: until))
        let siteKey = StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
        let decoder = StoreDecoder(reader, environment: context.environment, siteKey: siteKey)
        let parts = try reader.partSource(decoder: decoder)
        var display = ProgressDisplay(isShown: TerminalInfo(.error).isTerminal && !options.common.quiet)
        let findings = try backtest.run(over: parts) { progress in
            display.show(done: progress.records, of: progress.totalRecords, records: progress.records)
        }
        display.clear()
        let difference = BacktestDifference(from: findings[0].incidents, to: findings[1].incidents)
        let report = HindsightReport(
            difference: difference,
            sets: sets,
            siteHashes: inForce.site.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value },
            since: since,
            until: until,
            end: backtest.end,
            recordCount: backtest.recordCount,
            readCount: backtest.readCount
        )
        report.write(options.output, to: context)
        context.output.finish()
        parts.warnOfNewerEvents()
        if !parts.unreadable.isEmpty {
            Messages.warning("damaged records were left out; `wardline verify` names them")
        }
        if backtest.earlyCount > 0 {
            let early = Amount.counted(Int64(backtest.earlyCount), "event")
            Messages.warning("\(early) judged out of order, because too many waited for earlier ones")
        }
        if difference.changes.contains(where: { $0.kind == .lost }) { throw Outcome.problemsFound }
    }
}

/// The difference of two judgements, as it is printed.
struct HindsightReport {
    let difference: BacktestDifference
    let sets: [RuleSet]
    let siteHashes: [String]
    let since: UTCTime?
    let until: UTCTime?
    let end: Offset
    let recordCount: Int
    let readCount: Int

    /// The same for the same rules, site, records and stretch, on every machine.
    var id: String {
        var text = ByteWriter()
        for set in sets { for part in set.fingerprints.sorted() { text.counted(part) } }
        for part in siteHashes { text.counted(part) }
        for time in [since, until] { text.write(time?.nanoseconds ?? .min) }
        text.varint(end.value)
        for object in objects { text.counted(object.line) }
        return "BT-" + ShortIdentifier.text(of: sha256(text.bytes))
    }

    private func count(_ kind: BacktestDifference.Kind) -> Int {
        difference.changes.count { $0.kind == kind }
    }

    func write(_ mode: OutputMode, to context: CommandContext) {
        switch mode {
        case .jsonl: context.output.lines((objects + [summary]).map { TerminalText.escapedJSON($0.line) })
        case .json:
            guard case .object(let members) = summary else { return }
            let whole = JSONValue.object(members + [.init("changes", .array(objects))])
            context.output.line(TerminalText.escapedJSON(whole.line))
        default:
            for change in difference.changes { context.output.lines(lines(change, context)) }
            context.output.line(
                "\(difference.oldCount) incidents by the old rules, \(difference.newCount) by the new ones: "
                    + "\(count(.lost)) lost, \(count(.gained)) gained, \(count(.changed)) changed; "
                    + "\(Amount.counted(Int64(recordCount), "record")), result \(id)"
            )
        }
    }

    private func lines(_ change: BacktestDifference.Change, _ context: CommandContext) -> [String] {
        let kind = change.kind.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
        let devices =
            change.devices.isEmpty ? "" : " (" + change.devices.prefix(3).joined(separator: ", ") + ")"
        let head =
            "\(kind) \(change.id)  \(context.times.seconds(change.first))  \(change.level.name)  "
            + change.title + devices
        let causes = change.causes.map { cause in
            let side = cause.isOld ? "- " : "+ "
            return "           \(side)\(cause.title) [\(cause.rule)] from #\(cause.offset) at "
                + "\(context.times.seconds(cause.time)), \(Amount.counted(Int64(cause.count), "event"))"
        }
        return ([head] + causes).map(TerminalText.escaped)
    }

    private var objects: [JSONValue] {
        difference.changes.map { change in
            .object([
                .init("change", .text(change.kind.rawValue)), .init("id", .text(change.id)),
                .init("new_id", change.newID.map(JSONValue.text) ?? .null),
                .init("first", .text(change.first.description)),
                .init("level", .text(change.level.name)), .init("title", .text(change.title)),
                .init("devices", .texts(change.devices)), .init("causes", .array(change.causes.map(object))),
            ])
        }
    }

    private func object(_ cause: BacktestDifference.Cause) -> JSONValue {
        .object([
            .init("side", .text(cause.isOld ? "old" : "new")), .init("rule", .text(cause.rule)),
            .init("title", .text(cause.title)), .init("level", .text(cause.level.name)),
            .init("offset", .integer(Int64(clamping: cause.offset.value))),
            .init("time", .text(cause.time.description)), .init("events", .integer(Int64(cause.count))),
        ])
    }

    private var summary: JSONValue {
        .object([
            .init("result", .text(id)), .init("old_incidents", .integer(Int64(difference.oldCount))),
            .init("new_incidents", .integer(Int64(difference.newCount))),
            .init("lost", .integer(Int64(count(.lost)))), .init("gained", .integer(Int64(count(.gained)))),
            .init("changed", .integer(Int64(count(.changed)))),
            .init("same", .integer(Int64(difference.sameCount))),
            .init("records", .integer(Int64(recordCount))), .init("events_read", .integer(Int64(readCount))),
            .init("end", .integer(Int64(clamping: end.value))),
        ])
    }
}
