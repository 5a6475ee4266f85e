// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension DetectionRule {
    /// Compiles a definition.
    ///
    /// - Throws: ``RuleError`` for what Sigma forbids and for what this version does not evaluate.
    init(compiling definition: DetectionDefinition) throws(RuleError) {
        var searches: [String: CompiledSearch] = [:]
        for search in definition.searches {
            searches[search.name] = try DetectionRule.compile(search.definition, definition.placeholders)
        }
        let names = definition.searches.map(\.name)
        var conditions: [Condition] = []
        for text in definition.conditions {
            conditions.append(try ConditionParser.parse(text.text, names: names, at: text.position))
        }
        var groupBy: [RuleField] = []
        for name in definition.groupBy {
            guard let field = RuleField(name: name.text), field != .any else {
                throw RuleError(name.position, RuleField.unknown(name.text))
            }
            groupBy.append(field)
        }
        let tests = conditions.map { DetectionRule.joined($0, searches) }
        let test = tests.count == 1 ? tests[0] : .any(tests)
        self.definition = definition
        self.test = test
        self.groupBy = groupBy
        groupNames = definition.groupBy.map(\.text)
        let used = conditions.reduce(into: Set<String>()) { $0.formUnion($1.names) }
        idleSearches = names.filter { !used.contains($0) }
        actions = DetectionRule.actions(test)
        needsSite = DetectionRule.needsSite(test)
    }

    /// The condition with each name replaced by its search.
    private static func joined(
        _ condition: Condition,
        _ searches: [String: CompiledSearch]
    ) -> CompiledSearch {
        switch condition {
        // The parser lets no other name pass.
        case .name(let name): searches[name] ?? .any([])
        case .not(let inner): .not(joined(inner, searches))
        case .and(let parts): .all(parts.map { joined($0, searches) })
        case .or(let parts): .any(parts.map { joined($0, searches) })
        }
    }

    private static func compile(
        _ definition: SearchDefinition,
        _ placeholders: [String: [String]]
    ) throws(RuleError) -> CompiledSearch {
        switch definition {
        case .all(let parts): return .all(try compile(parts, placeholders))
        case .any(let parts): return .any(try compile(parts, placeholders))
        case .field(let name, let modifiers, let values, let position):
            func test(_ scalars: [RuleScalar], _ position: RulePosition) throws(RuleError) -> FieldTest {
                try FieldTest(
                    name: name,
                    modifiers: modifiers,
                    values: scalars,
                    placeholders: placeholders,
                    position: position
                )
            }
            do throws(RuleError) {
                return .test(try test(values.map(\.scalar), position))
            } catch {
                throw culprit(values, test) ?? error
            }
        }
    }

    /// The fault of the first value that is refused alone, when others are not: then it is that value's, and
    /// not the modifiers'.
    private static func culprit(
        _ values: [RuleValue],
        _ test: ([RuleScalar], RulePosition) throws(RuleError) -> FieldTest
    ) -> RuleError? {
        var faults: [RuleError] = []
        for value in values {
            do throws(RuleError) {
                _ = try test([value.scalar], value.position)
            } catch {
                faults.append(error)
            }
        }
        return faults.count < values.count ? faults.first : nil
    }

    private static func compile(
        _ parts: [SearchDefinition],
        _ placeholders: [String: [String]]
    ) throws(RuleError) -> [CompiledSearch] {
        var compiled: [CompiledSearch] = []
        for part in parts { compiled.append(try compile(part, placeholders)) }
        return compiled
    }

    /// Bytes of a part of the envelope under which an event can match; nil for any.
    func accepted(_ envelope: RuleField.Envelope) -> ByteSet? { DetectionRule.accepted(envelope, test) }

    private static func accepted(_ envelope: RuleField.Envelope, _ search: CompiledSearch) -> ByteSet? {
        switch search {
        case .all(let parts):
            return parts.compactMap { accepted(envelope, $0) }.reduce(nil) { found, next in
                found.map { $0.intersection(next) } ?? next
            }
        case .any(let parts):
            var found: ByteSet? = ByteSet()
            for part in parts { found = accepted(envelope, part).flatMap { found?.union($0) } }
            return found
        case .not: return nil
        case .test(let test): return test.field == .envelope(envelope) ? test.header : nil
        }
    }

    /// Actions under which an event can match; nil for any.
    static func actions(_ search: CompiledSearch) -> Set<Action>? {
        accepted(.action, search).map { bytes in Set(Action.allCases.filter { bytes[$0.rawValue] }) }
    }

    /// Whether every way to match needs a joined field to have a positive value.
    static func needsSite(_ search: CompiledSearch) -> Bool {
        switch search {
        case .all(let parts): return parts.contains(where: needsSite)
        case .any(let parts): return parts.allSatisfy(needsSite)
        case .not: return false
        case .test(let test):
            guard case .joined(let field) = test.field, !test.isNegated else { return false }
            switch test.test {
            case .null, .exists(false): return false
            default: break
            }
            switch field {
            case .asset, .assetType, .assetIsCritical, .assetHoldsHealthInformation, .assetVendor,
                .assetModel, .assetFirmware, .assetZone, .assetTier, .exposure, .sourceAsset, .targetAsset,
                .userIsOfAssetVendor, .change, .changeKind, .bracket:
                return true
            // These are `false` without a site: a test that `false` passes needs none.
            case .sourceIsMedical, .targetIsMedical, .sourceIsDevice, .isNewPeer:
                return !test.accepts("false")
            default: return false
            }
        }
    }
}

extension RuleField {
    /// The message for an unknown `wardline.*` name, with the nearest known one.
    static func unknown(_ name: String) -> String {
        let known = JoinedField.allCases.map { "wardline." + $0.rawValue }
        let nearest = known.min { distance($0, name) < distance($1, name) } ?? ""
        return "there is no field `\(name)`; did you mean `\(nearest)`?"
    }

    /// Edit distance, for suggestions only.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let next = min(row[column + 1] + 1, row[column] + 1, diagonal + (byte == other ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = next
            }
        }
        return row[right.count]
    }
}
