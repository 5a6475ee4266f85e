// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
import Platform
public import Projections
import SegmentLog

/// A store opened for reading, with or without a daemon at work in it.
///
/// Writes nothing, takes no lock.
public struct StoreReader: Sendable {
    /// Folder of the store.
    public let path: String
    let storage = POSIXStorage()

    /// Opens the store at `path`.
    ///
    /// - Throws: `input` when there is no store.
    public init(path: String) throws(WardlineError) {
        self.path = path
        guard storage.isDirectory(path), StoreReader.parts.contains(where: hasPart) else {
            throw WardlineError(
                .input,
                "There is no store here. Name it with --store, or make one: `wardline ingest FILE` "
                    + "or `wardline serve`.",
                location: path
            )
        }
    }

    /// What a store consists of; a folder without any of it is none.
    private static let parts = ["records", "journal", "keys", "sets", "projections"]

    private func hasPart(_ name: String) -> Bool { storage.isDirectory(path + "/" + name) }

    /// Whether the log of the records is gone: every store has one.
    public var lacksRecords: Bool { lacksStream("records") }

    /// Whether the stream's folder is gone from a store that has had one.
    func lacksStream(_ stream: String) -> Bool { !hasPart(stream) }

    /// The read models.
    ///
    /// A store that nothing was judged in yet has empty ones.
    public func readModels() throws(WardlineError) -> ReadModels {
        let file = path + "/" + StoreReader.readModelsFile
        do throws(StorageError) {
            guard try storage.exists(file) else { return try StoreReader.emptyModels() }
        } catch {
            throw WardlineError(
                .storage,
                "The read models cannot be opened.",
                cause: error.description,
                location: file
            )
        }
        return try ReadModels(path: file, mode: .readOnly)
    }

    private static func emptyModels() throws(StorageError) -> ReadModels {
        do throws(WardlineError) {
            return try ReadModels()
        } catch {
            preconditionFailure("SQLite opens no database in memory: \(error)")
        }
    }

    /// Path of the read models in a store.
    static let readModelsFile = "projections/wardline.sqlite"

    /// The records of the store, part by part; `decoder` serves parts without stored events.
    public func partSource(decoder: any RecordDecoding) throws(WardlineError) -> StoreParts {
        try StoreParts(self, decoder)
    }

    /// Bytes of a rule, decoder or site file that was in force, by its SHA-256 in lower-case hexadecimal.
    public func set(_ sha256: String) throws(WardlineError) -> [UInt8] {
        let isHash =
            sha256.utf8.count == 64
            && sha256.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isHash else {
            throw WardlineError(
                .integrity,
                "A record names the file `\(sha256)`, which is no SHA-256.",
                location: path
            )
        }
        let file = path + "/sets/" + sha256
        do throws(StorageError) {
            let bytes = try storage.readFile(file)
            if Digests.sha256(bytes).hexadecimal == sha256 { return bytes }
        } catch {
            throw WardlineError(
                .integrity,
                "A file that was in force is missing or cannot be read.",
                cause: error.description,
                location: file
            )
        }
        throw WardlineError(.integrity, "A file that was in force was altered.", location: file)
    }
}

extension LogError {
    /// The error as people meet it.
    func wardlineError(_ path: String) -> WardlineError {
        switch self {
        case .damaged(let file, let position):
            WardlineError(
                .integrity,
                "Stored bytes are not what was written. `wardline verify` names everything that is damaged.",
                location: "\(path)/\(file):\(position)"
            )
        case .unsupported(let file, let version, let flags):
            WardlineError(
                .input,
                "The file was written by a newer Wardline. Use that version to read it.",
                cause: "format \(version), flags \(flags)",
                location: "\(path)/\(file)"
            )
        case .newerEvents(let file, let position, let schema):
            WardlineError(
                .input,
                "The events of this block are of version \(schema) of the event schema; this Wardline knows "
                    + "up to \(EventSchema.version). Use the version that wrote it. The records can be read: "
                    + "`wardline query` decodes them again.",
                location: "\(path)/records/\(file):\(position)"
            )
        case .storage(let error), .storageFull(let error):
            WardlineError(
                .storage,
                "The log cannot be read. Check the folder's permissions.",
                cause: error.description,
                location: path
            )
        default: WardlineError(.internal, "The log cannot be read.", cause: "\(self)", location: path)
        }
    }
}
