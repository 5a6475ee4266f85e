// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Normalization
import Platform

/// Loads decoder files: reads each, compiles it alone, runs its samples, then compiles what passed into one
/// set.
///
/// A file that fails anywhere is refused with its place; the others stay usable.
public enum DecoderLoader {
    /// How the names of decoder files end.
    public static let fileSuffix = ".decoder.yaml"

    /// A decoder file by name and content.
    public struct File: Hashable, Sendable {
        /// Name as the user knows it.
        public var name: String
        /// The bytes.
        public var bytes: [UInt8]

        /// Makes a file.
        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// What loading gave.
    public struct Outcome: Sendable {
        /// The decoders that passed, compiled; never empty of the built-in last resorts.
        public var decoders: DecoderSet
        /// Names of the files that passed, in order of name.
        public var loaded: [String]
        /// Why files were refused, in order of name.
        public var refused: [SiteFilesError]
        /// What the decoders that passed were compiled from.
        fileprivate var definitions: [DecoderDefinition]

        /// Number of samples that were run and passed.
        public var sampleCount: Int { sampleCount(in: Set(loaded)) }

        /// Number of samples of the files with these names that were run and passed.
        public func sampleCount(in files: Set<String>) -> Int {
            definitions.filter { files.contains($0.id.place.file) }.reduce(0) { count, definition in
                let carried = definition.carries?.samples.count ?? 0
                return definition.rules.reduce(count + carried) { $0 + $1.samples.count }
            }
        }

        /// Rules and samples that another rule or decoder shadows, in words.
        ///
        /// Compiles the files and decodes their samples once more: nobody but who writes decoders waits for
        /// it.
        public func warnings() -> [String] {
            let overlaps: [String]
            do throws(DecoderError) {
                overlaps = try DecoderSet.overlaps(among: definitions)
            } catch {
                preconditionFailure("Decoders that compiled do not compile: \(error)")
            }
            return overlaps + DecoderSamples.taken(definitions, by: decoders)
                + DecoderSamples.carried(definitions, by: decoders)
        }
    }

    /// What became of one file.
    private struct Reading: Sendable {
        var definition: Result<DecoderDefinition, SiteFilesError>
        /// Whether its samples passed.
        var samples: Result<Void, SiteFilesError>
    }

    private static let latest = LatestOutcome<File, Outcome>()

    /// Loads `files`; their order does not matter.
    public static func load(_ files: [File]) -> Outcome { latest.outcome(of: files, loadAnew) }

    private static func loadAnew(_ files: [File]) -> Outcome {
        var definitions: [DecoderDefinition] = []
        var loaded: [String] = []
        var refused: [SiteFilesError] = []
        let ordered = files.sorted { $0.name < $1.name }
        for (file, reading) in zip(ordered, mapInParallel(ordered, read)) {
            do throws(SiteFilesError) {
                let definition = try reading.definition.get()
                if let twin = definitions.first(where: { $0.id.text == definition.id.text }) {
                    throw SiteFilesError(
                        file: file.name,
                        line: definition.id.place.line,
                        column: definition.id.place.column,
                        what: "the decoder '\(definition.id.text)' is also in \(twin.id.place.file)",
                        remedy: "give one of them another id"
                    )
                }
                try reading.samples.get()
                definitions.append(definition)
                loaded.append(file.name)
            } catch {
                refused.append(error)
            }
        }
        return finish(definitions, loaded, refused)
    }

    /// Reads one file and checks it alone.
    private static func read(_ file: File) -> Reading {
        let definition = Result { () throws(SiteFilesError) in try self.definition(file) }
        let samples = Result { () throws(SiteFilesError) in
            try DecoderSamples.check(try definition.get())
        }
        return Reading(definition: definition, samples: samples)
    }

    /// Reads one file without compiling it.
    ///
    /// - Throws: ``SiteFilesError`` with the place of the first fault.
    public static func definition(_ file: File) throws(SiteFilesError) -> DecoderDefinition {
        var reader = DecoderFileReader(file: file.name)
        var definition = try reader.definition(of: StrictYAML.document(in: file.bytes, file: file.name))
        definition.bytes = file.bytes
        return definition
    }

    private static func finish(
        _ definitions: [DecoderDefinition],
        _ loaded: [String],
        _ refused: [SiteFilesError]
    ) -> Outcome {
        var definitions = definitions
        var loaded = loaded
        var refused = refused
        while true {
            do throws(DecoderError) {
                let set = try DecoderSet(compiling: definitions)
                return Outcome(
                    decoders: set,
                    loaded: loaded,
                    refused: refused,
                    definitions: definitions
                )
            } catch {
                // Each file compiled alone, so this needs two files at odds: the one that is named gives way.
                let index =
                    definitions.firstIndex { $0.id.place.file == error.place.file } ?? definitions.count - 1
                refused.append(SiteFilesError(error))
                guard definitions.indices.contains(index) else {
                    preconditionFailure("The built-in decoders do not compile: \(error)")
                }
                definitions.remove(at: index)
                loaded.remove(at: index)
            }
        }
    }
}

extension SiteFilesError {
    /// The same error with its place.
    init(_ error: DecoderError) {
        self.init(
            file: error.place.file,
            line: error.place.line,
            column: error.place.column,
            what: error.what
        )
    }
}
