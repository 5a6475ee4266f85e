// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import SegmentLog

/// What of an event a tally looks at.
public enum TallyInterest: Hashable, Sendable {
    /// Nothing: only how many match.
    case nothing
    /// What stands in its header: class, action, outcome, severity, decoder, issues, flags.
    case header
    /// The values of a field with a fixed number.
    case field(FieldID)
    /// Anything.
    case event

    /// What the output field of that name, or of that alias, is made of.
    public init(fieldNamed name: String) {
        switch QueryField(name: name) {
        case .envelope(.eventClass), .envelope(.action), .envelope(.outcome), .envelope(.severity),
            .envelope(.decoder), .envelope(.issue), .envelope(.flag):
            self = .header
        case .known(let field): self = .field(field)
        default: self = .event
        }
    }
}

/// What a part gives to a tally.
public enum PartColumns {
    /// Nothing of it can match, so nothing was read.
    case ruledOut
    /// Its columns were read.
    case read
    /// It must be read whole.
    case whole
}

extension EventScan {
    /// Counts matches in no particular order: each part is read once, and where the query asks of headers
    /// only and the part stores its events as columns, those alone that are looked at.
    ///
    /// - Parameters:
    ///   - interest: What of the events `body` looks at.
    ///   - body: Gets events, each for so many that have the same of what is looked at.
    public mutating func tally(
        _ interest: TallyInterest,
        _ body: (EventBatch, Int, Int64) throws -> Void
    ) throws {
        let parts = try source.parts()
        statistics.end = max(statistics.end, parts.last?.end ?? .zero)
        let readsColumns = interest != .event && selection.query.asksOfHeadersOnly
        if !readsColumns { source.announce(parts.filter { !isOutside($0) }, where: condition) }
        var memory = EventValues()
        for part in parts {
            if isOutside(part) {
                statistics.skippedCount += 1
                continue
            }
            let found =
                readsColumns
                ? try source.read(part, columns(interest), where: condition, into: &memory) : .whole
            switch found {
            case .ruledOut: statistics.skippedCount += 1
            case .read: try tally(memory, interest, body)
            case .whole:
                let loaded = try source.load(part, where: condition)
                for index in matches(loaded, .zero) {
                    statistics.matchCount += 1
                    try body(loaded.events, index, 1)
                }
            }
        }
    }

    private func columns(_ interest: TallyInterest) -> EventValues.Wish {
        var wish = EventValues.Wish()
        wish.needsTimes = selection.since != nil || selection.until != nil
        if case .field(let field) = interest { wish.field = field }
        return wish
    }

    /// Counts the events of a part of which headers, and times where they are asked, are at hand.
    private mutating func tally(
        _ values: EventValues,
        _ interest: TallyInterest,
        _ body: (EventBatch, Int, Int64) throws -> Void
    ) throws {
        statistics.scannedCount += values.count
        statistics.partCount += 1
        var headers = EventBatch()
        headers.decoders = values.decoders
        for header in values.headers { headers.begin(header) }
        let predicate = QueryPredicate(selection.query, for: headers)
        let isWanted = headers.events.indices.map(predicate.matches)
        let since = selection.since?.nanoseconds ?? .min
        let until = selection.until?.nanoseconds ?? .max
        let hasTimes = selection.since != nil || selection.until != nil
        var counts = [Int64](repeating: 0, count: isWanted.count)
        var places: [UInt64: Int64] = [:]
        let isOfField = if case .field = interest { true } else { false }
        for index in 0..<values.count {
            let header = Int(values.choices[index])
            guard isWanted[header] else { continue }
            if hasTimes, values.times[index] < since || values.times[index] >= until { continue }
            counts[header] += 1
            guard isOfField, let range = values.range(index) else { continue }
            places[UInt64(range.lowerBound) << 32 | UInt64(range.count), default: 0] += 1
        }
        statistics.matchCount += counts.reduce(0) { $0 + Int($1) }
        switch interest {
        case .header:
            for index in counts.indices where counts[index] > 0 { try body(headers, index, counts[index]) }
        case .field(let field):
            var batch = EventBatch()
            for (place, count) in places.sorted(by: { $0.key < $1.key }) {
                let start = Int(place >> 32)
                batch.begin(Event(offset: .zero, time: .absent, logTime: .absent))
                batch.add(field, values.bytes.span, start..<start + Int(place & 0xffff_ffff))
                try body(batch, batch.events.count - 1, count)
            }
        case .nothing, .event: break
        }
    }
}

extension Query {
    /// Whether it asks of nothing but class, action, outcome, severity, decoder, issues and flags.
    var asksOfHeadersOnly: Bool { Query.asksOfHeadersOnly(root) }

    private static func asksOfHeadersOnly(_ node: QueryNode) -> Bool {
        switch node {
        case .everything: true
        case .all(let nodes), .any(let nodes): nodes.allSatisfy(asksOfHeadersOnly)
        case .not(let node): asksOfHeadersOnly(node)
        case .compare: false
        case .test(.envelope(let envelope), _):
            switch envelope {
            case .eventClass, .action, .outcome, .severity, .decoder, .issue, .flag: true
            case .offset, .time, .deviceTime, .logTime, .receiveTime: false
            }
        case .test: false
        }
    }
}
