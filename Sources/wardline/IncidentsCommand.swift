// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Projections
import QueryEngine
import Timelines

/// `wardline incidents`: the incidents of the store.
struct IncidentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incidents",
        abstract: "List incidents; `incidents show ID` shows one, `ack`, `note` and `close` handle it.",
        subcommands: [
            List.self, Show.self, IncidentAcknowledge.self, IncidentAssign.self, IncidentNote.self,
            IncidentClose.self, IncidentReopen.self, IncidentSuppressions.self,
            IncidentMerge.self, IncidentSplit.self, IncidentUndo.self, IncidentActList.self,
        ],
        defaultSubcommand: List.self
    )

    /// The list, oldest first.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List incidents, oldest first.",
            discussion: "Exit status 1 when there is none."
        )

        @OptionGroup var time: TimeOptions
        @OptionGroup var list: ListOptions

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Only incidents of this device.", valueName: "DEVICE")
        )
        var device: String?

        @Option(name: .shortAndLong, help: ArgumentHelp("Only incidents of this user.", valueName: "USER"))
        var user: String?

        @Option(help: ArgumentHelp("Only incidents that this person is to handle.", valueName: "WHO"))
        var assignee: String?

        @Option(
            name: .customLong("severity"),
            help: ArgumentHelp("This level or higher: low, medium, high, critical.", valueName: "LEVEL")
        )
        var severity: String?

        @Option(
            name: .customLong("state"),
            help: ArgumentHelp("Only incidents that are new, acknowledged or closed.", valueName: "STATE"),
            transform: { word in
                guard let state = IncidentState(rawValue: word.lowercased()) else {
                    throw ValidationError("'\(word)' is no state; write new, acknowledged or closed.")
                }
                return state
            }
        )
        var states: [IncidentState] = []

        @Option(
            name: .customLong("as-of"),
            help: ArgumentHelp("Event time of the risk now; default: of the newest event.", valueName: "TIME")
        )
        var reference: String?

        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: list.output, pages: true)
            let (since, until) = try context.interval(time)
            var filter = IncidentFilter(
                since: since,
                until: until,
                states: states,
                device: device,
                user: user,
                assignee: assignee,
                hasDetail: false
            )
            if let severity { filter.severity = try LevelName.level(severity) }
            let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
            let models = try CurrentModels.open(reader, isQuiet: common.quiet)
            let found = list.selection(try models.incidents(filter))
            // Lines for programs say the same until evidence changes, unless a time is asked for.
            var time = try context.time(reference, flag: "--as-of")
            if time == nil, !list.output.isForPrograms { time = try models.newestEventTime() }
            try IncidentList.write(found, list.output, at: time, context)
            context.output.finish()
            let silent = try models.silentCount()
            if silent > 0, !common.quiet {
                Messages.note(
                    "\(Amount.counted(silent, "alert")) kept silent by benign closes: "
                        + "`wardline incidents suppressions`"
                )
            }
            if found.isEmpty {
                if !common.quiet { Messages.note("no incidents in \(reader.path)") }
                throw Outcome.nothingFound
            }
        }
    }

    /// One incident: its timeline.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show one incident, as `timeline` does."
        )

        @OptionGroup var view: TimelineOptions

        func run() throws { try view.run() }
    }
}

/// Incidents as a list.
enum IncidentList {
    /// Writes the list; `time` is the event time of the risk now.
    static func write(
        _ incidents: [StoredIncident],
        _ mode: OutputMode,
        at time: UTCTime?,
        _ context: CommandContext
    ) throws {
        switch mode {
        case .jsonl: context.output.lines(incidents.map { TerminalText.escapedJSON(line($0, time)) })
        case .json:
            let objects = incidents.map { TerminalText.escapedJSON(line($0, time)) }
            context.output.line("[" + objects.joined(separator: ",") + "]")
        case .csv: context.output.lines(CommaSeparated.lines(incidents.map { object($0, time) }))
        default:
            guard !incidents.isEmpty else { return }
            context.output.lines(
                table(incidents, time, context).lines(width: context.width, palette: context.palette)
            )
        }
    }

    private static func risk(_ incident: StoredIncident, _ time: UTCTime) -> Int {
        IncidentRisk.decayed(incident.risk, from: incident.last, to: time)
    }

    private static func now(_ incident: StoredIncident, _ time: UTCTime?) -> [JSONValue.Member] {
        guard let time else { return [] }
        return [
            .init("risk_now", .integer(Int64(risk(incident, time)))), .init("as_of", .text(time.description)),
        ]
    }

    /// The canonical line, with the risk at `time` where one is asked for.
    private static func line(_ incident: StoredIncident, _ time: UTCTime?) -> String {
        guard time != nil, incident.json.last == "}" else { return incident.json }
        return incident.json.dropLast() + "," + JSONValue.object(now(incident, time)).line.dropFirst()
    }

    private static func table(
        _ incidents: [StoredIncident],
        _ time: UTCTime?,
        _ context: CommandContext
    ) -> TextTable {
        let isAssigned = incidents.contains { !$0.assignee.isEmpty }
        var table = TextTable(
            [
                .init(title: "ID"), .init(title: "RISK", alignRight: true),
                .init(title: "NOW", alignRight: true),
                .init(title: "STATE"),
            ] + (isAssigned ? [.init(title: "ASSIGNEE")] : []) + [
                .init(title: "FIRST"),
                .init(title: "SPAN", alignRight: true), .init(title: "DEVICES", alignRight: true),
                .init(title: "USERS", alignRight: true), .init(title: "RULES", alignRight: true),
                .init(title: "TITLE", isElastic: true),
            ]
        )
        for incident in incidents {
            let state = incident.isProvisional ? "\(incident.state.rawValue)?" : incident.state.rawValue
            let closing = incident.closures.last.map {
                " (\($0.suppression == nil ? "" : "benign: ")\($0.reason))"
            }
            let assignee = incident.assignee.isEmpty ? "-" : TerminalText.escaped(incident.assignee)
            table.add(
                [
                    incident.id, String(incident.risk), time.map { String(risk(incident, $0)) } ?? "-", state,
                ] + (isAssigned ? [assignee] : []) + [
                    context.times.seconds(incident.first),
                    Amount.span(incident.last.nanoseconds - incident.first.nanoseconds),
                    String(incident.devices.count),
                    String(incident.users.count), String(incident.rules.count),
                    incident.title + (closing ?? ""),
                ]
            )
        }
        return table
    }

    /// The flat row of comma-separated output.
    private static func object(_ incident: StoredIncident, _ time: UTCTime?) -> JSONValue {
        .object(
            [
                .init("id", .text(incident.id)), .init("risk", .integer(Int64(incident.risk))),
                .init("severity", .text(incident.severity.name)),
                .init("state", .text(incident.state.rawValue)),
                .init("first", .text(incident.first.description)),
                .init("last", .text(incident.last.description)),
                .init("devices", .texts(incident.devices)), .init("users", .texts(incident.users)),
                .init("rules", .texts(incident.rules)),
                .init("classes", .texts(incident.classes.map(\.name))),
                .init("provisional", .bool(incident.isProvisional)), .init("title", .text(incident.title)),
                .init("assignee", .text(incident.assignee)),
            ] + now(incident, time)
        )
    }
}
