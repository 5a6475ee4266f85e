// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import SiteFiles

extension RulesCommand {
    /// Which rules there are.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List rules with id, kind, level, status, and what keeps one from being in force.",
            discussion: "Without a path, the rules that ship.",
            aliases: ["ls"]
        )

        @Argument(help: ArgumentHelp("Files or folders.", valueName: "PATH"))
        var paths: [String] = []
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: list.output)
            let loaded = try RuleFiles.load(paths, context.environment)
            let rules = list.selection(loaded.rules.facts)
            var table = TextTable([
                .init(title: "RULE"), .init(title: "KIND"), .init(title: "LEVEL"), .init(title: "STATUS"),
                .init(title: "SIGMA"), .init(title: "TITLE", isElastic: true),
            ])
            for rule in rules {
                table.add([
                    rule.header.reference, rule.kind, rule.shownLevel, rule.shownStatus,
                    rule.extensions.isEmpty ? "standard" : "ours", rule.header.title,
                ])
            }
            context.write(
                list.output,
                objects: rules.map(\.object),
                table: table.lines(width: context.width, palette: context.palette)
            )
            context.output.finish()
            for error in loaded.errors { Messages.error("rule refused: \(error)") }
            guard !common.quiet else { return }
            for rule in rules {
                guard let reason = rule.inactive else { continue }
                Messages.warning("`\(rule.header.reference)` is inactive: \(reason)")
            }
        }
    }

    /// One rule in full.
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain",
            abstract: "Say of a rule what it reads, costs and keeps, who wrote it, and what is not Sigma's.",
            discussion: "Exit status 2 when there is no such rule."
        )

        @Argument(help: ArgumentHelp("Id, name or title.", valueName: "RULE"))
        var rule: String
        @Option(
            name: .customLong("rules"),
            help: ArgumentHelp("Rule files or folders; default: those that ship.", valueName: "PATH")
        )
        var paths: [String] = []
        @OptionGroup var source: DecoderOptions
        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var common: CommonOptions

        mutating func validate() throws {
            guard [.short, .json, .jsonl].contains(output) else {
                throw ValidationError("An explanation has the outputs short and json.")
            }
        }

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let loaded = try RuleFiles.load(paths, context.environment)
            let found = loaded.rules.facts.filter {
                [$0.header.id, $0.header.name, $0.header.title].contains(rule)
            }
            guard let facts = found.first else {
                throw WardlineError(
                    .usage,
                    "There is no rule `\(rule)`. `wardline rules list` shows names; --rules PATH reads "
                        + "others."
                )
            }
            let catalogue = DecoderCatalogue(
                try Content.decoderFiles(folder: source.decoders, environment: context.environment)
            )
            if output.isForPrograms {
                context.output.line(TerminalText.escapedJSON(facts.explanation(catalogue).line))
            } else {
                context.output.lines(facts.lines(catalogue, context.palette))
            }
            context.output.finish()
        }
    }
}

extension RuleFacts {
    var shownLevel: String {
        header.isReview ? "review" : raisesAlerts || inactive != nil ? header.level.name : "base"
    }

    var shownStatus: String {
        inactive != nil ? "inactive" : header.status.isEmpty ? "-" : header.status
    }

    /// The object of `schemas/output/rule-v1.schema.json`.
    var object: JSONValue {
        .object([
            .init("rule", .text(header.reference)), .init("id", .text(header.id)),
            .init("name", .text(header.name)), .init("title", .text(header.title)),
            .init("kind", .text(kind)), .init("level", .text(header.level.name)),
            .init("status", .text(header.status)), .init("raises_alerts", .bool(raisesAlerts)),
            .init("review", .bool(header.isReview)), .init("standard", .bool(extensions.isEmpty)),
            .init("extensions", .texts(extensions)), .init("cost", .text(cost.rawValue)),
            .init("inactive", inactive.map(JSONValue.text) ?? .null),
            .init("file", .text(header.position.file)), .init("line", .integer(Int64(header.position.line))),
        ])
    }

    /// The same with all that `explain` says.
    func explanation(_ catalogue: DecoderCatalogue) -> JSONValue {
        guard case .object(var members) = object else { return object }
        members += [
            .init("description", .text(header.description)),
            .init("logsource", .object(logsource.map { .init($0.name, .text($0.value)) })),
            .init("actions", actions.map(JSONValue.texts) ?? .null), .init("builds_on", .texts(sources)),
            .init("window_s", .integer(window / UTCTime.second)),
            .init("groups_max", .integer(Int64(bound.groups))),
            .init("matches_per_group_max", .integer(Int64(bound.matches))),
            .init(
                "fields",
                .array(
                    fields.map { field in
                        .object([
                            .init("name", .text(field.name)), .init("reads", .texts(field.reads)),
                            .init("joined", .bool(field.isJoined)),
                            .init("decoders", .texts(RuleFacts.decoders(field, catalogue))),
                        ])
                    }
                )
            ),
            .init("tags", .texts(header.tags)), .init("author", .text(header.author)),
            .init("license", .text(header.license)), .init("references", .texts(header.references)),
            .init("falsepositives", .texts(header.falsePositives)),
            .init("clauses", .texts(header.clauses)), .init("attack_version", .text(AttackMatrix.version)),
        ]
        return .object(members)
    }

    private static func decoders(_ field: Field, _ catalogue: DecoderCatalogue) -> [String] {
        Set(field.reads.flatMap { catalogue.decoders(filling: $0) }).sorted()
    }

    /// Whether no decoder fills a field, so that a test of it never sees a value; alerts that are fed back
    /// fill `ext.alert.*`, listeners `peer.identity`.
    static func isDead(_ field: Field, _ catalogue: DecoderCatalogue) -> Bool {
        !field.isJoined && !field.name.isEmpty && !field.name.hasPrefix("ext.alert.")
            && field.name != "peer.identity" && decoders(field, catalogue).isEmpty
    }

    func lines(_ catalogue: DecoderCatalogue, _ palette: Palette) -> [String] {
        var lines = [palette.paint(TerminalText.escaped(header.title), .strong)]
        func add(_ name: String, _ value: String) {
            guard !value.isEmpty else { return }
            let padded = name + String(repeating: " ", count: max(1, 16 - name.count))
            lines.append("  " + padded + TerminalText.escaped(value))
        }
        add("id", header.id)
        add("name", header.name)
        add("file", "\(header.position.file):\(header.position.line)")
        add("kind", kind + (sources.isEmpty ? "" : " over " + sources.joined(separator: ", ")))
        add("level", header.level.name + (raisesAlerts ? "" : ", no alert of its own"))
        add("status", inactive.map { "inactive: " + $0 } ?? header.status)
        add("description", header.description.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        add("log source", logsource.map { "\($0.name): \($0.value)" }.joined(separator: ", "))
        add("sigma", extensions.isEmpty ? "standard" : "with ours: " + extensions.joined(separator: ", "))
        add("actions", actions.map { $0.joined(separator: ", ") } ?? (kind == "detection" ? "any" : ""))
        add("window", "\(window / UTCTime.second) s")
        add("cost", cost.words)
        let matches = bound.matches == 1 ? "one episode" : "\(bound.matches) matches"
        add("state", "at most \(bound.groups) groups of \(matches)")
        for field in fields {
            add("reads", words(field, catalogue))
        }
        add("tags", header.tags.joined(separator: ", "))
        if header.tags.contains(where: { $0.hasPrefix("attack.") }) {
            add("ATT&CK", "read by version \(AttackMatrix.version)")
        }
        add("author", header.author)
        add("license", header.license)
        for reference in header.references { add("reference", reference) }
        for note in header.falsePositives { add("false positive", note) }
        for clause in header.clauses { add("serves", clause) }
        return lines
    }

    private func words(_ field: Field, _ catalogue: DecoderCatalogue) -> String {
        guard !field.name.isEmpty else { return "every field" }
        let reads = field.reads == [field.name] ? "" : " as " + field.reads.joined(separator: " or ")
        guard !field.isJoined else { return field.name + ", joined as of the event's time" }
        let decoders = RuleFacts.decoders(field, catalogue)
        switch decoders.count {
        case 0: return field.name + reads + ", which no shipped decoder fills"
        case catalogue.entries.count: return field.name + reads + ", which every decoder fills"
        case 1...6: return field.name + reads + ", filled by " + decoders.joined(separator: ", ")
        default:
            return field.name + reads + ", filled by " + decoders.prefix(5).joined(separator: ", ")
                + " and \(decoders.count - 5) more"
        }
    }
}

extension RuleFacts.Cost {
    /// The class in words.
    var words: String {
        switch self {
        case .action: "action: only events of the actions above are looked at"
        case .field: "field: every event is looked at, by the fields below"
        case .text: "text: every event is looked at, every field of it or by a regular expression"
        case .matches: "matches: only matches of the rules it builds on are looked at"
        }
    }
}
