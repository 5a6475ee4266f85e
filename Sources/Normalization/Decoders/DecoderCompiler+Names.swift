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

    mutating func constants(_ assignments: [FieldAssignment]) throws(DecoderError) -> TablePart {
        var result: [CompiledConstant] = []
        for assignment in assignments {
            for value in assignment.values { result.append(try constant(assignment.target, value)) }
        }
        return RuleTables.add(result, to: &tables.constants)
    }

    private mutating func constant(
        _ target: PlacedText,
        _ value: PlacedText
    ) throws(DecoderError) -> CompiledConstant {
        let number: UInt8
        switch target.text {
        case "action": number = try action(value).rawValue
        case "outcome": number = try outcome(value).rawValue
        case "class": number = try eventClass(value).rawValue
        default: number = 0
        }
        let text = tables.add(text: value.text.utf8)
        return CompiledConstant(target: try self.target(target), text: text, number: number)
    }

    mutating func fields(_ assignments: [FieldAssignment]) throws(DecoderError) -> TablePart {
        var result: [CompiledField] = []
        for assignment in assignments {
            let slots = sourceSlots(assignment.values)
            result.append(
                CompiledField(target: try target(assignment.target), slots: tables.add(numbers: slots))
            )
        }
        return RuleTables.add(result, to: &tables.fields)
    }

    mutating func maps(_ definitions: [ValueMapDefinition]) throws(DecoderError) -> TablePart {
        var result: [CompiledMap] = []
        for definition in definitions {
            var entries: [CompiledEntry] = []
            for entry in definition.entries {
                let test = TextTest(entry.match.text, &tables)
                entries.append(
                    CompiledEntry(test: test, constant: try constant(definition.target, entry.value))
                )
            }
            let otherwise = try definition.otherwise.map { value throws(DecoderError) in
                try constant(definition.target, value)
            }
            let slots = sourceSlots(definition.sources)
            result.append(
                CompiledMap(
                    target: try target(definition.target),
                    slots: tables.add(numbers: slots),
                    entries: RuleTables.add(entries, to: &tables.entries),
                    otherwise: RuleTables.add(otherwise.map { [$0] } ?? [], to: &tables.constants)
                )
            )
        }
        return RuleTables.add(result, to: &tables.maps)
    }

    mutating func conditions(_ definitions: [ConditionDefinition]) -> TablePart {
        var result: [SlotCondition] = []
        for definition in definitions {
            let number = slot(definition.source.text)
            result.append(tables.condition(slot: number, values: definition.values.map(\.text)))
        }
        return RuleTables.add(result, to: &tables.conditions)
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
}
