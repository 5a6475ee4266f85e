// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// One story: what was received, what the site says of itself, and what must come of it.
///
/// Two layouts are read. A folder: `input.*`, `site/`, `expected.json`, `expected.timeline.txt`,
/// `expected.incidents.jsonl`; a part that is absent is not checked. A pair: `NAME.log` (or `NAME.rec.jsonl`)
/// beside `NAME.expect.json`, with a site folder that many pairs share.
public struct Scenario: Hashable, Sendable {
    /// Names of the parts of a folder.
    public enum FileNames {
        static let inputPrefix = "input."
        static let site = "site"
        static let expectation = "expected.json"
        static let timeline = "expected.timeline.txt"
        static let incidents = "expected.incidents.jsonl"
        static let pairExpectationSuffix = ".expect.json"
        static let pairInputSuffixes = [".log", ".rec.jsonl", ".jsonl"]
    }

    /// Folder name, or the name of the pair.
    public var name: String
    /// Input files, sorted by name.
    public var inputs: [String]
    /// Folder of site files; nil if there is none.
    public var site: String?
    /// What must come of it; nil if only goldens say.
    public var expectation: ScenarioExpectation?
    /// Golden timeline file; nil for pairs.
    public var timelineGolden: String?
    /// Golden file of incidents, one JSON line each; nil for pairs.
    public var incidentsGolden: String?

    /// Reads the parts of a story folder.
    ///
    /// - Throws: `input` where the folder or every `input.*` is missing, or the expectation is not readable.
    public init(folder: String, files: some ScenarioFiles) throws(WardlineError) {
        let folder = Scenario.trimmed(folder)
        guard let names = try files.names(in: folder) else {
            throw WardlineError(.input, "There is no such scenario folder.", location: folder)
        }
        name = Scenario.lastPart(folder)
        inputs = names.filter { $0.hasPrefix(FileNames.inputPrefix) }.sorted().map { folder + "/" + $0 }
        guard !inputs.isEmpty else {
            throw WardlineError(
                .input,
                "The scenario has no input file (`input.log`, `input.rec.jsonl`).",
                location: folder
            )
        }
        site = names.contains(FileNames.site) ? folder + "/" + FileNames.site : nil
        let expected = folder + "/" + FileNames.expectation
        expectation = try files.bytes(of: expected).map(Scenario.expectation(at: expected))
        timelineGolden = folder + "/" + FileNames.timeline
        incidentsGolden = folder + "/" + FileNames.incidents
    }

    /// Reads a pair of input and expectation, such as `S01.log` and `S01.expect.json`.
    ///
    /// - Parameters:
    ///   - path: The `.expect.json` file; the input lies beside it.
    ///   - site: Folder of site files.
    ///   - files: Where they lie.
    /// - Throws: `input` where one of the two files is missing or the expectation is not readable.
    public init(expectation path: String, site: String, files: some ScenarioFiles) throws(WardlineError) {
        guard path.hasSuffix(FileNames.pairExpectationSuffix), let bytes = try files.bytes(of: path) else {
            throw WardlineError(
                .input,
                "There is no such expectation file (`NAME.expect.json`).",
                location: path
            )
        }
        let stem = String(path.dropLast(FileNames.pairExpectationSuffix.count))
        name = Scenario.lastPart(stem)
        let beside = Set(try files.names(in: Scenario.parent(path)) ?? [])
        inputs = FileNames.pairInputSuffixes.filter { beside.contains(Scenario.lastPart(stem) + $0) }
            .map { stem + $0 }
        guard !inputs.isEmpty else {
            throw WardlineError(
                .input,
                "The expectation has no input beside it (`NAME.log`).",
                location: path
            )
        }
        self.site = site
        expectation = try Scenario.expectation(at: path)(bytes)
        timelineGolden = nil
        incidentsGolden = nil
    }

    /// Reads bytes as the expectation that lies at `path`.
    private static func expectation(
        at path: String
    ) -> ([UInt8]) throws(WardlineError) -> ScenarioExpectation {
        { bytes throws(WardlineError) in try ScenarioExpectation(parsing: bytes, location: path) }
    }

    /// Every scenario in `folder`: itself if it is a story, else the stories below it, else its pairs.
    ///
    /// - Parameters:
    ///   - folder: A story, a folder of stories, or a folder of pairs.
    ///   - site: Site folder of the pairs; nil for `site` inside `folder`, else beside it.
    ///   - files: Where they lie.
    /// - Returns: At least one, sorted by name.
    /// - Throws: `input` where there is none, or one is not readable.
    public static func all(
        in folder: String,
        site: String? = nil,
        files: some ScenarioFiles
    ) throws(WardlineError) -> [Scenario] {
        let folder = trimmed(folder)
        let names = try files.names(in: folder)?.sorted() ?? []
        if names.contains(where: { $0.hasPrefix(FileNames.inputPrefix) }) {
            return [try Scenario(folder: folder, files: files)]
        }
        var found: [Scenario] = []
        for name in names {
            let inside = try files.names(in: folder + "/" + name) ?? []
            guard inside.contains(where: { $0.hasPrefix(FileNames.inputPrefix) }) else { continue }
            found.append(try Scenario(folder: folder + "/" + name, files: files))
        }
        if found.isEmpty {
            let pairSite =
                site ?? (names.contains(FileNames.site) ? folder : parent(folder)) + "/" + FileNames.site
            for name in names where name.hasSuffix(FileNames.pairExpectationSuffix) {
                found.append(try Scenario(expectation: folder + "/" + name, site: pairSite, files: files))
            }
        }
        guard !found.isEmpty else {
            throw WardlineError(
                .input,
                "There is no scenario here: a story is a folder with `input.*`, a pair is `NAME.expect.json` "
                    + "beside `NAME.log`.",
                location: folder
            )
        }
        return found
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func lastPart(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
