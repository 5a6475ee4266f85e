// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Correlation
import EventModel
import Inventory
import Normalization
import Pipeline
import Platform
import QueryEngine
import SiteFiles

/// `wardline rules`: rule files.
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Work with rule files.",
        subcommands: [
            Check.self, List.self, Explain.self, Test.self, Match.self, BacktestCommand.self, Diff.self,
            Coverage.self, Import.self,
        ]
    )

    /// Whether rule files are right.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check rule files; print file:line:column of each problem.",
            discussion: "Exit status 1 when there are problems. Without a path, the rules that ship."
        )

        @Argument(help: ArgumentHelp("Files or folders.", valueName: "PATH"))
        var paths: [String] = []
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common)
            let decoders = try? Content.decoderFiles(folder: nil, environment: context.environment)
            let report = ContentReport(
                try RuleFiles.load(paths, context.environment),
                decoders.map { DecoderCatalogue($0) }
            )
            report.write(to: context, isQuiet: common.quiet)
            if report.problemCount > 0 { throw Outcome.problemsFound }
        }
    }
}

/// Rule files from paths, else those that ship.
enum RuleFiles {
    static func load(
        _ paths: [String],
        _ environment: [String: String]
    ) throws(WardlineError) -> SigmaReader.Outcome {
        SigmaReader.load(try files(paths, environment))
    }

    /// Rule files that were in force, as `reader`'s store keeps them.
    static func files(
        _ activated: ActivatedFiles,
        _ reader: StoreReader
    ) throws(WardlineError) -> [SigmaReader.File] {
        var found: [SigmaReader.File] = []
        for file in try activated.files({ hash throws(WardlineError) in try reader.set(hash) }) {
            let name = "in force: \(file.sha256.prefix(12))"
            found.append(SigmaReader.File(name: name, bytes: try reader.set(file.sha256)))
        }
        return found
    }

    /// The rule files that paths name, folders with what lies below them; files of cases are left out.
    static func files(
        _ paths: [String],
        _ environment: [String: String]
    ) throws(WardlineError) -> [SigmaReader.File] {
        var paths = paths
        if paths.isEmpty, let shipped = try Content.shared("rules", environment) { paths = [shipped] }
        var files: [SigmaReader.File] = []
        for path in paths {
            if POSIXStorage().isDirectory(path) {
                files += try Content.ruleFiles(in: path).map {
                    SigmaReader.File(name: path + "/" + $0.name, bytes: $0.bytes)
                }
            } else {
                let bytes = try Content.bytes(of: path, atMost: Content.fileSizeMax)
                files.append(SigmaReader.File(name: path, bytes: bytes))
            }
        }
        guard !files.isEmpty else {
            throw WardlineError(
                .input,
                "There are no rule files (`*.yml`). Name a file or folder that has some."
            )
        }
        return files
    }
}

extension RuleFiles {
    /// Rule files that are in force together, and those among them that are tested.
    struct TestSet {
        var files: [SigmaReader.File]
        var tested: [String]
    }

    /// For each path the rules around it: a folder with what lies below it, a file with those beside it.
    static func sets(_ paths: [String], _ environment: [String: String]) throws(WardlineError) -> [TestSet] {
        var paths = paths
        if paths.isEmpty, let shipped = try Content.shared("rules", environment) { paths = [shipped] }
        var sets: [TestSet] = []
        for path in paths {
            guard !POSIXStorage().isDirectory(path) else {
                let files = try files([path], environment)
                sets.append(TestSet(files: files, tested: files.map(\.name)))
                continue
            }
            guard !SigmaReader.caseSuffixes.contains(where: path.hasSuffix) else {
                throw WardlineError(
                    .usage,
                    "Name the rule file, not its cases.",
                    location: path
                )
            }
            let own = SigmaReader.File(
                name: path,
                bytes: try Content.bytes(of: path, atMost: Content.fileSizeMax)
            )
            let folder = parentPath(path)
            let beside = try Content.ruleFiles(in: folder, isDeep: false).filter {
                $0.name != lastPathPart(path)
            }
            let others = beside.map { SigmaReader.File(name: folder + "/" + $0.name, bytes: $0.bytes) }
            sets.append(TestSet(files: [own] + others, tested: [path]))
        }
        guard !sets.isEmpty else {
            throw WardlineError(
                .input,
                "There are no rule files (`*.yml`). Name a file or folder that has some."
            )
        }
        return sets
    }

    /// The file of cases beside a rule file; nil if there is none.
    static func cases(beside file: String) throws(WardlineError) -> SigmaReader.File? {
        guard let suffix = SigmaReader.fileSuffixes.first(where: file.hasSuffix) else { return nil }
        let stem = String(file.dropLast(suffix.count))
        for suffix in SigmaReader.caseSuffixes {
            let path = stem + suffix
            guard (try? POSIXStorage().exists(path)) == true else { continue }
            return SigmaReader.File(
                name: path,
                bytes: try Content.bytes(of: path, atMost: Content.fileSizeMax)
            )
        }
        return nil
    }
}

/// Problems and warnings of content files, as `check` prints them.
struct ContentReport {
    private(set) var problems: [String] = []
    private(set) var warnings: [String] = []
    private(set) var summary = ""

    var problemCount: Int { problems.count }

    /// Reports on rules; `catalogue` says which fields decoders fill, nil where that is not known.
    init(_ outcome: SigmaReader.Outcome, _ catalogue: DecoderCatalogue?) {
        problems = outcome.errors.map(\.description)
        warnings = outcome.warnings.map(\.description)
        if let catalogue { addFields(outcome.rules, catalogue) }
        let rules = outcome.rules.facts
        let active = rules.filter { $0.inactive == nil }
        let standard = active.count { $0.extensions.isEmpty }
        summary = "rules: \(outcome.count) right, \(outcome.errors.count) refused"
        if active.count < rules.count { summary += ", \(rules.count - active.count) inactive" }
        let costs = RuleFacts.Cost.allCases.compactMap { cost -> String? in
            let count = active.count { $0.cost == cost }
            return count == 0 ? nil : "\(count) \(cost.rawValue)"
        }
        if !active.isEmpty {
            summary +=
                "; \(standard) standard, \(active.count - standard) with keys or facts of ours; "
                + "by cost " + costs.joined(separator: ", ")
        }
    }

    /// Fields that nothing fills: a rule of others may name any, under our own keys it is a mistake.
    private mutating func addFields(_ rules: RuleSet, _ catalogue: DecoderCatalogue) {
        let uses = rules.fieldUses.filter { RuleFacts.isDead($0.field, catalogue) }
        let filled = catalogue.entries.reduce(into: Set<String>()) { $0.formUnion($1.fields) }
        let known = filled.union(RuleSet.fieldNames).sorted()
        func hint(_ name: String) -> String {
            known.contains(name) ? "" : Spelling.suggestion(for: name, among: known)
        }
        for use in uses where use.isOurs {
            let name = use.field.name
            problems.append("\(use.position): no decoder fills the field `\(name)`" + hint(name))
        }
        let others = Dictionary(grouping: uses.filter { !$0.isOurs }) { $0.field.name }
        for (name, places) in others.sorted(by: { $0.value[0].position < $1.value[0].position }) {
            let more = Amount.counted(Int64(places.count - 1), "more place")
            let text = "\(places[0].position): no decoder fills the field `\(name)`"
            warnings.append(text + (places.count > 1 ? ", nor at \(more)" : "") + hint(name))
        }
    }

    /// Reads the site files of a folder as a store would.
    init(site folder: String) throws(WardlineError) {
        var site = Site()
        var count = 0
        for file in try Content.files(in: folder, endingIn: ContentFiles.Role.suffixes) {
            guard let role = ContentFiles.Role.of(file.name).flatMap({ SiteRole(rawValue: $0.rawValue) })
            else {
                continue
            }
            do throws(WardlineError) {
                warnings += try SiteReader.apply(
                    role: role,
                    bytes: file.bytes,
                    file: folder + "/" + file.name,
                    to: &site
                )
                count += 1
            } catch {
                problems.append(error.description)
            }
        }
        summary = "site: \(count) files right, \(problems.count) refused"
    }

    func write(to context: CommandContext, isQuiet: Bool) {
        context.output.lines(problems.map(TerminalText.escaped))
        context.output.lines(warnings.map { TerminalText.escaped("warning: " + $0) })
        context.output.finish()
        if !isQuiet { Messages.note(summary) }
    }
}
