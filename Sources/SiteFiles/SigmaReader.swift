// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
import Digests

/// Reads Sigma rule files: detection and correlation documents of Sigma 2.1, with our `wardline:` block.
public enum SigmaReader {
    /// A rule file by name and content.
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

    /// The rules of several files, compiled together.
    public struct Outcome: Sendable {
        /// What compiled.
        public var rules: RuleSet
        /// Why documents were refused, by file and place.
        public var errors: [RuleError]
        /// What is odd and does not matter.
        public var warnings: [RuleError]
        /// Documents that compiled.
        public var count: Int
        /// Rules that are right and wait for the values of a placeholder.
        public var inactive: [RuleSet.Inactive] { rules.inactive }
    }

    /// How names of files end that hold rules.
    public static let fileSuffixes = [".yml", ".yaml"]
    /// How names of files end that hold cases for the rules beside them; they are never read as rules.
    public static let caseSuffixes = [".test.yml", ".test.yaml"]

    /// Whether a file of that name holds rules.
    public static func isRuleFile(_ name: String) -> Bool {
        fileSuffixes.contains(where: name.hasSuffix) && !caseSuffixes.contains(where: name.hasSuffix)
    }

    /// Reads and compiles `files`; their order does not matter.
    ///
    /// A wrong document leaves the others in force.
    ///
    /// - Parameter forMatching: Whether they are for a ``RuleMatcher``.
    public static func load(_ files: [File], forMatching: Bool = false) -> Outcome {
        forMatching
            ? loadAnew(files, forMatching: true)
            : latest.outcome(of: files) { loadAnew($0, forMatching: false) }
    }

    private static let latest = LatestOutcome<File, Outcome>()

    private static func loadAnew(_ files: [File], forMatching: Bool) -> Outcome {
        var definitions: [RuleDefinition] = []
        var errors: [RuleError] = []
        var warnings: [RuleError] = []
        var places: [String: RulePosition] = [:]
        for file in files.sorted(by: { $0.name < $1.name }) {
            let found = self.definitions(bytes: file.bytes, file: file.name)
            errors += found.errors
            warnings += found.warnings
            for definition in found.definitions {
                let names = Set([definition.header.id, definition.header.name].filter { !$0.isEmpty })
                    .sorted()
                if let taken = names.first(where: { places[$0] != nil }), let place = places[taken] {
                    errors.append(
                        RuleError(
                            definition.header.position,
                            "the id or name `\(taken)` is taken by the rule at \(place)"
                        )
                    )
                    continue
                }
                for name in names { places[name] = definition.header.position }
                definitions.append(forMatching ? definition.forMatching : definition)
                for name in forMatching ? definition.emptyPlaceholders : [] {
                    let message = "the placeholder `%\(name)%` has no values, so that nothing equals it"
                    warnings.append(RuleError(definition.header.position, message, leavesInactive: true))
                }
            }
        }
        let compiled = RuleSet.compile(definitions)
        errors += compiled.errors
        return Outcome(
            rules: compiled.rules,
            errors: errors.sorted { $0.position < $1.position },
            warnings: (warnings + compiled.rules.warnings).sorted { $0.position < $1.position },
            count: compiled.rules.headers.count
        )
    }

    /// Reads the documents of one file; a wrong document leaves the others.
    public static func definitions(
        bytes: [UInt8],
        file: String
    ) -> (definitions: [RuleDefinition], errors: [RuleError], warnings: [RuleError]) {
        var definitions: [RuleDefinition] = []
        var errors: [RuleError] = []
        var warnings: [RuleError] = []
        let found = StrictYAML.soundDocuments(in: bytes, file: file)
        let hash = sha256(bytes).hexadecimal
        for (number, document) in found.documents.enumerated() {
            var reader = SigmaDocumentReader(file: file, fingerprint: "\(hash)#\(number)")
            do throws(RuleError) {
                definitions.append(try reader.definition(of: document))
            } catch {
                errors.append(error)
            }
            warnings += reader.warnings
        }
        for error in found.errors {
            let message = error.remedy.isEmpty ? error.what : error.what + "; " + error.remedy
            errors.append(
                RuleError(RulePosition(file: error.file, line: error.line, column: error.column), message)
            )
        }
        return (definitions, errors, warnings)
    }
}
