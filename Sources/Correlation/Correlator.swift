// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Inventory

/// Judges events in event-time order: a pure state machine, events in, alerts out.
///
/// A value: a copy can be run to its end to see what is provisionally true, and thrown away. Events wait in
/// ``PendingEvents`` until the watermark passes them, so arrival order and batch cuts decide nothing.
public struct Correlator: Sendable {
    private(set) var rules: RuleSet
    private var judged: [JudgedEvent] = []
    var judgedCount = 0
    private var finished: [Judgement] = []
    var revisions: [Revision] = []
    var trail: RevisionTrail
    var surroundings: Surroundings
    var pending = PendingEvents()
    var states: [CorrelationState]
    private var closing: [Int] = []
    var coverage = Coverage()
    private var passing: PassingRules
    /// Memory for the detections that match an event, and what the newest ones matched.
    private var matching: [Int] = []
    private var matchedLately: [[Int]] = []
    /// The same for verdicts that are fed back, whose fields have other numbers.
    private var passingNotice: PassingRules
    var episodes = Episodes()
    /// Event time of the newest event that was judged in order.
    var latest = UTCTime.absent
    /// Event time up to which everything is decided.
    public internal(set) var watermark = UTCTime.absent
    /// Events decided early because too many waited.
    public internal(set) var earlyCount = 0
    /// Late matches that were judged alone, because they came before all that is remembered.
    public internal(set) var aloneCount = 0

    /// A correlator with nothing seen.
    public init(rules: RuleSet, register: AssetRegister) {
        self.rules = rules
        surroundings = Surroundings(register: register)
        passing = PassingRules(rules.gate)
        passingNotice = passing
        states = rules.correlations.map { CorrelationState(rule: $0) }
        trail = RevisionTrail(states: states, episodes: episodes)
        serveRules()
    }

    /// What the rules in force ask to be known beside events.
    private mutating func serveRules() {
        closing = states.indices.filter { rules.correlations[$0].delay > 0 }
        coverage.serve(rules.silence(hasSite: !surroundings.register.isEmpty))
        surroundings.knowsExposure = rules.fields.contains(.joined(.exposure))
    }

    /// Whether everything that was judged was taken.
    var hasToldAll: Bool {
        judged.isEmpty && finished.isEmpty && revisions.isEmpty && episodes.changed.isEmpty
    }

    /// Whether judgements tell the events that were judged, for timelines.
    public var keepsJudged = true

    /// Facts about now.
    public var register: AssetRegister { surroundings.register }

    /// Brings a changed site into force for what is judged from now on; for what was judged lately too:
    /// ``replace(_:reconsidering:keepsKnown:because:)``.
    public mutating func replace(_ site: Site) {
        surroundings.register.replace(site)
        serveRules()
    }

    /// Events that wait for the watermark.
    public var pendingCount: Int { pending.count }

    /// Due time of the earliest verdict that waits for time to pass: a waiting event or an absence; nil if
    /// none.
    public var due: UTCTime? {
        let absences = states.compactMap(\.earliestDeadline)
        let revision =
            !trail.hasLate ? nil : trail.lateSince.advanced(by: CorrelationBounds.lateNanoseconds)
        return (absences + [pending.earliest, revision].compactMap { $0 }).min()
    }

    /// Takes every event of `batch`; times are corrected ones.
    ///
    /// What comes beyond the bound makes the oldest be decided early, which is counted.
    ///
    /// - Parameter isHeard: Whether ``hear(_:_:listener:)`` was told of each of them already.
    public mutating func admit(_ batch: EventBatch, isHeard: Bool = false) {
        guard !batch.events.isEmpty else { return }
        let number = pending.hold(batch)
        for index in batch.events.indices {
            if !isHeard, coverage.isNeeded { hear(batch, index, listener: nil) }
            pending.add(index, of: number)
            while pending.count > CorrelationBounds.pendingCountMax, let next = pending.next() {
                earlyCount += 1
                judge(next)
            }
        }
    }

    /// Whether a rule asks what was not seen, so that every event of every source matters.
    public var needsCoverage: Bool { coverage.isNeeded }

    /// Notes that the source of event `index` of `batch` was heard, whether or not a rule wants the event.
    ///
    /// - Parameter listener: What received it live, whose losses concern it; nil in an import.
    public mutating func hear(_ batch: EventBatch, _ index: Int, listener: String?) {
        guard let source = Coverage.source(of: batch, index) else { return }
        let event = batch.events[index]
        guard coverage.hear(source, at: event.time, listener: listener), event.time <= watermark else {
            return
        }
        trail.hear(event, at: watermark)
    }

    /// Notes when hosts were heard, all after the watermark, in events that are not given.
    public mutating func hear(_ hearing: Hearing) { coverage.hear(hearing) }

    /// Notes that records were lost between two times: of `listener`, or of every one if it is nil.
    public mutating func lose(_ listener: String?, from: UTCTime, through: UTCTime, reason: String) {
        coverage.lose(listener, from: from, through: through, reason: reason)
        if coverage.isNeeded, from.isPresent, from <= watermark { trail.lose(from, at: watermark) }
    }

    /// Whether a rule, a join or a timeline may need event `index` of `batch`.
    ///
    /// What no rule can match, and nothing of the site is part of, is not.
    public mutating func wants(_ batch: EventBatch, _ index: Int) -> Bool {
        let event = batch.events[index]
        if Correlator.joinActions[event.action.rawValue] { return true }
        guard !surroundings.register.isEmpty else {
            return passing.find(rules.gate, batch, index, among: rules.siteless)
        }
        let hasRules = passing.find(rules.gate, batch, index)
        if hasRules, passing.rules.intersects(rules.siteless) { return true }
        switch event.eventClass {
        case .access, .update: return true
        case .network: return event.action != .close && touchesSite(batch, index)
        case .unclassified: return hasRules || touchesSite(batch, index)
        }
    }

    /// Actions of events that joins need whatever the rules are: who has an address, which service session is
    /// open.
    static let joinActions = ByteSet(
        [
            Action.lease, .release, .attach, .detach, .remoteServiceStart, .remoteServiceStop,
            .localServiceStart, .localServiceStop,
        ].map(\.rawValue)
    )

    /// Whether a rule reads messages, so that they are needed whole.
    public var readsMessages: Bool { rules.readsEveryField || rules.fields.contains(.known(.message)) }

    /// For each field number of `batch`, whether judgement or timelines can need it.
    public func keptFields(of batch: EventBatch) -> [Bool] {
        let count = Int(FieldID.firstExtension) + batch.extensionNames.count
        guard surroundings.register.isEmpty, !rules.readsEveryField else {
            return Array(repeating: true, count: count)
        }
        return (0..<count).map { number in
            let field = FieldID(rawValue: UInt16(number))
            return Surroundings.fields.contains(field) || rules.fields.contains(.known(field))
                || !field.isKnown && rules.fields.contains(.named(batch.name(of: field)))
        }
    }

    /// Whether an end of the event is an asset or in a medical zone, or an asset reports it about itself.
    private mutating func touchesSite(_ batch: EventBatch, _ index: Int) -> Bool {
        let event = batch.events[index]
        for field in [FieldID.sourceIP, .targetIP] {
            guard let address = batch.address(field, in: index) else { continue }
            if surroundings.register.zone(of: address).isMedical
                || surroundings.register.asset(of: address, at: event.time) != nil
            {
                return true
            }
        }
        if batch.range(of: .deviceID, in: index) != nil { return true }
        guard !event.flags.contains(.witness) else { return false }
        if let host = batch.text(.hostName, in: index),
            surroundings.register.asset(host: host, at: event.time) != nil
        {
            return true
        }
        guard let identity = batch.text(.peerIdentity, in: index) else { return false }
        return surroundings.register.asset(ofCertificate: identity) != nil
    }

    /// Brings other rules into force for what is judged from now on; half-filled windows of the old ones are
    /// dropped.
    public mutating func replace(_ rules: RuleSet) {
        // By the rules that judged them.
        revise()
        self.rules = rules
        passing = PassingRules(rules.gate)
        passingNotice = passing
        states = rules.correlations.map { CorrelationState(rule: $0) }
        trail.restart(states, episodes, from: max(latest, watermark))
        episodes.begin(trail.generations[0].serial, oldest: trail.generations[0].serial)
        serveRules()
    }

    /// Decides everything up to and with `time`; absences that fall due by then are decided too.
    ///
    /// The watermark never goes back: events before it that came late are decided now.
    public mutating func advance(to time: UTCTime) {
        let limit = max(time, watermark)
        while let earliest = pending.earliest, earliest <= limit, let next = pending.next() { judge(next) }
        guard limit > watermark else { return }
        expire(through: limit)
        watermark = limit
        if trail.hasLate, limit >= trail.lateSince.advanced(by: CorrelationBounds.lateNanoseconds) {
            revise()
        }
    }

    private mutating func judge(_ next: (view: EventView, copies: [Offset])) {
        let time = next.view.event.time
        let isLate = time <= watermark || time < latest
        if !isLate {
            expire(through: time.advanced(by: -1))
            latest = time
        }
        let candidate = next.view.placed(in: surroundings.situation(of: next.view), copies: next.copies)
        let matched = matches(candidate)
        if !matched.isEmpty {
            note(RevisionTrail.Item(candidate: candidate.detached, numbers: matched), isLate: isLate)
        }
        surroundings.observe(candidate)
        if keepsJudged { judged.append(JudgedEvent(candidate)) }
        judgedCount += 1
        guard judgedCount % Judgement.eventCount == 0 else { return }
        finished.append(takeStretch())
    }

    /// Detections that a candidate matches.
    mutating func matches(_ candidate: Candidate) -> [Int] {
        let possible = surroundings.register.isEmpty ? rules.siteless : nil
        guard passing.find(rules.gate, candidate.batch, candidate.index, among: possible) else { return [] }
        let tests = rules.tests
        matching.removeAll(keepingCapacity: true)
        passing.rules.forEach { if tests[$0].matches(candidate) { matching.append($0) } }
        guard !matching.isEmpty else { return [] }
        // Most events match what one of those before them matched: one array for all of these.
        if let known = matchedLately.first(where: { $0 == matching }) { return known }
        if matchedLately.count == Correlator.matchedCountMax { matchedLately.removeFirst() }
        matchedLately.append(matching)
        return matchedLately[matchedLately.count - 1]
    }

    /// Lists of matched detections that are remembered.
    private static let matchedCountMax = 16

    /// Detections that a verdict matches.
    private mutating func matches(notice: Candidate) -> [Int] {
        guard passingNotice.find(rules.gate, notice.batch, notice.index) else { return [] }
        return passingNotice.numbers.filter { [tests = rules.tests] in tests[$0].matches(notice) }
    }

    /// Acts on what an event matches, at once or when late events are judged in their places.
    private mutating func note(_ item: RevisionTrail.Item, isLate: Bool) {
        if isLate, trail.insert(item, at: watermark) {
            if trail.late.count >= CorrelationBounds.lateCountMax { revise() }
            return
        }
        if isLate {
            aloneCount += 1
        } else {
            let time = item.candidate.event.time
            if trail.isFull(at: time) {
                // What waits belongs before the state that is remembered next.
                revise()
                let oldest = trail.begin(states, episodes, at: time)
                episodes.begin(trail.generations[trail.generations.count - 1].serial, oldest: oldest)
            }
        }
        trail.append(item, isLate: isLate)
        apply(item.numbers, item.candidate, depth: 0)
    }

    /// Raises the alerts of matched detections and feeds correlations; verdicts of level high feed back once.
    mutating func apply(_ numbers: [Int], _ candidate: Candidate, depth: Int) {
        for number in numbers {
            if rules.detections[number].raisesAlerts {
                let rule = rules.detections[number]
                raise(
                    rule.definition.header,
                    rule.definition.fingerprint,
                    episodeKey(rule, candidate),
                    Finding(candidates: [candidate], count: 1, window: rule.definition.episodeNanoseconds),
                    depth: depth
                )
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

    mutating func feed(_ number: Int, _ candidate: Candidate, depth: Int) {
        for (correlation, source) in rules.feeds[number] {
            for match in states[correlation].add(candidate, from: source) {
                conclude(correlation, match, depth: depth)
            }
        }
    }

    private mutating func conclude(_ number: Int, _ match: GroupWindows.Match, depth: Int) {
        if rules.correlations[number].raisesAlerts {
            let rule = rules.correlations[number]
            raise(
                rule.definition.header,
                rule.definition.fingerprint,
                match.key,
                Finding(match, window: rule.episodeWindow),
                depth: depth
            )
        }
        let chained = rules.detections.count + number
        guard depth < 4, !rules.feeds[chained].isEmpty, let last = match.candidates.last else { return }
        var situation = last.situation
        situation.carriedAssets = match.candidates.flatMap(\.situation.involvedAssets)
        let carried = match.candidates.flatMap { $0.carried + [$0.witness] }
        feed(chained, last.placed(in: situation, carrying: carried), depth: depth + 1)
    }

    /// No verdict that waits is due before it; nil if none waits.
    private var nextDue: UTCTime? {
        var earliest: UTCTime?
        for number in closing {
            guard let due = states[number].nextDue else { continue }
            earliest = min(earliest ?? due, due)
        }
        return earliest
    }

    /// Decides what is due by `time`, in the order in which it is due: where batches end decides nothing.
    mutating func expire(through time: UTCTime) {
        guard !closing.isEmpty else { return }
        while let due = nextDue, due <= time {
            for number in closing {
                for match in states[number].expired(through: due, coverage) {
                    conclude(number, match, depth: 0)
                }
            }
        }
    }

    private mutating func raise(
        _ header: RuleHeader,
        _ fingerprint: String,
        _ key: [String],
        _ finding: Finding,
        depth: Int
    ) {
        let candidates = finding.candidates
        guard let last = candidates.last else { return }
        let isNew = episodes.note(header, fingerprint, key, finding)
        // What is not known makes nobody suspect.
        guard header.level >= .high, finding.gap.isEmpty else { return }
        for candidate in candidates {
            if let asset = candidate.situation.source ?? candidate.situation.subject {
                surroundings.suspect(asset.id, at: candidate.event.time)
            }
        }
        guard isNew, depth == 0, !header.isReview else { return }
        var situation = last.situation
        situation.carriedAssets = candidates.flatMap(\.situation.involvedAssets)
        let notice = AlertNotice.candidate(header, key, candidates, last)
            .placed(in: situation, carrying: candidates.map(\.witness))
        apply(matches(notice: notice), notice, depth: 1)
    }

    /// What was judged since the last call, cut where the count of judged events says so; the last stretch is
    /// the rest.
    ///
    /// A taker that acts between stretches acts at the same events however the batches were cut.
    public mutating func takeJudgements() -> [Judgement] {
        finished.append(takeStretch())
        defer { finished = [] }
        return finished
    }

    /// What was judged since the last stretch; an alert that was revised and then extended is told as it is.
    private mutating func takeStretch() -> Judgement {
        var alerts = episodes.takeChanged()
        for index in revisions.indices.reversed() where revisions[index].kind != .retracted {
            let number = revisions[index].alert.episode
            guard let place = alerts.firstIndex(where: { $0.episode == number }) else { continue }
            revisions[index].alert = alerts.remove(at: place)
        }
        defer {
            judged = []
            revisions = []
        }
        return Judgement(judged: judged, alerts: alerts, revisions: revisions)
    }

    /// This correlator run to the end of what it holds, as if the watermark stood at `time`.
    public func concluded(at time: UTCTime) -> Correlator {
        var copy = self
        copy.advance(to: time)
        copy.revise()
        return copy
    }
}
