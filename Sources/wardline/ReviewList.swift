// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Projections
import QueryEngine
import Timelines

/// Reviews: findings for people to look at that are no incident.
///
/// `query class:review` lists them.
enum ReviewList {
    static func run(
        _ reader: StoreReader,
        _ query: Query,
        since: UTCTime?,
        until: UTCTime?,
        _ command: QueryCommand,
        _ context: CommandContext
    ) throws {
        var found = try CurrentModels.open(reader, isQuiet: context.isQuiet).reviews(
            since: since,
            until: until
        ).filter { review in
            let batch = batch(review)
            return QueryPredicate(query, for: batch, className: "review").matches(0)
        }
        if let count = command.count { found = Array(found.suffix(count)) }
        if command.reverse { found.reverse() }
        if command.countsOnly {
            context.output.line(String(found.count))
        } else {
            context.write(
                command.output,
                objects: found.map(object),
                table: lines(found, command.output, context)
            )
        }
        context.output.finish()
        if found.isEmpty { throw Outcome.nothingFound }
    }

    /// The review as an event, so that one query language serves both: its words are searched, `class` is
    /// `review`.
    static func batch(_ review: Alert) -> EventBatch {
        var batch = EventBatch()
        batch.extensionNames = ["ext.rule", "ext.level"]
        batch.begin(Event(offset: review.cause, time: review.first, logTime: review.last))
        batch.add(.message, review.title)
        batch.add(FieldID(rawValue: FieldID.firstExtension), review.rule)
        batch.add(FieldID(rawValue: FieldID.firstExtension + 1), review.level.name)
        for asset in review.assets { batch.add(.deviceID, asset) }
        for user in review.users { batch.add(.userName, user) }
        for address in review.addresses { batch.add(.sourceIP, address) }
        for artefact in review.artefacts { batch.add(.artefact, artefact) }
        return batch
    }

    /// The object of `schemas/output/review-v1.schema.json`.
    static func object(_ review: Alert) -> JSONValue {
        .object([
            .init("id", .text(review.id)), .init("class", .text("review")), .init("rule", .text(review.rule)),
            .init("title", .text(review.title)), .init("level", .text(review.level.name)),
            .init("first", .text(review.first.description)), .init("last", .text(review.last.description)),
            .init("count", .integer(Int64(review.count))), .init("devices", .texts(review.assets)),
            .init("users", .texts(review.users)), .init("addresses", .texts(review.addresses)),
            .init("absences", .texts(review.statedAbsences)),
            .init("provisional", .bool(review.isProvisional)),
            .init("attack", .array(IncidentTechnique.all(in: review.tags).map(\.json))),
            .init("suppressed_by", review.suppression.map { .text($0.incident) } ?? .null),
            .init("evidence", .array(review.evidence.map { .integer(Int64(clamping: $0.offset.value)) })),
        ])
    }

    private static func lines(_ reviews: [Alert], _ mode: OutputMode, _ context: CommandContext) -> [String] {
        reviews.map { review in
            let who = (review.assets + review.users).joined(separator: " ")
            let absent =
                review.statedAbsences.isEmpty
                ? "" : " (not seen: \(review.statedAbsences.joined(separator: ", ")))"
            let silent = review.suppression.map { " (silent: \($0.incident) was closed as benign)" } ?? ""
            let time = mode == .shortISO ? context.times.iso(review.first) : context.times.short(review.first)
            return time + "  " + context.palette.paint("review ", .caution) + "  "
                + TerminalText.fitted(TerminalText.escaped(who.isEmpty ? "-" : who), 16) + "  "
                + TerminalText.escaped(review.title + absent + silent) + "  #\(review.cause)  ["
                + TerminalText.escaped(review.rule) + "]"
        }
    }
}
