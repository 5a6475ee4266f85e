// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Timelines

/// The judged events that timelines are drawn from: the newest ones, and older ones that an alert made worth
/// keeping.
///
/// Filled in the order of judgement and forgotten by count alone, so it holds the same however the log was
/// cut.
struct EvidenceMemory: Codable, Sendable {
    /// Events kept whatever they are: 32 stretches of 4,096 of some 400 bytes.
    static let stretchCountMax = 32
    /// Older events kept for incidents: 32,768 of some 1,000 bytes.
    ///
    /// Beyond it only their alerts cite them.
    static let keptCountMax = 32_768

    private var stretches: [[JudgedEvent]] = []
    private var kept: [JudgedEvent] = []

    /// Takes the events of a whole stretch; the oldest one goes, but for what belongs to `cores`.
    mutating func append(_ judged: [JudgedEvent], cores: () -> [IncidentCore]) {
        stretches.append(judged)
        guard stretches.count > EvidenceMemory.stretchCountMax else { return }
        let oldest = stretches.removeFirst()
        guard kept.count < EvidenceMemory.keptCountMax else { return }
        let drawing = IncidentDrawing(cores())
        guard !drawing.isEmpty else { return }
        for event in oldest where drawing.isPart(event) {
            kept.append(event.detached)
            guard kept.count < EvidenceMemory.keptCountMax else { return }
        }
    }

    /// The events, the older ones that were kept first.
    var events: [JudgedEvent] { kept + stretches.flatMap { $0 } }

    /// Takes ``events`` as they are resolved now, in the same order.
    mutating func replace(_ events: [JudgedEvent]) {
        var rest = events[...]
        func take(_ count: Int) -> [JudgedEvent] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        kept = take(kept.count)
        stretches = stretches.map { take($0.count) }
    }

    /// Digests of the events that may be part of `drawing`, with those of `newest`, by time, offset and
    /// ordinal.
    func digests(for drawing: IncidentDrawing, newest: [JudgedEvent]) -> [EventDigest] {
        guard !drawing.isEmpty else { return [] }
        var found: [EventDigest] = []
        for stretch in [kept] + stretches + [newest] { found += stretch.compactMap { drawing.digest($0) } }
        return found.sorted { ($0.time, $0.offset, $0.ordinal) < ($1.time, $1.offset, $1.ordinal) }
    }
}
