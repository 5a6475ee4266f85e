// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation
import Testing

@testable import Normalization

/// Vectors of the dissect specification, whose patterns are rewritten as ours.
@Suite(.enabled(if: DissectVector.path != nil, "the conformance folder is absent"))
struct DissectVectorTests {
    @Test func `patterns take apart what dissect does, and nothing else`() throws {
        let vectors = DissectVector.load()
        #expect(vectors.count == 31)
        for vector in vectors {
            let found = try? DissectPattern(vector.pattern).fields(of: vector.message, vector.separator)
            #expect(found == vector.expected, "\(vector.id) `\(vector.pattern)`")
        }
    }

    @Test func `a pattern that takes all as one fails the vectors`() throws {
        // The planted mutant.
        let fitting = try DissectVector.load().filter { vector in
            try DissectPattern("%{all}").fields(of: vector.message, "") == vector.expected
        }
        #expect(fitting.isEmpty)
    }
}

/// One vector; `expected` is nil where the message must not fit or the pattern is none.
private struct DissectVector {
    var id: Int
    var pattern: String
    var message: String
    var separator: String
    var expected: [String: String]?

    static let path: String? = {
        let folder = ProcessInfo.processInfo.environment["WARDLINE_CONFORMANCE"] ?? "../shared/conformance"
        let path = folder + "/syslog/dissect.jsonl"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    static func load() -> [DissectVector] {
        guard let path, let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let id = object["id"] as? Int, let pattern = object["tok"] as? String,
                let message = object["msg"] as? String
            else { return nil }
            return DissectVector(
                id: id,
                pattern: pattern,
                message: message,
                separator: object["append"] as? String ?? "",
                expected: object["fail"] as? Bool == true ? nil : object["expected"] as? [String: String]
            )
        }
    }
}

/// A pattern of dissect as one of ours: each key becomes a capture, modifiers work on what was captured.
private struct DissectPattern {
    private struct NoPattern: Error {}

    private struct Key {
        var name: String
        var modifier: Character?
        var order: Int
    }

    private var keys: [Key] = []
    private var pattern = ""

    init(_ text: String) throws {
        var rest = Substring(text)
        var isPadded = false
        while !rest.isEmpty {
            let literal = rest.range(of: "%{").map { rest[..<$0.lowerBound] } ?? rest
            rest = rest.dropFirst(literal.count)
            add(literal, isPadded: isPadded)
            guard rest.hasPrefix("%{"), let close = rest.firstIndex(of: "}") else { break }
            var key = rest[rest.index(rest.startIndex, offsetBy: 2)..<close]
            rest = rest[rest.index(after: close)...]
            isPadded = key.hasSuffix("->")
            if isPadded { key = key.dropLast(2) }
            try add(key, isLast: rest.isEmpty)
        }
        let references = keys.filter { $0.modifier == "&" }.map(\.name)
        let names = keys.filter { $0.modifier == "*" }.map(\.name)
        guard !keys.isEmpty, Set(references) == Set(names) else { throw NoPattern() }
    }

    private mutating func add(_ literal: Substring, isPadded: Bool) {
        for character in literal {
            pattern += "{}|\\".contains(character) ? "\\\(character)" : String(character)
        }
        guard isPadded, let last = literal.last, last != " " else { return }
        pattern += String(repeating: "{?\(last)}", count: 8)
    }

    private mutating func add(_ text: Substring, isLast: Bool) throws {
        var name = text
        var key = Key(name: "", modifier: nil, order: keys.count)
        if let first = name.first, "+*&?".contains(first) {
            key.modifier = first
            name = name.dropFirst()
        }
        if key.modifier == "+", let slash = name.lastIndex(of: "/") {
            key.order = Int(name[name.index(after: slash)...]) ?? 0
            name = name[..<slash]
        }
        guard !name.contains(where: { "+*&?/".contains($0) }) else { throw NoPattern() }
        key.name = String(name)
        pattern += "{k\(keys.count):\(isLast ? "rest" : "until")}"
        keys.append(key)
    }

    func fields(of message: String, _ separator: String) throws -> [String: String]? {
        guard let captures = try PatternTests().captures(pattern, message) else { return nil }
        var fields: [String: String] = [:]
        var names: [String: String] = [:]
        let found = keys.enumerated().map { ($1, captures["k\($0)"] ?? "") }
        for (key, value) in found where key.modifier == "*" { names[key.name] = value }
        for (key, value) in found.sorted(by: { $0.0.order < $1.0.order }) {
            switch key.modifier {
            case "?", "*": continue
            case "&": fields[names[key.name] ?? ""] = value
            case "+": fields[key.name] = fields[key.name].map { $0 + separator + value } ?? value
            default: if !key.name.isEmpty { fields[key.name] = value }
            }
        }
        return fields
    }
}
