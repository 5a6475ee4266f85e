// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel

/// For each rule an event (or a run of them) that matches it and one that only just does not, made from the
/// rule and judged by the engine.
public struct RuleSamples: Sendable {
    /// What was found for one rule.
    public struct Sample: Sendable {
        /// The rule.
        public var header: RuleHeader
        /// Events that match; empty if none was found.
        public var matching: [JSONValue] = []
        /// Events that differ from those in one thing and do not match; empty if none was found.
        public var missing: [JSONValue] = []

        /// Whether both were found.
        public var isWhole: Bool { !matching.isEmpty && !missing.isEmpty }
    }

    /// One sample a rule, in file order.
    public private(set) var samples: [Sample] = []

    private var detections: [String: DetectionDefinition] = [:]
    private var correlations: [String: CorrelationDefinition] = [:]
    private var known: [String: [JSONValue]] = [:]

    /// Makes samples for every rule of `files`; what does not load is passed over.
    public init(_ files: [SigmaReader.File]) {
        var definitions: [RuleDefinition] = []
        for file in files.sorted(by: { $0.name < $1.name }) {
            definitions += SigmaReader.definitions(bytes: file.bytes, file: file.name).definitions
        }
        for definition in definitions {
            let names = [definition.header.id, definition.header.name].filter { !$0.isEmpty }
            switch definition {
            case .detection(let found): for name in names { detections[name] = found }
            case .correlation(let found): for name in names { correlations[name] = found }
            case .filter: continue
            }
        }
        for case .detection(let found) in definitions { samples.append(sample(found)) }
        for case .correlation(let found) in definitions { samples.append(sample(found)) }
        samples.sort { $0.header.position < $1.header.position }
    }

    // MARK: - Detections

    private mutating func sample(_ definition: DetectionDefinition) -> Sample {
        var sample = Sample(header: definition.header)
        guard let judge = RuleSamples.judge([.detection(definition)]) else { return sample }
        let made = SampleEvents(definition)
        guard let event = made.candidates().first(where: { judge([$0], definition.header) }) else {
            return sample
        }
        sample.matching = [event]
        known[definition.header.reference] = [event]
        let nearest = RuleSamples.nearest(event).first { !judge([$0], definition.header) }
        let other = nearest ?? made.candidates(matching: false).first { !judge([$0], definition.header) }
        if let other { sample.missing = [other] }
        return sample
    }

    /// The event without one of its fields, then with another value in one.
    private static func nearest(_ event: JSONValue) -> [JSONValue] {
        guard case .object(let members) = event else { return [] }
        let without = members.indices.reversed().map { index in
            JSONValue.object(members.enumerated().filter { $0.offset != index }.map(\.element))
        }
        let changed = members.indices.map { index in
            JSONValue.object(
                members.enumerated().map {
                    $0.offset == index ? .init($0.element.name, .text("other")) : $0.element
                }
            )
        }
        return without + changed
    }

    // MARK: - Correlations

    private mutating func sample(_ definition: CorrelationDefinition) -> Sample {
        var sample = Sample(header: definition.header)
        guard let judge = RuleSamples.judge(family(definition, depth: 0)) else { return sample }
        for events in runs(definition, depth: 0) where judge(events, definition.header) {
            sample.matching = events
            let shorter = events.indices.reversed().map { index in
                events.enumerated().filter { $0.offset != index }.map(\.element)
            }
            var near = shorter.filter { !$0.isEmpty }
            near +=
                events.last.map { last in
                    RuleSamples.nearest(last).map { events.dropLast() + [$0] }
                } ?? []
            sample.missing = near.first { !judge($0, definition.header) } ?? []
            return sample
        }
        return sample
    }

    /// The correlation and all rules below it.
    private func family(_ definition: CorrelationDefinition, depth: Int) -> [RuleDefinition] {
        guard depth < CorrelationBounds.levelCountMax else { return [] }
        var found: [RuleDefinition] = []
        for name in names(definition) {
            if let base = detections[name] { found.append(.detection(base)) }
            if let base = correlations[name] { found += family(base, depth: depth + 1) }
        }
        return found + [.correlation(definition)]
    }

    /// Names of the rules that it correlates, those under `not` too and those that must not follow.
    private func names(_ definition: CorrelationDefinition) -> [String] {
        let extras = definition.extras
        if let sequence = extras.sequence {
            let others = sequence.until + [extras.absence?.rule].compactMap { $0 }
            return (sequence.steps.map(\.rule) + others).map(\.text)
        }
        guard definition.rules.isEmpty else { return definition.rules.map(\.text) }
        return (definition.condition?.text ?? "").split {
            !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-")
        }
        .map(String.init).filter { detections[$0] != nil || correlations[$0] != nil }
    }

    /// Runs of events that may match, the most likely first; times are set last.
    private func runs(_ definition: CorrelationDefinition, depth: Int) -> [[JSONValue]] {
        guard depth < CorrelationBounds.levelCountMax else { return [] }
        // As the events of the rules below have it, then with one value of each key in all of them.
        let found = [false, true].flatMap { wholes(definition, depth, isForced: $0) }
        if let history = history(definition) { return found.map { behind($0, history) } }
        // Rules below may ask for more time than their windows are long.
        return timed(found, definition) + found.filter { !$0.isEmpty }.map(following)
    }

    /// Events at the times of their own rules; those without follow the one before them.
    private func following(_ events: [JSONValue]) -> [JSONValue] {
        var time = CivilTime(year: 2026, month: 1, day: 5).utc()
        return events.map { event in
            let own = event["@timestamp"]?.text.flatMap { UTCTime(rfc3339: $0) }
            time = own ?? time.advanced(by: UTCTime.second)
            return RuleSamples.setting("@timestamp", .text(time.description), in: event)
        }
    }

    /// Events of steps, one for each match, with what a step joins on to the one before it.
    private func joined(
        _ events: [JSONValue],
        _ steps: [CorrelationExtension.Step]
    ) -> [JSONValue] {
        guard events.count == steps.reduce(0, { $0 + $1.runs }) else { return events }
        var events = events
        var start = 0
        for step in steps {
            for index in start..<start + step.runs where start > 0 {
                for join in step.joins {
                    guard let value = events[start - 1][join.earlier.text] else { continue }
                    events[index] = RuleSamples.setting(join.field.text, value, in: events[index])
                }
            }
            start += step.runs
        }
        return events
    }

    /// What must be known before a rule speaks.
    private struct History {
        /// How long before.
        var pause: Int64
        /// Between events, then.
        var step: Int64
        /// Fields that had another value.
        var fields: [String] = []
    }

    private func history(_ definition: CorrelationDefinition) -> History? {
        let step = min(UTCTime.second, max(1, definition.timespan / 1_100))
        if let baseline = definition.extras.baseline {
            return History(pause: Int64(baseline.leastDays) * 86_400 * UTCTime.second, step: step)
        }
        guard let firstSeen = definition.extras.firstSeen else { return nil }
        let keys = Set(definition.groupBy.map(\.text))
        let fields = firstSeen.fields.map(\.text)
        guard fields.allSatisfy(keys.contains) else {
            return History(pause: firstSeen.learning, step: step, fields: fields)
        }
        // Known by its key: what is forgotten is new again.
        return History(pause: firstSeen.learning + (firstSeen.forgetting ?? 0), step: step)
    }

    /// Events behind one that makes their key known.
    private func behind(_ events: [JSONValue], _ history: History) -> [JSONValue] {
        var events = events
        guard var first = events.first else { return [] }
        for field in history.fields {
            first = RuleSamples.setting(field, .text("known"), in: first)
            events = events.map { $0[field] == nil ? RuleSamples.setting(field, .text("new"), in: $0) : $0 }
        }
        let start = CivilTime(year: 2026, month: 1, day: 5).utc()
        return ([first] + events).enumerated().map { number, event in
            let time = start.advanced(by: number == 0 ? 0 : history.pause + Int64(number) * history.step)
            return RuleSamples.setting("@timestamp", .text(time.description), in: event)
        }
    }

    /// The events of what is correlated, without times.
    private func wholes(
        _ definition: CorrelationDefinition,
        _ depth: Int,
        isForced: Bool
    ) -> [[JSONValue]] {
        func base(_ names: [String]) -> [JSONValue] { self.base(names, definition, depth, isForced) }
        let isTemporal = definition.kind == .temporal || definition.kind == .temporalOrdered
        if let steps = definition.extras.sequence?.steps {
            return [joined(base(steps.flatMap { Array(repeating: $0.rule.text, count: $0.runs) }), steps)]
        }
        let names = names(definition)
        // All of them, then each alone, which a condition with `not` asks for.
        if isTemporal { return [base(names)] + names.map { base([$0]) } }
        guard let name = names.first else { return [] }
        return counts(definition).map { count in
            let events = base([name])
            return (0..<count).flatMap { number in
                events.map { counted($0, definition, number, isForced) }
            }
        }
    }

    private func timed(_ found: [[JSONValue]], _ definition: CorrelationDefinition) -> [[JSONValue]] {
        // Near enough for the shortest window below it.
        let spans = family(definition, depth: 0).compactMap { rule -> Int64? in
            guard case .correlation(let found) = rule else { return nil }
            return found.timespan
        }
        let length = Int64((found.map(\.count).max() ?? 1) + 1)
        let step = max((spans.min() ?? definition.timespan) / length, 1)
        return found.filter { !$0.isEmpty }.map { events in
            events.enumerated().map { number, event in
                let time = CivilTime(year: 2026, month: 1, day: 5).utc().advanced(by: Int64(number) * step)
                return RuleSamples.setting("@timestamp", .text(time.description), in: event)
            }
        }
    }

    /// How many events to try.
    private func counts(_ definition: CorrelationDefinition) -> [Int] {
        guard definition.kind == .eventCount || definition.kind == .valueCount else { return [1] }
        return definition.thresholds.map { threshold in
            switch threshold.operation {
            case "gt", "neq": Int(threshold.value.rounded(.down)) + 1
            case "gte", "eq": Int(threshold.value.rounded(.up))
            default: 1
            }
        }.filter { (1...1_024).contains($0) }
    }

    /// The event with the next value of what is counted: another one, or with `isLonger` its own and more.
    private func counted(
        _ event: JSONValue,
        _ definition: CorrelationDefinition,
        _ number: Int,
        _ isLonger: Bool
    ) -> JSONValue {
        var event = event
        for field in definition.countedFields {
            guard definition.kind == .valueCount else {
                let threshold = definition.thresholds.first
                let value = threshold?.value ?? 0
                let shift: Double =
                    threshold?.operation == "gt" || threshold?.operation == "neq"
                    ? 1 : threshold?.operation == "lt" ? -1 : 0
                let text = Int64(exactly: value + shift).map(String.init) ?? "\(value + shift)"
                return RuleSamples.setting(field.text, .text(text), in: event)
            }
            let own = isLonger ? event[field.text]?.text : nil
            event = RuleSamples.setting(field.text, .text("\(own ?? "value") \(number + 1)"), in: event)
        }
        return event
    }

    /// Events of rules below, in one group; forced, keys that they have already become equal too.
    private func base(
        _ names: [String],
        _ definition: CorrelationDefinition,
        _ depth: Int,
        _ isForced: Bool
    ) -> [JSONValue] {
        var parts = names.map { events(of: $0, depth) }
        for group in definition.groupBy {
            let alias = definition.aliases.first { $0.name.text == group.text }
            let fields = names.map { name in
                alias?.fields.first { $0.rule.text == name }?.field.text ?? group.text
            }
            let known = zip(parts, fields).lazy.compactMap { $0.first?[$1] }.first
            for (number, field) in fields.enumerated() {
                parts[number] = parts[number].map { event in
                    guard isForced || event[field] == nil else { return event }
                    return RuleSamples.setting(field, known ?? .text("group"), in: event)
                }
            }
        }
        return Array(parts.joined())
    }

    /// Events that a rule below matches.
    private func events(of name: String, _ depth: Int) -> [JSONValue] {
        if let detection = detections[name] { return known[detection.header.reference] ?? [] }
        guard let inner = correlations[name] else { return [] }
        let runs = runs(inner, depth: depth + 1)
        let judge = RuleSamples.judge(family(inner, depth: depth + 1))
        return runs.first { judge?($0, inner.header) ?? false } ?? runs.first ?? []
    }

    private static func setting(_ name: String, _ value: JSONValue, in event: JSONValue) -> JSONValue {
        guard case .object(var members) = event else { return event }
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].value = value
        } else {
            members.append(.init(name, value))
        }
        return .object(members)
    }

    // MARK: - Judgement

    /// Whether a rule of `definitions` speaks over events; nil if they do not compile.
    private static func judge(_ definitions: [RuleDefinition]) -> (([JSONValue], RuleHeader) -> Bool)? {
        let compiled = RuleSet.compile(definitions.map(\.forMatching))
        guard compiled.errors.isEmpty else { return nil }
        return { events, header in
            var matcher = RuleMatcher(rules: compiled.rules, asksLogsource: false)
            var reader = RuleEventReader()
            for (number, event) in events.enumerated() {
                guard (try? reader.add(event, offset: UInt64(number))) != nil else { return false }
            }
            let label = [header.id, header.name].first { !$0.isEmpty } ?? header.title
            let batch = reader.take()
            var isFound = false
            for index in batch.events.indices {
                guard let rules = try? matcher.match(batch, index) else { return false }
                if rules.contains(where: { matcher.labels[$0] == label }) { isFound = true }
            }
            return isFound || matcher.takeCorrelations().contains { $0.rule == label }
        }
    }
}
