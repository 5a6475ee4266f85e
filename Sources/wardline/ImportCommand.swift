// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Daemon
import EventModel
import Foundation
import Platform
import SiteFiles

/// `wardline import`: site files into force.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring a site file into force: what is where, allowed and approved.",
        discussion:
            "ROLE is assets, bindings, approved, zones, changes or policy; `site DIR` takes a folder of them."
    )

    @Argument(help: ArgumentHelp("Role of the file, or site.", valueName: "ROLE"))
    var role: String

    @Argument(help: ArgumentHelp("The file, or the folder.", valueName: "FILE"))
    var file: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common)
        guard role == "site" || ContentFiles.Role(rawValue: role) != nil else {
            throw WardlineError(.usage, "There is no role `\(role)`. Use \(ContentFiles.Role.names) or site.")
        }
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw WardlineError(.input, "It cannot be read. Check its name and permissions.", location: file)
        }
        let path = try StoreLocation.path(store, context.environment)
        if StoreWriting.hasDaemon(path) {
            _ = try ControlClient(storePath: path).send(
                ImportCommand.request(role, ImportCommand.absolute(file))
            )
        } else {
            let files = ContentFiles(storePath: path, environment: context.environment)
            // Rules and decoders in force stay: this brings a site file alone.
            let writing = try StoreWriting(path, files, Configuration(), bringsContent: false)
            do {
                for batch in try files.facts(role: role, path: file) { try writing.give(batch) }
            } catch {
                try? writing.finish()
                throw error
            }
            try writing.finish()
        }
        if !common.quiet { Messages.note("\(role) of \(file) is in force in \(path)") }
    }

    /// The request to a daemon.
    static func request(_ role: String, _ path: String) -> JSONValue {
        ControlClient.request("import", [.init("role", .text(role)), .init("path", .text(path))])
    }

    /// The path from the root.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}

extension ContentFiles {
    /// Records that bring one file of a role, or with `site` a folder of them, into force.
    func facts(role: String, path: String) throws(WardlineError) -> [RecordBatch] {
        if let known = Role(rawValue: role) {
            return [try siteFact(known, path, unless: nil)].compactMap { $0 }
        }
        guard role == "site" else {
            throw WardlineError(.usage, "There is no role `\(role)`. Use \(Role.names) or site.")
        }
        let batches = try siteFacts(path, unless: nil) { error throws(WardlineError) in throw error }
        guard !batches.isEmpty else {
            throw WardlineError(.input, "The folder holds no site file: \(Role.names).", location: path)
        }
        return batches
    }
}
