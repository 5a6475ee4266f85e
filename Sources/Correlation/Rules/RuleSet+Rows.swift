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

    private static func condition(of rule: DetectionRule) -> RowCondition {
        var parts: [RowCondition] = []
        for (envelope, header) in [
            (RuleField.Envelope.action, RowCondition.Header.action), (.eventClass, .eventClass),
            (.outcome, .outcome),
        ] {
            if let bytes = rule.accepted(envelope) { parts.append(.header(header, bytes)) }
        }
        if let needs = RuleNeed.any(of: rule.test) {
            let alternatives = needs.compactMap(condition)
            if alternatives.count == needs.count { parts.append(.any(alternatives)) }
        }
        return parts.isEmpty ? .everything : .all(parts)
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
