// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Normalization

extension DecoderFileReader {
    func error(_ mark: YAMLMark, _ what: String) -> SiteFilesError {
        SiteFilesError(file: file, at: mark, what: what)
    }

    func placed(_ scalar: YAMLScalar) -> PlacedText {
        PlacedText(scalar.text, SourcePlace(file: file, line: scalar.mark.line, column: scalar.mark.column))
    }

    /// The members of a mapping, all of whose keys are in `allowed`.
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

    /// The members of a mapping with keys of any name.
    func pairs(_ node: YAMLNode) throws(SiteFilesError) -> [(key: YAMLScalar, value: YAMLNode)] {
        guard let members = node.members else {
            throw error(node.mark, "expected a mapping, found a \(node.kind)")
        }
        return members
    }

    func elements(_ node: YAMLNode) throws(SiteFilesError) -> [YAMLNode] {
        guard let elements = node.elements else {
            throw error(node.mark, "expected a list, found a \(node.kind)")
        }
        return elements
    }

    func text(_ node: YAMLNode) throws(SiteFilesError) -> PlacedText {
        guard let scalar = node.scalar else {
            throw error(node.mark, "expected a text, found a \(node.kind)")
        }
        if scalar.isNorwayTrap {
            throw error(
                scalar.mark,
                "other readers take '\(scalar.text)' for a truth value; put it in quotes"
            )
        }
        return placed(scalar)
    }

    /// One text or a list of texts.
    func texts(_ node: YAMLNode) throws(SiteFilesError) -> [PlacedText] {
        guard let elements = node.elements else { return [try text(node)] }
        var result: [PlacedText] = []
        for element in elements { result.append(try text(element)) }
        return result
    }

    func bool(_ node: YAMLNode) throws(SiteFilesError) -> Bool {
        guard let value = node.scalar?.bool else { throw error(node.mark, "expected true or false") }
        return value
    }

    func choice(_ node: YAMLNode, _ allowed: [String]) throws(SiteFilesError) -> String {
        let value = try text(node).text
        guard allowed.contains(value) else {
            let hint = Spelling.suggestion(for: value, among: allowed)
            throw error(node.mark, "'\(value)' is not one of \(allowed.joined(separator: ", "))\(hint)")
        }
        return value
    }

    func format(_ node: YAMLNode) throws(SiteFilesError) -> BodyFormat {
        let name = try choice(node, BodyFormat.allCases.map(\.rawValue))
        return BodyFormat(rawValue: name) ?? .text
    }
}
