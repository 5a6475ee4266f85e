// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Daemon
import Digests
import EventModel
import Foundation
import Inventory
import Pipeline
import Platform
import QueryEngine
import SegmentLog
import SiteFiles
import WireFormats

/// The files that bring a store's judgement about: site, rules, decoders, as they are outside of it.
///
/// A file comes into force by a record that names its SHA-256; its bytes are written to `sets/` and
/// synchronised before. What is in force already is not said again.
struct ContentFiles: Sendable {
    /// A kind of content: the role in its records and how its files are named.
    enum Role: String, CaseIterable, Sendable {
        case assets
        case bindings
        case approved
        case zones
        case changes
        /// What the configuration says about judgement; never a file of a site folder.
        case policy

        /// How names of site files end.
        static let suffixes = [".csv", ".json", ".jsonl", ".yaml", ".yml"]

        /// The role of a file in a site folder by its name; nil for other files.
        static func of(_ fileName: String) -> Role? {
            guard let dot = fileName.lastIndex(of: "."), suffixes.contains(String(fileName[dot...]))
            else { return nil }
            let stem = fileName[..<dot].lowercased()
            return allCases.first { $0 != .policy && ($0.rawValue == stem || $0.aliases.contains(stem)) }
        }

        private var aliases: [String] {
            switch self {
            case .approved: ["approved_versions", "approved-versions", "approved_software"]
            case .changes: ["change_records", "change-records"]
            case .zones: ["zones_conduits", "zones-conduits"]
            default: []
            }
        }

        /// Names for messages.
        static var names: String {
            allCases.filter { $0 != .policy }.map(\.rawValue).joined(separator: ", ")
        }
    }

    /// A file with its bytes.
    struct File: Sendable {
        var name: String
        var bytes: [UInt8]
    }

    let storePath: String
    let environment: [String: String]
    /// Site files or folders.
    var site: [String] = []
    /// Rule folders; empty means those that ship.
    var rules: [String] = []
    /// Decoder folders; empty means those that ship.
    var decoders: [String] = []

    /// Records that bring into force what changed since the store was written last.
    ///
    /// What is wrong with a file is reported; the file of before stays in force then.
    func facts(
        _ configuration: Configuration,
        _ report: (String) -> Void
    ) throws(WardlineError) -> [RecordBatch] {
        let inForce = try ContentInForce(StoreReader(path: storePath))
        var batches: [RecordBatch] = []
        if let batch = try policyFact(configuration, unless: inForce) { batches.append(batch) }
        for path in site {
            batches += try siteFacts(path, unless: inForce) { error throws(WardlineError) in
                report("refused: \(error)")
            }
        }
        let sets: [(role: String, folders: [String], suffixes: [String])] = [
            ("decoders", decoders, [DecoderLoader.fileSuffix]), ("rules", rules, SigmaReader.fileSuffixes),
        ]
        for set in sets {
            var files: [File] = []
            var folders = set.folders
            if folders.isEmpty {
                guard let shipped = try Content.shared(set.role, environment) else {
                    // What the store has in force stays.
                    Messages.warning(Content.absent(set.role))
                    continue
                }
                folders = [shipped]
            }
            for folder in folders {
                let found = try Content.files(
                    in: folder,
                    endingIn: set.suffixes,
                    except: SigmaReader.caseSuffixes
                )
                files += found.map { File(name: $0.name, bytes: $0.bytes) }
            }
            for refused in refusals(set.role, files) { report("refused: \(refused)") }
            if let batch = try activation(set.role, files, unless: inForce) { batches.append(batch) }
        }
        return batches
    }

    /// Why some of `files` will not come into force.
    private func refusals(_ role: String, _ files: [File]) -> [String] {
        role == "rules"
            ? SigmaReader.load(files.map { .init(name: $0.name, bytes: $0.bytes) }).errors.map { "\($0)" }
            : DecoderLoader.load(files.map { .init(name: $0.name, bytes: $0.bytes) }).refused.map(
                \.description
            )
    }

    /// Records that bring the site files at `path` (a file named by its role, or a folder of them) into
    /// force; `refuse` is told of files that are wrong, and throws or leaves them out.
    func siteFacts(
        _ path: String,
        unless inForce: ContentInForce?,
        refuse: (WardlineError) throws(WardlineError) -> Void
    ) throws(WardlineError) -> [RecordBatch] {
        var files: [(role: Role, path: String)] = []
        if POSIXStorage().isDirectory(path) {
            for file in try Content.files(in: path, endingIn: Role.suffixes) where !file.name.contains("/") {
                if let role = Role.of(file.name) { files.append((role, path + "/" + file.name)) }
            }
        } else if let role = Role.of(lastPathPart(path)) {
            files = [(role, path)]
        } else {
            throw WardlineError(
                .input,
                "A site file is named by its role: \(Role.names) with .csv, .json, .jsonl or .yaml.",
                location: path
            )
        }
        var batches: [RecordBatch] = []
        for file in files {
            do throws(WardlineError) {
                if let batch = try siteFact(file.role, file.path, unless: inForce) { batches.append(batch) }
            } catch {
                guard error.code == .input else { throw error }
                try refuse(error)
            }
        }
        return batches
    }

    /// The record that brings one file into force; nil when it is already.
    ///
    /// - Throws: `input` with the place of the first fault of a file that is wrong.
    func siteFact(
        _ role: Role,
        _ path: String,
        unless inForce: ContentInForce?
    ) throws(WardlineError) -> RecordBatch? {
        let bytes = try Content.bytes(of: path, atMost: Content.siteFileSizeMax)
        try check(role, bytes, path)
        return try siteFact(role, name: lastPathPart(path), bytes, unless: inForce)
    }

    private func check(_ role: Role, _ bytes: [UInt8], _ path: String) throws(WardlineError) {
        if let known = SiteRole(rawValue: role.rawValue) {
            var site = Site()
            try SiteReader.apply(role: known, bytes: bytes, file: path, to: &site)
            return
        }
        guard case .object? = try? JSONValue(parsing: bytes.span) else {
            throw WardlineError(.input, "The policy is not a JSON object.", location: path)
        }
    }

    private func siteFact(
        _ role: Role,
        name: String,
        _ bytes: [UInt8],
        unless inForce: ContentInForce?
    ) throws(WardlineError) -> RecordBatch? {
        let hash = try store(bytes)
        guard inForce?.site[role.rawValue] != hash else { return nil }
        let object = JSONValue.object([
            .init("role", .text(role.rawValue)), .init("name", .text(name)),
            .init("sha256", .text(hash)), .init("bytes", .integer(Int64(bytes.count))),
        ])
        return ContentFiles.control(.siteFact, object)
    }

    /// The record that brings what the configuration says about judgement into force.
    private func policyFact(
        _ configuration: Configuration,
        unless inForce: ContentInForce
    ) throws(WardlineError) -> RecordBatch? {
        let policy = JSONValue.object([
            .init("correct_clocks", .text(configuration.clockCorrection.rawValue)),
            .init("lateness_ms", .integer(configuration.latenessNanoseconds / 1_000_000)),
        ])
        return try siteFact(.policy, name: "configuration", Array(policy.line.utf8), unless: inForce)
    }

    private func activation(
        _ role: String,
        _ files: [File],
        unless inForce: ContentInForce
    ) throws(WardlineError) -> RecordBatch? {
        guard !files.isEmpty else { return nil }
        var named: [ActivatedFiles.File] = []
        for file in files { named.append(.init(name: file.name, sha256: try store(file.bytes))) }
        if let known = inForce.sets[role], (try? inForce.hashes(known)) == named.map(\.sha256).sorted() {
            return nil
        }
        let manifest = try store(ActivatedFiles.manifest(of: named))
        return ContentFiles.control(
            .activation,
            ActivatedFiles.fact(role: role, manifest: manifest, count: named.count)
        )
    }

    /// Writes bytes to `sets/` under their hash, unless they are there.
    private func store(_ bytes: [UInt8]) throws(WardlineError) -> String {
        let name = sha256(bytes).hexadecimal
        let storage = POSIXStorage()
        let folder = storePath + "/sets"
        do throws(StorageError) {
            if try storage.exists(folder + "/" + name) { return name }
            try storage.makeDirectories(folder)
            try storage.writeAtomically(bytes, to: folder + "/" + name)
        } catch {
            throw WardlineError(
                .storage,
                "The file cannot be kept in the store. Check free space and permissions.",
                cause: error.description,
                location: folder
            )
        }
        return name
    }

    static func control(_ kind: RecordKind, _ object: JSONValue) -> RecordBatch {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "", transport: .internal))
        batch.append(
            Array(object.line.utf8),
            kind: kind,
            origin: origin,
            receiveTime: CommandContext.wallClock
        )
        return batch
    }
}

/// What is in force in a store: the newest fact of each role.
struct ContentInForce {
    /// SHA-256 of the site file of each role.
    private(set) var site: [String: String] = [:]
    /// The files of each set.
    private(set) var sets: [String: ActivatedFiles] = [:]
    private let reader: StoreReader

    /// Looks back through the log until every role is found or the log begins.
    init(_ reader: StoreReader) throws(WardlineError) {
        self.reader = reader
        try reader.forEachControlRecordBackward { kind, _, bytes in
            guard let object = try? JSONValue(parsing: bytes.span), let role = object["role"]?.text else {
                return true
            }
            if kind == .siteFact, site[role] == nil { site[role] = object["sha256"]?.text ?? "" }
            if kind == .activation, sets[role] == nil {
                sets[role] = ActivatedFiles(object)
            }
            return site.count < ContentFiles.Role.allCases.count || sets.count < 2
        }
    }

    /// Sorted SHA-256 of `files`.
    fileprivate func hashes(_ files: ActivatedFiles) throws(WardlineError) -> [String] {
        try files.files { hash throws(WardlineError) in try reader.set(hash) }.map(\.sha256).sorted()
    }
}
