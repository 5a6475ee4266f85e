// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Inventory

/// Judges events in event-time order: a pure state machine, events in, alerts out.
///
/// A value: a copy can be run to its end to see what is provisionally true, and thrown away. Events wait in
/// ``PendingEvents`` until the watermark passes them, so arrival order and batch cuts decide nothing.
public struct Correlator: Sendable {
    let rules: RuleSet
    var surroundings: Surroundings
    private var pending = PendingEvents()
    private var windows: [GroupWindows]
    private var episodes = Episodes()
    /// Event time up to which everything is decided.
    public private(set) var watermark = UTCTime.absent
    /// Events decided early because too many waited.
    public private(set) var earlyCount = 0

    /// A correlator with nothing seen.
    public init(rules: RuleSet, register: AssetRegister) {
        self.rules = rules
        surroundings = Surroundings(register: register)
        windows = rules.correlations.map { GroupWindows(rule: $0) }
    }

    /// Facts about now.
    public var register: AssetRegister { surroundings.register }

    /// Brings a changed site into force for what is judged from now on.
    public mutating func replace(_ site: Site) { surroundings.register.replace(site) }

    /// Events that wait for the watermark.
    public var pendingCount: Int { pending.count }

    /// Earliest event time that waits; nil if none does.
    public var earliestPending: UTCTime? { pending.earliest }

    /// Takes the events of `batch` that any rule or join may need; the others are passed over by integers alone.
    public mutating func admit(_ batch: EventBatch) {
        var slim = EventBatch()
        slim.extensionNames = batch.extensionNames
        slim.decoders = batch.decoders
        for index in batch.events.indices where isWanted(batch, index) {
            slim.begin(batch.events[index])
            for entry in batch.fields(of: index) where entry.field != .message {
                slim.add(entry.field, Array(batch.bytes[entry.range]))
            }
        }
        pending.add(slim)
        while pending.count > CorrelationBounds.pendingCountMax, let next = pending.next() {
            earlyCount += 1
            judge(next)
        }
    }

    private mutating func isWanted(_ batch: EventBatch, _ index: Int) -> Bool {
        let event = batch.events[index]
        switch event.action {
        case .lease, .release, .attach, .detach, .remoteServiceStart, .remoteServiceStop, .localServiceStart,
            .localServiceStop:
            return true
        default: break
        }
        let action = Int(event.action.rawValue)
        let isFlow = event.eventClass == .network
        guard !rules.byAction[action].isEmpty || isFlow && event.action != .close else { return false }
        guard rules.actionNeedsSite[action] || rules.byAction[action].isEmpty else { return true }
        guard !surroundings.register.isEmpty else { return false }
        guard isFlow else { return true }
        for field in [FieldID.sourceIP, .targetIP] {
            guard let address = batch.address(field, in: index) else { continue }
            if surroundings.register.zone(of: address).isMedical
                || surroundings.register.asset(of: address, at: event.time) != nil
            {
                return true
            }
        }
        return false
    }

    /// Decides everything up to and with `time`; absences that fall due by then are decided too.
    public mutating func advance(to time: UTCTime) {
        guard time > watermark else { return }
        while let earliest = pending.earliest, earliest <= time, let next = pending.next() { judge(next) }
        expire(through: time)
        watermark = time
    }

    private mutating func judge(_ next: Candidate) {
        expire(through: next.event.time.advanced(by: -1))
        var candidate = next
        candidate.situation = surroundings.situation(of: candidate)
        run(candidate, rules.byAction[Int(candidate.event.action.rawValue)], depth: 0)
        surroundings.observe(candidate)
    }

    /// Tries detections on a candidate and feeds what matches; verdicts of level high feed back once.
    private mutating func run(_ candidate: Candidate, _ numbers: [Int], depth: Int) {
        for number in numbers {
            let rule = rules.detections[number]
            guard rule.matches(candidate) else { continue }
            if rule.raisesAlerts {
                raise(rule.definition.header, rule.definition.fingerprint, episodeKey(rule, candidate),
                    [candidate], count: 1, window: rule.definition.episodeNanoseconds, depth: depth)
            }
            feed(number, candidate, depth: depth)
        }
    }

    private func episodeKey(_ rule: DetectionRule, _ candidate: Candidate) -> [String] {
        guard !rule.groupBy.isEmpty else { return ["wardline.subject=" + candidate.situation.subjectName] }
        return zip(rule.groupNames, rule.groupBy).map { name, field in
            name + "=" + String(decoding: candidate.values(field).first ?? [], as: UTF8.self)
        }
    }

    private mutating func feed(_ number: Int, _ candidate: Candidate, depth: Int) {
        for (correlation, source) in rules.feeds[number] {
            guard let match = windows[correlation].add(candidate, from: source) else { continue }
            conclude(correlation, match, depth: depth)
        }
    }

    private mutating func conclude(_ number: Int, _ match: GroupWindows.Match, depth: Int) {
        let rule = rules.correlations[number]
        if rule.raisesAlerts {
            raise(rule.definition.header, rule.definition.fingerprint, match.key, match.candidates,
                count: match.count, window: rule.definition.timespan, isLowerBound: match.isLowerBound, depth: depth)
        }
        guard depth < 4, let last = match.candidates.last else { return }
        var chained = last
        chained.carried = match.candidates.flatMap { $0.carried + [$0.witness] }
        chained.situation.carriedAssets = match.candidates.flatMap(\.situation.involvedAssets)
        feed(rules.detections.count + number, chained, depth: depth + 1)
    }

    private mutating func expire(through time: UTCTime) {
        for number in windows.indices where rules.correlations[number].absentSource != nil {
            for match in windows[number].expired(through: time) { conclude(number, match, depth: 0) }
        }
    }

    private mutating func raise(
        _ header: RuleHeader, _ fingerprint: String, _ key: [String], _ candidates: [Candidate], count: Int,
        window: Int64, isLowerBound: Bool = false, depth: Int
    ) {
        guard let last = candidates.last else { return }
        let isNew = episodes.note(
            header, fingerprint, key, candidates, count: count, window: window, isLowerBound: isLowerBound)
        guard header.level >= .high else { return }
        for candidate in candidates {
            if let asset = candidate.situation.source ?? candidate.situation.subject {
                surroundings.suspect(asset.id, at: candidate.event.time)
            }
        }
        guard isNew, depth == 0, !header.isReview else { return }
        var notice = AlertNotice.candidate(header, key, candidates, last)
        notice.situation = last.situation
        notice.situation.carriedAssets = candidates.flatMap(\.situation.involvedAssets)
        notice.carried = candidates.map(\.witness)
        run(notice, rules.byAction[Int(Action.securityAlert.rawValue)], depth: 1)
    }

    /// Alerts that were raised or changed since the last call, in the order of their first witness.
    public mutating func takeAlerts() -> [Alert] { episodes.takeChanged() }

    /// This correlator run to the end of what it holds, as if the watermark stood at `time`.
    public func concluded(at time: UTCTime) -> Correlator {
        var copy = self
        copy.advance(to: time)
        return copy
    }
}
