// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What is known of something that must not have come.
enum AbsenceFinding: Hashable, Sendable {
    /// It did not come, and whoever would have told was heard meanwhile.
    case observed
    /// It was not seen, and here is why that proves nothing.
    case unknown(String)
}

/// When each source was heard, and what was lost: whether a thing that was not seen did not happen.
///
/// Stretches of hearing are the event times of all events of a source, joined where nothing longer than the
/// resolution lies between: the order in which they come decides nothing.
struct Coverage: SnapshotResumed, Sendable {
    private struct Source: Codable, Sendable {
        /// Listener of its newest live record; nil if it is known from imports only.
        var listener: String?
        /// The newest stretch; here because nearly every event only makes it longer.
        private var newest: ClosedRange<UTCTime>
        /// Those before it; ascending, apart by more than the resolution.
        private var older: [ClosedRange<UTCTime>] = []
        /// Before it stretches may be missing.
        private(set) var forgotten = UTCTime.absent

        /// A source that was heard once.
        init(_ listener: String?, _ heard: ClosedRange<UTCTime>) {
            self.listener = listener
            newest = heard
        }

        /// All stretches, ascending.
        var stretches: [ClosedRange<UTCTime>] { older + [newest] }

        /// Notes a stretch of hearing; true if some of it was not known.
        mutating func hear(_ heard: ClosedRange<UTCTime>, _ listener: String?, _ resolution: Int64) -> Bool {
            if let listener, listener != self.listener { self.listener = listener }
            let (lower, upper) = (newest.lowerBound, newest.upperBound)
            if heard.lowerBound >= lower, heard.lowerBound <= upper.advanced(by: resolution) {
                guard heard.upperBound > upper else { return false }
                newest = lower...heard.upperBound
                return true
            }
            older.append(newest)
            if heard.lowerBound > upper {
                newest = heard
            } else {
                widen(heard, resolution)
                newest = older.removeLast()
            }
            if older.count >= CorrelationBounds.coverageStretchCountMax {
                forgotten = older.removeFirst().upperBound
            }
            return true
        }

        private mutating func widen(_ heard: ClosedRange<UTCTime>, _ resolution: Int64) {
            let from = heard.lowerBound.advanced(by: -resolution)
            let through = heard.upperBound.advanced(by: resolution)
            // Most events are the newest of their source: the walk from the end is short.
            var upper = older.count
            while upper > 0, older[upper - 1].lowerBound > through { upper -= 1 }
            var lower = upper
            while lower > 0, older[lower - 1].upperBound >= from { lower -= 1 }
            var joined = heard
            if lower < upper {
                let (first, last) = (older[lower], older[upper - 1])
                joined = min(heard.lowerBound, first.lowerBound)...max(heard.upperBound, last.upperBound)
            }
            older.replaceSubrange(lower..<upper, with: [joined])
        }
    }

    /// Records of a listener that were lost; of every listener if it has none.
    private struct Loss: Codable, Sendable {
        var listener: String?
        var from: UTCTime
        var through: UTCTime
        var reason: String
    }

    private var sources: [UInt64: Source] = [:]
    private var losses: [Loss] = []
    private var forgottenLosses = UTCTime.absent
    /// Gaps that join no matter, in nanoseconds: less than every silence that a rule asks for; nil if none
    /// asks.
    private(set) var resolution: Int64?

    /// A minute: what joins without need for more.
    private static let resolutionMax: Int64 = 60 * UTCTime.second

    func write(to encoder: SnapshotEncoder) throws {
        try encoder.write(sources)
        try encoder.write(losses)
        encoder.write(forgottenLosses)
    }

    mutating func resume(from decoder: SnapshotDecoder) throws {
        sources = try decoder.value()
        losses = try decoder.value()
        forgottenLosses = try decoder.time()
    }

    /// Whether a rule asks for it.
    var isNeeded: Bool { resolution != nil }

    /// Serves rules for which silences as short as `silence` matter.
    mutating func serve(_ silence: Int64?) {
        resolution = silence.map { min(Coverage.resolutionMax, max(1, $0 / 2)) }
    }

    /// Who would have told: the host that the event names, else its decoder; nil for our own verdicts, which
    /// nothing can lose.
    static func source(of batch: EventBatch, _ index: Int) -> UInt64? {
        if let host = batch.range(of: .hostName, in: index) {
            return source(host: batch.bytes.span.extracting(host))
        }
        var hash = StableHash()
        let decoder = batch.decoders[Int(batch.events[index].decoder)]
        guard decoder != AlertNotice.decoder else { return nil }
        hash.combine(decoder)
        return hash.value
    }

    /// A host that events name.
    static func source(host: Span<UInt8>) -> UInt64 {
        var hash = StableHash()
        hash.combine(host, host.indices)
        return hash.value
    }

    /// Notes that a source was heard; `listener` of live records.
    ///
    /// - Returns: Whether that was not known.
    mutating func hear(_ number: UInt64, at time: UTCTime, listener: String?) -> Bool {
        hear(number, time...time, listener)
    }

    /// Notes what was gathered of imports.
    mutating func hear(_ hearing: Hearing) {
        for stretch in hearing.stretches { _ = hear(stretch.source, stretch.from...stretch.through, nil) }
    }

    private mutating func hear(_ number: UInt64, _ heard: ClosedRange<UTCTime>, _ listener: String?) -> Bool {
        guard let resolution else { return false }
        // In place: this runs for every event.
        guard let place = sources.index(forKey: number) else {
            guard sources.count < CorrelationBounds.coverageSourceCountMax else { return false }
            sources[number] = Source(listener, heard)
            return true
        }
        return sources.values[place].hear(heard, listener, resolution)
    }

    /// Notes that records of a listener, or of all, were lost between two times.
    mutating func lose(_ listener: String?, from: UTCTime, through: UTCTime, reason: String) {
        guard from.isPresent, through.isPresent else { return }
        losses.append(Loss(listener: listener, from: from, through: through, reason: reason))
        guard losses.count > CorrelationBounds.coverageLossCountMax else { return }
        forgottenLosses = max(forgottenLosses, losses.removeFirst().through)
    }

    /// Whether the source of `candidate` would have been heard until `within` after it.
    ///
    /// - Parameter silence: A gap this long, from the event to the deadline, proves nothing.
    func finding(after candidate: Candidate, within: Int64, silence: Int64) -> AbsenceFinding {
        guard let number = Coverage.source(of: candidate.batch, candidate.index) else { return .observed }
        let host = candidate.text(.hostName)
        let name = host.isEmpty ? "its source" : host
        let start = candidate.event.time
        let deadline = start.advanced(by: within)
        guard let source = sources[number] else {
            return .unknown("too many sources to know when \(name) was heard")
        }
        guard source.forgotten < start else { return .unknown("\(name) was heard too long ago to know when") }
        var heard = start
        for stretch in source.stretches where stretch.upperBound >= start && stretch.lowerBound <= deadline {
            if stretch.lowerBound.nanoseconds - heard.nanoseconds >= silence { break }
            heard = max(heard, min(stretch.upperBound, deadline))
        }
        if deadline.nanoseconds - heard.nanoseconds >= silence {
            return .unknown("\(name) was silent after \(heard)")
        }
        guard let listener = source.listener else { return .observed }
        guard forgottenLosses < start else { return .unknown("too many losses to know what \(name) lost") }
        for loss in losses where loss.from <= deadline && loss.through >= start {
            guard loss.listener == nil || loss.listener == listener else { continue }
            return .unknown("records of \(name) may be lost: \(loss.reason), \(loss.from) to \(loss.through)")
        }
        return .observed
    }
}
