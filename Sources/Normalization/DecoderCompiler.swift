// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Turns definitions into the tables of a ``DecoderSet``.
///
/// Every name is checked here, once.
struct DecoderCompiler {
    var decoders: [CompiledDecoder] = []
    var rules: [CompiledRule] = []
    var program = PatternProgram()
    var slots = NameTable()
    var slotTargets: [FieldTarget] = []
    var extensionNames: [String] = []
    var routes = RouteTable()
    var warnings: [String] = []

    /// Most rules of one decoder: bounds the work for a message that none of them takes.
    static let ruleCountMax = 1_024

    init() {
        for name in StandardSlot.names { _ = slot(name) }
    }

    mutating func add(_ definition: DecoderDefinition) throws(DecoderError) {
        try check(definition)
        let number = decoders.count
        var decoder = CompiledDecoder(
            id: definition.id.text,
            format: definition.format,
            isWitness: definition.isWitness,
            rules: rules.count..<rules.count
        )
        decoder.shared = CompiledCase(
            constants: try constants(definition.set),
            fields: try fields(definition.fields)
        )
        decoder.maps = try maps(definition.maps)
        decoder.takesXML = definition.takesXML
        for alias in definition.aliases {
            decoder.aliases.append((slot(alias.target.text), alias.values.map { slot($0.text) }))
        }
        for item in definition.within { decoder.within.append(try within(item, definition)) }
        for name in DecoderCompiler.joinNames(of: definition) {
            decoder.joins.append((slot(name), name.split(separator: "+").map { slot(String($0)) }))
        }
        decoder.isCommaSeparated = definition.isCommaSeparated
        decoder.isGeneric = definition.id.text.hasPrefix("generic.")
        for key in definition.drop { decoder.dropped.insert(slot(key.text)) }
        if definition.isTable {
            decoder.headerNames = definition.columns.map { Array($0.text.utf8) }
        } else {
            for column in definition.columns { decoder.columns.append(slot(column.text)) }
        }
        if let explode = definition.explode { decoder.explode = slot(explode.text) }
        decoders.append(decoder)
        try select(definition, number)
        for rule in definition.rules { rules.append(try compile(rule, definition, number)) }
        decoders[number].rules = decoder.rules.lowerBound..<rules.count
        if definition.format == .text { dispatch(definition, number) }
    }

    private func check(_ definition: DecoderDefinition) throws(DecoderError) {
        if decoders.contains(where: { $0.id == definition.id.text }) {
            throw DecoderError(definition.id.place, "the decoder '\(definition.id.text)' is defined twice")
        }
        guard !definition.rules.isEmpty else {
            throw DecoderError(definition.id.place, "the decoder has no rules; add at least one")
        }
        guard definition.rules.count <= DecoderCompiler.ruleCountMax else {
            throw DecoderError(
                definition.id.place,
                "more than \(DecoderCompiler.ruleCountMax) rules; split the file"
            )
        }
        var seen: Set<String> = []
        for rule in definition.rules where !seen.insert(rule.id.text).inserted {
            throw DecoderError(rule.id.place, "the rule '\(rule.id.text)' is defined twice")
        }
        if definition.format != .text {
            for rule in definition.rules
            where !rule.patterns.isEmpty || !rule.keywords.isEmpty || !rule.find.isEmpty {
                throw DecoderError(rule.id.place, "patterns and keywords need 'format: text'")
            }
        }
        if definition.format != .csv, let column = definition.columns.first {
            throw DecoderError(column.place, "columns need 'format: csv'")
        }
        if definition.format == .csv, definition.columns.isEmpty {
            throw DecoderError(definition.id.place, "'format: csv' needs columns")
        }
    }

    private mutating func select(_ definition: DecoderDefinition, _ number: Int) throws(DecoderError) {
        let select = definition.select
        for name in select.applications { routes.addApplication(name.text, number) }
        for facility in select.facilities { routes.addFacility(facility.text, number) }
        for conditions in select.keys { routes.addKeyed(self.conditions(conditions), number) }
        for product in select.products { routes.addProduct(product.text, number) }
        for literal in select.literals {
            guard !literal.text.isEmpty else {
                throw DecoderError(literal.place, "an empty literal selects nothing")
            }
            routes.addLiteral(literal.text, number)
        }
        if select.isFallback { routes.addFallback(number) }
        let isSelected =
            !select.applications.isEmpty || !select.facilities.isEmpty || !select.keys.isEmpty
            || !select.products.isEmpty || !select.literals.isEmpty || select.isFallback
        guard isSelected else {
            throw DecoderError(definition.id.place, "the decoder selects no message; add 'select'")
        }
    }

    private mutating func compile(
        _ rule: RuleDefinition,
        _ definition: DecoderDefinition,
        _ number: Int
    ) throws(DecoderError) -> CompiledRule {
        var compiled = CompiledRule(id: rule.id.text, decoder: number)
        compiled.codes = rule.codes.map { routes.addCode($0.text) }
        for pattern in rule.patterns {
            let nodes = try PatternReader.nodes(of: pattern)
            compiled.patterns.append(try enter(nodes, pattern, isFolded: false))
        }
        compiled.keywords = CompiledKeywords(
            all: rule.keywords.all.map { routes.keyword($0.text) },
            any: rule.keywords.any.map { list in list.map { routes.keyword($0.text) } },
            none: rule.keywords.none.map { routes.keyword($0.text) },
            isEmpty: rule.keywords.isEmpty
        )
        for find in rule.find { compiled.finds += try finds(find) }
        compiled.base = try self.case(rule.base)
        compiled.maps = try maps(rule.maps)
        for item in rule.cases { compiled.cases.append(try self.case(item)) }
        let isNamed = compiled.base.action != nil || compiled.cases.contains { $0.action != nil }
        let isMapped = (rule.maps + definition.maps).contains { $0.target.text == "action" }
        guard isNamed || isMapped else {
            throw DecoderError(rule.id.place, "the rule '\(rule.id.text)' names no action")
        }
        if definition.format == .text, !definition.select.isFallback, compiled.patterns.isEmpty,
            compiled.keywords.isEmpty, compiled.codes.isEmpty
        {
            throw DecoderError(
                rule.id.place,
                "the rule '\(rule.id.text)' needs 'pattern', 'keywords' or 'code'"
            )
        }
        return compiled
    }

    private mutating func enter(
        _ nodes: [PatternNode],
        _ pattern: PlacedText,
        isFolded: Bool
    ) throws(DecoderError) -> Int32 {
        let names = DecoderCompiler.captureNames(of: nodes)
        guard names.count <= PatternMatcher.captureCountMax else {
            throw DecoderError(
                pattern.place,
                "more than \(PatternMatcher.captureCountMax) captures in one pattern"
            )
        }
        for name in names {
            let place = PlacedText(name, pattern.place)
            let number = slot(name)
            if !name.hasPrefix("_") { slotTargets[number] = try target(place) }
        }
        let table = slots
        return program.compile(nodes, isFolded: isFolded) { table.number($0) }
    }

    private mutating func within(
        _ item: WithinDefinition,
        _ definition: DecoderDefinition
    ) throws(DecoderError) -> CompiledWithin {
        guard definition.format != .text else {
            throw DecoderError(item.source.place, "'within' needs a keyed format; use 'find' in a rule")
        }
        var compiled = CompiledWithin(slot: slot(item.source.text), finds: [])
        for find in item.find { compiled.finds.append(try finds(find)) }
        return compiled
    }

    /// The sources of times that join several keys, such as `date+time`.
    private static func joinNames(of definition: DecoderDefinition) -> [String] {
        var names: [String] = []
        for fields in [definition.fields] + definition.rules.map(\.base.fields) {
            for field in fields where field.target.text == "time" {
                for value in field.values where value.text.contains("+") && !names.contains(value.text) {
                    names.append(value.text)
                }
            }
        }
        return names
    }

    private mutating func finds(_ find: FieldAssignment) throws(DecoderError) -> [CompiledFind] {
        var result: [CompiledFind] = []
        for marker in find.values {
            // `from {ip}` in `find: {src.ip: ...}` is short for `from {src.ip:ip}`.
            let nodes = try PatternReader.nodes(of: marker).map { node in
                guard case .capture(let name, .word) = node, let type = CaptureType(rawValue: name) else {
                    return node
                }
                return PatternNode.capture(name: find.target.text, type: type)
            }
            guard case .literal(let literal) = nodes.first else {
                throw DecoderError(marker.place, "a marker begins with literal text")
            }
            guard DecoderCompiler.captureNames(of: nodes).contains(find.target.text) else {
                throw DecoderError(marker.place, "the marker does not capture '\(find.target.text)'")
            }
            result.append(
                CompiledFind(start: try enter(nodes, marker, isFolded: true), first: literal[0].folded)
            )
        }
        return result
    }

    static func captureNames(of nodes: [PatternNode]) -> [String] {
        nodes.flatMap { node -> [String] in
            switch node {
            case .capture(let name, _): name == "_" ? [] : [name]
            case .optional(let inner): captureNames(of: inner)
            case .choice(let branches): branches.flatMap(captureNames)
            case .literal, .blank, .end: []
            }
        }
    }

    mutating func slot(_ name: String) -> Int {
        let number = slots.insert(name)
        while slotTargets.count <= number { slotTargets.append(.local) }
        return number
    }
}
