// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Cases
import Correlation
import EventModel
import Projections
import QueryEngine
import Timelines

/// `wardline timeline`: one incident in the order in which it happened.
struct TimelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline",
        abstract: "Show what happened in one incident, in order, with its evidence.",
        discussion: """
            ID may be shortened as long as it is unique; ids of merged incidents are accepted. Letters: A \
            access, N network, U update. Numbers after # are record offsets: `wardline query offset:N -o \
            verbose`.
            """
    )

    @OptionGroup var view: TimelineOptions

    func run() throws { try view.run() }
}

/// Arguments of `timeline` and `incidents show`.
struct TimelineOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String?

    @Option(
        name: .customLong("case"),
        help: ArgumentHelp("Show the incident of a case instead; no store is needed.", valueName: "FILE")
    )
    var caseFile: String?

    @Option(
        help: ArgumentHelp("Public keys to trust with --case; its own unless given.", valueName: "FILE")
    )
    var key: String?

    @Option(
        name: .customLong("as-of"),
        help: ArgumentHelp("Event time of the risk now; default: of the newest event.", valueName: "TIME")
    )
    var reference: String?

    @Flag(help: "Show context events too.")
    var context = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short, json or jsonl.", valueName: "MODE"))
    var output: OutputMode = .short

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard [.short, .wide, .verbose, .table, .json, .jsonl].contains(output) else {
            throw ValidationError("A timeline has the outputs short, json and jsonl, not \(output.rawValue).")
        }
        guard (id == nil) != (caseFile == nil) else {
            throw ValidationError("Name an incident, or a case with --case.")
        }
        guard key == nil || caseFile != nil else {
            throw ValidationError("--key goes with --case.")
        }
    }

    func run() throws {
        let place = try CommandContext(common, mode: output, pages: true)
        let (incident, newest) = try incident(place)
        if output.isForPrograms {
            place.output.line(TerminalText.escapedJSON(object(incident).line))
        } else {
            let view = TimelineView(
                times: place.times,
                palette: place.palette,
                width: place.width,
                showsContext: context,
                reference: try place.time(reference, flag: "--as-of") ?? newest,
                hasStore: caseFile == nil
            )
            place.output.lines(view.lines(incident))
        }
        place.output.finish()
    }

    /// The incident, and the event time of the newest event of its store.
    private func incident(_ place: CommandContext) throws -> (Incident, UTCTime?) {
        guard let caseFile else {
            let reader = try StoreReader(path: StoreLocation.path(store, place.environment))
            let models = try CurrentModels.open(reader, isQuiet: common.quiet)
            return (
                try TimelineOptions.find(id ?? "", models, reader.path).incident,
                try models.newestEventTime()
            )
        }
        let read = try CaseText.read(caseFile, key: key)
        guard let incident = read.incident, read.isSound else {
            throw WardlineError(
                .integrity,
                "The case does not hold: \(read.problems.joined(separator: "; ")).",
                location: caseFile
            )
        }
        if read.isSelfSigned, !common.quiet {
            Messages.note("checked with the keys of the case itself; --key checks with ones that you trust")
        }
        return (incident, nil)
    }

    /// The incident that an id or the beginning of one names.
    static func find(
        _ id: String,
        _ models: ReadModels,
        _ path: String
    ) throws(WardlineError) -> StoredIncident {
        switch try models.incident(id) {
        case .found(let found): return found
        case .missing: return try successor(of: id, models, path)
        case .ambiguous(let ids):
            throw WardlineError(
                .usage,
                "`\(id)` fits several incidents: \(ids.joined(separator: ", ")). Write more of the id."
            )
        }
    }

    /// Heirs that are followed from an old id to what there is now.
    private static let heirCountMax = 16

    /// The incident that has the alerts of one that the journal remembers.
    private static func successor(
        of id: String,
        _ models: ReadModels,
        _ path: String
    ) throws(WardlineError) -> StoredIncident {
        let reader = try StoreReader(path: path)
        var wanted = id
        for _ in 0..<heirCountMax {
            guard let fate = try reader.fate(of: wanted) else { break }
            guard fate.word == "merged" || fate.word == "split", let heir = fate.into.first else {
                throw WardlineError(.usage, TerminalText.escaped(fate.sentence) + ".")
            }
            Messages.note(TerminalText.escaped(fate.sentence))
            if case .found(let found) = try models.incident(heir) { return found }
            wanted = heir
        }
        throw WardlineError(
            .usage,
            "There is no incident `\(id)` in \(path). `wardline incidents` lists them."
        )
    }

    /// The incident's object; with `--context` the context entries stand under `context`.
    private func object(_ incident: Incident) -> JSONValue {
        guard context, case .object(var members) = incident.json else { return incident.json }
        members.append(.init("context", .array(incident.entries.filter { $0.role == .context }.map(\.json))))
        return .object(members)
    }
}

/// Levels by name.
enum LevelName {
    static func level(_ text: String) throws(WardlineError) -> Level {
        if let level = Level.allCases.first(where: { $0.name == text.lowercased() }) { return level }
        throw WardlineError(
            .usage,
            "There is no level `\(text)`. Use \(Level.allCases.map(\.name).joined(separator: ", ")).",
            location: "--severity"
        )
    }
}
