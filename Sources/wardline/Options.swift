// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser

/// Flags that every command takes.
struct CommonOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say only what went wrong.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say more on standard error.")
    var verbose = false

    @Option(name: .customLong("color"), help: "Colour: auto, always or never.")
    var colour: ColourChoice = .auto

    @Flag(name: .customLong("no-pager"), help: "Never start a pager.")
    var noPager = false

    @Flag(name: .customLong("no-input"), help: "Never ask; fail instead.")
    var noInput = false

    @Option(
        name: [.customShort("z"), .customLong("time-zone")],
        help: ArgumentHelp("Zone of times: UTC, Local, +02:00 or Europe/Berlin.", valueName: "ZONE")
    )
    var zone: String?
}

/// Where the store is.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("store"),
        help: ArgumentHelp(
            "Folder of the store.",
            discussion:
                "Default: $WARDLINE_STORE, else `data` of the configuration, else "
                + "$XDG_DATA_HOME/wardline, else ~/.local/share/wardline.",
            valueName: "DIR"
        )
    )
    var store: String?
}

/// An interval of time.
struct TimeOptions: ParsableArguments {
    @Option(
        name: [.customShort("S"), .long],
        help: ArgumentHelp("From this time on.", valueName: "TIME")
    )
    var since: String?

    @Option(
        name: [.customShort("U"), .long],
        help: ArgumentHelp("Before this time.", valueName: "TIME")
    )
    var until: String?
}

/// How lists are written.
struct ListOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Output: table, json, jsonl or csv.", valueName: "MODE"))
    var output: OutputMode = .table

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("lines")],
        help: ArgumentHelp("Only the last N.", valueName: "N")
    )
    var count: Int?

    @Flag(name: .shortAndLong, help: "Newest first.")
    var reverse = false

    mutating func validate() throws {
        if let count, count < 0 { throw ValidationError("-n takes 0 or more, not \(count).") }
        guard [.table, .short, .wide, .json, .jsonl, .csv].contains(output) else {
            throw ValidationError(
                "This list has the outputs table, wide, json, jsonl and csv, not \(output.rawValue)."
            )
        }
    }

    /// The last ``count`` of `rows` in the order asked for.
    func selection<Row>(_ rows: [Row]) -> [Row] {
        let last = count.map { Array(rows.suffix($0)) } ?? rows
        return reverse ? last.reversed() : last
    }
}

extension OutputMode: ExpressibleByArgument {}
extension ColourChoice: ExpressibleByArgument {}
