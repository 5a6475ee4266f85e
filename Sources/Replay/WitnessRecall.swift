// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
import Digests
public import EventModel
public import Inventory
public import QueryEngine

/// The events of some alerts, read back from the store and judged again by themselves.
///
/// With them go the events of the day before that say who had an address and which service session was open:
/// of what surrounded the alerts, only that is judged again. Evidence has the times that it was judged by,
/// which later records may have corrected. Nothing is written.
public struct WitnessRecall {
    /// How far before the first event such events are looked for: a day, a usual lease.
    public static let leadNanoseconds: Int64 = 86_400 * UTCTime.second

    /// SHA-256 of the kept bytes of each record that could be read.
    public private(set) var digests: [Offset: [UInt8]] = [:]
    private var batches: [EventBatch] = []
    private let witnesses: [Place: Witness]

    private struct Place: Hashable {
        var offset: Offset
        var ordinal: UInt16
    }

    /// Reads the events of `alerts` from `source`.
    ///
    /// - Complexity: Reads whole the parts that hold evidence; of the others, what filters do not rule out.
    public init(_ alerts: [Alert], from source: StoreParts) throws(WardlineError) {
        let evidence = alerts.flatMap(\.evidence)
        witnesses = Dictionary(
            evidence.map { (Place(offset: $0.offset, ordinal: $0.ordinal), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let offsets = Set(evidence.map(\.offset))
        let sorted = offsets.sorted()
        guard let first = evidence.map(\.time).min(), let last = evidence.map(\.time).max() else { return }
        let since = first.advanced(by: -WitnessRecall.leadNanoseconds)
        for part in try source.parts() {
            let next = sorted.first { $0 >= part.base }
            let holdsEvidence = next.map { $0 < part.end } ?? false
            let isEarly = part.latest.map { $0 < since } ?? false
            let isLate = part.earliest.map { $0 > last } ?? false
            guard holdsEvidence || !isEarly && !isLate else { continue }
            let loaded = try source.load(
                part,
                where: holdsEvidence ? .everything : Correlator.joinCondition
            )
            take(loaded, offsets, since...last)
        }
    }

    private mutating func take(_ loaded: LoadedPart, _ offsets: Set<Offset>, _ range: ClosedRange<UTCTime>) {
        let events = loaded.events
        var own = EventBatch()
        own.decoders = events.decoders
        own.extensionNames = events.extensionNames
        for index in events.events.indices {
            let event = events.events[index]
            let isEvidence = offsets.contains(event.offset)
            guard isEvidence || Correlator.isJoin(event.action) && range.contains(event.time) else {
                continue
            }
            if digests[event.offset] == nil {
                digests[event.offset] = sha256(loaded.bytes(at: event.offset)[...]).bytes
            }
            var judged = event
            if let known = witnesses[Place(offset: event.offset, ordinal: event.ordinal)] {
                judged.time = known.time
                judged.uncertainty = known.uncertainty
            }
            own.begin(judged)
            for entry in events.fields(of: index) {
                own.add(entry.field, events.bytes.span, entry.range)
            }
            own.add(.recordDigest, digests[event.offset] ?? [])
        }
        if !own.events.isEmpty { batches.append(own) }
    }

    /// The events as `rules` judge them over `site`, in the order of judgement.
    public func judged(by rules: RuleSet, site: Site) -> [JudgedEvent] {
        var correlator = Correlator(rules: rules, register: AssetRegister(site: site))
        for batch in batches { correlator.admit(batch, isHeard: true) }
        correlator.advance(to: UTCTime(nanoseconds: .max))
        return correlator.takeJudgements().flatMap(\.judged)
    }

    /// An alert with the digests of its records.
    public func completed(_ alert: Alert) -> Alert {
        var alert = alert
        for index in alert.evidence.indices {
            alert.evidence[index].digest = digests[alert.evidence[index].offset] ?? []
        }
        return alert
    }
}
