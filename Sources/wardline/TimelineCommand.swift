// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
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
    var id: String

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
    }

    func run() throws {
        let place = try CommandContext(common, mode: output, pages: true)
        let reader = try StoreReader(path: StoreLocation.path(store, place.environment))
        let incident: StoredIncident
        switch try CurrentModels.open(reader, isQuiet: common.quiet).incident(id) {
        case .found(let found): incident = found
        case .missing:
            throw WardlineError(
                .usage,
                "There is no incident `\(id)` in \(reader.path). `wardline incidents` lists them."
            )
        case .ambiguous(let ids):
            throw WardlineError(
                .usage,
                "`\(id)` fits several incidents: \(ids.joined(separator: ", ")). Write more of the id."
            )
        }
        if output.isForPrograms {
            place.output.line(TerminalText.escapedJSON(object(incident.incident).line))
        } else {
            let view = TimelineView(
                times: place.times,
                palette: place.palette,
                width: place.width,
                showsContext: context
            )
            place.output.lines(view.lines(incident.incident))
        }
        place.output.finish()
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
