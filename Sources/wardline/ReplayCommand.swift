// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Ingest
import Platform
import Projections
import QueryEngine
import Replay
import SiteFiles

/// `wardline replay`: records decoded again, stories judged again.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Decode or judge recorded lines again and compare.",
        subcommands: [Events.self, Check.self],
        defaultSubcommand: Events.self
    )

    /// Stories against what was expected of them.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Judge the stories in a folder and compare with what is expected.",
            discussion: "Exit status 1 when a story differs."
        )

        @Argument(help: ArgumentHelp("A story, or a folder of stories.", valueName: "DIR"))
        var folder: String

        @Flag(help: "Write the expected timelines and incidents from what was found.")
        var update = false

        @OptionGroup var write: WriteOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common)
            let configuration = try write.configuration(context.environment)
            let runner = StoryRunner(configuration: configuration, environment: context.environment)
            let files = DiskScenarioFiles()
            let check = ScenarioCheck { incident in
                TimelineView(
                    times: TimeStyle(zone: .utc),
                    palette: Palette(isColoured: false),
                    width: nil,
                    showsContext: false
                ).lines(incident.incident)
            }
            var differing = 0
            for scenario in try Scenario.all(in: folder, site: write.site.first, files: files) {
                let result = try check.run(scenario, files: files, runner: runner, isUpdating: update)
                if !result.isPassed { differing += 1 }
                context.output.lines(result.report.map(TerminalText.escaped))
                for path in result.written where !common.quiet { Messages.note("wrote \(path)") }
                context.output.flush()
            }
            context.output.finish()
            if differing > 0 { throw Outcome.problemsFound }
        }
    }
}

/// Judges a story in a store of its own below the system's folder for temporary files, by the code that
/// `ingest` runs.
struct StoryRunner: ScenarioRunner {
    let configuration: Configuration
    let environment: [String: String]

    func incidents(of scenario: Scenario) throws(WardlineError) -> [StoredIncident] {
        // Without rules every look-alike would come out as expected.
        for (folders, name) in [(configuration.rules, "rules"), (configuration.decoders, "decoders")]
        where folders.isEmpty {
            guard try Content.shared(name, environment) != nil else {
                throw WardlineError(.input, Content.absent(name))
            }
        }
        let store = FileManager.default.temporaryDirectory.path + "/wardline-replay-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: store) }
        let content = ContentFiles(
            storePath: store,
            environment: environment,
            site: scenario.site.map { [$0] } ?? [],
            rules: configuration.rules,
            decoders: configuration.decoders
        )
        let writing = try StoreWriting(store, content, configuration)
        do throws(WardlineError) {
            let importer = FileImport(engine: writing.engine, storePath: store)
            let stated = scenario.expectation?.referenceTime ?? .absent
            let reference = stated.isPresent ? stated : nil
            _ = try importer.run(scenario.inputs.map { ImportRequest(path: $0, referenceTime: reference) })
        } catch {
            try? writing.finish()
            throw error
        }
        try writing.finish()
        return try StoreReader(path: store).readModels().incidents()
    }
}

/// Stories on disk.
struct DiskScenarioFiles: ScenarioFiles {
    func names(in directory: String) throws(WardlineError) -> [String]? {
        guard POSIXStorage().isDirectory(directory) else { return nil }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw WardlineError(
                .input,
                "The folder cannot be read. Check its permissions.",
                location: directory
            )
        }
        return names
    }

    func bytes(of path: String) throws(WardlineError) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path), !POSIXStorage().isDirectory(path) else {
            return nil
        }
        return try Content.bytes(of: path, atMost: Content.siteFileSizeMax)
    }

    func write(_ bytes: [UInt8], to path: String) throws(WardlineError) {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw WardlineError(
                .storage,
                "The file cannot be written. Check free space and permissions.",
                cause: error.localizedDescription,
                location: path
            )
        }
    }
}
