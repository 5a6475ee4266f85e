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
import WireFormats

/// `wardline why`: what an incident rests on.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract:
            "Show the fewest events that make each alert of an incident true, and what joins the alerts.",
        discussion: """
            ID may be shortened as long as it is unique; ids of merged incidents are accepted. Each alert is \
            judged again by the rule that raised it, over ever fewer of its events (docs/timelines.md). \
            Nothing is written. Exit status 2 when there is no such incident.
            """
    )

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
    var output: OutputMode = .short
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard [.short, .json, .jsonl].contains(output) else {
            throw ValidationError("This has the outputs short and json, not \(output.rawValue).")
        }
    }

    func run() throws {
        let context = try CommandContext(common, mode: output, pages: true)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        let models = try CurrentModels.open(reader, isQuiet: common.quiet)
        let incident = try TimelineOptions.find(id, models, reader.path).incident
        let siteKey = StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
        let decoder = StoreDecoder(reader, environment: context.environment, siteKey: siteKey)
        let parts = try reader.partSource(decoder: decoder)
        let reasons = try AlertReasons.find(incident.alerts, reader, parts, context.environment)
        let report = WhyReport(incident: incident, alerts: reasons, context: context)
        if output.isForPrograms {
            context.output.line(TerminalText.escapedJSON(report.object.line))
        } else {
            context.output.lines(report.lines)
        }
        context.output.finish()
        parts.warnOfNewerEvents()
        if !parts.unreadable.isEmpty {
            Messages.warning("damaged records were left out; `wardline verify` names them")
        }
    }
}

/// An alert and the fewest events that make it true.
struct AlertReasons {
    /// With digests where the records could be read.
    var alert: Alert
    /// Nil when no rule of that name was ever in force.
    var minimal: MinimalWitness?
    /// Events of the alert in words.
    var digests: [Offset: [EventDigest]]

    /// Reads and judges again; the alerts in their order.
    static func find(
        _ alerts: [Alert],
        _ reader: StoreReader,
        _ parts: StoreParts,
        _ environment: [String: String]
    ) throws -> [AlertReasons] {
        let recall = try WitnessRecall(alerts, from: parts)
        let inForce = try ContentInForce(reader)
        let site = try SiteInForce.register(reader, inForce).site
        var open = alerts.map { AlertReasons(alert: recall.completed($0), minimal: nil, digests: [:]) }
        var left = Set(open.indices)
        for load in try RulesOverTime.versions(reader, environment) where !left.isEmpty {
            guard let rules = try load() else { continue }
            // The id of an alert follows from the bytes of its rule: that tells the version.
            let found = left.compactMap { index in
                MinimalWitness.rule(of: open[index].alert, in: rules).map { (index, $0) }
            }
            let isNeeded = found.contains { $0.1.isProven || open[$0.0].minimal == nil }
            guard isNeeded else { continue }
            let judged = recall.judged(by: rules, site: site)
            for (index, rule) in found where rule.isProven || open[index].minimal == nil {
                open[index].minimal = MinimalWitness.find(open[index].alert, rule, in: rules, judged: judged)
                let offsets = Set(open[index].alert.evidence.map(\.offset))
                open[index].digests = Dictionary(
                    grouping: judged.filter { offsets.contains($0.event.offset) }.map(EventDigest.init),
                    by: \.offset
                )
                if rule.isProven { left.remove(index) }
            }
        }
        return open
    }

    /// The event of a witness in words; nil when it could not be read.
    func digest(_ witness: Witness) -> EventDigest? {
        digests[witness.offset]?.first { $0.ordinal == witness.ordinal }
    }
}

/// Rules that were in force at any time, the newest first.
enum RulesOverTime {
    /// Loads one of them; nil when its files are gone or refused.
    typealias Load = () throws -> RuleSet?

    static func versions(_ reader: StoreReader, _ environment: [String: String]) throws -> [Load] {
        var sets: [ActivatedFiles] = []
        try reader.forEachControlRecordBackward { kind, _, bytes in
            guard kind == .activation, let object = try? JSONValue(parsing: bytes.span),
                object["role"]?.text == "rules"
            else { return true }
            let files = ActivatedFiles(object)
            if !sets.contains(files) { sets.append(files) }
            return true
        }
        guard !sets.isEmpty else { return [{ try shipped(environment) }] }
        return sets.map { files in
            { (try? RuleFiles.files(files, reader)).map { SigmaReader.load($0).rules } }
        }
    }

    private static func shipped(_ environment: [String: String]) throws -> RuleSet? {
        SigmaReader.load(try RuleFiles.files([], environment)).rules
    }
}
