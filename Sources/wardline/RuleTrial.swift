// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import Normalization
import Platform
import SiteFiles
import Timelines

/// One rule file under test, with the rules and decoders that are in force around it.
struct RuleTrial {
    /// What a case gave.
    struct Verdict {
        /// References of the file's rules that were expected, sorted.
        var expected: [String]
        /// References of the file's rules that raised an alert, sorted.
        var alerts: [String]
        /// References of other rules that raised one, sorted.
        var others: [String]
        var expectedIncidents: Int?
        var incidents: Int
        /// Why rules that were expected did not speak.
        var misses: [String]

        var isPassed: Bool { expected == alerts && expectedIncidents ?? incidents == incidents }
    }

    let rules: RuleSet
    let decoders: DecoderSet
    /// Rule files to which the cases belong.
    let file: String

    /// Runs one case: lines are decoded, joined with the site, judged and made incidents, as in a store.
    func run(_ one: RuleCases.Case, of cases: RuleCases) throws(WardlineError) -> Verdict {
        let own = rules.headers.filter { $0.position.file == file }
        var expected: Set<String> = []
        for wanted in one.alerts {
            guard let header = own.first(where: { [$0.name, $0.id, $0.title].contains(wanted.text) }) else {
                throw WardlineError(
                    .input,
                    "The file \(file) has no rule `\(wanted.text)`.",
                    location: wanted.position.description
                )
            }
            expected.insert(header.reference)
        }
        let register = AssetRegister(site: try site(one, cases))
        let (events, undecoded) = decode(one)
        let alerts = judge(events, register, until: one.until)
        let ownNames = Set(own.map(\.reference))
        let raised = Set(alerts.map(\.rule))
        var misses: [String] = []
        for rule in expected.subtracting(raised).sorted() {
            misses.append(miss(rule, events, register))
        }
        if !misses.isEmpty, !undecoded.isEmpty {
            misses.append("no decoder takes line " + undecoded.map(String.init).joined(separator: ", "))
        }
        return Verdict(
            expected: expected.sorted(),
            alerts: raised.intersection(ownNames).sorted(),
            others: raised.subtracting(ownNames).sorted(),
            expectedIncidents: one.incidents,
            incidents: IncidentFormation.form(alerts).count,
            misses: misses
        )
    }

    private func miss(_ rule: String, _ events: [EventBatch], _ register: AssetRegister) -> String {
        guard let near = NearMiss.find(rule, in: rules, events, register: register) else { return rule }
        let place = near.offset.map { "nearest is event \($0.value + 1): " } ?? ""
        return rule + ": " + place + near.reasons.joined(separator: "; ")
    }

    /// The lines' events, then those given; and the numbers of lines that no decoder takes, from 1.
    private func decode(_ one: RuleCases.Case) -> (events: [EventBatch], undecoded: [Int]) {
        guard !one.lines.isEmpty else { return ([one.events], []) }
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "case", transport: .file))
        for line in one.lines {
            records.append(
                Array(line.utf8),
                kind: .device,
                flags: .imported,
                origin: origin,
                receiveTime: .absent
            )
        }
        var normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "case", secret: []))
        var events = EventBatch()
        normalizer.decode(records, base: .zero, reference: one.referenceTime, into: &events)
        let undecoded = events.events.filter { $0.issues.contains(.undecoded) }
        return ([events, one.events], undecoded.map { Int($0.offset.value) + 1 })
    }

    /// Alerts in their last state, when everything that falls due by `until` is decided.
    private func judge(_ events: [EventBatch], _ register: AssetRegister, until: UTCTime?) -> [Alert] {
        var correlator = Correlator(rules: rules, register: register)
        for batch in events { correlator.admit(batch) }
        var rounds = 0
        while let due = correlator.due, due <= until ?? due, rounds < RuleTrial.roundCountMax {
            correlator.advance(to: due)
            rounds += 1
        }
        if let until { correlator.advance(to: until) }
        var alerts: [Int: Alert] = [:]
        for judgement in correlator.takeJudgements() {
            for alert in judgement.alerts { alerts[alert.episode] = alert }
        }
        return alerts.keys.sorted().compactMap { alerts[$0] }
    }

    /// Most steps from one deadline to the next: 100,000, far more than the events of a case have.
    private static let roundCountMax = 100_000

    /// The site of the file, with the case's own files in place of those of the same role.
    private func site(_ one: RuleCases.Case, _ cases: RuleCases) throws(WardlineError) -> Site {
        var site = Site()
        for texts in [cases.site, one.site] {
            if let folder = texts.folder {
                let path =
                    folder.text.hasPrefix("/") ? folder.text : parentPath(cases.file) + "/" + folder.text
                for found in try Content.files(in: path, endingIn: ContentFiles.Role.suffixes) {
                    guard let role = RuleTrial.role(found.name) else { continue }
                    try SiteReader.apply(
                        role: role,
                        bytes: found.bytes,
                        file: path + "/" + found.name,
                        to: &site
                    )
                }
            }
            for (name, text) in texts.files {
                guard let role = RuleTrial.role(name.text) else {
                    throw WardlineError(
                        .input,
                        "A site file is named by its role: \(ContentFiles.Role.names) with .csv, .json, "
                            + ".jsonl or .yaml.",
                        location: name.position.description
                    )
                }
                let place = "\(cases.file):\(name.position.line) (\(name.text))"
                try SiteReader.apply(role: role, bytes: Array(text.utf8), file: place, to: &site)
            }
        }
        return site
    }

    private static func role(_ name: String) -> SiteRole? {
        ContentFiles.Role.of(name).flatMap { SiteRole(rawValue: $0.rawValue) }
    }
}
