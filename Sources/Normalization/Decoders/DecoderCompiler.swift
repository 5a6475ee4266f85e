// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Turns definitions into the tables of a ``DecoderSet``.
///
/// Every name is checked here, once.
struct DecoderCompiler {
    var decoders: [CompiledDecoder] = []
    /// Identifiers of the decoders and of the rules, by number.
    var decoderNames: [String] = []
    var ruleNames: [PlacedText] = []
    var tables = RuleTables()
    /// Patterns of each rule; a rule without any has an empty one, which matches everything.
    var patternsOfRule: [[Int32]] = []
    /// Tries that are written already, by their decoders.
    private(set) var entries: [[Int]: Int32] = [:]
    var program = PatternProgram()
    var slots = NameTable()
    var slotTargets: [FieldTarget] = []
    var extensionNames: [String] = []
    var routes = RouteTable()
    /// Nodes and place of each pattern; nil for the empty pattern of a rule without any.
    var patternTexts: [(nodes: [PatternNode], pattern: PlacedText?)] = []

    /// Most captures of one pattern that have a name.
    static let captureCountMax = 48

    /// Most rules of one decoder: bounds the work for a message that none of them takes.
    static let ruleCountMax = 1_024

    /// What every set begins with, compiled once: there is a set for each file that is checked.
    static let lastResorts = Result { () throws(DecoderError) -> DecoderCompiler in
        var compiler = DecoderCompiler()
        for definition in GenericDecoders.all { try compiler.add(definition) }
        return compiler
    }

    private init() {
        for name in StandardSlot.names { _ = slot(name) }
    }

    /// Compiles `definitions`, in order of identifier, behind the last resorts.
    init(compiling definitions: [DecoderDefinition]) throws(DecoderError) {
        self = try DecoderCompiler.lastResorts.get()
        for definition in definitions { try add(definition) }
        finish()
    }

    /// Paths below which the keys of the decoder at work may stand as well, and its keys.
    private var below: [String] = []
    private var shortNames: [String] = []

    mutating func add(_ definition: DecoderDefinition) throws(DecoderError) {
        try check(definition)
        below = definition.below.map(\.text)
        shortNames = []
        let number = decoders.count
        var decoder = CompiledDecoder(
            format: definition.format,
            isWitness: definition.isWitness,
            rules: tables.rules.count..<tables.rules.count
        )
        decoder.shared = CompiledCase(
            constants: try constants(definition.set),
            fields: try fields(definition.fields)
        )
        decoder.maps = try maps(definition.maps)
        decoder.takesXML = definition.takesXML
        decoder.takesJSON = definition.takesJSON
        let aliases = definition.aliases.map { alias in
            let target = slot(alias.target.text)
            let sources = sourceSlots(alias.values)
            return CompiledAlias(slot: Int32(target), sources: tables.add(numbers: sources))
        }
        decoder.aliases = RuleTables.add(aliases, to: &tables.aliases)
        var within: [CompiledWithin] = []
        for item in definition.within { within.append(try self.within(item, definition)) }
        decoder.within = RuleTables.add(within, to: &tables.within)
        decoder.joins = joins(definition)
        decoder.pairs = definition.pairs
        decoder.isGeneric = definition.id.text.hasPrefix("generic.")
        decoder.dropped = tables.add(numbers: sourceSlots(definition.drop))
        decoder.inner = slots(definition.inner)
        decoder.carrier = carrier(definition)
        if definition.isTable {
            let names = definition.columns.map { tables.add(text: $0.text.utf8) }
            decoder.tableForm = definition.isExtendedTable ? .extended : .comma
            decoder.headerNames = RuleTables.add(names, to: &tables.parts)
        } else {
            decoder.columns = slots(definition.columns)
        }
        if let explode = definition.explode { decoder.explode = Int32(slot(explode.text)) }
        decoders.append(decoder)
        decoderNames.append(definition.id.text)
        try select(definition, number)
        for rule in definition.rules {
            let compiled = try compile(rule, definition, number)
            tables.rules.append(compiled)
            ruleNames.append(rule.id)
        }
        decoders[number].rules = decoder.rules.lowerBound..<tables.rules.count
        decoders[number].shortSlots = shortSlots()
    }

    private func check(_ definition: DecoderDefinition) throws(DecoderError) {
        if decoderNames.contains(definition.id.text) {
            throw DecoderError(definition.id.place, "the decoder '\(definition.id.text)' is defined twice")
        }
        guard !definition.rules.isEmpty || definition.carries != nil else {
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
        if let carries = definition.carries {
            guard definition.format == .json else {
                throw DecoderError(carries.place, "'carries' needs 'format: json'")
            }
            guard !carries.text.isEmpty else {
                throw DecoderError(carries.place, "'carries' names no 'text'; say which key holds the line")
            }
        }
        if definition.format != .json || definition.explode != nil {
            for (key, names) in [("inner", definition.inner), ("below", definition.below)] {
                guard let name = names.first else { continue }
                throw DecoderError(name.place, "'\(key)' needs 'format: json' without 'explode'")
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
        for conditions in select.keys {
            let part = self.conditions(conditions)
            routes.addKeyed(part, number, carries: definition.carries != nil)
        }
        for product in select.products { routes.addProduct(product.text, number, &tables) }
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
        var compiled = CompiledRule(decoder: Int32(number))
        compiled.codes = tables.add(numbers: rule.codes.map { routes.addCode($0.text) })
        compiled.hasPatterns = !rule.patterns.isEmpty
        var patterns: [Int32] = []
        for pattern in rule.patterns {
            let nodes = try PatternReader.nodes(of: pattern)
            patterns.append(try enter(nodes, pattern))
        }
        if patterns.isEmpty { patterns.append(add([], nil)) }
        patternsOfRule.append(patterns)
        compiled.keywords = keywords(rule.keywords)
        var finds: [CompiledFind] = []
        for find in rule.find { finds += try self.finds(find) }
        compiled.finds = RuleTables.add(finds, to: &tables.finds)
        compiled.base = try self.case(rule.base)
        compiled.maps = try maps(rule.maps)
        var cases: [CompiledCase] = []
        for item in rule.cases { cases.append(try self.case(item)) }
        compiled.cases = RuleTables.add(cases, to: &tables.cases)
        let isNamed = compiled.base.action != nil || cases.contains { $0.action != nil }
        let isMapped = (rule.maps + definition.maps).contains { $0.target.text == "action" }
        guard isNamed || isMapped else {
            throw DecoderError(rule.id.place, "the rule '\(rule.id.text)' names no action")
        }
        if definition.format == .text, !definition.select.isFallback, !compiled.hasPatterns,
            compiled.keywords.isEmpty, compiled.codes.isEmpty
        {
            throw DecoderError(
                rule.id.place,
                "the rule '\(rule.id.text)' needs 'pattern', 'keywords' or 'code'"
            )
        }
        return compiled
    }

    private mutating func keywords(_ keywords: KeywordDefinition) -> CompiledKeywords {
        var compiled = CompiledKeywords()
        compiled.isEmpty = keywords.isEmpty
        compiled.all = tables.add(numbers: keywords.all.map { routes.keyword($0.text) })
        let lists = keywords.any.map { list in
            tables.add(numbers: list.map { routes.keyword($0.text) })
        }
        compiled.any = RuleTables.add(lists, to: &tables.parts)
        compiled.none = tables.add(numbers: keywords.none.map { routes.keyword($0.text) })
        return compiled
    }

    /// The slots of keys, which may stand below the paths of the decoder as well.
    mutating func sourceSlots(_ names: [PlacedText]) -> [Int] {
        for name in names where !below.isEmpty {
            if let first = name.text.utf8.first, first != 0x5f, first != 0x24 { shortNames.append(name.text) }
        }
        return names.map { slot($0.text) }
    }

    /// The slot of the short name for each slot, by the paths of the decoder.
    private mutating func shortSlots() -> TablePart {
        guard !below.isEmpty else { return TablePart() }
        var pairs: [(long: Int, short: Int)] = []
        for path in below {
            for name in shortNames { pairs.append((slot(path + "." + name), slot(name))) }
        }
        var result = Array(repeating: -1, count: slotTargets.count)
        for pair in pairs { result[pair.long] = pair.short }
        return tables.add(numbers: result)
    }

    private mutating func slots(_ names: [PlacedText]) -> TablePart {
        tables.add(numbers: names.map { slot($0.text) })
    }

    /// Adds a pattern of the rule that is next, with its names checked.
    private mutating func enter(
        _ nodes: [PatternNode],
        _ pattern: PlacedText
    ) throws(DecoderError) -> Int32 {
        let names = DecoderCompiler.captureNames(of: nodes)
        let count = names.filter { $0 != "_" }.count
        guard count <= DecoderCompiler.captureCountMax, names.count <= PatternPath.captureCountMax else {
            throw DecoderError(
                pattern.place,
                "more than \(DecoderCompiler.captureCountMax) captures in one pattern"
            )
        }
        for name in names where name != "_" {
            let place = PlacedText(name, pattern.place)
            let number = slot(name)
            if !name.hasPrefix("_") { slotTargets[number] = try target(place) }
        }
        return add(nodes, pattern)
    }

    private mutating func add(_ nodes: [PatternNode], _ pattern: PlacedText?) -> Int32 {
        let table = slots
        patternTexts.append((nodes, pattern))
        return program.add(nodes, rule: tables.rules.count) { table.number($0) }
    }

    /// Writes the tries of all routes.
    private mutating func finish() {
        var result = routes
        result.finish(decoderCount: decoders.count, conditions: tables.conditions) { offers($0) }
        routes = result
        program.finish()
    }

    /// What a message is offered that leads to `list`: text decoders beside one another share a trie.
    private mutating func offers(_ list: [Int]) -> [RouteOffer] {
        var result: [RouteOffer] = []
        var texts: [Int] = []
        for decoder in list where !(decoders[decoder].isGeneric && list.count > 1) {
            if decoders[decoder].format == .text {
                texts.append(decoder)
                continue
            }
            if !texts.isEmpty { result.append(offer(texts)) }
            texts = []
            result.append(RouteOffer(entry: -1, decoder: Int32(decoder)))
        }
        if !texts.isEmpty { result.append(offer(texts)) }
        return result
    }

    private mutating func offer(_ texts: [Int]) -> RouteOffer {
        if let known = entries[texts] { return RouteOffer(entry: known, decoder: Int32(texts[0])) }
        let patterns = texts.flatMap { decoder in decoders[decoder].rules.flatMap { patternsOfRule[$0] } }
        let entry = PatternTrie.write(patterns, isFolded: false, into: &program)
        entries[texts] = entry
        return RouteOffer(entry: entry, decoder: Int32(texts[0]))
    }

    private mutating func within(
        _ item: WithinDefinition,
        _ definition: DecoderDefinition
    ) throws(DecoderError) -> CompiledWithin {
        guard definition.format != .text else {
            throw DecoderError(item.source.place, "'within' needs a keyed format; use 'find' in a rule")
        }
        let number = slot(item.source.text)
        var targets: [TablePart] = []
        for find in item.find {
            let markers = try finds(find)
            targets.append(RuleTables.add(markers, to: &tables.finds))
        }
        return CompiledWithin(slot: Int32(number), targets: RuleTables.add(targets, to: &tables.parts))
    }

    private mutating func carrier(_ definition: DecoderDefinition) -> Int32 {
        guard let carries = definition.carries else { return -1 }
        var compiled = CompiledCarrier()
        compiled.text = slots(carries.text)
        compiled.program = slots(carries.program)
        compiled.process = slots(carries.process)
        compiled.host = slots(carries.host)
        compiled.time = slots(carries.time)
        compiled.severity = slots(carries.severity)
        tables.carriers.append(compiled)
        return Int32(tables.carriers.count - 1)
    }

    private mutating func joins(_ definition: DecoderDefinition) -> TablePart {
        let joins = DecoderCompiler.joinNames(of: definition).map { name in
            let target = slot(name)
            let sources = name.split(separator: "+").map { slot(String($0)) }
            return CompiledJoin(slot: Int32(target), sources: tables.add(numbers: sources))
        }
        return RuleTables.add(joins, to: &tables.joins)
    }

    /// The sources of times and aliases that join several keys, such as `date+time`.
    private static func joinNames(of definition: DecoderDefinition) -> [String] {
        let fields = definition.fields + definition.rules.flatMap(\.base.fields)
        var names: [String] = []
        for source in definition.aliases + fields.filter({ $0.target.text == "time" }) {
            for value in source.values where value.text.contains("+") && !names.contains(value.text) {
                names.append(value.text)
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
            let number = try enter(nodes, marker)
            let start = PatternTrie.write([number], isFolded: true, into: &program)
            // A blank stands for a run of blanks, so that only the text before it is sure.
            let text = literal.prefix(1) + literal.dropFirst().prefix { !$0.isBlank }
            let word = text.map(\.folded)
            result.append(CompiledFind(start: start, text: tables.add(text: word), lead: LeadBytes(word)))
        }
        return result
    }

    /// Names of all captures in order; `_` for those that are dropped.
    static func captureNames(of nodes: [PatternNode]) -> [String] {
        nodes.flatMap { node -> [String] in
            switch node {
            case .capture(let name, _): [name]
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
