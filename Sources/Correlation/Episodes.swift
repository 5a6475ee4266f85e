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
struct Episodes: Codable, Sendable {
    struct Identity: Hashable, Codable, Sendable {
        var fingerprint: String
        var key: [String]
    }

    /// An alert as it is now, and the generation that changed it last.
    struct Recent: Codable, Sendable {
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
        if let end = open[identity]?.last, last.event.time <= end.advanced(by: finding.window) {
            extend(identity, finding)
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
        alert.id = Episodes.identify(alert, identity.fingerprint)
        keep(alert, identity)
        return true
    }

    /// Extends an open episode where it lies: an episode of many witnesses is taken out, not copied.
    private mutating func extend(_ identity: Identity, _ finding: Finding) {
        guard var alert = open.removeValue(forKey: identity) else { return }
        let wasChanged = changed.removeValue(forKey: alert.episode) != nil
        let known = recent.removeValue(forKey: alert.episode)?.generation
        let first = alert.evidence.first
        if Episodes.extend(&alert, finding) {
            if alert.evidence.first != first { alert.id = Episodes.identify(alert, identity.fingerprint) }
            keep(alert, identity)
        } else {
            open[identity] = alert
            if wasChanged { changed[alert.episode] = alert }
            recent[alert.episode] = known.map { Recent(alert: alert, identity: identity, generation: $0) }
        }
    }

    private mutating func keep(_ alert: Alert, _ identity: Identity) {
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

    /// Adds what the alert does not have yet; true if anything of it changed.
    private static func extend(_ alert: inout Alert, _ finding: Finding) -> Bool {
        let candidates = finding.candidates
        var isExtended = false
        var isChanged = false
        for candidate in candidates {
            for witness in candidate.carried + [candidate.witness] where add(witness, to: &alert) {
                isExtended = true
            }
            isChanged = note(candidate, in: &alert) || isChanged
        }
        let count = max(alert.count, finding.count)
        isChanged = set(&alert.count, count) || isChanged
        if finding.isLowerBound { isChanged = set(&alert.isLowerBound, true) || isChanged }
        // One sure finding makes the episode sure.
        if finding.order == .certain { isChanged = set(&alert.order, .certain) || isChanged }
        if finding.gap.isEmpty { isChanged = set(&alert.coverageGap, "") || isChanged }
        if let first = alert.evidence.first, let last = alert.evidence.last {
            alert.first = first.time
            alert.last = last.time
        }
        if isExtended, let last = candidates.last { alert.cause = max(alert.cause, last.event.offset) }
        return isExtended || isChanged
    }

    /// Counts a witness and keeps it in its place; false if the alert has it already.
    private static func add(_ witness: Witness, to alert: inout Alert) -> Bool {
        func key(_ witness: Witness) -> (UTCTime, UInt64, Offset, UInt16) {
            (witness.time, witness.contentHash, witness.offset, witness.ordinal)
        }
        guard alert.evidence.count < CorrelationBounds.witnessCountMax else {
            // A finding holds all of its window: what is not newer than all that is kept was counted with the
            // finding before.
            guard let newest = alert.evidence.last, key(newest) < key(witness) else { return false }
            alert.count += 1
            alert.isLowerBound = true
            alert.evidence.remove(at: CorrelationBounds.witnessCountMax / 2)
            alert.evidence.append(witness)
            return true
        }
        // The newest come last: the walk from the end is short.
        var place = alert.evidence.count
        while place > 0, key(witness) < key(alert.evidence[place - 1]) { place -= 1 }
        if place > 0, key(alert.evidence[place - 1]) == key(witness) { return false }
        alert.count += 1
        alert.evidence.insert(witness, at: place)
        return true
    }

    /// Adds the entities of a candidate by which alerts join; true if one was new.
    private static func note(_ candidate: Candidate, in alert: inout Alert) -> Bool {
        let found = candidate.situation
        var isChanged = merge(
            found.involvedAssets + [found.sourceReachedBy, found.assetReachedBy].compactMap { $0 },
            into: &alert.assets
        )
        if !AssetRegister.isGeneric(found.user) {
            isChanged = merge([found.user], into: &alert.users) || isChanged
        }
        for (address, asset) in [(found.sourceAddress, found.source), (found.targetAddress, found.target)] {
            guard let address, asset == nil, !address.isLoopback, !address.isMulticast else { continue }
            isChanged = merge([address.description], into: &alert.addresses) || isChanged
        }
        let artefact = candidate.text(.artefact)
        if !artefact.isEmpty { isChanged = merge([artefact], into: &alert.artefacts) || isChanged }
        let session = candidate.text(.sessionID)
        if !session.isEmpty { isChanged = merge([session], into: &alert.sessions) || isChanged }
        return isChanged
    }

    /// Adds names that are not known yet; true if there was one.
    private static func merge(_ names: [String], into known: inout [String]) -> Bool {
        guard names.contains(where: { !known.contains($0) }), known.count < 1_024 else { return false }
        known = Set(known + names).sorted()
        return true
    }

    /// Sets a part; true if it had another value.
    private static func set<Value: Equatable>(_ part: inout Value, _ value: Value) -> Bool {
        guard part != value else { return false }
        part = value
        return true
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
