// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Projections
import QueryEngine
import Timelines

/// `wardline incidents merge`: two incidents are one.
struct IncidentMerge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Make two incidents one, whatever their alerts share.",
        discussion: "Both ids find it. `incidents undo` takes it back."
    )

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Argument(help: ArgumentHelp("The other incident.", valueName: "OTHER"))
    var other: String
    @Option(help: ArgumentHelp("Why, for those who look later.", valueName: "TEXT"))
    var reason: String
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common)
        let path = try StoreLocation.path(store, context.environment)
        let (one, two) = (
            try ActWriting.find(id, path, common), try ActWriting.find(other, path, common)
        )
        guard one.id != two.id else {
            throw WardlineError(.usage, "`\(id)` and `\(other)` are one incident already: \(one.id).")
        }
        var act = ActWriting.act(.merge, one, reason)
        act.marks = try ActWriting.marks(one, one.alerts)
        act.other = two.id
        act.otherMarks = try ActWriting.marks(two, two.alerts)
        try ActWriting.store(act, path, context)
        if !common.quiet { Messages.note("\(one.id) and \(two.id) are one incident") }
    }
}

/// `wardline incidents split`: some alerts are an incident of their own.
struct IncidentSplit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Make some alerts of an incident one of their own.",
        discussion: """
            ALERT is the id of an alert, as `wardline why ID` shows it, or a rule for all of its alerts. \
            What comes later joins the rest, not the part. A part that would open no incident by itself \
            is for review. `incidents undo` takes it back.
            """
    )

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Argument(help: ArgumentHelp("Alerts or rules that go.", valueName: "ALERT"))
    var parts: [String]
    @Option(help: ArgumentHelp("Why, for those who look later.", valueName: "TEXT"))
    var reason: String
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common)
        let path = try StoreLocation.path(store, context.environment)
        let found = try ActWriting.find(id, path, common)
        for part in parts where !found.alerts.contains(where: { $0.id == part || $0.rule == part }) {
            throw WardlineError(.usage, "\(found.id) has no alert and no rule `\(part)`.")
        }
        let going = found.alerts.filter { parts.contains($0.id) || parts.contains($0.rule) }
        guard going.count < found.alerts.count else {
            throw WardlineError(.usage, "That is all of \(found.id): nothing would be left.")
        }
        var act = ActWriting.act(.split, found, reason)
        act.marks = try ActWriting.marks(found, going)
        try ActWriting.store(act, path, context)
        if !common.quiet {
            let count = Amount.counted(Int64(going.count), "alert")
            Messages.note("\(count) of \(found.id) stand apart now")
        }
    }
}

/// `wardline incidents undo`: takes any act back.
struct IncidentUndo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take back an act, such as a close, a merge or a note; `incidents acts` lists them."
    )

    @Argument(help: ArgumentHelp("Number of the act.", valueName: "ACT"))
    var number: UInt64
    @Option(help: ArgumentHelp("Why, for the record.", valueName: "TEXT"))
    var reason: String
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common)
        let path = try StoreLocation.path(store, context.environment)
        let acts = try ActWriting.inForce(StoreReader(path: path)).inForce
        guard let known = acts.first(where: { $0.offset.value == number }) else {
            throw WardlineError(.usage, "No act \(number) is in force. `wardline incidents acts` lists them.")
        }
        var act = IncidentAct(
            kind: .undo,
            incident: known.incident,
            actor: Confirmation.actor,
            time: CommandContext.wallClock,
            reason: reason
        )
        act.undone = [known.offset]
        try ActWriting.store(act, path, context)
        if !common.quiet { Messages.note("act \(number) does not hold any more") }
    }
}

/// `wardline incidents acts`: everything that operators decided.
struct IncidentActList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acts",
        abstract: "List what operators decided about incidents, and whether it is in force.",
        discussion: "Exit status 1 when there is nothing."
    )

    @OptionGroup var list: ListOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: list.output, pages: true)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        let all = try ActWriting.all(reader)
        var folded = IncidentActs()
        for act in all { folded.take(act) }
        let inForce = Set(folded.inForce.map(\.offset))
        var table = TextTable([
            .init(title: "ACT", alignRight: true), .init(title: "WHAT"), .init(title: "INCIDENT"),
            .init(title: "OF"), .init(title: "WHEN"), .init(title: "STATE"), .init(title: "BY"),
            .init(title: "REASON", isElastic: true),
        ])
        let rows = list.selection(all).map { act in
            let isInForce = inForce.contains(act.offset)
            let benign = act.suppression == nil ? "" : " benign"
            let concerned =
                act.kind == .undo
                ? act.undone.map(\.description) : [act.other, act.assignee, act.query].filter { !$0.isEmpty }
            table.add([
                act.offset.description, act.kind.rawValue + benign, TerminalText.escaped(act.incident),
                TerminalText.escaped(concerned.joined(separator: " ")), context.times.seconds(act.time),
                [.undo, .reveal, .hold].contains(act.kind) ? "-" : isInForce ? "in force" : "gone",
                TerminalText.escaped(act.actor),
                TerminalText.escaped(act.reason),
            ])
            return ActText.object(act, isInForce: isInForce)
        }
        context.write(
            list.output,
            objects: rows,
            table: rows.isEmpty ? [] : table.lines(width: context.width, palette: context.palette)
        )
        context.output.finish()
        if rows.isEmpty {
            if !common.quiet { Messages.note("nothing was decided in \(reader.path)") }
            throw Outcome.nothingFound
        }
    }
}

extension ActWriting {
    /// An act about `incident` by who runs the command.
    static func act(_ kind: IncidentAct.Kind, _ incident: StoredIncident, _ reason: String) -> IncidentAct {
        IncidentAct(
            kind: kind,
            incident: incident.id,
            actor: Confirmation.actor,
            time: CommandContext.wallClock,
            reason: reason
        )
    }

    /// Marks of alerts of `incident`.
    static func marks(
        _ incident: StoredIncident,
        _ alerts: [Alert]
    ) throws(WardlineError) -> [AlertMark] {
        let marks = AlertMark.marks(of: alerts)
        guard !marks.isEmpty, marks.count <= IncidentAct.markCountMax else {
            throw WardlineError(
                .usage,
                "These are \(marks.count) alerts of different keys of \(incident.id); an act names 1 to "
                    + "\(IncidentAct.markCountMax)."
            )
        }
        return marks
    }
}

extension ActText {
    /// The object of `schemas/output/act-v1.schema.json`.
    static func object(_ act: IncidentAct, isInForce: Bool) -> JSONValue {
        var object: [JSONValue.Member] = [.init("offset", .integer(Int64(clamping: act.offset.value)))]
        if case .object(let members) = act.json { object += members }
        return .object(object + [.init("in_force", .bool(isInForce))])
    }
}
