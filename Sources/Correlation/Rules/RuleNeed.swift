// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Something that an event must have for a rule to match it.
///
/// A necessary condition: what has it may still not match, what has it not does not for certain.
enum RuleNeed: Hashable, Sendable {
    /// A value of the field, whatever it is.
    case present(RuleField)
    /// The field as a whole is this text, in lower case.
    case whole(RuleField, [UInt8])
    /// A value of the field holds this text, in lower case.
    case inside(RuleField, [UInt8])
    /// A value of the field is a number that is equal to this one as a double.
    case number(RuleField, Double)

    /// How many events are likely to have it, for choosing among needs of which each would do.
    private var weight: Int {
        switch self {
        case .present(.known): 64
        case .present: 32
        case .whole, .number: 1
        case .inside(let field, let text):
            (field == .any ? 2 : 1) * (text.count >= 4 ? 2 : text.count >= 2 ? 8 : 48)
        }
    }

    /// Needs of which a match has at least one; nil when none is known.
    static func any(of search: CompiledSearch) -> [RuleNeed]? {
        switch search {
        case .all(let parts):
            return parts.compactMap(any).min { weight($0) < weight($1) }
        case .any(let parts):
            var found: [RuleNeed] = []
            for part in parts {
                guard let needs = any(of: part) else { return nil }
                found += needs
            }
            return found
        case .not: return nil
        case .test(let test): return test.isNegated ? nil : any(of: test.test, test.field)
        }
    }

    private static func weight(_ needs: [RuleNeed]) -> Int { needs.reduce(0) { $0 + $1.weight } }

    private static func any(of test: FieldTest.Test, _ field: RuleField) -> [RuleNeed]? {
        switch field {
        case .envelope, .joined: return nil
        case .known, .named, .either, .any: break
        }
        switch test {
        case .patterns(let patterns, let exact):
            return exact.map { .whole(field, $0) } + patterns.map { need(field, longest($0.literals)) }
        case .expression(let expression): return [need(field, expression.requiredText)]
        case .numbers(let numbers): return numbers.map { .number(field, $0.double) }
        case .number, .datePart, .networks, .reference, .exists(true): return [.present(field)]
        case .null, .exists(false): return nil
        case .some(let parts):
            var found: [RuleNeed] = []
            for part in parts {
                guard let needs = any(of: part, field) else { return nil }
                found += needs
            }
            return found
        case .every(let parts): return parts.compactMap { any(of: $0, field) }.min { weight($0) < weight($1) }
        }
    }

    private static func longest(_ texts: [[UInt8]]) -> [UInt8] {
        texts.max { left, right in
            left.count == right.count ? right.lexicographicallyPrecedes(left) : left.count < right.count
        } ?? []
    }

    private static func need(_ field: RuleField, _ text: [UInt8]) -> RuleNeed {
        text.isEmpty ? .present(field) : .inside(field, text)
    }
}
