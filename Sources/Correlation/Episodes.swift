// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Inventory

/// What a rule found: the events, and how sure it is.
struct Finding: Sendable {
    /// Events that the verdict rests on.
    var candidates: [Candidate]
    /// Number of events or values.
    var count: Int
    /// How long the episode stays open after it, nanoseconds.
    var window: Int64
    /// Whether state was capped.
    var isLowerBound = false
    /// How sure the order is; nil where order does not matter.
    var order: EventOrder?
    /// Why an absence is not known; empty where it is known or none was asked for.
    var gap = ""

    init(candidates: [Candidate], count: Int, window: Int64) {
        self.candidates = candidates
        self.count = count
        self.window = window
    }

    /// What a correlation found.
    init(_ match: GroupWindows.Match, window: Int64) {
        self.init(candidates: match.candidates, count: match.count, window: window)
        isLowerBound = match.isLowerBound
        order = match.order
        if case .unknown(let reason) = match.absence { gap = reason }
    }
}

/// Open and finished episodes: one episode of a rule for a key is one alert, however often its condition
/// holds.
struct Episodes: Sendable {
    struct Identity: Hashable, Sendable {
        var fingerprint: String
        var key: [String]
    }

    /// An alert as it is now, and the generation that changed it last.
    struct Recent: Sendable {
        var alert: Alert
        var identity: Identity
        var generation: Int
    }

    var open: [Identity: Alert] = [:]
    var changed: [Int: Alert] = [:]
    /// Episodes opened so far.
    var count = 0
    /// Alerts that changed since the oldest generation that is remembered (``RevisionTrail``).
    var recent: [Int: Recent] = [:]
    /// Generation that is judged now.
    var generation = 0

    /// The episodes without what was told or changed: where judgement can go on again.
    var base: Episodes {
        var base = self
        base.changed = [:]
        base.recent = [:]
        return base
    }

    /// Goes on in a generation, forgetting what changed before the oldest one that is remembered.
    mutating func begin(_ serial: Int, oldest: Int) {
        generation = serial
        recent = recent.filter { $0.value.generation >= oldest }
    }

    /// Notes that a rule's condition holds; extends the open episode or opens one.
    ///
    /// - Returns: Whether an episode opened.
    mutating func note(
        _ header: RuleHeader,
        _ fingerprint: String,
        _ key: [String],
        _ finding: Finding
    ) -> Bool {
        guard let last = finding.candidates.last else { return false }
        let identity = Identity(fingerprint: fingerprint, key: key)
        if var alert = open[identity], last.event.time <= alert.last.advanced(by: finding.window) {
            let before = alert
            if Episodes.extend(&alert, finding) || alert != before { keep(alert, identity) }
            return false
        }
        var alert = Alert(
            id: "",
            rule: header.reference,
            title: header.title,
            level: header.level,
            isReview: header.isReview,
            isLowerBound: finding.isLowerBound,
            key: key,
            first: last.event.time,
            last: last.event.time,
            count: 0,
            cause: last.event.offset,
            assets: [],
            users: [],
            addresses: [],
            joinWindow: header.joinWindow,
            tags: header.tags,
            absences: header.absences,
            evidence: [],
            attribution: Alert.Attribution(
                author: header.author,
                license: header.license,
                references: header.references
            )
        )
        alert.episode = count
        count += 1
        alert.order = finding.order
        alert.coverageGap = finding.gap
        _ = Episodes.extend(&alert, finding)
        keep(alert, identity)
        return true
    }

    private mutating func keep(_ found: Alert, _ identity: Identity) {
        var alert = found
        alert.id = Episodes.identify(alert, identity.fingerprint)
        open[identity] = alert
        if open.count > CorrelationBounds.groupCountMax {
            let newest = alert.last
            open = open.filter { $0.value.last.advanced(by: RuleHeader.joinWindowDefault) >= newest }
        }
        changed[alert.episode] = alert
        recent[alert.episode] = Recent(alert: alert, identity: identity, generation: generation)
    }

    /// Hash of compiled rule, group key, and time and SHA-256 of the earliest witness (DESIGN 3.5).
    static func identify(_ alert: Alert, _ fingerprint: String) -> String {
        var text = ByteWriter()
        for part in [fingerprint] + alert.key { text.counted(part) }
        if let first = alert.evidence.first {
            text.write(first.time.nanoseconds)
            text.counted(first.digest)
        }
        return "AL-" + ShortIdentifier.text(of: sha256(text.bytes))
    }

    /// Adds witnesses that the alert does not have yet; true if any was new.
    private static func extend(_ alert: inout Alert, _ finding: Finding) -> Bool {
        let candidates = finding.candidates
        var known = Set(alert.evidence.map { [$0.offset.value, UInt64($0.ordinal)] })
        var isExtended = false
        for candidate in candidates {
            for witness in candidate.carried + [candidate.witness] {
                guard known.insert([witness.offset.value, UInt64(witness.ordinal)]).inserted else { continue }
                isExtended = true
                alert.count += 1
                guard alert.evidence.count < CorrelationBounds.witnessCountMax else {
                    alert.isLowerBound = true
                    continue
                }
                alert.evidence.append(witness)
            }
            note(candidate, in: &alert)
        }
        alert.evidence.sort { ($0.time, $0.contentHash, $0.offset) < ($1.time, $1.contentHash, $1.offset) }
        alert.count = max(alert.count, finding.count)
        alert.isLowerBound = alert.isLowerBound || finding.isLowerBound
        // One sure finding makes the episode sure.
        if finding.order == .certain { alert.order = .certain }
        if finding.gap.isEmpty { alert.coverageGap = "" }
        if let first = alert.evidence.first, let last = alert.evidence.last {
            alert.first = first.time
            alert.last = last.time
        }
        if isExtended, let last = candidates.last { alert.cause = max(alert.cause, last.event.offset) }
        return isExtended
    }

    /// Adds the entities of a candidate by which alerts join.
    private static func note(_ candidate: Candidate, in alert: inout Alert) {
        let found = candidate.situation
        alert.assets = merged(
            alert.assets,
            found.involvedAssets + [found.sourceReachedBy, found.assetReachedBy].compactMap { $0 }
        )
        if !AssetRegister.isGeneric(found.user) { alert.users = merged(alert.users, [found.user]) }
        for (address, asset) in [(found.sourceAddress, found.source), (found.targetAddress, found.target)] {
            guard let address, asset == nil, !address.isLoopback, !address.isMulticast else { continue }
            alert.addresses = merged(alert.addresses, [address.description])
        }
        let artefact = candidate.text(.artefact)
        if !artefact.isEmpty { alert.artefacts = merged(alert.artefacts, [artefact]) }
        let session = candidate.text(.sessionID)
        if !session.isEmpty { alert.sessions = merged(alert.sessions, [session]) }
    }

    private static func merged(_ left: [String], _ right: [String]) -> [String] {
        guard right.contains(where: { !left.contains($0) }), left.count < 1_024 else { return left }
        return Set(left + right).sorted()
    }

    /// Alerts that changed since the last call, ordered by first witness, then rule, then key.
    mutating func takeChanged() -> [Alert] {
        defer { changed = [:] }
        return changed.values.sorted {
            if $0.first != $1.first { return $0.first < $1.first }
            return ($0.rule, $0.key.joined(separator: "\u{1f}")) < (
                $1.rule, $1.key.joined(separator: "\u{1f}")
            )
        }
    }
}
