// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import WireFormats

/// The files that an activation brings into force, as its fact names them (decision 0050).
public enum ActivatedFiles: Hashable, Sendable {
    /// A file by name and SHA-256 in lower-case hexadecimal; its bytes lie in `sets/`.
    public struct File: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// SHA-256 of its bytes.
        public var sha256: String

        /// Makes one.
        public init(name: String, sha256: String) {
            self.name = name
            self.sha256 = sha256
        }

        fileprivate init?(_ object: JSONValue) {
            guard let name = object["name"]?.text, let sha256 = object["sha256"]?.text else { return nil }
            self.init(name: name, sha256: sha256)
        }

        fileprivate var json: JSONValue {
            .object([.init("name", .text(name)), .init("sha256", .text(sha256))])
        }
    }

    /// The fact lists them.
    case listed([File])
    /// A manifest in `sets/` with this SHA-256 lists them.
    case manifest(String)

    /// What `fact` names, which is that of an activation.
    public init(_ fact: JSONValue) {
        if let hash = fact["manifest"]?.text {
            self = .manifest(hash)
        } else {
            self = .listed((fact["files"]?.elements ?? []).compactMap { File($0) })
        }
    }

    /// What the bytes of a record of `kind` bring into force, a site file too; nil for other records.
    public init?(_ kind: RecordKind, _ record: [UInt8]) {
        guard kind == .siteFact || kind == .activation, let fact = try? JSONValue(parsing: record.span) else {
            return nil
        }
        guard kind == .siteFact else {
            self.init(fact)
            return
        }
        guard let hash = fact["sha256"]?.text else { return nil }
        self = .listed([File(name: fact["name"]?.text ?? "", sha256: hash)])
    }

    /// The files; `read` gives the bytes of a file of `sets/`.
    ///
    /// - Throws: what `read` throws, `integrity` when the manifest is none.
    public func files(
        _ read: (String) throws(WardlineError) -> [UInt8]
    ) throws(WardlineError) -> [File] {
        switch self {
        case .listed(let files): return files
        case .manifest(let hash):
            guard let files = ActivatedFiles.files(ofManifest: try read(hash)) else {
                throw WardlineError(.integrity, "The file is no list of files in force.", location: hash)
            }
            return files
        }
    }

    /// The fact that brings the files of a manifest into force.
    public static func fact(role: String, manifest hash: String, count: Int) -> JSONValue {
        .object([
            .init("role", .text(role)), .init("manifest", .text(hash)),
            .init("count", .integer(Int64(count))),
        ])
    }

    /// The manifest of `files`, as `schemas/disk/manifest-v1.schema.json` has it.
    public static func manifest(of files: [File]) -> [UInt8] {
        Array(JSONValue.object([.init("files", .array(files.map(\.json)))]).line.utf8)
    }

    /// The files that a manifest lists; nil for bytes that are none.
    public static func files(ofManifest bytes: [UInt8]) -> [File]? {
        guard let listed = (try? JSONValue(parsing: bytes.span))?["files"]?.elements else { return nil }
        let files = listed.compactMap { File($0) }
        return files.count == listed.count ? files : nil
    }
}
