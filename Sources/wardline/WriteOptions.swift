// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Daemon
import EventModel
import Foundation
import Ingest
import Platform
import SiteFiles

/// Flags of commands that write: configuration and content.
struct WriteOptions: ParsableArguments {
    @Option(name: [.customShort("c"), .long], help: ArgumentHelp("Configuration file.", valueName: "FILE"))
    var config: String?

    @Option(
        name: .customLong("site"),
        help: ArgumentHelp("Folder with assets, bindings, approved, zones, changes.", valueName: "DIR")
    )
    var site: [String] = []

    @Option(name: .customLong("rules"), help: ArgumentHelp("Folder with rules.", valueName: "DIR"))
    var rules: [String] = []

    @Option(name: .customLong("decoders"), help: ArgumentHelp("Folder with decoders.", valueName: "DIR"))
    var decoders: [String] = []

    /// The configuration: flag, `WARDLINE_CONFIG`, the user's, the machine's, else the defaults; then flags
    /// over it.
    func configuration(_ environment: [String: String]) throws(WardlineError) -> Configuration {
        var configuration = try WriteOptions.configuration(config, environment)
        if !site.isEmpty { configuration.site = site }
        if !rules.isEmpty { configuration.rules = rules }
        if !decoders.isEmpty { configuration.decoders = decoders }
        return configuration
    }

    /// The configuration of the file `config`, else of the first of the other places that has one.
    static func configuration(
        _ config: String?,
        _ environment: [String: String]
    ) throws(WardlineError) -> Configuration {
        guard let path = path(config, environment) else { return Configuration() }
        let bytes = try Content.bytes(of: path, atMost: Content.fileSizeMax)
        do throws(SiteFilesError) {
            return try Configuration(parsing: bytes, file: path).resolved(against: parentPath(path))
        } catch {
            throw error.wardlineError
        }
    }

    private static func path(_ config: String?, _ environment: [String: String]) -> String? {
        if let named = config ?? environment["WARDLINE_CONFIG"] { return named }
        let home = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map { $0 + "/.config" } ?? ""
        return [home + "/wardline/config.yaml", "/etc/wardline/wardline.yaml"].first {
            FileManager.default.fileExists(atPath: $0)
        }
    }
}
