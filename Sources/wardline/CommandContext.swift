// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Platform
import QueryEngine
import SegmentLog
import Synchronization

/// What a command runs in: the time now, the zone, the terminal, where to write.
struct CommandContext {
    let now: UTCTime
    let times: TimeStyle
    let palette: Palette
    let output: Output
    let environment: [String: String]
    let isTerminal: Bool
    /// Columns of the terminal; nil when output is not cut.
    let width: Int?
    let isQuiet: Bool
    let isVerbose: Bool

    /// Reads flags, environment and terminal.
    ///
    /// - Parameters:
    ///   - common: Flags that every command takes.
    ///   - mode: Decides the default zone: UTC for programs.
    ///   - pages: Whether a pager may be started.
    /// - Throws: `usage` for an unknown zone.
    init(_ common: CommonOptions, mode: OutputMode = .short, pages: Bool = false) throws {
        let environment = ProcessInfo.processInfo.environment
        self.environment = environment
        let terminal = TerminalInfo(.output)
        isTerminal = terminal.isTerminal
        now = CommandContext.wallClock
        let name =
            common.zone ?? environment["WARDLINE_ZONE"]
            ?? (mode.isForPrograms || !isTerminal ? "UTC" : "Local")
        guard let zone = ZoneFiles.rules(name, environment: environment) else {
            throw WardlineError(
                .usage,
                "There is no time zone `\(name)`. Use UTC, Local, +02:00 or a name such as Europe/Berlin.",
                location: "-z"
            )
        }
        times = TimeStyle(zone: zone)
        let isColoured =
            common.colour.isOn(isTerminal: isTerminal, environment: environment) && !mode.isForPrograms
        palette = Palette(isColoured: isColoured)
        width = isTerminal ? CommandContext.columns(terminal, environment) : nil
        isQuiet = common.quiet
        isVerbose = common.verbose
        let usesPager =
            pages && isTerminal && !common.noPager && !mode.isForPrograms && environment["TERM"] != "dumb"
        output = Output(pager: usesPager ? Pager(environment: environment) : nil)
    }

    /// The wall clock.
    static var wallClock: UTCTime { SystemWallClock().now() }

    /// Columns by `COLUMNS`, else as the terminal says, else 80; at least 40, so that every table has room.
    private static func columns(_ terminal: TerminalInfo, _ environment: [String: String]) -> Int {
        let asked = environment["COLUMNS"].flatMap(Int.init) ?? terminal.columns ?? 80
        return min(max(asked, 40), 1_000)
    }

    /// Reads a time of a flag.
    func time(_ text: String?, flag: String) throws -> UTCTime? {
        guard let text else { return nil }
        do throws(QueryError) {
            return try TimeExpression.parse(text, now: now, zone: times.zone) {
                ZoneFiles.rules($0, environment: environment)
            }
        } catch {
            throw WardlineError(.usage, "\(error.message); \(error.hint).", location: "\(flag) \(text)")
        }
    }

    /// The interval of `-S` and `-U`.
    func interval(_ options: TimeOptions) throws -> (since: UTCTime?, until: UTCTime?) {
        let since = try time(options.since, flag: "-S")
        let until = try time(options.until, flag: "-U")
        if let since, let until, until < since {
            throw WardlineError(.usage, "-U lies before -S: \(until) is before \(since). Swap them.")
        }
        return (since, until)
    }

    /// Writes a list: rows for programs or a table for people.
    func write(_ mode: OutputMode, objects: [JSONValue], table: @autoclosure () -> [String]) {
        switch mode {
        case .jsonl: output.lines(objects.map { TerminalText.escapedJSON($0.line) })
        case .json: output.line(TerminalText.escapedJSON(JSONValue.array(objects).line))
        case .csv: output.lines(CommaSeparated.lines(objects))
        default: output.lines(table())
        }
    }
}

extension CommaSeparated {
    /// Objects of equal shape as lines, the names first.
    static func lines(_ objects: [JSONValue]) -> [String] {
        var names: [String] = []
        for case .object(let members) in objects {
            for member in members where !names.contains(member.name) { names.append(member.name) }
        }
        return [names.map(quoted).joined(separator: ",")]
            + objects.map { object in
                names.map { quoted(object[$0].map(EventRenderer.text) ?? "") }.joined(separator: ",")
            }
    }
}

/// Ends a command with a documented status and without a message: 1 for "nothing found" or "problems found".
enum Outcome {
    static let nothingFound = ExitCode(1)
    static let problemsFound = ExitCode(1)

    private static let sawDamage = Mutex(false)

    /// Says that stored evidence is damaged or missing, so that the answer may lack something: whatever the
    /// command finds, it ends with status 3.
    static func damage(_ text: String) {
        sawDamage.withLock { $0 = true }
        Messages.error(text)
    }

    /// Says so where listing `log`, that of the records of `store`, shows that it is.
    static func check(_ log: LogReader, of store: StoreReader) {
        guard !store.lacksRecords else {
            return damage("the folder `records` of the store is gone, and with it all evidence")
        }
        let gaps =
            log.damage.filter { $0.end > $0.from }.map { ($0.from, $0.end) }
            + log.holes.map { ($0.from, $0.end) }
        guard !log.damage.isEmpty || !gaps.isEmpty else { return }
        let named = Set(gaps.map { "\($0.0) to \(Offset($0.1.value - 1))" }).sorted()
        let records = named.isEmpty ? "" : " (records " + named.prefix(8).joined(separator: ", ") + ")"
        damage("parts of the log are damaged or missing\(records); `wardline verify` names them")
    }

    /// Says which files of `sets/` are not there as they were: what follows from them cannot be judged anew.
    static func checkSets(_ reader: StoreReader) throws(WardlineError) {
        let sets = try reader.checkedSets()
        guard !sets.isSound else { return }
        let count = Amount.counted(Int64(sets.missing.count + sets.altered.count), "file")
        damage(
            "\(count) that brought decoders, rules or site facts into force cannot be read: what they decide "
                + "is not in this answer; `wardline verify` names them"
        )
    }

    /// The status in place of `code`.
    static func status(_ code: Int32) -> Int32 { code <= 1 && sawDamage.withLock { $0 } ? 3 : code }
}
