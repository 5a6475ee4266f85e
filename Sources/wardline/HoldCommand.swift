// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Pipeline
import Platform
import Projections
import QueryEngine
import Retention
import Timelines

/// `wardline hold`: evidence that retention must not remove.
struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep evidence under legal hold, whatever the retention policy says.",
        discussion: "Holds are signed notes in the store, only ever appended: placing and ending both stay.",
        subcommands: [Add.self, List.self, Remove.self]
    )

    /// Places one.
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Place a hold on an incident's evidence, on offsets or on a time.",
            discussion: """
                With --incident the records that the incident cites are held, and everything from its first \
                to its last event. Options may be given together and again.
                """
        )

        @Argument(help: ArgumentHelp("Name of the hold, such as a file number.", valueName: "NAME"))
        var name: String
        @Option(help: ArgumentHelp("Why, for those who meet the hold later.", valueName: "TEXT"))
        var reason: String
        @Option(help: ArgumentHelp("Incident whose evidence is held.", valueName: "ID"))
        var incident: [String] = []
        @Option(help: ArgumentHelp("Records that are held, both ends included.", valueName: "FROM..TO"))
        var offsets: [String] = []
        @OptionGroup var time: TimeOptions
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard Hold.isName(name) else {
                throw ValidationError("A hold's name has 1 to 64 printable ASCII characters without blanks.")
            }
            guard reason.contains(where: { !$0.isWhitespace }) else {
                throw ValidationError("--reason says nothing; who reads the hold in a year must know why.")
            }
        }

        func run() throws {
            let context = try CommandContext(common)
            let path = try StoreLocation.path(store, context.environment)
            let reader = try StoreReader(path: path)
            var hold = Hold(
                name: name,
                reason: reason,
                actor: Confirmation.actor,
                time: SystemWallClock().now(),
                offsets: try offsets.map(HoldText.range),
                period: try HoldText.period(context.interval(time)),
                incidents: []
            )
            if !incident.isEmpty {
                let models = try CurrentModels.open(reader, isQuiet: common.quiet)
                for id in incident { try HoldText.add(try TimelineOptions.find(id, models, path), to: &hold) }
            }
            guard !hold.offsets.isEmpty || hold.period != nil else {
                throw WardlineError(
                    .usage,
                    "Nothing to hold: give --incident, --offsets, or --since and --until."
                )
            }
            let lock = try HoldText.lock(path)
            let file = HoldFile(StorePaths(path), storage: POSIXStorage())
            try file.check(reader.holdsMark())
            try file.add(hold)
            HoldText.record("add \(name)", reason, file, path, context)
            withExtendedLifetime(lock) {}
            if !common.quiet { Messages.note("held: \(HoldText.what(hold))") }
        }
    }

    /// Shows them.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the holds in force."
        )

        @OptionGroup var list: ListOptions
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: list.output, pages: true)
            let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
            let file = HoldFile(StorePaths(reader.path), storage: POSIXStorage())
            try file.check(reader.holdsMark())
            let holds = list.selection(try file.inForce())
            var table = TextTable([
                .init(title: "NAME"), .init(title: "SINCE"), .init(title: "BY"), .init(title: "WHAT"),
                .init(title: "REASON"),
            ])
            for hold in holds {
                table.add([
                    TerminalText.escaped(hold.name), context.times.seconds(hold.time),
                    TerminalText.escaped(hold.actor), HoldText.what(hold), TerminalText.escaped(hold.reason),
                ])
            }
            context.write(
                list.output,
                objects: holds.map(HoldText.object),
                table: table.lines(width: context.width, palette: context.palette)
            )
            context.output.finish()
        }
    }

    /// Ends one.
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "End a hold: retention may then remove what it kept."
        )

        @Argument(help: ArgumentHelp("Name of the hold.", valueName: "NAME"))
        var name: String
        @Option(help: ArgumentHelp("Why, for the record.", valueName: "TEXT"))
        var reason: String
        @Flag(help: "Do not ask.")
        var yes = false
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common)
            let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
            let path = reader.path
            let file = HoldFile(StorePaths(path), storage: POSIXStorage())
            try file.check(reader.holdsMark())
            try Confirmation.require(
                "This ends the hold \(TerminalText.escaped(name)).",
                isGiven: yes,
                common
            )
            let lock = try HoldText.lock(path)
            try file.remove(
                name,
                reason: reason,
                actor: Confirmation.actor,
                time: SystemWallClock().now()
            )
            HoldText.record("remove \(name)", reason, file, path, context)
            withExtendedLifetime(lock) {}
        }
    }
}

/// Holds as people and programs write them.
enum HoldText {
    /// Writes into the log what the file of holds is now, so that its loss is seen.
    ///
    /// After the file: a crash in between leaves a file that has more than the log says, which is no loss.
    static func record(
        _ what: String,
        _ reason: String,
        _ file: HoldFile,
        _ path: String,
        _ context: CommandContext
    ) {
        var act = IncidentAct(
            kind: .hold,
            incident: "",
            actor: Confirmation.actor,
            time: CommandContext.wallClock,
            reason: String(reason.prefix(IncidentAct.reasonSizeMaxBytes / 4))
        )
        act.query = what
        do {
            act.holds = try file.mark()
            try ActWriting.store(act, path, context)
        } catch {
            Messages.warning(
                "it is so, but the log could not be told, and a loss of the file would not be seen until the "
                    + "next `hold add` or `hold remove`: \(error)"
            )
        }
    }

    /// Keeps two commands from writing the holds at once, and retention from removing what one of them names;
    /// a daemon writes none.
    static func lock(_ path: String) throws(WardlineError) -> FileLock {
        do throws(StorageError) {
            return try FileLock(path + "/holds.lock")
        } catch {
            throw WardlineError(
                error.isHeld ? .busy : .storage,
                error.isHeld
                    ? "Another command changes the holds, or removes records. Try again."
                    : "The holds cannot be written.",
                cause: error.description,
                location: path
            )
        }
    }

    /// Offsets of `FROM..TO`, both included, or of one number.
    static func range(_ text: String) throws(WardlineError) -> Range<UInt64> {
        let ends = text.split(separator: ".", omittingEmptySubsequences: true).map { UInt64($0) }
        guard let first = ends.first, let from = first, ends.count <= 2, let last = ends.last, let to = last,
            from <= to, to < .max, text.contains("..") || ends.count == 1
        else {
            throw WardlineError(
                .usage,
                "`\(text)` are no offsets. Write FROM..TO, such as 1200..1350.",
                location: "--offsets"
            )
        }
        return from..<to + 1
    }

    static func period(
        _ interval: (since: UTCTime?, until: UTCTime?)
    ) throws(WardlineError) -> ClosedRange<UTCTime>? {
        guard interval.since != nil || interval.until != nil else { return nil }
        // The note has times of four-digit years that are read back as they are.
        let from = interval.since ?? CivilTime(year: 1700, month: 1, day: 1).utc()
        let through = interval.until ?? CivilTime(year: 2200, month: 1, day: 1).utc()
        guard from <= through else {
            throw WardlineError(.usage, "The hold ends before it begins.", location: "--until")
        }
        return from...through
    }

    /// Adds what an incident cites, and all that lies between its first and last event.
    static func add(_ incident: StoredIncident, to hold: inout Hold) throws(WardlineError) {
        let cited = Set(incident.citedOffsets).sorted()
        for offset in cited {
            if let last = hold.offsets.last, last.upperBound == offset, last.lowerBound < offset {
                hold.offsets[hold.offsets.count - 1] = last.lowerBound..<offset + 1
            } else {
                hold.offsets.append(offset..<offset + 1)
            }
        }
        hold.incidents.append(incident.id)
        let period = hold.period ?? incident.first...incident.last
        let from = min(period.lowerBound, incident.first)
        hold.period = from...max(period.upperBound, incident.last)
    }

    static func what(_ hold: Hold) -> String {
        var parts = hold.incidents
        let count = hold.offsets.reduce(0) { $0 + UInt64($1.count) }
        if count > 0 { parts.append(Amount.counted(Int64(clamping: count), "record")) }
        if let period = hold.period { parts.append("\(period.lowerBound) to \(period.upperBound)") }
        return parts.joined(separator: ", ")
    }

    /// The object of `schemas/output/hold-v1.schema.json`.
    static func object(_ hold: Hold) -> JSONValue {
        .object([
            .init("name", .text(hold.name)), .init("reason", .text(hold.reason)),
            .init("actor", .text(hold.actor)), .init("time", .text(hold.time.description)),
            .init("incidents", .texts(hold.incidents)),
            .init(
                "offsets",
                .array(
                    hold.offsets.map {
                        .array([
                            .integer(Int64(clamping: $0.lowerBound)),
                            .integer(Int64(clamping: $0.upperBound - 1)),
                        ])
                    }
                )
            ),
            .init("from", hold.period.map { .text($0.lowerBound.description) } ?? .null),
            .init("through", hold.period.map { .text($0.upperBound.description) } ?? .null),
        ])
    }
}
