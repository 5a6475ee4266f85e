// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Projections
import QueryEngine
import Timelines

/// `wardline query`: search events.
struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Search events.",
        discussion: """
            QUERY is a filter such as `class:access and user.name:svc_* and not src.ip:10.20.0.0/16`, or \
            plain words. field:value, lists (a or b), wildcards * and ?, \"phrases\", ranges [a to b], > >= \
            < <=, field = field; issue:* finds odd records, class:review finds what people should look at. \
            Quote it for the shell. -n takes the last N and prints them oldest first. Exit status 1 when \
            nothing matches.
            """
    )

    @Argument(help: ArgumentHelp("The filter; everything without one.", valueName: "QUERY"))
    var words: [String] = []

    @OptionGroup var time: TimeOptions
    @OptionGroup var filter: FilterOptions

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("lines")],
        help: ArgumentHelp("Only the last N.", valueName: "N")
    )
    var count: Int?

    @Flag(name: .shortAndLong, help: "Newest first.")
    var reverse = false

    @Flag(name: .shortAndLong, help: "Go on with new events as they are recorded.")
    var follow = false

    @Option(
        name: .customLong("order"),
        help: ArgumentHelp("Order: time, or offset (as recorded, without waiting).", valueName: "ORDER")
    )
    var order = EventSelection.Order.time.rawValue

    @Option(name: .shortAndLong, help: "Output mode.")
    var output: OutputMode = .short

    @Option(
        name: [.customShort("F"), .customLong("fields")],
        help: ArgumentHelp("Fields of table, csv, json and jsonl, with commas.", valueName: "A,B")
    )
    var fields: String?

    @Flag(name: .customLong("count"), help: "Print the number of matching events only.")
    var countsOnly = false

    @Option(
        name: .customLong("unique"),
        help: ArgumentHelp("Print each value of a field and how often.", valueName: "FIELD")
    )
    var unique: String?

    @Flag(help: "With -o cat: bytes as they were received. Not to a terminal.")
    var raw = false

    @Option(
        help: ArgumentHelp(
            "Show bytes of records that hold patient data too; the reason, who asks and what for go into the "
                + "log.",
            valueName: "REASON"
        )
    )
    var reveal: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if let reveal {
            try Reveal.validate(reveal)
            guard showsBytes else {
                throw ValidationError("--reveal goes with bytes: -o cat, -o verbose or -F raw.")
            }
        }
        if let count, count < 0 { throw ValidationError("-n takes 0 or more, not \(count).") }
        guard EventSelection.Order(rawValue: order) != nil else {
            throw ValidationError("--order takes time or offset, not \(order).")
        }
        if fields != nil, output == .ocsf || output == .ecs, fieldNames != ["raw"] {
            throw ValidationError("ocsf and ecs say all that an event has: of -F they take only raw.")
        }
        if raw, output != .cat { throw ValidationError("--raw goes with -o cat.") }
        if follow, reverse || output == .table || output == .json || countsOnly || unique != nil {
            throw ValidationError(
                "-f prints line by line: it does not go with -r, --count, --unique, table or json."
            )
        }
    }

    func run() throws {
        let context = try CommandContext(common, mode: output, pages: !follow)
        if raw, context.isTerminal {
            throw WardlineError(
                .usage,
                "--raw does not write to a terminal, which would act on control characters in the data.",
                location: "--raw"
            )
        }
        let query = try filter.query(words.joined(separator: " "), context)
        for warning in query.warnings where !common.quiet {
            Messages.warning("column \(warning.column): \(warning.message)")
        }
        let (since, until) = try context.interval(time)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        if query.asksForReviews {
            try checkReviews(query)
            try ReviewList.run(reader, query, since: since, until: until, self, context)
            return
        }
        let selection = EventSelection(
            query: query,
            since: since,
            until: until,
            last: count,
            order: wantedOrder,
            isReversed: reverse
        )
        if let reveal {
            // With the filters that are flags, and the time that was asked for.
            let what = [query.text, time.since.map { "-S \($0)" } ?? "", time.until.map { "-U \($0)" } ?? ""]
            try Reveal.journal(
                reveal,
                what.filter { !$0.isEmpty }.joined(separator: " "),
                reader.path,
                context
            )
        }
        var run = QueryRun(selection, reader, context, self)
        try run.run()
    }

    /// Whether bytes of records are asked for.
    var showsBytes: Bool { output == .cat || output == .verbose || fieldNames.contains("raw") }

    /// Reviews are findings: they have neither events beside them nor the fields of events.
    private func checkReviews(_ query: Query) throws(WardlineError) {
        guard query.findsOnlyReviews else {
            throw WardlineError(
                .usage,
                "`class:review` asks for findings, which are no events: join it with `and` only, and ask for "
                    + "events by a query of their own."
            )
        }
        guard fields == nil, unique == nil, !follow, !raw, output != .ocsf, output != .ecs, output != .cat
        else {
            throw WardlineError(
                .usage,
                "Reviews are listed as short, table, json, jsonl or csv, without -F, --unique, -f and --raw."
            )
        }
    }

    private var wantedOrder: EventSelection.Order { EventSelection.Order(rawValue: order) ?? .time }

    /// Names of the fields of `-F`.
    var fieldNames: [String] {
        (fields ?? "").split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
    }
}

/// Filters that have a flag of their own; each is a query.
struct FilterOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Only events of this device.", valueName: "DEVICE"))
    var device: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only events of this user.", valueName: "USER"))
    var user: String?

    @Option(
        name: [.customShort("p"), .customLong("severity")],
        help: ArgumentHelp("Syslog severity: err (and worse), or warning..crit.", valueName: "LEVEL")
    )
    var severity: String?

    @Option(
        name: [.customShort("g"), .customLong("grep")],
        help: ArgumentHelp("Only events with this text.", valueName: "TEXT")
    )
    var text: String?

    @Option(
        name: .customLong("zone"),
        help: ArgumentHelp("Only events of this network zone.", valueName: "ZONE")
    )
    var zone: String?

    @Option(
        name: .customLong("stream"),
        help: ArgumentHelp("Only access, network or update events.", valueName: "CLASS")
    )
    var stream: String?

    /// The query of the command line: its words and every flag.
    func query(_ words: String, _ context: CommandContext) throws -> Query {
        let place = Query.Context(now: context.now, zone: context.times.zone)
        var query = try FilterOptions.parse(words, place, location: "QUERY")
        for (flag, name, value) in [
            ("-d", "device", device), ("-u", "user", user), ("--zone", "zone", zone),
            ("--stream", "class", stream),
        ] {
            if let value {
                query = query.and(
                    try FilterOptions.parse("\(name):\(FilterOptions.word(value))", place, location: flag)
                )
            }
        }
        if let text {
            query = query.and(try FilterOptions.parse(FilterOptions.quoted(text), place, location: "-g"))
        }
        if let severity { query = query.and(try FilterOptions.severity(severity, place)) }
        return query
    }

    private static func parse(
        _ text: String,
        _ place: Query.Context,
        location: String
    ) throws(WardlineError) -> Query {
        do throws(QueryError) {
            return try Query(text, context: place)
        } catch {
            throw WardlineError(.usage, error.description, location: location)
        }
    }

    /// A value whose wildcards count and whose other characters do not.
    private static func word(_ value: String) -> String {
        var text = ""
        for character in value {
            if !character.isLetter, !character.isNumber, !"*?".contains(character) { text.append("\\") }
            text.append(character)
        }
        return text.isEmpty ? "\"\"" : text
    }

    private static func quoted(_ value: String) -> String {
        "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func severity(_ text: String, _ place: Query.Context) throws(WardlineError) -> Query {
        let ends = text.split(separator: ".", omittingEmptySubsequences: true).map {
            SeverityName.number(String($0))
        }
        let isRange = text.contains("..")
        guard ends.count == (isRange ? 2 : 1), let first = ends[0], let last = ends[ends.count - 1] else {
            throw WardlineError(
                .usage,
                "There is no severity `\(text)`. Use \(SeverityName.all.joined(separator: ", ")) or "
                    + "warning..crit.",
                location: "-p"
            )
        }
        let low = isRange ? min(first, last) : 0
        return try parse("severity:[\(low) to \(max(first, last))]", place, location: "-p")
    }
}
