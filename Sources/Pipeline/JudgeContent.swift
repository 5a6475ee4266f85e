// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Digests
import EventModel
import Inventory
import Normalization
import Platform
import SiteFiles
import WireFormats

/// What brings judgement about, as the facts of the log say: decoders, rules, site files, policy.
struct JudgeContent: Sendable {
    private let store: StorePaths
    private let storage: any LogStorage
    private let siteKey: SiteKey
    /// Decoders in force.
    private(set) var decoders: DecoderSet
    /// Rules in force.
    private(set) var rules: RuleSet
    /// Site files in force.
    private(set) var site = Site()
    /// Whether measured clock skew moves event times.
    private(set) var correctsClocks = true
    /// How long late events are waited for, nanoseconds.
    private(set) var lateness: Int64 = 300 * UTCTime.second

    /// What a fact changed.
    struct Change: OptionSet {
        var rawValue: Int
        static let decoders = Change(rawValue: 1)
        static let rules = Change(rawValue: 2)
        static let site = Change(rawValue: 4)
        static let assets = Change(rawValue: 8)
    }

    init(store: StorePaths, storage: any LogStorage, siteKey: SiteKey) {
        self.store = store
        self.storage = storage
        self.siteKey = siteKey
        decoders = DecoderLoader.load([]).decoders
        rules = RuleSet.compile([]).rules
    }

    /// A normalizer over the decoders in force.
    var normalizer: Normalizer { Normalizer(decoders: decoders, siteKey: siteKey) }

    /// Brings what a `siteFact` or `activation` names into force; what is refused leaves the old in force.
    ///
    /// - Returns: What changed, and why parts were refused.
    mutating func apply(_ kind: RecordKind, _ fact: JSONValue) -> (change: Change, refused: [String]) {
        let role = fact["role"]?.text ?? ""
        return kind == .activation ? activate(role, fact) : takeSite(role, fact)
    }

    private mutating func activate(_ role: String, _ fact: JSONValue) -> (Change, [String]) {
        var files: [(name: String, bytes: [UInt8])] = []
        var refused: [String] = []
        for file in fact["files"]?.elements ?? [] {
            let name = file["name"]?.text ?? ""
            do throws(WardlineError) {
                files.append((name, try bytes(file, name)))
            } catch {
                refused.append(error.description)
            }
        }
        if role == "decoders" {
            let outcome = DecoderLoader.load(files.map { DecoderLoader.File(name: $0.name, bytes: $0.bytes) })
            decoders = outcome.decoders
            return (.decoders, refused + outcome.refused.map(\.description))
        }
        guard role == "rules" else { return ([], ["an activation names the unknown role \(role)"]) }
        let outcome = SigmaReader.load(files.map { SigmaReader.File(name: $0.name, bytes: $0.bytes) })
        rules = outcome.rules
        return (.rules, refused + outcome.errors.map(\.description))
    }

    private mutating func takeSite(_ role: String, _ fact: JSONValue) -> (Change, [String]) {
        let name = fact["name"]?.text ?? role
        do throws(WardlineError) {
            let content = try bytes(fact, name)
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

    /// The bytes that a fact names; what was altered since is refused.
    private func bytes(_ fact: JSONValue, _ name: String) throws(WardlineError) -> [UInt8] {
        let hash = fact["sha256"]?.text ?? ""
        guard SHA256Digest(hexadecimal: hash) != nil else {
            throw WardlineError(.integrity, "A fact names no SHA-256.", location: name)
        }
        do throws(StorageError) {
            let content = try storage.readFile(store.set(hash))
            if sha256(content).hexadecimal == hash { return content }
        } catch {
            throw WardlineError(
                .integrity,
                "A file of the store's sets is missing.",
                cause: error.description,
                location: store.set(hash)
            )
        }
        throw WardlineError(.integrity, "A file of the store's sets was altered.", location: store.set(hash))
    }
}
