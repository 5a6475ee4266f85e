// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Checks JSON values against the keywords of JSON Schema 2020-12 that our schemas use; any other keyword is
/// a fault.
struct OutputSchema {
    private let root: JSONValue
    private static let annotations: Set<String> = ["$schema", "$id", "$defs", "title", "description"]

    init(_ root: JSONValue) { self.root = root }

    /// What is wrong with `value`; empty when nothing is.
    func faults(_ value: JSONValue) -> [String] { faults(value, root, "$") }

    private func faults(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard case .object(let keywords) = schema else { return ["\(path): the schema is no object"] }
        var found: [String] = []
        for keyword in keywords where !OutputSchema.annotations.contains(keyword.name) {
            found += check(keyword.name, keyword.value, value, schema, path)
        }
        return found
    }

    private func check(
        _ keyword: String,
        _ wanted: JSONValue,
        _ value: JSONValue,
        _ schema: JSONValue,
        _ path: String
    ) -> [String] {
        func fault(_ holds: Bool) -> [String] {
            holds ? [] : ["\(path): \(keyword) \(wanted.line) on \(value.line)"]
        }
        switch keyword {
        case "$ref": return faults(value, resolve(wanted.text ?? ""), path)
        case "type":
            let types = wanted.elements?.compactMap(\.text) ?? [wanted.text ?? ""]
            return fault(types.contains(OutputSchema.type(of: value)))
        case "enum": return fault(wanted.elements?.contains(value) ?? false)
        case "const": return fault(wanted == value)
        case "anyOf":
            let isMet = wanted.elements?.contains { option in
                faults(value, option, path).isEmpty && memberFaults(value, option, path).isEmpty
            }
            return fault(isMet ?? false)
        case "minimum": return fault(value.integer.map { $0 >= wanted.integer ?? 0 } ?? true)
        case "maximum": return fault(value.integer.map { $0 <= wanted.integer ?? 0 } ?? true)
        case "minLength": return fault(value.text.map { $0.count >= Int(wanted.integer ?? 0) } ?? true)
        case "maxLength":
            return fault(value.text.map { $0.count <= Int(wanted.integer ?? 0) } ?? true)
        case "minProperties":
            guard case .object(let members) = value else { return [] }
            return fault(members.count >= Int(wanted.integer ?? 0))
        case "minItems": return fault(value.elements.map { $0.count >= Int(wanted.integer ?? 0) } ?? true)
        case "maxItems": return fault(value.elements.map { $0.count <= Int(wanted.integer ?? 0) } ?? true)
        case "uniqueItems": return fault(value.elements.map { Set($0).count == $0.count } ?? true)
        case "pattern":
            guard let text = value.text else { return [] }
            guard let pattern = try? Regex(wanted.text ?? "(") else { return ["\(path): broken pattern"] }
            return fault(text.firstMatch(of: pattern) != nil)
        case "required":
            return (wanted.elements ?? []).compactMap(\.text).filter { value[$0] == nil }.map {
                "\(path): \($0) is missing"
            }
        case "items":
            return (value.elements ?? []).enumerated().flatMap { faults($1, wanted, "\(path)[\($0)]") }
        case "properties", "patternProperties": return []
        case "additionalProperties": return []
        default: return ["\(path): the validator does not know the keyword \(keyword)"]
        }
    }

    /// Members of an object: by name, by pattern, else by `additionalProperties`.
    func memberFaults(_ value: JSONValue) -> [String] { memberFaults(value, root, "$") }

    private func memberFaults(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        if let reference = schema["$ref"]?.text { return memberFaults(value, resolve(reference), path) }
        if let elements = value.elements, let items = schema["items"] {
            return elements.enumerated().flatMap { memberFaults($1, items, "\(path)[\($0)]") }
        }
        guard case .object(let members) = value else { return [] }
        return members.flatMap { member -> [String] in
            let place = "\(path).\(member.name)"
            if let inner = inner(member.name, schema) {
                return faults(member.value, inner, place) + memberFaults(member.value, inner, place)
            }
            return schema["additionalProperties"]?.bool == false ? ["\(place) is not in the schema"] : []
        }
    }

    private func inner(_ name: String, _ schema: JSONValue) -> JSONValue? {
        if let named = schema["properties"]?[name] { return named }
        if case .object(let patterns)? = schema["patternProperties"] {
            for pattern in patterns
            where (try? Regex(pattern.name)).map({ name.firstMatch(of: $0) != nil }) ?? false {
                return pattern.value
            }
        }
        guard case .object? = schema["additionalProperties"] else { return nil }
        return schema["additionalProperties"]
    }

    private func resolve(_ reference: String) -> JSONValue {
        reference == "#"
            ? root
            : reference.dropFirst(2).split(separator: "/").reduce(root) { $0[String($1)] ?? .null }
    }

    private static func type(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .text: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
