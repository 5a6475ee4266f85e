// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Inventory
import SiteFiles
import WireFormats

/// Rules and events that nobody in this project wrote, and ways to run one over the other.
enum SigmaCorpus {
    /// The folder; nil when it is absent.
    static let folder: URL? = DecoderFixtures.conformance.flatMap { base in
        let folder = base.appending(path: "sigma")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }

    /// The published rules that are in force: `rules*` of the archive, sorted by path.
    static let published: [SigmaReader.File] = {
        guard let folder,
            let archive = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
                .first(where: { $0.hasPrefix("sigmahq-rules-") })
        else { return [] }
        let target = FileManager.default.temporaryDirectory.appending(path: "wardline-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: target) }
        do {
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            let unpack = Process()
            unpack.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            unpack.arguments = [
                "tar", "-xJf", folder.appending(path: archive).path, "-C", target.path,
            ]
            try unpack.run()
            unpack.waitUntilExit()
            return try FileManager.default.subpathsOfDirectory(atPath: target.path)
                .filter { $0.hasPrefix("rules") && $0.hasSuffix(".yml") }.sorted()
                .map { path in
                    let data = try Data(contentsOf: target.appending(path: path))
                    return SigmaReader.File(name: path, bytes: Array(data))
                }
        } catch {
            return []
        }
    }()

    /// Definitions of `files`, all of one low level so that no verdict is fed back, and what was refused.
    ///
    /// None names its product: the verdicts of others are those of detections alone, and the events say
    /// nothing of who wrote them.
    static func definitions(_ files: [SigmaReader.File]) -> (rules: [RuleDefinition], errors: [RuleError]) {
        var rules: [RuleDefinition] = []
        var errors: [RuleError] = []
        for file in files {
            let found = SigmaReader.definitions(bytes: file.bytes, file: file.name)
            errors += found.errors
            for definition in found.definitions {
                guard case .detection(var detection) = definition else { continue }
                detection.header.level = .low
                detection.logsource["product"] = nil
                rules.append(.detection(detection))
            }
        }
        return (rules, errors)
    }

    /// The published rules as they are.
    static let plain: (rules: RuleSet, errors: [RuleError]) = compile(published)

    /// The published rules as `rules match` reads them.
    static let matched: SigmaReader.Outcome = SigmaReader.load(published, forMatching: true)

    /// The published rules, those with placeholders given a value that no event has.
    static let resolved: (rules: RuleSet, errors: [RuleError]) = {
        let wanting = Set(plain.rules.inactive.map(\.reason.position.file))
        return compile(
            published.map { file in
                guard wanting.contains(file.name) else { return file }
                let text = String(decoding: file.bytes, as: UTF8.self)
                let names = Set(text.matches(of: /%(\w+)%/).map { String($0.1) }).sorted()
                let lists = names.map { "\($0): [no-such-value]" }.joined(separator: ", ")
                return SigmaReader.File(
                    name: file.name,
                    bytes: file.bytes + Array("\nwardline: {placeholders: {\(lists)}}\n".utf8)
                )
            }
        )
    }()

    static func compile(_ files: [SigmaReader.File]) -> (rules: RuleSet, errors: [RuleError]) {
        let found = definitions(files)
        let compiled = RuleSet.compile(found.rules)
        return (compiled.rules, found.errors + compiled.errors)
    }

    /// A batch of one event with the members of a JSON object, each under its own name.
    static func event(_ object: JSONValue) -> EventBatch {
        var batch = EventBatch()
        var table = FieldTable()
        let time = CivilTime(year: 2026, month: 1, day: 1).utc()
        batch.begin(Event(offset: .zero, time: time, logTime: time))
        guard case .object(let members) = object else { return batch }
        for member in members {
            // Sigma wants blanks taken out of field names (field usage, rule 2).
            let field = table.field(named: "ext." + member.name.filter { $0 != " " })
            for value in member.value.elements ?? [member.value] {
                switch value {
                case .text(let text): batch.add(field, text)
                case .integer(let number): batch.add(field, String(number))
                case .bool(let flag): batch.add(field, flag ? "true" : "false")
                case .null, .array, .object: continue
                }
            }
        }
        batch.extensionNames = table.names
        return batch
    }

    /// Names, ids or titles of the rules that match the one event of `batch`.
    static func matches(_ batch: EventBatch, _ rules: RuleSet) -> Set<String> {
        var correlator = Correlator(rules: rules, register: AssetRegister(site: Site()))
        correlator.admit(batch)
        correlator.advance(to: CivilTime(year: 2100, month: 1, day: 1).utc())
        return Set(correlator.takeJudgements().flatMap(\.alerts).map(\.rule))
    }

    static func text(_ path: String) throws -> String {
        guard let folder else { return "" }
        return try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    static func lines(_ path: String) throws -> [JSONValue] {
        try text(path).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }
}
