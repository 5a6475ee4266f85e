// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization

extension ConfigurationReader {
    func error(_ mark: YAMLMark, _ what: String, _ remedy: String = "") -> SiteFilesError {
        SiteFilesError(file: file, at: mark, what: what, remedy: remedy)
    }

    func members(
        _ node: YAMLNode,
        allowed: [String]
    ) throws(SiteFilesError) -> [(key: YAMLScalar, value: YAMLNode)] {
        guard let members = node.members else {
            throw error(node.mark, "expected a mapping, found a \(node.kind)")
        }
        for (key, _) in members where !allowed.contains(key.text) {
            let hint = Spelling.suggestion(for: key.text, among: allowed)
            throw error(key.mark, "the key '\(key.text)' is not known here\(hint)")
        }
        return members
    }

    func required(_ key: String, of node: YAMLNode) throws(SiteFilesError) -> YAMLNode {
        guard let value = node[key] else { throw error(node.mark, "the listener has no '\(key)'") }
        return value
    }

    func text(_ node: YAMLNode) throws(SiteFilesError) -> String {
        guard let scalar = node.scalar else {
            throw error(node.mark, "expected a text, found a \(node.kind)")
        }
        guard !scalar.isNorwayTrap else {
            throw error(
                scalar.mark,
                "other readers take '\(scalar.text)' for a truth value",
                "put it in quotes"
            )
        }
        guard scalar.tag != .null, !scalar.text.isEmpty else {
            throw error(scalar.mark, "the value is empty")
        }
        return scalar.text
    }

    /// One text or a list of texts.
    func texts(_ node: YAMLNode) throws(SiteFilesError) -> [String] {
        guard let elements = node.elements else { return [try text(node)] }
        var result: [String] = []
        for element in elements { result.append(try text(element)) }
        return result
    }

    func choice<Value>(
        _ node: YAMLNode,
        _ values: [Value],
        _ name: KeyPath<Value, String>
    ) throws(SiteFilesError) -> Value {
        let word = try text(node)
        guard let value = values.first(where: { $0[keyPath: name] == word }) else {
            let words = values.map { $0[keyPath: name] }
            let hint = Spelling.suggestion(for: word, among: words)
            throw error(node.mark, "'\(word)' is not one of \(words.joined(separator: ", "))\(hint)")
        }
        return value
    }

    func count(_ node: YAMLNode, _ range: ClosedRange<Int>) throws(SiteFilesError) -> Int {
        guard let integer = node.scalar?.integer, let value = Int(exactly: integer), range.contains(value)
        else {
            throw error(node.mark, "expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func size(_ node: YAMLNode, _ range: ClosedRange<Int>) throws(SiteFilesError) -> Int {
        let word = try text(node)
        guard let value = Quantity.bytes(word), range.contains(value) else {
            throw error(
                node.mark,
                "'\(word)' is no size from \(range.lowerBound) to \(range.upperBound) bytes",
                "write a number, or one with KiB, MiB or GiB"
            )
        }
        return value
    }

    func duration(_ node: YAMLNode, _ range: ClosedRange<Int64>) throws(SiteFilesError) -> Int64 {
        let word = try text(node)
        guard let value = Quantity.nanoseconds(word), range.contains(value) else {
            throw error(
                node.mark,
                "'\(word)' is no duration in the allowed range",
                "write a number with ms, s, m or h, such as 5m"
            )
        }
        return value
    }
}

/// A number with its unit, such as `64KiB` or `5m`.
enum Quantity {
    /// Bytes of `64KiB`; nil for anything else.
    ///
    /// A number alone counts bytes.
    static func bytes(_ text: String) -> Int? {
        scaled(text, units: [("KiB", 1_024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("B", 1), ("", 1)])
    }

    /// Nanoseconds of `20ms`, `5s`, `5m`, `2h`; nil for anything else, also for a number without a unit.
    static func nanoseconds(_ text: String) -> Int64? {
        scaled(
            text,
            units: [
                ("ms", 1_000_000), ("us", 1_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
                ("h", 3_600_000_000_000),
            ]
        ).map(Int64.init)
    }

    private static func scaled(_ text: String, units: [(suffix: String, factor: Int)]) -> Int? {
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let digits = text.dropLast(unit.suffix.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(digits)
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        return overflow ? nil : product
    }
}
