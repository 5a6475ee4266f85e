// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Foundation
import Platform
import SiteFiles

extension RulesCommand {
    /// Rules against events of any make.
    struct Match: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "match",
            abstract: "Match rules against a file of JSON events, one a line, whatever made them.",
            discussion: """
                Writes one JSON object a line: {"rule":ID,"event":N} for each event that a detection \
                matches, as it is read, then {"rule","group","first","last","events"} for each episode of a \
                correlation. Events are counted from 0, and every line counts. Fields are read by the names \
                that the events have; members of objects are named with dots. No copy is dropped, no site \
                is joined. docs/rules.md says how log sources and times are read. Exit status 1 when a rule \
                is refused; the others are matched.
                """
        )

        @Option(
            help: ArgumentHelp("Rule files, or folders of them; may be repeated.", valueName: "PATH")
        )
        var rules: [String] = []
        @Option(help: ArgumentHelp("Events; `-` is standard input.", valueName: "FILE"))
        var events: String
        @Flag(help: "Try every rule on every event, whatever its log source.")
        var ignoreLogsource = false
        @Option(
            help: ArgumentHelp(
                "Field that has the time; default: the first of "
                    + RuleEventReader.timeFields.prefix(5).joined(separator: ", ") + " and so on.",
                valueName: "NAME"
            )
        )
        var timeField: String?
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: jsonl.", valueName: "MODE"))
        var output: OutputMode = .jsonl
        @OptionGroup var common: CommonOptions

        mutating func validate() throws {
            guard !rules.isEmpty else { throw ValidationError("Name rules with --rules.") }
            guard output == .jsonl else { throw ValidationError("Matches have the output jsonl only.") }
        }

        func run() throws {
            let context = try CommandContext(common, mode: .jsonl)
            let loaded = SigmaReader.load(try RuleFiles.files(rules, context.environment), forMatching: true)
            for error in loaded.errors { Messages.error("rule refused: \(error)") }
            if !common.quiet {
                for warning in loaded.warnings where warning.leavesInactive { Messages.warning("\(warning)") }
            }
            var run = MatchRun(
                matcher: RuleMatcher(rules: loaded.rules, asksLogsource: !ignoreLogsource),
                reader: RuleEventReader(timeField: timeField),
                name: events == "-" ? "standard input" : events,
                timeField: timeField
            )
            try run.read(try MatchRun.open(events), to: context.output)
            try run.finish(to: context.output)
            context.output.finish()
            if !loaded.errors.isEmpty { throw Outcome.problemsFound }
        }
    }
}

/// One file of events going through a matcher.
private struct MatchRun {
    var matcher: RuleMatcher
    var reader: RuleEventReader
    /// The file as messages name it.
    let name: String
    let timeField: String?

    static func open(_ path: String) throws -> FileHandle {
        guard path != "-" else { return .standardInput }
        guard !POSIXStorage().isDirectory(path), let handle = FileHandle(forReadingAtPath: path) else {
            throw WardlineError(
                .input,
                "The events cannot be read. Check the name and permissions.",
                location: path
            )
        }
        return handle
    }

    /// Writes the matches of detections, batch by batch.
    mutating func read(_ handle: FileHandle, to output: Output) throws {
        var lines = LineReader(handle)
        var number: UInt64 = 0
        while let line = try lines.next() {
            defer { number += 1 }
            guard line.bytes.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) else { continue }
            guard line.originalLength == nil else {
                throw failure(number, "the line is longer than \(LineReader.lineLengthMax) bytes", output)
            }
            do throws(RuleEventReader.Refusal) {
                try reader.read(line.bytes.span, offset: number)
            } catch {
                try match(to: output)
                throw failure(number, error.reason, output)
            }
            if reader.isFull { try match(to: output) }
        }
        try match(to: output)
    }

    private mutating func match(to output: Output) throws {
        let batch = reader.take()
        for index in batch.events.indices {
            do throws(RuleMatcher.MissingTime) {
                for rule in try matcher.match(batch, index) {
                    let line = JSONValue.object([
                        .init("rule", .text(matcher.labels[rule])),
                        .init("event", .integer(Int64(batch.events[index].offset.value))),
                    ])
                    output.line(TerminalText.escapedJSON(line.line))
                }
            } catch {
                throw failure(
                    error.offset,
                    "the correlation `\(error.rule)` needs the time of this event, and "
                        + (timeField.map { "there is no field `\($0)`" }
                            ?? "no field has one; name it with --time-field"),
                    output
                )
            }
        }
        guard matcher.heldCount <= RuleMatcher.heldCountMax else {
            throw WardlineError(
                .input,
                "Correlations would keep more than \(RuleMatcher.heldCountMax) events. Split the file.",
                location: name
            )
        }
    }

    /// What came before the fault is written first.
    private func failure(_ line: UInt64, _ reason: String, _ output: Output) -> WardlineError {
        output.flush()
        return WardlineError(
            .input,
            "Line \(line + 1) cannot be used: \(reason).",
            location: "\(name):\(line + 1)"
        )
    }

    /// Writes the matches of correlations.
    mutating func finish(to output: Output) throws {
        let numeric = reader.numericFields
        for match in matcher.takeCorrelations() {
            let group = match.group.map { part in
                JSONValue.Member(
                    part.name,
                    MatchRun.value(part.value, isNumeric: numeric.contains(part.name))
                )
            }
            let line = JSONValue.object([
                .init("rule", .text(match.rule)), .init("group", .object(group)),
                .init("first", .text(match.first.description)), .init("last", .text(match.last.description)),
                .init("events", .array(match.offsets.map { .integer(Int64($0)) })),
            ])
            output.line(TerminalText.escapedJSON(line.line))
        }
    }

    /// A value as the events write it.
    private static func value(_ text: String, isNumeric: Bool) -> JSONValue {
        guard isNumeric else { return .text(text) }
        if let number = Int64(text) { return .integer(number) }
        return text == "true" || text == "false" ? .bool(text == "true") : .text(text)
    }
}
