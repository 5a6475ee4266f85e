// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Inventory

/// Rules against events of any make: which rules match which event, and what correlations find in that.
///
/// Holds no site, joins nothing, drops no copy and feeds no verdict back. Detections are judged at once and
/// nothing is kept of an event, unless a correlation builds on a rule that matched it. Correlations are
/// judged by the ``Correlator`` at the end, in the order of event time and, for equal times, of offset.
public struct RuleMatcher: Sendable {
    /// One episode of one correlation and group.
    public struct CorrelationMatch: Sendable {
        /// Id of the rule, else its name, else its title.
        public var rule: String
        /// Fields and aliases of `group-by` with the values of the first witness, in the rule's order.
        public var group: [(name: String, value: String)]
        /// Time of the first witness.
        public var first: UTCTime
        /// Time of the last witness.
        public var last: UTCTime
        /// Offsets of the witnesses in order of time, each once; at most
        /// ``CorrelationBounds/witnessCountMax``.
        public var offsets: [UInt64]
    }

    /// An event that a correlation may need has no time.
    public struct MissingTime: Error, Hashable, Sendable {
        /// Offset of the event.
        public var offset: UInt64
        /// A correlation that needs it.
        public var rule: String
    }

    /// Most events kept for correlations: 4,194,304.
    ///
    /// Some 300 bytes each; what comes beyond is refused, since correlations that see a part judge wrongly.
    public static let heldCountMax = 4_194_304

    /// Parts of a log source that are compared; `definition` and further keys are for people.
    public static let logsourceParts = ["category", "product", "service"]

    /// The rules, with the labels by which matches name them: detections, then correlations.
    public let labels: [String]
    /// Whether a correlation is there, so that events need times.
    public var hasCorrelations: Bool { !rules.correlations.isEmpty }
    /// Events kept for correlations.
    public private(set) var heldCount = 0

    private let rules: RuleSet
    private let gate: RuleGate
    private let asksLogsource: Bool
    /// For each detection, what an event must say of its log source, where it says it.
    private let logsources: [[(field: RuleField, value: String)]]
    /// Fields that correlations read.
    private let fields: Set<RuleField>
    private var passing: PassingRules
    private var correlator: Correlator
    private var held: [Held] = []

    private struct Held: Sendable {
        var candidate: Candidate
        var rules: [Int]
    }

    /// A matcher of rules that were read ``RuleDefinition/forMatching``.
    ///
    /// - Parameter asksLogsource: Whether a rule is only tried on events whose log source does not contradict
    ///   its own: the fields `logsource.category`, `.product` and `.service` of the event, where given.
    public init(rules: RuleSet, asksLogsource: Bool) {
        self.rules = rules
        self.asksLogsource = asksLogsource
        let headers = rules.headers
        labels = headers.map { [$0.id, $0.name].first { !$0.isEmpty } ?? $0.title }
        logsources = rules.detections.map { rule in
            RuleMatcher.logsourceParts.compactMap { part in
                guard let value = rule.definition.logsource[part],
                    let field = RuleField(name: RuleMatcher.field("logsource." + part))
                else { return nil }
                return (field, value.lowercased())
            }
        }
        fields = rules.correlations.reduce(into: []) { found, rule in
            found.formUnion((rule.groupFields.joined() + rule.countedFields).flatMap(\.sources))
            found.formUnion(rule.firstSeenFields.flatMap(\.sources))
            found.formUnion(rule.sequence?.fields ?? [])
        }
        gate = RuleGate(rules.detections, asksSource: false)
        passing = PassingRules(gate)
        correlator = Correlator(rules: rules, register: AssetRegister(site: Site()))
    }

    /// The name under which the engine keeps the field that an event of any make calls `name`.
    ///
    /// Blanks are taken out (Sigma 2.1, field usage, rule 2).
    public static func field(_ name: String) -> String { "ext." + name.filter { $0 != " " } }

    /// A field that stands for one without a value of its own: `null`, an array or an object.
    ///
    /// A name of an event has no blank, so none can claim it.
    public static func presence(of name: String) -> String { presencePrefix + name.filter { $0 != " " } }

    /// How names of ``presence(of:)`` begin: those are no values that keywords could be looked for in.
    static let presencePrefix = "ext.is there "

    /// What a placeholder without values stands for: text that no event has, of characters for private use.
    static let valueOfNothing = "\u{f8fe}\u{f8ff}no value\u{f8ff}\u{f8fe}"

    /// Numbers in ``labels`` of the detections that match event `index` of `batch`, ascending.
    ///
    /// Keeps the event when a correlation builds on one of them.
    ///
    /// - Throws: ``MissingTime`` when it must be kept and has no time; it is not kept then.
    public mutating func match(_ batch: EventBatch, _ index: Int) throws(MissingTime) -> [Int] {
        let candidate = Candidate(batch: batch, index: index)
        var found: [Int] = []
        if passing.find(gate, batch, index) {
            for number in passing.numbers
            where rules.tests[number].matches(candidate) && isFrom(logsources[number], candidate) {
                found.append(number)
            }
        }
        let feeding = found.filter { !rules.feeds[$0].isEmpty }
        if let first = feeding.first {
            let correlation = rules.detections.count + rules.feeds[first][0].correlation
            guard candidate.event.time.isPresent else {
                throw MissingTime(offset: candidate.event.offset.value, rule: labels[correlation])
            }
            heldCount += 1
            if held.count < RuleMatcher.heldCountMax {
                held.append(Held(candidate: slim(candidate), rules: feeding))
            }
        }
        return found
    }

    /// The same event with the fields that correlations read and no others, so that its neighbours are
    /// forgotten.
    private func slim(_ candidate: Candidate) -> Candidate {
        var own = EventBatch()
        var table = FieldTable()
        own.begin(candidate.event)
        for entry in candidate.batch.fields(of: candidate.index) {
            let name = candidate.batch.name(of: entry.field)
            let field: RuleField = entry.field.isKnown ? .known(entry.field) : .named(name)
            guard fields.contains(field) else { continue }
            own.add(table.field(named: name), Array(candidate.batch.bytes[entry.range]))
        }
        own.extensionNames = table.names
        return Candidate(batch: own, index: 0)
    }

    private func isFrom(_ logsource: [(field: RuleField, value: String)], _ candidate: Candidate) -> Bool {
        guard asksLogsource else { return true }
        return logsource.allSatisfy { part in
            let stated = candidate.values(part.field)
            return stated.isEmpty
                || stated.contains { String(decoding: $0, as: UTF8.self).lowercased() == part.value }
        }
    }

    /// What correlations find in everything that was kept, as if all time had passed; nothing is kept after.
    ///
    /// In order of first witness, then rule.
    public mutating func takeCorrelations() -> [CorrelationMatch] {
        held.sort {
            ($0.candidate.event.time, $0.candidate.event.offset)
                < ($1.candidate.event.time, $1.candidate.event.offset)
        }
        for event in held { correlator.feed(event.candidate, matching: event.rules) }
        let alerts = correlator.takeAllAlerts()
        var events: [UInt64: Candidate] = [:]
        for event in held { events[event.candidate.event.offset.value] = event.candidate }
        held = []
        heldCount = 0
        return alerts.map { match($0, events) }
    }

    private func match(_ alert: Alert, _ events: [UInt64: Candidate]) -> CorrelationMatch {
        let offsets = alert.evidence.map(\.offset.value)
        let number = rules.correlations.firstIndex { $0.definition.header.reference == alert.rule } ?? 0
        let rule = rules.correlations[number]
        var group: [(name: String, value: String)] = []
        for (position, part) in alert.key.enumerated() where position < rule.groupNames.count {
            let name = rule.groupNames[position]
            let folded = String(part.dropFirst(name.count + 1))
            let fields = rule.groupFields.map { $0[position] }
            group.append((shown(name, rule), written(folded, fields, offsets.first.flatMap { events[$0] })))
        }
        return CorrelationMatch(
            rule: labels[rules.detections.count + number],
            group: group,
            first: alert.first,
            last: alert.last,
            offsets: offsets
        )
    }

    /// The name of a group as the rule file has it.
    private func shown(_ name: String, _ rule: CorrelationRule) -> String {
        let isAlias = rule.definition.aliases.contains { $0.name.text == name }
        return isAlias ? name : String(name.dropFirst(4))
    }

    /// A value of a group as the event has it, whose case does not matter to groups.
    private func written(_ folded: String, _ fields: [RuleField], _ candidate: Candidate?) -> String {
        guard let candidate else { return folded }
        let values = fields.flatMap(candidate.values).map { String(decoding: $0, as: UTF8.self) }
        return values.first { $0.lowercased() == folded } ?? folded
    }
}
