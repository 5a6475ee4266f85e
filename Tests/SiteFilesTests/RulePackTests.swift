// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Inventory
import Normalization
import SiteFiles
import Testing

/// The rules that ship, against the cases beside them.
///
/// A rule that raises alerts has a case that is named after it, and one that is named `not` and the rule: one
/// step away, and quiet.
@Suite struct RulePackTests {
    /// A rule file with its cases.
    struct Themed: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: [UInt8]
        var cases: RuleCases
        var testDescription: String { name }
    }

    private static func files(_ folder: String, _ suffix: String) -> [SigmaReader.File] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().compactMap { name in
            FileManager.default.contents(atPath: folder + "/" + name).map {
                SigmaReader.File(name: name, bytes: Array($0))
            }
        }
    }

    private static let decoders = DecoderLoader.load(
        files("decoders", ".decoder.yaml").map { DecoderLoader.File(name: $0.name, bytes: $0.bytes) }
    ).decoders
    private static let ruleFiles = files("rules", ".yml").filter { SigmaReader.isRuleFile($0.name) }
    private static let pack = SigmaReader.load(ruleFiles)
    static let themes: [Themed] = ruleFiles.compactMap { file in
        let name = file.name.dropLast(4) + ".test.yml"
        guard let bytes = FileManager.default.contents(atPath: "rules/" + name),
            let cases = try? RuleCases.read(Array(bytes), file: "rules/" + name)
        else { return nil }
        return Themed(name: file.name, bytes: file.bytes, cases: cases)
    }
    private static var alerting: [RuleHeader] { pack.rules.headers.filter { !$0.isBase } }

    private static let site: Site = {
        var site = Site()
        for file in files("rules/example-site", "") {
            guard let role = SiteRole(rawValue: String(file.name.prefix { $0 != "." })) else { continue }
            do {
                try SiteReader.apply(role: role, bytes: file.bytes, file: file.name, to: &site)
            } catch {
                Issue.record("the example site is wrong: \(error)")
            }
        }
        return site
    }()

    /// Names of the rules of `file` that raise alerts over the lines of a case.
    private static func alerts(
        _ one: RuleCases.Case,
        _ file: String,
        _ rules: RuleSet,
        isReversed: Bool = false
    ) -> Set<String> {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "test", transport: .file))
        for line in isReversed ? one.lines.reversed() : one.lines {
            batch.append(
                Array(line.utf8),
                kind: .device,
                flags: .imported,
                origin: origin,
                receiveTime: .absent
            )
        }
        var normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "test", secret: [1]))
        var events = EventBatch()
        normalizer.decode(batch, base: .zero, reference: one.referenceTime, into: &events)
        var correlator = Correlator(rules: rules, register: AssetRegister(site: site))
        correlator.admit(events)
        while let due = correlator.due { correlator.advance(to: due) }
        let raised = Set(correlator.takeJudgements().flatMap(\.alerts).map(\.rule))
        return raised.intersection(rules.headers.filter { $0.position.file == file }.map(\.reference))
    }

    @Test func `the pack loads without a fault and every rule file has cases`() {
        #expect(Self.pack.errors == [])
        #expect(Self.pack.warnings == [])
        #expect(Self.ruleFiles.map(\.name) == Self.themes.map(\.name))
        #expect(Self.alerting.count >= 100)
    }

    @Test(arguments: themes) func `the cases of a rule file hold, whatever the order of arrival`(
        theme: Themed
    ) {
        #expect(theme.cases.site.folder?.text == "example-site")
        for one in theme.cases.cases {
            let wanted = Set(one.alerts.map(\.text))
            #expect(!one.lines.isEmpty, "\(one.name.text) has no lines of devices")
            #expect(Self.alerts(one, theme.name, Self.pack.rules) == wanted, "\(one.name.text)")
            guard one.lines.count > 1 else { continue }
            let reversed = Self.alerts(one, theme.name, Self.pack.rules, isReversed: true)
            #expect(reversed == wanted, "\(one.name.text), reversed")
        }
    }

    @Test func `where no site is, the pack asks for some rows and not for all`() {
        #expect(!Self.pack.rules.rowCondition.isEverything)
        // The planted mutant: one more rule that any event may match.
        let open = "title: t\nlogsource: {category: x}\ndetection: {s: {other: '*'}, condition: s}\n"
        let mutant = SigmaReader.load(
            Self.ruleFiles + [SigmaReader.File(name: "open.yml", bytes: Array(open.utf8))]
        )
        #expect(mutant.rules.rowCondition.isEverything)
    }

    @Test func `every rule that alerts has a case for it and one that is one step away`() {
        for header in Self.alerting {
            let name = header.reference.replacing("_", with: " ")
            let cases = Self.themes.first { $0.name == header.position.file }?.cases.cases ?? []
            let fires = cases.contains { one in
                one.name.text.hasPrefix(name) && one.alerts.contains { $0.text == header.reference }
            }
            let isQuiet = cases.contains { one in
                one.name.text.hasPrefix("not " + name)
                    && !one.alerts.contains { $0.text == header.reference }
            }
            #expect(fires, "\(header.reference) has no case that it answers")
            #expect(isQuiet, "\(header.reference) has no case `not \(name)`")
        }
    }

    /// The duties of the table that the documentation has; those that no log can show have no rule.
    private static let duties = Set((1...20).map { "wardline.d\($0)" })
    private static let withoutRule: Set = ["wardline.d7"]

    @Test func `every rule names its duty, clause, technique and false positives`() {
        for header in Self.alerting {
            let duties = header.tags.filter(Self.duties.contains)
            #expect(!duties.isEmpty, "\(header.reference) names no duty")
            #expect(header.tags.contains { $0.hasPrefix("attack.t") }, "\(header.reference) has no technique")
            for technique in AttackTechnique.read(header.tags).techniques {
                #expect(!technique.tactics.isEmpty, "\(technique.id) of \(header.reference) has no stage")
            }
            #expect(
                header.clauses.contains { $0.hasPrefix("45 CFR 164.") || $0.hasPrefix("IEC 62443-3-3 SR ") },
                "\(header.reference) serves no clause"
            )
            #expect(!header.falsePositives.isEmpty, "\(header.reference) names no false positive")
            #expect(header.author == "Wardline" && header.license == "Apache-2.0")
            #expect(UUID(uuidString: header.id) != nil, "\(header.reference) has no identifier")
        }
        let covered = Set(Self.alerting.flatMap(\.tags)).intersection(Self.duties)
        #expect(Self.duties.subtracting(covered) == Self.withoutRule)
    }

    @Test func `the table of the documentation is that of the rules`() throws {
        let text = try String(contentsOfFile: "docs/rule-pack.md", encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        #expect(rows == Self.alerting.sorted { $0.reference < $1.reference }.map(Self.row))
    }

    /// The row of a rule in `docs/rule-pack.md`.
    private static func row(_ header: RuleHeader) -> String {
        let duties = header.tags.filter(Self.duties.contains).map { $0.dropFirst(9).uppercased() }
        let techniques = header.tags.filter { $0.hasPrefix("attack.t") }.map { $0.dropFirst(7).uppercased() }
        let kind = header.isReview ? header.level.name + ", review" : header.level.name
        return "| `\(header.reference)` | \(kind) | \(duties.joined(separator: " ")) "
            + "| \(header.clauses.joined(separator: "; ")) | \(techniques.joined(separator: " ")) |"
    }

    @Test(arguments: themes) func `a condition turned round fails the cases`(theme: Themed) {
        let documents = String(decoding: theme.bytes, as: UTF8.self).components(separatedBy: "\n---\n")
        for number in documents.indices where documents[number].contains("\ndetection:\n") {
            // Planted: one detection of the file says the opposite.
            var planted = documents
            planted[number].replace(/\n  condition: (.+)/) { "\n  condition: not (\($0.output.1))" }
            let text = planted.joined(separator: "\n---\n")
            let title = documents[number].prefix { $0 != "\n" }
            #expect(planted != documents, "\(title) has no condition in one line")
            let mutant = SigmaReader.File(name: theme.name, bytes: Array(text.utf8))
            let rules = SigmaReader.load(Self.ruleFiles.filter { $0.name != theme.name } + [mutant]).rules
            let isCaught = theme.cases.cases.contains { one in
                Self.alerts(one, theme.name, rules) != Set(one.alerts.map(\.text))
            }
            #expect(isCaught, "\(theme.name): no case sees that `\(title)` says the opposite")
        }
    }
}
