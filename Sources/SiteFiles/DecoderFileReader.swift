// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization

/// Turns the YAML of a decoder file into a definition; unknown keys are refused with a suggestion.
struct DecoderFileReader {
    let file: String
    /// Put before samples that have no header of their own.
    private var header = ""

    init(file: String) { self.file = file }

    mutating func definition(of root: YAMLNode) throws(SiteFilesError) -> DecoderDefinition {
        let members = try members(
            root,
            allowed: [
                "id", "version", "title", "format", "witness", "pairs", "select", "set", "fields", "maps",
                "drop",
                "columns", "table", "explode", "alias", "below", "inner", "carries", "within", "header",
                "rules",
            ]
        )
        guard let id = root["id"] else { throw error(root.mark, "the file has no 'id'") }
        var definition = DecoderDefinition(id: try text(id))
        if let node = root["header"] { header = try text(node).text }
        for (key, value) in members {
            switch key.text {
            case "version": definition.version = try text(value).text
            case "title": definition.title = try text(value).text
            case "format":
                let names = try texts(value).map(\.text)
                definition.takesXML = names == ["json", "xml"]
                definition.takesJSON = names == ["kv", "json"]
                guard names.count == 1 || definition.takesXML || definition.takesJSON else {
                    throw error(value.mark, "the only pairs of formats are [json, xml] and [kv, json]")
                }
                if definition.takesXML {
                    definition.format = .json
                } else if definition.takesJSON {
                    definition.format = .kv
                } else {
                    definition.format = try format(value)
                }
            case "within":
                for (key, find) in try pairs(value) {
                    definition.within.append(
                        WithinDefinition(source: placed(key), find: try assignments(find))
                    )
                }
            case "below": definition.below = try texts(value)
            case "inner": definition.inner = try texts(value)
            case "carries": definition.carries = try carrier(value)
            case "alias": definition.aliases = try assignments(value)
            case "witness": definition.isWitness = try bool(value)
            case "pairs":
                let name = try choice(value, PairSeparation.allCases.map(\.rawValue))
                definition.pairs = PairSeparation(rawValue: name) ?? .blank
            case "select": definition.select = try selector(value)
            case "set": definition.set = try assignments(value)
            case "fields": definition.fields = try assignments(value)
            case "maps": definition.maps = try maps(value)
            case "drop": definition.drop = try texts(value)
            case "columns": definition.columns = try texts(value)
            case "table":
                definition.isTable = try choice(value, ["true", "false", "w3c"]) != "false"
                definition.isExtendedTable = try text(value).text == "w3c"
            case "explode": definition.explode = try text(value)
            case "rules":
                for rule in try elements(value) { definition.rules.append(try self.rule(rule)) }
            default: break
            }
        }
        return definition
    }

    private func carrier(_ node: YAMLNode) throws(SiteFilesError) -> CarrierDefinition {
        let names = ["text", "program", "process", "host", "time", "severity", "samples"]
        let place = SourcePlace(file: file, line: node.mark.line, column: node.mark.column)
        var carrier = CarrierDefinition(place: place)
        for (key, value) in try members(node, allowed: names) {
            switch key.text {
            case "text": carrier.text = try texts(value)
            case "program": carrier.program = try texts(value)
            case "process": carrier.process = try texts(value)
            case "host": carrier.host = try texts(value)
            case "time": carrier.time = try texts(value)
            case "severity": carrier.severity = try texts(value)
            default: for item in try elements(value) { carrier.samples.append(try sample(item)) }
            }
        }
        return carrier
    }

    private func rule(_ node: YAMLNode) throws(SiteFilesError) -> RuleDefinition {
        let members = try members(
            node,
            allowed: [
                "id", "code", "pattern", "keywords", "find", "when", "class", "action", "outcome", "set",
                "fields",
                "maps", "cases", "samples",
            ]
        )
        guard let id = node["id"] else { throw error(node.mark, "the rule has no 'id'") }
        var rule = RuleDefinition(id: try text(id))
        for (key, value) in members {
            switch key.text {
            case "code": rule.codes = try texts(value)
            case "pattern": rule.patterns = try texts(value)
            case "keywords": rule.keywords = try keywords(value)
            case "find": rule.find = try assignments(value)
            case "maps": rule.maps = try maps(value)
            case "cases": for item in try elements(value) { rule.cases.append(try self.case(item)) }
            case "samples": for item in try elements(value) { rule.samples.append(try sample(item)) }
            default: break
            }
        }
        rule.base = try caseParts(node)
        return rule
    }

    private func `case`(_ node: YAMLNode) throws(SiteFilesError) -> CaseDefinition {
        _ = try members(node, allowed: ["when", "class", "action", "outcome", "set", "fields"])
        return try caseParts(node)
    }

    private func caseParts(_ node: YAMLNode) throws(SiteFilesError) -> CaseDefinition {
        var item = CaseDefinition()
        if let value = node["when"] { item.conditions = try conditions(value) }
        if let value = node["class"] { item.eventClass = try text(value) }
        if let value = node["action"] { item.action = try text(value) }
        if let value = node["outcome"] { item.outcome = try text(value) }
        if let value = node["set"] { item.set = try assignments(value) }
        if let value = node["fields"] { item.fields = try assignments(value) }
        return item
    }

    private func selector(_ node: YAMLNode) throws(SiteFilesError) -> DecoderSelector {
        var selector = DecoderSelector()
        for (key, value) in try members(
            node,
            allowed: ["app", "literal", "facility", "key", "product", "fallback"]
        ) {
            switch key.text {
            case "app": selector.applications = try texts(value)
            case "literal": selector.literals = try texts(value)
            case "facility": selector.facilities = try texts(value)
            case "product": selector.products = try texts(value)
            case "fallback": selector.isFallback = try bool(value)
            default:
                for item in value.elements ?? [value] { selector.keys.append(try conditions(item)) }
            }
        }
        return selector
    }

    private func keywords(_ node: YAMLNode) throws(SiteFilesError) -> KeywordDefinition {
        var keywords = KeywordDefinition()
        for (key, value) in try members(node, allowed: ["all", "any", "none"]) {
            switch key.text {
            case "all": keywords.all = try texts(value)
            case "none": keywords.none = try texts(value)
            default:
                let lists = value.elements ?? [value]
                if lists.allSatisfy({ $0.scalar != nil }) {
                    keywords.any = [try texts(value)]
                } else {
                    for list in lists { keywords.any.append(try texts(list)) }
                }
            }
        }
        return keywords
    }

    private func conditions(_ node: YAMLNode) throws(SiteFilesError) -> [ConditionDefinition] {
        guard let members = node.members else {
            throw error(node.mark, "expected 'name: value', found a \(node.kind)")
        }
        var result: [ConditionDefinition] = []
        for (key, value) in members {
            result.append(ConditionDefinition(source: placed(key), values: try texts(value)))
        }
        return result
    }

    private func maps(_ node: YAMLNode) throws(SiteFilesError) -> [ValueMapDefinition] {
        guard let members = node.members else { throw error(node.mark, "expected 'field: {from, values}'") }
        var result: [ValueMapDefinition] = []
        for (target, body) in members {
            for item in body.elements ?? [body] {
                _ = try self.members(item, allowed: ["from", "values", "else"])
                guard let from = item["from"] else { throw error(item.mark, "the map has no 'from'") }
                guard let values = item["values"]?.members else {
                    throw error(item.mark, "the map has no 'values'")
                }
                var entries: [(match: PlacedText, value: PlacedText)] = []
                for (key, value) in values { entries.append((placed(key), try text(value))) }
                var otherwise: PlacedText?
                if let value = item["else"] { otherwise = try text(value) }
                result.append(
                    ValueMapDefinition(
                        target: placed(target),
                        sources: try texts(from),
                        entries: entries,
                        otherwise: otherwise
                    )
                )
            }
        }
        return result
    }

    private func assignments(_ node: YAMLNode) throws(SiteFilesError) -> [FieldAssignment] {
        guard let members = node.members else {
            throw error(node.mark, "expected 'field: value', found a \(node.kind)")
        }
        var result: [FieldAssignment] = []
        for (key, value) in members {
            result.append(FieldAssignment(target: placed(key), values: try texts(value)))
        }
        return result
    }

    private func sample(_ node: YAMLNode) throws(SiteFilesError) -> SampleDefinition {
        _ = try members(node, allowed: ["in", "expect", "absent"])
        guard let input = node["in"] else { throw error(node.mark, "the sample has no 'in'") }
        guard let expect = node["expect"] else { throw error(node.mark, "the sample has no 'expect'") }
        var line = try text(input)
        if !header.isEmpty, !line.text.hasPrefix("<"), !line.text.hasPrefix("{") {
            line.text = header + line.text
        }
        var absent: [PlacedText] = []
        if let value = node["absent"] { absent = try texts(value) }
        return SampleDefinition(input: line, expect: try assignments(expect), absent: absent)
    }
}
