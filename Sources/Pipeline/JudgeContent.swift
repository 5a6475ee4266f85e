// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import SiteFiles
import WireFormats

/// What brings judgement about, as the facts of the log say: rules, site files, policy.
struct JudgeContent: Sendable {
    private let sets: StoreSets
    /// Rules in force.
    private(set) var rules: RuleSet
    /// Site files in force.
    private(set) var site = Site()
    /// Whether measured clock skew moves event times.
    private(set) var correctsClocks = true
    /// How long late events are waited for, nanoseconds.
    private(set) var lateness: Int64 = 300 * UTCTime.second

    /// The facts that brought what is in force, the newest of each role: enough to bring it again.
    private(set) var accepted: [Accepted] = []

    /// A fact that was accepted.
    struct Accepted: Codable, Sendable {
        var kind: UInt8
        var role: String
        var fact: String
        /// Why parts of it were refused.
        var refused: [String]
    }

    /// What a fact changed.
    struct Change: OptionSet {
        var rawValue: Int
        static let rules = Change(rawValue: 1)
        static let site = Change(rawValue: 2)
        static let assets = Change(rawValue: 4)
    }

    init(sets: StoreSets) {
        self.sets = sets
        rules = RuleSet.compile([]).rules
    }

    /// Brings what a `siteFact` or `activation` names into force; what is refused leaves the old in force.
    ///
    /// - Returns: What changed, and why parts were refused.
    mutating func apply(_ kind: RecordKind, _ fact: JSONValue) -> (change: Change, refused: [String]) {
        let role = fact["role"]?.text ?? ""
        let (change, refused) = kind == .activation ? activate(role, fact) : takeSite(role, fact)
        // Rules and decoders come into force without the files that were refused.
        if kind == .activation || refused.isEmpty {
            accepted.removeAll { $0.kind == kind.rawValue && $0.role == role }
            accepted.append(Accepted(kind: kind.rawValue, role: role, fact: fact.line, refused: refused))
        }
        return (change, refused)
    }

    private mutating func activate(_ role: String, _ fact: JSONValue) -> (Change, [String]) {
        // Decoders are the business of ``LogDecoder``.
        guard role != "decoders" else { return ([], []) }
        guard role == "rules" else { return ([], ["an activation names the unknown role \(role)"]) }
        let (found, refused) = sets.files(fact)
        guard let files = found else { return ([], refused) }
        let outcome = SigmaReader.load(files.map { SigmaReader.File(name: $0.name, bytes: $0.bytes) })
        rules = outcome.rules
        return (.rules, refused + outcome.errors.map(\.description))
    }

    private mutating func takeSite(_ role: String, _ fact: JSONValue) -> (Change, [String]) {
        let name = fact["name"]?.text ?? role
        do throws(WardlineError) {
            let content = try sets.bytes(fact, name)
            if role == "policy" {
                try takePolicy(content, name)
                return ([], [])
            }
            guard let known = SiteRole(rawValue: role) else {
                throw WardlineError(.input, "The role of a site file is unknown.", location: role)
            }
            var changed = site
            try SiteReader.apply(role: known, bytes: content, file: name, to: &changed)
            site = changed
            return (known == .assets ? [.site, .assets] : .site, [])
        } catch {
            return ([], [error.description])
        }
    }

    private mutating func takePolicy(_ bytes: [UInt8], _ name: String) throws(WardlineError) {
        guard let policy = try? JSONValue(parsing: bytes.span) else {
            throw WardlineError(.input, "The policy is not a JSON object.", location: name)
        }
        correctsClocks = policy["correct_clocks"]?.text != "never"
        if let milliseconds = policy["lateness_ms"]?.integer, milliseconds >= 0, milliseconds <= 86_400_000 {
            lateness = milliseconds * 1_000_000
        }
    }
}
