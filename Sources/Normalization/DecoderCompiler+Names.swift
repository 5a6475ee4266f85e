// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension DecoderCompiler {
    /// The target with that name: a fixed field, `ext.*`, `action`, `outcome`, `class` or `time`.
    mutating func target(_ name: PlacedText) throws(DecoderError) -> FieldTarget {
        switch name.text {
        case "action": return .action
        case "outcome": return .outcome
        case "class": return .eventClass
        case "time": return .time
        default: break
        }
        if name.text.hasPrefix("_") { return .local }
        if let known = FieldID.known(name.text) { return .known(known) }
        guard name.text.hasPrefix("ext."), name.text.utf8.count > 4 else {
            let hint = Spelling.suggestion(for: name.text, among: FieldID.knownNames)
            let advice = hint.isEmpty ? "; write 'ext.\(name.text)' for a field of your own" : hint
            throw DecoderError(name.place, "the field '\(name.text)' is not known\(advice)")
        }
        if let index = extensionNames.firstIndex(of: name.text) { return .named(index) }
        extensionNames.append(name.text)
        return .named(extensionNames.count - 1)
    }

    func action(_ name: PlacedText) throws(DecoderError) -> Action {
        if let action = Action(name: name.text) { return action }
        let hint = Spelling.suggestion(for: name.text, among: Action.allCases.map(\.name))
        throw DecoderError(name.place, "the action '\(name.text)' is not known\(hint)")
    }

    func eventClass(_ name: PlacedText) throws(DecoderError) -> EventClass {
        if let eventClass = EventClass(name: name.text) { return eventClass }
        let hint = Spelling.suggestion(for: name.text, among: EventClass.allCases.map(\.name))
        throw DecoderError(name.place, "the class '\(name.text)' is not known\(hint)")
    }

    func outcome(_ name: PlacedText) throws(DecoderError) -> Outcome {
        if let outcome = Outcome(name: name.text) { return outcome }
        let hint = Spelling.suggestion(for: name.text, among: Outcome.allCases.map(\.name))
        throw DecoderError(name.place, "the outcome '\(name.text)' is not known\(hint)")
    }

    mutating func constants(_ assignments: [FieldAssignment]) throws(DecoderError) -> [CompiledConstant] {
        var result: [CompiledConstant] = []
        for assignment in assignments {
            for value in assignment.values {
                try checkValue(value, of: assignment.target)
                result.append(
                    CompiledConstant(target: try target(assignment.target), value: Array(value.text.utf8))
                )
            }
        }
        return result
    }

    mutating func fields(_ assignments: [FieldAssignment]) throws(DecoderError) -> [CompiledField] {
        var result: [CompiledField] = []
        for assignment in assignments {
            result.append(
                CompiledField(
                    target: try target(assignment.target),
                    slots: assignment.values.map { slot($0.text) }
                )
            )
        }
        return result
    }

    mutating func maps(_ definitions: [ValueMapDefinition]) throws(DecoderError) -> [CompiledMap] {
        var result: [CompiledMap] = []
        for definition in definitions {
            var entries: [(test: TextTest, value: [UInt8])] = []
            for entry in definition.entries {
                try checkValue(entry.value, of: definition.target)
                entries.append((TextTest(entry.match.text), Array(entry.value.text.utf8)))
            }
            if let otherwise = definition.otherwise { try checkValue(otherwise, of: definition.target) }
            result.append(
                CompiledMap(
                    target: try target(definition.target),
                    slots: definition.sources.map { slot($0.text) },
                    entries: entries,
                    otherwise: definition.otherwise.map { Array($0.text.utf8) }
                )
            )
        }
        return result
    }

    private func checkValue(_ value: PlacedText, of target: PlacedText) throws(DecoderError) {
        switch target.text {
        case "action": _ = try action(value)
        case "outcome": _ = try outcome(value)
        case "class": _ = try eventClass(value)
        default: break
        }
    }

    mutating func conditions(_ definitions: [ConditionDefinition]) -> [SlotCondition] {
        definitions.map { SlotCondition(slot: slot($0.source.text), values: $0.values.map(\.text)) }
    }

    mutating func `case`(_ definition: CaseDefinition) throws(DecoderError) -> CompiledCase {
        var compiled = CompiledCase(conditions: conditions(definition.conditions))
        if let name = definition.action { compiled.action = try action(name) }
        if let name = definition.eventClass { compiled.eventClass = try eventClass(name) }
        if let name = definition.outcome { compiled.outcome = try outcome(name) }
        compiled.constants = try constants(definition.set)
        compiled.fields = try fields(definition.fields)
        return compiled
    }

    /// Fills the first-byte dispatch of a text decoder and notes rules that an earlier one shadows.
    mutating func dispatch(_ definition: DecoderDefinition, _ number: Int) {
        var lists = [[Int32]](repeating: [], count: 256)
        let first = decoders[number].rules.lowerBound
        var literalHeads: [(head: [PatternNode], rule: Int)] = []
        for (index, rule) in definition.rules.enumerated() {
            var set = rule.patterns.isEmpty ? ByteSet.all : ByteSet()
            for pattern in rule.patterns {
                guard let nodes = try? PatternReader.nodes(of: pattern) else { continue }
                set.formUnion(PatternProgram.firstBytes(of: nodes))
                let isFree = rule.base.conditions.isEmpty && rule.codes.isEmpty && rule.keywords.isEmpty
                for earlier in literalHeads where DecoderCompiler.begins(nodes, with: earlier.head) {
                    let winner = definition.rules[earlier.rule].id.text
                    warnings.append(
                        "\(pattern.place.file):\(pattern.place.line): decoder \(definition.id.text): rule "
                            + "'\(winner)' always matches before rule '\(rule.id.text)'"
                    )
                }
                if isFree, rule.patterns.count >= 1 { literalHeads.append((nodes, index)) }
            }
            for byte in 0..<256 where set.contains(UInt8(byte)) { lists[byte].append(Int32(first + index)) }
        }
        decoders[number].byFirstByte = lists
    }

    /// Whether every text that `nodes` matches also begins with what `head` matches, seen from the nodes
    /// alone.
    private static func begins(_ nodes: [PatternNode], with head: [PatternNode]) -> Bool {
        guard head.count <= nodes.count else { return false }
        for (index, pair) in zip(nodes, head).enumerated() {
            let isLast = index == head.count - 1
            switch pair {
            case (.literal(let longer), .literal(let shorter)) where isLast:
                guard longer.starts(with: shorter) else { return false }
            case (.capture(_, let left), .capture(_, let right)): guard left == right else { return false }
            default: guard pair.0 == pair.1 else { return false }
            }
        }
        return true
    }
}
