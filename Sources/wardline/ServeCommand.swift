// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Daemon
import EventModel
import Foundation
import Platform
import SiteFiles

/// `wardline serve`: the service.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Receive, store and judge logs until stopped.",
        discussion: """
            Listens on loopback ports 5514 (syslog) and 5515 (JSON lines) unless told otherwise. One line on \
            standard error that begins with `ready` names the listeners. SIGTERM stops in order, SIGHUP \
            reads site, rule and decoder files again.
            """
    )

    @Option(
        name: .customLong("listen"),
        help: ArgumentHelp(
            "Listener, such as syslog+udp://0.0.0.0:514 or jsonl+tcp://127.0.0.1:0; may be given again.",
            valueName: "URL"
        )
    )
    var listen: [String] = []

    @OptionGroup var write: WriteOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        ProcessSignals.leaveInterruptToWaiter()
        let signals = SignalWaiter()
        let context = try CommandContext(common)
        var configuration = try write.configuration(context.environment)
        if !listen.isEmpty {
            configuration.listeners = []
            for url in listen { configuration.listeners.append(try ListenerDefinition(url: url)) }
        }
        let path = try StoreLocation.path(store, context.environment, configuration)
        let isQuiet = common.quiet
        let options = DaemonOptions(
            storePath: path,
            configuration: configuration,
            version: VersionText.number,
            report: { text in if !isQuiet || !text.hasPrefix("note") { Messages.note(text) } },
            exitNow: ProcessSignals.exitNow
        )
        let files = ContentFiles(
            storePath: path,
            environment: context.environment,
            site: configuration.site,
            rules: configuration.rules,
            decoders: configuration.decoders
        )
        let daemon = Daemon(options, content: Judging.content(files, configuration))
        let status = try daemon.run(signals: signals)
        if status != 0 { throw ExitCode(status) }
    }
}
