// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Daemon
import EventModel
import Foundation
import Platform
import Projections
import QueryEngine
import Replay
import SiteFiles

/// `wardline demo`: a recorded story over real sockets, then its timeline.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Send a recorded story to a daemon on loopback and show what it finds.",
        discussion:
            "Uses ports that the system chooses and a folder of its own. Exit status 1 when nothing is found."
    )

    @Option(name: .customLong("stories"), help: ArgumentHelp("Folder with stories.", valueName: "DIR"))
    var stories: String?

    @Option(
        name: .customLong("story"),
        help: ArgumentHelp(
            "Name of the story; default: vendor-session, else the first by name.",
            valueName: "NAME"
        )
    )
    var story: String?

    @Flag(name: .customLong("keep"), help: "Keep the store, in the new folder `wardline-demo`.")
    var isKept = false

    @OptionGroup var write: WriteOptions
    @OptionGroup var common: CommonOptions

    /// The story that shows most of what joins.
    private static let shownStory = "vendor-session"
    /// Where `--keep` leaves the store.
    private static let keptFolder = "wardline-demo"

    func run() throws {
        let context = try CommandContext(common)
        guard let stories = try stories ?? Content.shared("replay", context.environment) else {
            throw WardlineError(
                .input,
                "The shipped stories were not found. Name their folder.",
                location: "--stories"
            )
        }
        let found = try Scenario.all(in: stories, files: DiskScenarioFiles())
        let wanted = story ?? DemoCommand.shownStory
        let scenario = found.first { $0.name == wanted } ?? (story == nil ? found.first : nil)
        guard let scenario else {
            let names = found.map(\.name).joined(separator: ", ")
            throw WardlineError(
                .usage,
                "There is no story `\(story ?? "")`. There are: "
                    + "\(names).",
                location: stories
            )
        }
        let keep = isKept ? DemoCommand.keptFolder : nil
        let store =
            keep ?? FileManager.default.temporaryDirectory.path + "/wardline-demo-" + UUID().uuidString
        guard !FileManager.default.fileExists(atPath: store) else {
            throw WardlineError(.usage, "The folder exists. Name a new one.", location: store)
        }
        let keepsStore = keep != nil
        defer { if !keepsStore { try? FileManager.default.removeItem(atPath: store) } }
        var lines: [ResendLine] = []
        let configuration = try write.configuration(context.environment)
        let stated = scenario.expectation?.referenceTime ?? .absent
        let set = try Content.decoders(
            folder: configuration.decoders.first,
            environment: context.environment,
            isQuiet: true
        )
        for input in scenario.inputs {
            var dating = LineDating(set, reference: stated.isPresent ? stated : context.now)
            lines += try StoryLines.read(input, &dating)
        }
        // Times are of the device; a story is sent in their order.
        lines.sort { $0.time < $1.time }
        Messages.note("demo: sending \(lines.count) lines of \(scenario.name) over UDP and TCP on loopback")
        let server = try LoopbackServer(store: store, scenario: scenario, options: write, context: context)
        let outcome = try Demonstration.run(lines, over: server)
        Messages.note(
            "demo: \(outcome.sent.lineCount) sent, \(outcome.judgedCount) stored and judged, "
                + Amount.counted(Int64(outcome.incidents.count), "incident")
        )
        let view = TimelineView(
            times: context.times,
            palette: context.palette,
            width: context.width,
            showsContext: false
        )
        try IncidentList.write(outcome.incidents, .table, at: nil, context)
        for incident in outcome.incidents {
            context.output.line("")
            context.output.lines(view.lines(incident.incident))
        }
        context.output.finish()
        for line in DemoCommand.furtherSteps(keepsStore ? store : nil, outcome.incidents.first?.id) {
            Messages.note(line)
        }
        if outcome.incidents.isEmpty || !outcome.isComplete { throw Outcome.problemsFound }
    }
}

extension DemoCommand {
    /// What to do next with the store that was kept, or how to keep it.
    private static func furtherSteps(_ store: String?, _ incident: String?) -> [String] {
        guard let store else {
            return [
                "demo: to look further, `make demo KEEP=1` (or `wardline demo --keep`) leaves the store in "
                    + kept + ", then:"
            ] + steps(kept, incident)
        }
        return ["demo: the store is in \(store). To look further:"] + steps(store, incident)
    }

    private static var kept: String { DemoCommand.keptFolder }

    private static func steps(_ store: String, _ incident: String?) -> [String] {
        [
            "  wardline incidents --store \(store)",
            "  wardline timeline --store \(store) \(incident ?? "ID") --context",
            "  wardline query --store \(store) 'class:update' -o verbose",
            "  wardline verify --store \(store)",
        ]
    }
}

/// Lines of a story with the times at which they are due.
enum StoryLines {
    /// Reads a file of plain lines or of records with claimed receive times.
    static func read(_ path: String, _ dating: inout LineDating) throws -> [ResendLine] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw WardlineError(
                .input,
                "The file cannot be read. Check its name and permissions.",
                location: path
            )
        }
        defer { try? handle.close() }
        var reader = LineReader(handle)
        var lines: [ResendLine] = []
        let hasClaims = path.hasSuffix(".rec.jsonl")
        while let line = try reader.next() { lines.append(dating.line(line.bytes, hasClaims: hasClaims)) }
        return lines
    }
}

/// The daemon of this process, on ports that the system chose.
final class LoopbackServer: DemonstrationServer {
    /// Time between two looks at how far the judge is, in seconds.
    private static let pollSeconds = 0.05
    /// Longest wait for the listeners, in seconds.
    private static let startSecondsMax = 10.0

    let target: Resend.Target
    private let store: String
    private let daemon: Daemon
    private let ended = HandoverQueue<Result<Int32, WardlineError>>(capacity: 1)

    init(store: String, scenario: Scenario, options: WriteOptions, context: CommandContext) throws {
        var configuration = try options.configuration(context.environment)
        configuration.clockCorrection = .never
        if let site = scenario.site { configuration.site = [site] }
        configuration.listeners = [
            try ListenerDefinition(url: "syslog+udp://127.0.0.1:0"),
            try ListenerDefinition(url: "syslog+tcp://127.0.0.1:0"),
        ]
        let files = ContentFiles(
            storePath: store,
            environment: context.environment,
            site: configuration.site,
            rules: configuration.rules,
            decoders: configuration.decoders
        )
        let options = DaemonOptions(
            storePath: store,
            configuration: configuration,
            version: VersionText.number,
            report: { _ in },
            exitNow: ProcessSignals.exitNow
        )
        let daemon = Daemon(options, content: Judging.content(files, configuration))
        let ended = ended
        _ = try WorkerThread("wl-demo") {
            do throws(WardlineError) {
                _ = ended.tryPut(.success(try daemon.run(signals: nil)), weight: 1)
            } catch {
                _ = ended.tryPut(.failure(error), weight: 1)
            }
        }
        self.daemon = daemon
        self.store = store
        target = try LoopbackServer.target(store, ended)
    }

    private static func target(
        _ store: String,
        _ ended: HandoverQueue<Result<Int32, WardlineError>>
    ) throws(WardlineError) -> Resend.Target {
        for _ in 0..<Int(startSecondsMax / pollSeconds) {
            if let result = ended.take(waitingNanoseconds: Int64(pollSeconds * 1_000_000_000)) {
                _ = try result.get()
                break
            }
            guard let status = try? ControlClient(storePath: store).send(ControlClient.request("status")),
                let listeners = status["listeners"]?.elements, !listeners.isEmpty
            else { continue }
            var ports: [ResendRoute: Int] = [:]
            for listener in listeners {
                guard
                    let port = listener["address"]?.text.flatMap({ $0.split(separator: ":").last }).flatMap({
                        Int($0)
                    })
                else { continue }
                if let route = ResendRoute(rawValue: listener["transport"]?.text ?? "") {
                    ports[route] = port
                }
            }
            return Resend.Target(host: "127.0.0.1", ports: ports)
        }
        throw WardlineError(.internal, "The daemon of the demonstration did not start.", location: store)
    }

    func waitUntilJudged(_ count: Int, seconds: Double) throws(WardlineError) -> Int {
        let reader = try StoreReader(path: store)
        var judged = 0
        for _ in 0..<max(1, Int(seconds / LoopbackServer.pollSeconds)) {
            judged = Int(try reader.readModels().totals().records)
            if judged >= count { break }
            Thread.sleep(forTimeInterval: LoopbackServer.pollSeconds)
        }
        return judged
    }

    func stop() throws(WardlineError) {
        daemon.stop()
        guard let result = ended.take() else { return }
        _ = try result.get()
    }

    func incidents() throws(WardlineError) -> [StoredIncident] {
        try StoreReader(path: store).readModels().incidents()
    }
}
