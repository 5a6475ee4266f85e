// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import Daemon
import EventModel
import Pipeline
import Platform
import Projections
import QueryEngine
import SiteFiles
import Timelines
import WireFormats

/// `wardline incidents close`: an incident is dealt with; a benign one makes its repeats silent.
struct IncidentClose: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Close an incident; with --benign its repeats open none until a time.",
        discussion: """
            What was not seen when the incident was closed opens it again. With --benign, alerts that repeat \
            it are listed by `query class:review` and open nothing: alerts of the same rules, with the same \
            group key and devices (--scope key), or on the same devices, of the same users or addresses, or \
            whatever they concern (rule). Several, such as device,user, must all hold. Closing again \
            replaces scope and end.
            """
    )

    /// How long repeats are silent unless said: 30 days after the incident's last event.
    static let durationNanoseconds: Int64 = 30 * 86_400 * UTCTime.second
    /// The longest that repeats may be silent: 366 days; what is always benign is a matter for a filter.
    static let durationMaxNanoseconds: Int64 = 366 * 86_400 * UTCTime.second

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Option(help: ArgumentHelp("Why, for those who look later.", valueName: "TEXT"))
    var reason: String
    @Flag(help: "It was harmless: repeats stay silent.")
    var benign = false
    @Option(
        help: ArgumentHelp("What makes a repeat: key, device, user, address or rule.", valueName: "PARTS")
    )
    var scope: String?
    @Option(
        name: [.customShort("U"), .long],
        help: ArgumentHelp("Repeats are silent until this event time.", valueName: "TIME")
    )
    var until: String?
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("The same, after the incident's last event; 30d unless given.", valueName: "SPAN")
    )
    var duration: String?
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard benign || scope == nil && until == nil && duration == nil else {
            throw ValidationError("--scope, --until and --for go with --benign.")
        }
        guard until == nil || duration == nil else {
            throw ValidationError("Give --until or --for, not both.")
        }
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--reason needs a reason.")
        }
    }

    func run() throws {
        let context = try CommandContext(common)
        let path = try StoreLocation.path(store, context.environment)
        let found = try ActWriting.find(id, path, common)
        var act = ActWriting.act(.close, found, reason)
        act.marks = try ActWriting.marks(found, found.alerts)
        if benign { act.suppression = try suppression(found, context) }
        try ActWriting.store(act, path, context)
        guard !common.quiet else { return }
        guard let suppression = act.suppression else {
            Messages.note("\(found.id) is closed")
            return
        }
        let rules = Set(act.marks.map(\.rule)).sorted().joined(separator: ", ")
        let scope = ActText.scope(suppression.scope)
        Messages.note(
            TerminalText.escaped(
                "\(found.id) is closed as benign; alerts of \(rules) with \(scope) open no incident "
                    + "until \(context.times.seconds(suppression.until))"
            )
        )
    }

    private func suppression(
        _ incident: StoredIncident,
        _ context: CommandContext
    ) throws -> IncidentAct.Suppression {
        let parts = try ActText.scope(scope)
        let first = incident.alerts.map(\.first).min() ?? incident.first
        let last = incident.alerts.map(\.last).max() ?? incident.last
        var end = last.advanced(by: IncidentClose.durationNanoseconds)
        if let duration {
            guard let span = TimeSpan.nanoseconds(duration), span <= IncidentClose.durationMaxNanoseconds
            else {
                throw WardlineError(
                    .usage,
                    "`\(duration)` is no span of up to 366 days. Write one such as 12h or 30d.",
                    location: "--for"
                )
            }
            end = last.advanced(by: span)
        } else if let until = try context.time(until, flag: "--until") {
            end = until
        }
        guard end >= last, end <= last.advanced(by: IncidentClose.durationMaxNanoseconds) else {
            throw WardlineError(
                .usage,
                "The end must lie within 366 days after the incident's last event at "
                    + "\(context.times.seconds(last)).",
                location: "--until"
            )
        }
        return IncidentAct.Suppression(scope: parts, from: first, until: end)
    }
}

/// `wardline incidents reopen`: takes closes back.
struct IncidentReopen: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen",
        abstract: "Open a closed incident again, and the repeats that it kept silent with it."
    )

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Option(help: ArgumentHelp("Why, for the record.", valueName: "TEXT"))
    var reason: String
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common)
        let path = try StoreLocation.path(store, context.environment)
        let found = try ActWriting.find(id, path, common)
        guard !found.closures.isEmpty else {
            throw WardlineError(.usage, "\(found.id) is not closed.")
        }
        var act = ActWriting.act(.undo, found, reason)
        act.undone = found.closures.map(\.act)
        try ActWriting.store(act, path, context)
        if !common.quiet { Messages.note("\(found.id) is open again") }
    }
}

/// `wardline incidents suppressions`: what makes repeats silent.
struct IncidentSuppressions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suppressions",
        abstract: "List the benign closes in force, and how many alerts each keeps silent.",
        discussion: "`incidents reopen INCIDENT` ends one. Exit status 1 when there is none."
    )

    @OptionGroup var list: ListOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: list.output, pages: true)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        let acts = try ActWriting.inForce(reader).inForce.filter { $0.suppression != nil }
        let silent = try CurrentModels.open(reader, isQuiet: common.quiet).reviews().compactMap { review in
            review.suppression.map { (act: $0.act, last: review.last) }
        }
        var table = TextTable([
            .init(title: "INCIDENT"), .init(title: "UNTIL"), .init(title: "SCOPE"), .init(title: "RULES"),
            .init(title: "SILENT", alignRight: true), .init(title: "BY"),
            .init(title: "REASON", isElastic: true),
        ])
        let rows = list.selection(acts).compactMap { act -> JSONValue? in
            guard let suppression = act.suppression else { return nil }
            let kept = silent.filter { $0.act == act.offset }
            let rules = Set(act.marks.map(\.rule)).sorted()
            table.add([
                act.incident, context.times.seconds(suppression.until),
                suppression.scope.map(\.rawValue).joined(separator: ","),
                TerminalText.escaped(rules.joined(separator: " ")), String(kept.count),
                TerminalText.escaped(act.actor), TerminalText.escaped(act.reason),
            ])
            var closure = IncidentClosure(act)
            closure.silencedCount = kept.count
            closure.silencedLast = kept.map(\.last).max() ?? .absent
            guard case .object(let members) = closure.json else { return nil }
            return .object(members + [.init("rules", .texts(rules))])
        }
        context.write(
            list.output,
            objects: rows,
            table: rows.isEmpty ? [] : table.lines(width: context.width, palette: context.palette)
        )
        context.output.finish()
        if rows.isEmpty {
            if !common.quiet { Messages.note("nothing is suppressed in \(reader.path)") }
            throw Outcome.nothingFound
        }
    }
}

/// Acts on their way to the log, and back from it.
enum ActWriting {
    /// The incident that an id names, with its alerts.
    static func find(_ id: String, _ path: String, _ common: CommonOptions) throws -> StoredIncident {
        let reader = try StoreReader(path: path)
        let models = try CurrentModels.open(reader, isQuiet: common.quiet)
        return try TimelineOptions.find(id, models, path)
    }

    /// Stores an act and waits until it is judged: through the daemon when one runs.
    static func store(_ act: IncidentAct, _ path: String, _ context: CommandContext) throws {
        guard !StoreWriting.hasDaemon(path) else {
            _ = try ControlClient(storePath: path).send(
                ControlClient.request("act", [.init("act", act.json)])
            )
            return
        }
        let files = ContentFiles(storePath: path, environment: context.environment)
        // What is in force stays: an act is about incidents alone.
        let writing = try StoreWriting(path, files, Configuration(), bringsContent: false)
        do {
            try writing.give(try ActRecord.batch(act.json, at: act.time))
        } catch {
            try? writing.finish()
            throw error
        }
        try writing.finish()
    }

    /// The acts in force, as the records of the store say.
    static func inForce(_ reader: StoreReader) throws(WardlineError) -> IncidentActs {
        var acts = IncidentActs()
        for act in try all(reader) { acts.take(act) }
        return acts
    }

    /// All acts, in the order of their records.
    static func all(_ reader: StoreReader) throws(WardlineError) -> [IncidentAct] {
        var found: [IncidentAct] = []
        try reader.forEachControlRecordBackward { kind, offset, bytes in
            guard kind == .act, let object = try? JSONValue(parsing: bytes.span) else { return true }
            if let act = IncidentAct(object, at: offset) { found.append(act) }
            return true
        }
        return found.reversed()
    }
}

/// Acts in words.
enum ActText {
    /// The parts of `--scope`; the key unless given.
    static func scope(_ text: String?) throws(WardlineError) -> [SuppressionScope] {
        guard let text else { return [.key] }
        var parts: [SuppressionScope] = []
        for word in text.lowercased().split(separator: ",") {
            guard let part = SuppressionScope(rawValue: String(word.trimmed)) else {
                let names = SuppressionScope.allCases.map(\.rawValue).joined(separator: ", ")
                throw WardlineError(.usage, "There is no scope `\(word)`. Use \(names).", location: "--scope")
            }
            if !parts.contains(part) { parts.append(part) }
        }
        guard !parts.isEmpty else {
            throw WardlineError(.usage, "The scope names nothing.", location: "--scope")
        }
        return parts
    }

    /// What a repeat shares, in words.
    static func scope(_ parts: [SuppressionScope]) -> String {
        parts.map { part in
            switch part {
            case .key: "the same group and devices"
            case .device: "the same devices"
            case .user: "the same users"
            case .address: "the same addresses"
            case .rule: "any device and user"
            }
        }.joined(separator: " and ")
    }

    /// What a close says, in one line.
    static func line(_ closure: IncidentClosure, _ times: TimeStyle) -> String {
        var text = closure.suppression == nil ? "closed" : "closed as benign"
        text += " by \(closure.actor) at \(times.seconds(closure.time)): \(closure.reason)"
        guard let suppression = closure.suppression else { return text }
        text += "; repeats with \(scope(suppression.scope)) are silent until "
        text += times.seconds(suppression.until)
        guard closure.silencedCount > 0 else { return text + ", none so far" }
        text += ": \(closure.silencedCount) so far, the last at \(times.seconds(closure.silencedLast))"
        return text + " (query class:review)"
    }
}
