// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What was judged lately, so that an event that comes late can be judged in its place after all.
///
/// Two states of all correlations, and every match since the older one in the order of judgement. To revise
/// is to go on again from the newest state before the late event. What an event joined with stays as it was.
struct RevisionTrail: Sendable {
    /// A judged event and the detections that it matched.
    struct Item: Codable, Sendable {
        var candidate: Candidate
        var numbers: [Int]
    }

    /// A state of the correlations, and what was judged from there to the next one.
    struct Generation: Sendable {
        var serial: Int
        /// Event time that the state had come to.
        var time: UTCTime
        var states: [CorrelationState]
        var episodes: Episodes
        var items: [Item] = []
        /// Time of its first match that came in order; nil before it.
        var since: UTCTime?
    }

    /// Oldest first; at least one.
    private(set) var generations: [Generation]
    /// Late events that wait for the next revision.
    private(set) var late: [Offset] = []
    private var lossCount = 0
    /// Whether something waits for the next revision.
    var hasLate: Bool { !late.isEmpty || lossCount > 0 }
    private(set) var firstLate = UTCTime.absent
    /// Watermark at which the first of them came.
    private(set) var lateSince = UTCTime.absent

    init(states: [CorrelationState], episodes: Episodes) {
        generations = []
        restart(states, episodes, from: .absent)
    }

    /// Forgets the past: what is before `time` cannot be revised any more.
    mutating func restart(_ states: [CorrelationState], _ episodes: Episodes, from time: UTCTime) {
        let serial = (generations.last?.serial ?? -1) + 1
        generations = [Generation(serial: serial, time: time, states: states, episodes: episodes.base)]
        late = []
        lossCount = 0
    }

    /// Takes what a snapshot remembered; nothing waits.
    mutating func take(_ generations: [Generation]) {
        self.generations = generations
        late = []
        lossCount = 0
    }

    /// Whether the newest generation has lasted long enough for another one to begin at `time`.
    func isFull(at time: UTCTime) -> Bool {
        guard let newest = generations.last, let since = newest.since else { return false }
        return newest.items.count >= CorrelationBounds.revisionMatchCount
            || time >= since.advanced(by: CorrelationBounds.revisionNanoseconds)
    }

    /// Begins a generation; the one before the last goes.
    ///
    /// - Returns: The oldest serial that is left.
    mutating func begin(_ states: [CorrelationState], _ episodes: Episodes, at time: UTCTime) -> Int {
        let serial = (generations.last?.serial ?? -1) + 1
        if generations.count > 1 { generations.removeFirst() }
        generations.append(
            Generation(serial: serial, time: time, states: states, episodes: episodes.base)
        )
        return generations[0].serial
    }

    /// Adds what is judged now; what is judged alone, because it comes too late, counts here too.
    mutating func append(_ item: Item, isLate: Bool) {
        let newest = generations.count - 1
        generations[newest].items.append(item)
        guard !isLate, generations[newest].since == nil else { return }
        generations[newest].since = item.candidate.event.time
    }

    /// Puts a late event in its place.
    ///
    /// - Returns: Whether it can be revised; false where it comes before all that is remembered.
    mutating func insert(_ item: Item, at watermark: UTCTime) -> Bool {
        let time = item.candidate.event.time
        guard place(item) else { return false }
        note(time, watermark)
        late.append(item.candidate.event.offset)
        return true
    }

    /// Puts an event that was judged and matched nothing in its place; false where it comes before all that
    /// is remembered.
    mutating func place(_ item: Item) -> Bool {
        let time = item.candidate.event.time
        guard let number = generations.lastIndex(where: { $0.time <= time }) else { return false }
        let place = generations[number].items.firstIndex { item.candidate.isJudged(before: $0.candidate) }
        generations[number].items.insert(item, at: place ?? generations[number].items.count)
        return true
    }

    /// Replaces what was judged in a generation.
    mutating func replaceItems(_ number: Int, _ items: [Item]) { generations[number].items = items }

    /// Notes that an event says late that its source was heard, whatever it matches.
    mutating func hear(_ event: Event, at watermark: UTCTime) {
        note(event.time, watermark)
        if late.last != event.offset { late.append(event.offset) }
    }

    /// Notes that a loss became known after what it touches was decided.
    mutating func lose(_ from: UTCTime, at watermark: UTCTime) {
        note(from, watermark)
        lossCount += 1
    }

    private mutating func note(_ time: UTCTime, _ watermark: UTCTime) {
        let time = max(time, generations[0].time)
        if !hasLate {
            lateSince = watermark
            firstLate = time
        }
        firstLate = min(firstLate, time)
    }

    /// The generation to go on from, and why; nothing waits any more.
    mutating func takeLate() -> (generation: Int, reason: String)? {
        guard hasLate, let number = generations.lastIndex(where: { $0.time <= firstLate }) else { return nil }
        defer {
            late = []
            lossCount = 0
        }
        guard !late.isEmpty else { return (number, "a loss that became known late") }
        let offsets = Set(late).sorted()
        let more = offsets.count > 8 ? " and \(offsets.count - 8) more" : ""
        let named = offsets.prefix(8).map(\.description).joined(separator: ", ")
        return (number, "late evidence at offset \(named)\(more)")
    }

    /// Replaces the state at the start of a generation by what revision made of it; what it was made from is
    /// told by the generation that was gone back to.
    mutating func correct(_ number: Int, _ states: [CorrelationState], _ episodes: Episodes) {
        generations[number].states = states
        generations[number].episodes = episodes.base
    }
}

extension Candidate {
    /// The same event in a batch of its own, unless its neighbours are few: what is remembered for hours must
    /// not hold many.
    var detached: Candidate { hasManyNeighbours ? alone() : self }

    /// The total order of judgement: time, content, offset, ordinal.
    func isJudged(before other: Candidate) -> Bool {
        let (left, right) = (event, other.event)
        if left.time != right.time { return left.time < right.time }
        if left.contentHash != right.contentHash { return left.contentHash < right.contentHash }
        return (left.offset, left.ordinal) < (right.offset, right.ordinal)
    }
}

/// A verdict that late evidence changed.
public struct Revision: Hashable, Sendable {
    /// What became of the verdict.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// It holds, and was not seen before.
        case confirmed
        /// It holds with other evidence.
        case amended
        /// It does not hold any more.
        case retracted
    }

    /// What became of it.
    public var kind: Kind
    /// The verdict as it is now; for a retracted one as it was.
    public var alert: Alert
    /// The late evidence, in words.
    public var reason: String
}
