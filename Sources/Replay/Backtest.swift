// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel
public import Inventory
import Pipeline
public import QueryEngine
public import Timelines

/// Judges stored events by several rule sets at once: what each would have found.
///
/// Nothing is altered, and nothing that was believed of the records counts: events are
/// judged in the order of their times, as if none had come late, with the site that is given.
public struct Backtest {
    /// How far a pass has come.
    public struct Progress: Hashable, Sendable {
        /// Records gone through.
        public var records = 0
        /// Records in all.
        public var totalRecords = 0
    }

    /// What one rule set found.
    public struct Findings: Sendable {
        /// Alerts in order of first witness.
        public var alerts: [Alert]
        /// Incidents formed from them, as the daemon forms them.
        public var incidents: [IncidentCore]
    }

    /// Which stored events are judged.
    public struct Stretch: Hashable, Sendable {
        /// Events from this time on.
        public var since: UTCTime?
        /// Events before this time.
        public var until: UTCTime?

        /// Makes a stretch.
        public init(since: UTCTime? = nil, until: UTCTime? = nil) {
            self.since = since
            self.until = until
        }

        fileprivate func contains(_ time: UTCTime) -> Bool {
            !(since.map { time < $0 } ?? false) && !(until.map { time >= $0 } ?? false)
        }

        fileprivate func overlaps(_ part: StoredPart) -> Bool {
            if let since, let latest = part.latest, latest < since { return false }
            if let until, let earliest = part.earliest, earliest >= until { return false }
            return true
        }
    }

    private var correlators: [Correlator]
    /// The newest form of each alert, by the number of its episode.
    private var alerts: [[Int: Alert]]
    private let stretch: Stretch
    /// What is read: without a site, only what a rule may match.
    private let condition: RowCondition
    private let watch: ((JudgedEvent) -> Void)?
    /// Gathers when hosts were heard; nil where no rule asks.
    private var hearing: Hearing?
    /// Names of fields of the newest part.
    private var names: [String] = []
    /// Events that were read because a rule might need them.
    public private(set) var readCount = 0
    /// Records of the parts in the stretch.
    public private(set) var recordCount = 0
    /// Offset after the last record.
    public private(set) var end = Offset.zero
    /// Alerts decided early because too many events waited.
    public var earlyCount: Int { correlators.reduce(0) { $0 + $1.earlyCount } }

    /// Prepares to judge by each of `sets` over `site`.
    ///
    /// - Parameter watch: is told of every event as the first set judged it, in the order of judgement; then
    ///   all events of the stretch are read, also those that no rule needs.
    public init(
        _ sets: [RuleSet],
        site: Site,
        over stretch: Stretch,
        watching watch: ((JudgedEvent) -> Void)? = nil
    ) {
        let register = AssetRegister(site: site)
        self.stretch = stretch
        self.watch = watch
        let part = RowCondition.any(sets.map(\.rowCondition))
        condition = register.isEmpty && watch == nil && !part.isEverything ? part : .everything
        correlators = sets.map { Correlator(rules: $0, register: register) }
        for index in correlators.indices { correlators[index].keepsJudged = index == 0 && watch != nil }
        alerts = sets.map { _ in [:] }
        hearing = Hearing(for: correlators)
    }

    /// Judges the events of `source`; what each set found, in the order of the sets.
    ///
    /// - Throws: what reading throws, and `body`, which is told after each part.
    /// - Complexity: One pass over the rows that filters do not rule out; over times and hosts of all events
    ///   where a rule asks what did not come, since that depends on when its source was heard.
    public mutating func run(
        over source: StoreParts,
        _ body: (Progress) throws(WardlineError) -> Void
    ) throws(WardlineError) -> [Findings] {
        let parts = try source.parts().filter(stretch.overlaps)
        source.announce(parts, where: condition)
        var progress = Progress()
        progress.totalRecords = parts.reduce(0) { $0 + $1.count }
        recordCount = progress.totalRecords
        end = parts.last?.end ?? .zero
        // What is earlier than every event of the parts to come is decided.
        var decided: [UTCTime?] = []
        var earliest: UTCTime? = UTCTime(nanoseconds: .max)
        for part in parts.reversed() {
            decided.append(earliest)
            earliest = part.earliest.flatMap { own in earliest.map { min($0, own) } }
        }
        for (part, limit) in zip(parts, decided.reversed()) {
            if condition != .everything { try hear(part, source) }
            take(try source.load(part, where: condition))
            for index in correlators.indices {
                if let limit { correlators[index].advance(to: limit.advanced(by: -1)) }
                collect(index)
            }
            progress.records += part.count
            try body(progress)
        }
        return conclude()
    }

    /// Notes when the hosts of a part were heard, also in rows that are not read.
    private mutating func hear(_ part: StoredPart, _ source: StoreParts) throws(WardlineError) {
        guard var hearing else { return }
        self.hearing = nil
        defer { self.hearing = hearing }
        hearing.removeAll()
        let isTold = try source.forEachHost(part) { time, host in
            if stretch.contains(time) { hearing.note(host: host, at: time) }
        }
        guard !isTold else {
            for index in correlators.indices { correlators[index].hear(hearing) }
            return
        }
        let events = try source.load(part, where: .everything).events
        for index in events.events.indices where stretch.contains(events.events[index].time) {
            for number in correlators.indices where correlators[number].needsCoverage {
                correlators[number].hear(events, index, listener: nil)
            }
        }
    }

    private mutating func take(_ loaded: LoadedPart) {
        let events = loaded.events
        readCount += events.events.count
        guard !events.events.isEmpty else { return }
        let hears = condition == .everything
        var slim = SlimCopy(of: events, for: correlators)
        for index in events.events.indices {
            let event = events.events[index]
            guard stretch.contains(event.time) else { continue }
            var isWanted = watch != nil
            for number in correlators.indices {
                if hears, correlators[number].needsCoverage {
                    correlators[number].hear(events, index, listener: nil)
                }
                isWanted = correlators[number].wants(events, index) || isWanted
            }
            guard isWanted else { continue }
            let record = loaded.range(at: event.offset)
            slim.add(events, index, from: loaded.records.bytes.span.extracting(record))
        }
        guard !slim.events.events.isEmpty else { return }
        // One array for all parts whose names are equal: comparing them is comparing an address then.
        if slim.events.extensionNames == names { slim.events.extensionNames = names }
        names = slim.events.extensionNames
        let parts = slim.parts
        for index in correlators.indices {
            for part in parts { correlators[index].admit(part, isHeard: true) }
        }
    }

    private mutating func collect(_ index: Int) {
        for judgement in correlators[index].takeJudgements() {
            if index == 0, let watch { for judged in judgement.judged { watch(judged) } }
            for alert in judgement.alerts { alerts[index][alert.episode] = alert }
        }
    }

    /// Decides all that is left, however late it falls due.
    private mutating func conclude() -> [Findings] {
        correlators.indices.map { index in
            correlators[index].advance(to: UTCTime(nanoseconds: .max))
            collect(index)
            let found = alerts[index].values.sorted { ($0.first, $0.id) < ($1.first, $1.id) }
            return Findings(alerts: found, incidents: IncidentFormation.form(found))
        }
    }
}
