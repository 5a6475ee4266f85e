// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

extension RuleSet {
    /// What a stored record must have for its events to matter to these rules where no site is known; never
    /// more than that.
    ///
    /// With a site, what belongs to a timeline or a join matters too, and nothing is ruled out.
    public var rowCondition: RowCondition {
        var parts: [RowCondition] = []
        for (number, rule) in detections.enumerated() where siteless.contains(number) {
            parts.append(RuleSet.condition(of: rule))
        }
        parts.append(.header(.action, Correlator.joinActions))
        return .any(parts)
    }

    /// What a record must have for its events to match `rule`.
    static func condition(of rule: DetectionRule) -> RowCondition {
        var parts: [RowCondition] = []
        if let decoders = LogSource.decoders(product: rule.definition.logsource["product"]) {
            parts.append(.decoder(decoders))
        }
        parts.append(condition(rule.test))
        return .all(parts)
    }

    /// Cheap parts come first: where one rules out all rows of a block, the others are not asked.
    private static func condition(_ search: CompiledSearch) -> RowCondition {
        switch search {
        case .all(let parts):
            return .all(
                parts.map(condition).filter { !$0.isEverything }.sorted { $0.textCount < $1.textCount }
            )
        case .any(let parts): return .any(parts.map(condition))
        case .not: return .everything
        case .test(let test): return condition(test, search)
        }
    }

    private static func condition(_ test: FieldTest, _ search: CompiledSearch) -> RowCondition {
        if case .envelope(let envelope) = test.field {
            for (known, header) in [
                (RuleField.Envelope.action, RowCondition.Header.action), (.eventClass, .eventClass),
                (.outcome, .outcome), (.severity, .severity),
            ] where envelope == known {
                return test.header.map { .header(header, $0) } ?? .everything
            }
            guard !test.isNegated, case .patterns(let patterns, let exact) = test.test, patterns.isEmpty
            else { return .everything }
            let ids = exact.map { String(decoding: $0, as: UTF8.self) }.sorted()
            return .decoder(RowCondition.Decoders(ids: ids))
        }
        guard let needs = RuleNeed.any(of: search) else { return .everything }
        let alternatives = needs.compactMap(condition)
        return alternatives.count == needs.count ? .any(alternatives) : .everything
    }

    /// Nil for what no record shows.
    private static func condition(_ need: RuleNeed) -> RowCondition? {
        switch need {
        // A number can be written in many ways.
        case .present, .number: nil
        case .inside(_, let text): .text(text)
        case .whole(let field, let text):
            switch field {
            case .known(let known): .value(fields: [FieldID.knownNames[Int(known.rawValue)]], .text(text))
            case .named(let name): .value(fields: [name], .text(text))
            case .either(let name, let known):
                .value(fields: [name, FieldID.knownNames[Int(known.rawValue)]], .text(text))
            case .any, .envelope, .joined: .text(text)
            }
        }
    }
}
