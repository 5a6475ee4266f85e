// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Pipeline
import Platform
import Projections
import QueryEngine
import Retention
import SegmentLog
import SiteFiles

extension StoreCommand {
    /// Records removed by policy.
    struct Retain: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retention",
            abstract: "Remove records that the configuration's retention rules let go.",
            discussion: """
                Rules stand under `retention` in the configuration: class, zone and how long to keep. Only \
                sealed segments are touched. What a hold covers, what an incident or review cites and what \
                Wardline itself wrote is kept. Hashes of removed records stay, so heads and proofs hold; \
                `wardline verify` says what is gone, why and by whom. No daemon may have the store, except \
                with --dry-run.
                """
        )

        @Flag(name: .customLong("dry-run"), help: "Only say what would go.")
        var isDryRun = false
        @Flag(help: "Do not ask.")
        var yes = false
        @Option(help: ArgumentHelp("Why, for the tombstones, beside the rules.", valueName: "TEXT"))
        var reason = ""
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
        var output: OutputMode = .short
        @Option(
            name: [.customShort("c"), .long],
            help: ArgumentHelp("Configuration file.", valueName: "FILE")
        )
        var config: String?
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let configuration = try WriteOptions.configuration(config, context.environment)
            let policy = RetentionPolicy(configuration.retention)
            guard !policy.rules.isEmpty else {
                throw WardlineError(
                    .usage,
                    "The configuration has no retention rules: everything is kept. "
                        + "See docs/operate.md for `retention`."
                )
            }
            let path = try StoreLocation.path(store, context.environment, configuration)
            if !isDryRun {
                try Confirmation.require("This removes records for ever.", isGiven: yes, common)
            }
            let lock = isDryRun ? nil : try StoreLock(path)
            defer { lock?.release() }
            if !isDryRun {
                try RetentionRun.seal(path, storage: POSIXStorage(), now: SystemWallClock().now())
            }
            let report = try run(policy, path, context)
            if output.isForPrograms {
                context.output.line(TerminalText.escapedJSON(report.object(policy, isDryRun).line))
            } else {
                context.output.lines(report.lines(policy, isDryRun))
            }
            context.output.finish()
        }

        private func run(
            _ policy: RetentionPolicy,
            _ path: String,
            _ context: CommandContext
        ) throws -> RetentionReport {
            // A hold that was placed from here on would be read by nobody, and what it names be removed.
            let holdsLock = isDryRun ? nil : try HoldText.lock(path)
            defer { withExtendedLifetime(holdsLock) {} }
            let reader = try StoreReader(path: path)
            let storage = POSIXStorage()
            let paths = StorePaths(path)
            let now = SystemWallClock().now()
            let holds = HoldFile(paths, storage: storage)
            try holds.check(reader.holdsMark())
            let models = try CurrentModels.open(reader, isQuiet: common.quiet)
            let judged = try reader.readModels().checkpoint().records
            if let end = try reader.segments().last?.offsets.upperBound, end > judged, !common.quiet {
                Messages.note("segments that reach beyond #\(judged) stay: they were not judged yet")
            }
            let planner = RetentionPlanner(
                policy,
                holds: try holds.inForce(),
                cited: try CitedRecords(reader, models),
                judged: judged,
                resolver: SiteResolver(try SiteInForce.register(reader)),
                now: now
            )
            let key = StoreKey.reading(paths, storage: storage)
            let decoder = StoreDecoder(reader, environment: context.environment, siteKey: key)
            let source = try reader.partSource(decoder: decoder)
            let work =
                isDryRun
                ? nil
                : try RetentionRun(
                    paths,
                    storage: storage,
                    policy: policy,
                    actor: Confirmation.actor,
                    reason: reason,
                    now: now
                )
            var report = RetentionReport()
            do {
                try planner.plan(reader, source) { plan in
                    let bytes = try work?.apply(plan)
                    report.add(plan, bytes)
                }
            } catch {
                try? work?.finish()
                throw error
            }
            try work?.finish()
            return report
        }
    }
}

/// What retention removed, or would.
struct RetentionReport {
    private struct Row {
        var plan: SegmentPlan
        var bytes: (before: Int, after: Int)?
    }

    private var rows: [Row] = []

    mutating func add(_ plan: SegmentPlan, _ bytes: (before: Int, after: Int)?) {
        rows.append(Row(plan: plan, bytes: bytes))
    }

    func lines(_ policy: RetentionPolicy, _ isDryRun: Bool) -> [String] {
        guard !rows.isEmpty else { return ["nothing is old enough to go"] }
        var lines: [String] = []
        for row in rows {
            let (first, last) = (row.plan.offsets.lowerBound, row.plan.offsets.upperBound)
            var line = "\(row.plan.segment)  #\(first) to #\(Offset(max(1, last.value) - 1))"
            if let bytes = row.bytes {
                line += "  \(Amount.bytes(Int64(bytes.before))) became \(Amount.bytes(Int64(bytes.after)))"
            }
            lines.append(line)
            for (rule, count) in row.plan.removed.sorted(by: { $0.key < $1.key }) {
                let verb = isDryRun ? "would go" : "removed"
                let noun = Amount.counted(Int64(count), "record")
                lines.append("  \(noun) \(verb): \(policy.rules[rule].text)")
            }
            for (count, why) in [
                (row.plan.held, "held"), (row.plan.cited, "something is concluded from them"),
            ]
            where count > 0 {
                lines.append("  \(Amount.counted(Int64(count), "record")) kept: \(why)")
            }
        }
        return lines
    }

    /// The object of `schemas/output/retention-v1.schema.json`.
    func object(_ policy: RetentionPolicy, _ isDryRun: Bool) -> JSONValue {
        let segments = rows.map { row in
            JSONValue.object([
                .init("segment", .text(row.plan.segment)),
                .init("from", .integer(Int64(clamping: row.plan.offsets.lowerBound.value))),
                .init("end", .integer(Int64(clamping: row.plan.offsets.upperBound.value))),
                .init(
                    "removed",
                    .array(
                        row.plan.removed.sorted { $0.key < $1.key }.map { rule, count in
                            .object([
                                .init("rule", .text(policy.rules[rule].text)),
                                .init("records", .integer(Int64(count))),
                            ])
                        }
                    )
                ),
                .init("held", .integer(Int64(row.plan.held))),
                .init("cited", .integer(Int64(row.plan.cited))),
                .init("bytes_before", row.bytes.map { .integer(Int64($0.before)) } ?? .null),
                .init("bytes_after", row.bytes.map { .integer(Int64($0.after)) } ?? .null),
            ])
        }
        return .object([.init("dry_run", .bool(isDryRun)), .init("segments", .array(segments))])
    }
}
