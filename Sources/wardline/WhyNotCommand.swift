// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Inventory
import Pipeline
import Platform
import Projections
import QueryEngine
import Replay
import SiteFiles
import Timelines

/// `wardline why-not`: how near stored events came to a rule.
struct WhyNotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why-not",
        abstract: "Show why a rule did not speak: the nearest miss among stored events.",
        discussion: """
            RULE is a name, id or title of the rules in force; documents of --rules replace those that have \
            the same id or name. All events of the stretch are judged, with the site files in force now; \
            with --device only what the device took part in can be a miss. What came before the stretch does \
            not count. Nothing is written. Exit status 0 when a miss is shown or the rule spoke, 1 when \
            nothing came near.
            """
    )

    @Argument(help: ArgumentHelp("Name, id or title of a rule.", valueName: "RULE"))
    var rule: String
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only events of this device: id, host name or address.", valueName: "DEVICE")
    )
    var device: String?
    @Option(
        name: .customLong("rules"),
        help: ArgumentHelp("Rule file or folder to try.", valueName: "PATH")
    )
    var paths: [String] = []
    @OptionGroup var hindsight: HindsightOptions

    func run() throws {
        let run = try HindsightRun(hindsight)
        let context = run.context
        var definitions = try run.rulesInForce()
        if !paths.isEmpty { definitions = definitions.replaced(by: try RuleDefinitions(run.files(paths))) }
        let rules = try definitions.compiled()
        let search = try prepared(rules)
        let (since, until) = try context.interval(hindsight.time)
        let register = try SiteInForce.register(run.reader, run.inForce)
        let names = device.map { WhyNotCommand.names($0, register) }
        let progress = Progress(search)
        var backtest = Backtest(
            [rules],
            site: register.site,
            over: Backtest.Stretch(since: since, until: until)
        ) { event in
            if let names, !event.concerns(names) { return }
            progress.search.take(event)
        }
        let siteKey = StoreKey.reading(StorePaths(run.reader.path), storage: POSIXStorage())
        let decoder = StoreDecoder(run.reader, environment: context.environment, siteKey: siteKey)
        let parts = try run.reader.partSource(decoder: decoder)
        var display = ProgressDisplay(isShown: TerminalInfo(.error).isTerminal && !hindsight.common.quiet)
        let findings = try backtest.run(over: parts) { done in
            display.show(done: done.records, of: done.totalRecords, records: done.records)
        }
        display.clear()
        let found = progress.search
        let alerts = (findings.first?.alerts ?? []).filter {
            $0.rule == found.header.reference && found.concerns($0)
        }
        let models = try CurrentModels.open(run.reader, isQuiet: hindsight.common.quiet)
        let report = WhyNotReport(
            search: found,
            judgedCount: backtest.readCount,
            device: device,
            spoken: try alerts.map {
                WhyNotReport.Spoken($0, try WhyNotCommand.stored($0, models), findings.first?.incidents ?? [])
            },
            context: context
        )
        report.write(hindsight.output)
        context.output.finish()
        parts.warnOfNewerEvents()
        if !parts.unreadable.isEmpty {
            Messages.warning("damaged records were left out; `wardline verify` names them")
        }
        if found.skippedCount > 0 {
            let count = Amount.counted(Int64(found.skippedCount), "match")
            Messages.warning("\(count) more than can be kept: shorten the stretch with -S and -U")
        }
        if !report.isNear { throw Outcome.nothingFound }
    }

    /// What the closure that is told of events writes to.
    private final class Progress {
        var search: MissSearch

        init(_ search: MissSearch) { self.search = search }
    }

    private func prepared(_ rules: RuleSet) throws -> MissSearch {
        if let search = MissSearch(rule, in: rules) { return search }
        if let inactive = rules.inactive.first(where: { found in
            [found.header.name, found.header.id, found.header.title].contains(rule)
        }) {
            Messages.error("The rule `\(rule)` is inactive: \(inactive.reason.message).")
            throw Outcome.nothingFound
        }
        throw WardlineError(
            .usage,
            "There is no rule `\(rule)` among those judged. `wardline rules list` shows names; --rules PATH "
                + "tries others."
        )
    }

    /// Everything by which a device is named, folded.
    private static func names(_ device: String, _ register: AssetRegister) -> Set<String> {
        var names: Set<String> = [AssetRegister.folded(device)]
        if let asset = register.asset(named: device) { names.insert(AssetRegister.folded(asset.id)) }
        return names
    }

    /// The stored incident that has the alert, or one of the same rule over the same record; nil if none.
    ///
    /// Event times that later records corrected give an alert another id.
    private static func stored(_ alert: Alert, _ models: ReadModels) throws -> String? {
        let reach = RuleHeader.joinWindowDefault
        let filter = IncidentFilter(
            since: alert.first.advanced(by: -reach),
            until: alert.last.advanced(by: reach)
        )
        let offsets = Set(alert.evidence.map(\.offset))
        let found = try models.incidents(filter)
        let same = found.first { incident in incident.alerts.contains { $0.id == alert.id } }
        let like = found.first { incident in
            incident.alerts.contains { stored in
                stored.rule == alert.rule && stored.evidence.contains { offsets.contains($0.offset) }
            }
        }
        return (same ?? like)?.id
    }
}

/// Why a rule did not speak, as it is printed.
struct WhyNotReport {
    /// An alert that the rule raised after all.
    struct Spoken {
        var alert: Alert
        /// Incident of the store that has it; nil if none.
        var stored: String?
        /// Incident that it is part of when the stretch is judged; nil if none.
        var judged: String?

        init(_ alert: Alert, _ stored: String?, _ incidents: [IncidentCore]) {
            self.alert = alert
            self.stored = stored
            judged = incidents.first { core in core.alerts.contains { $0.id == alert.id } }?.id
        }
    }

    let search: MissSearch
    /// Events of the stretch.
    let judgedCount: Int
    let device: String?
    let spoken: [Spoken]
    let context: CommandContext
    private let miss: NearMiss

    init(
        search: MissSearch,
        judgedCount: Int,
        device: String?,
        spoken: [Spoken],
        context: CommandContext
    ) {
        self.search = search
        self.judgedCount = judgedCount
        self.device = device
        self.spoken = spoken
        self.context = context
        miss = search.result()
    }

    /// Whether there is something to show.
    var isNear: Bool { !spoken.isEmpty || miss.isNear }

    func write(_ mode: OutputMode) {
        if mode.isForPrograms {
            context.output.line(TerminalText.escapedJSON(object.line))
        } else {
            context.output.lines(lines.map(TerminalText.escaped))
        }
    }

    private var subject: String {
        "`\(search.header.reference)` (\(search.header.title))"
    }

    private var counts: String {
        let judged = Amount.counted(Int64(search.eventCount), "event")
        return device.map { "\(judged) of \($0)" } ?? judged
    }

    private var lines: [String] {
        guard spoken.isEmpty else { return spokenLines }
        guard miss.isNear else { return ["nothing came near \(subject): " + farReason] }
        var lines = ["\(subject) did not speak over \(counts)", "  asks     " + search.condition]
        if !search.raisesAlerts {
            let readers = search.readers.map { "`\($0)`" }.joined(separator: ", ")
            lines.append(
                "  note     it raises no alert of its own"
                    + (readers.isEmpty ? "" : "; it feeds \(readers): ask about those")
            )
        }
        if !miss.group.isEmpty { lines.append("  nearest  " + miss.group.joined(separator: ", ")) }
        for event in miss.events.prefix(WhyReport.eventCountMax) {
            let devices = event.assets.isEmpty ? "" : "  " + event.assets.joined(separator: ", ")
            lines.append("  event    #\(event.offset)  \(context.times.iso(event.time))" + devices)
        }
        let hidden = miss.events.count - WhyReport.eventCountMax
        if hidden > 0 { lines.append("           \(Amount.counted(Int64(hidden), "further event"))") }
        return lines + miss.reasons.map { "  missed   " + $0 }
    }

    private var farReason: String {
        guard search.eventCount > 0 else {
            return device.map { "no event of \($0) lies in the stretch" } ?? "no event lies in the stretch"
        }
        return "of \(counts), none has a field that it tests or passes one of its tests"
    }

    private var spokenLines: [String] {
        ["\(subject) did speak over \(counts)"]
            + spoken.map { one in
                let alert = one.alert
                var place = "in no incident"
                if alert.isReview { place = "for review (`wardline query class:review`)" }
                if let judged = one.judged {
                    place = "in \(judged) when judged now; the store has no incident with this alert"
                }
                if let stored = one.stored { place = "in \(stored): `wardline why \(stored)`" }
                return "  alert    \(alert.id)  \(context.times.iso(alert.first))  "
                    + "\(Amount.counted(Int64(alert.count), "event"))"
                    + " from #\(alert.evidence.first?.offset ?? .zero)"
                    + (alert.key.isEmpty ? "" : "  " + alert.key.joined(separator: ", ")) + "  \(place)"
            }
    }

    /// The object of `schemas/output/why-not-v1.schema.json`.
    private var object: JSONValue {
        .object([
            .init("rule", .text(search.header.reference)), .init("title", .text(search.header.title)),
            .init("device", device.map(JSONValue.text) ?? .null), .init("condition", .text(search.condition)),
            .init("raises_alerts", .bool(search.raisesAlerts)), .init("readers", .texts(search.readers)),
            .init("judged", .integer(Int64(judgedCount))),
            .init("events", .integer(Int64(search.eventCount))),
            .init("matches", .integer(Int64(search.matchCount))),
            .init("spoke", .bool(!spoken.isEmpty)), .init("near", .bool(isNear)),
            .init("alerts", .array(spoken.map(object))),
            .init("miss", spoken.isEmpty && miss.isNear ? missObject : .null),
        ])
    }

    private func object(_ one: Spoken) -> JSONValue {
        .object([
            .init("id", .text(one.alert.id)), .init("level", .text(one.alert.level.name)),
            .init("review", .bool(one.alert.isReview)), .init("key", .texts(one.alert.key)),
            .init("first", .text(one.alert.first.description)),
            .init("last", .text(one.alert.last.description)),
            .init("count", .integer(Int64(one.alert.count))),
            .init("stored_incident", one.stored.map(JSONValue.text) ?? .null),
            .init("judged_incident", one.judged.map(JSONValue.text) ?? .null),
        ])
    }

    private var missObject: JSONValue {
        .object([
            .init("group", .texts(miss.group)), .init("reasons", .texts(miss.reasons)),
            .init(
                "tests",
                .array(
                    miss.tests.map { test in
                        .object([
                            .init("search", .text(test.search)), .init("field", .text(test.label)),
                            .init("wanted", .text(test.wanted)), .init("found", .texts(test.found)),
                            .init("forbidden", .bool(test.isForbidden)),
                        ])
                    }
                )
            ),
            .init(
                "events",
                .array(
                    miss.events.map { event in
                        .object([
                            .init("offset", .integer(Int64(clamping: event.offset.value))),
                            .init("time", .text(event.time.description)),
                            .init("assets", .texts(event.assets)),
                        ])
                    }
                )
            ),
        ])
    }
}
