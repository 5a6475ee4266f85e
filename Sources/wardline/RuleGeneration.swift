// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import SiteFiles

/// `rules test --generate`: events made from rules, and the fields that no decoder fills.
struct RuleGeneration {
    let context: CommandContext
    let isForPrograms: Bool
    private var whole = 0
    private var count = 0
    private var dead: [String: [String]] = [:]

    init(context: CommandContext, isForPrograms: Bool) {
        self.context = context
        self.isForPrograms = isForPrograms
    }

    /// Whether a rule lacks an event, or reads what nothing fills.
    var isFailed: Bool { whole < count || !dead.isEmpty }

    /// Makes the events of `files` and writes what came.
    mutating func run(_ files: [SigmaReader.File], _ facts: [RuleFacts], _ catalogue: DecoderCatalogue) {
        for sample in RuleSamples(files).samples {
            count += 1
            if sample.isWhole { whole += 1 }
            let rule = sample.header.reference
            let fields = facts.first { $0.header.position == sample.header.position }?.fields ?? []
            let lost = fields.filter { RuleFacts.isDead($0, catalogue) }.map(\.name)
            for field in lost { dead[field, default: []].append(rule) }
            if isForPrograms {
                context.output.line(TerminalText.escapedJSON(RuleGeneration.object(sample, lost).line))
            } else if !sample.isWhole {
                let what = sample.matching.isEmpty ? "matches it" : "only just does not match it"
                context.output.line(
                    TerminalText.escaped(
                        "\(sample.header.position): no event was found that \(what): \(rule)"
                    )
                )
            }
        }
        guard !isForPrograms else { return }
        for field in dead.keys.sorted() {
            let rules = dead[field] ?? []
            let shown = rules.prefix(4).joined(separator: ", ")
            let more = rules.count > 4 ? " and \(rules.count - 4) more" : ""
            context.output.line(TerminalText.escaped("no decoder fills `\(field)`: \(shown)\(more)"))
        }
    }

    func note() {
        Messages.note(
            "\(Amount.counted(Int64(count), "rule")): \(whole) with an event that matches and one that only "
                + "just does not, \(count - whole) without; "
                + "\(Amount.counted(Int64(dead.count), "field")) that no decoder fills"
        )
    }

    /// The object of `schemas/output/rule-sample-v1.schema.json`.
    private static func object(_ sample: RuleSamples.Sample, _ dead: [String]) -> JSONValue {
        .object([
            .init("rule", .text(sample.header.reference)), .init("file", .text(sample.header.position.file)),
            .init("line", .integer(Int64(sample.header.position.line))),
            .init("matching", .array(sample.matching)), .init("missing", .array(sample.missing)),
            .init("unfilled", .texts(dead)),
        ])
    }
}
