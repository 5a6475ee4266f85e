// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation

/// Reads one YAML document as a rule.
struct SigmaDocumentReader {
    let file: String
    let fingerprint: String
    var warnings: [RuleError] = []

    private static let detectionKeys: Set<String> = [
        "title", "id", "name", "related", "taxonomy", "status", "description", "license", "references",
        "author", "date", "modified", "logsource", "detection", "fields", "falsepositives", "scope", "level",
        "tags",
        "correlation", "generate", "wardline", "custom", "regression_tests_path", "simulation", "filter",
    ]

    init(file: String, fingerprint: String) {
        self.file = file
        self.fingerprint = fingerprint
    }

    mutating func definition(of root: YAMLNode) throws(RuleError) -> RuleDefinition {
        guard let members = root.members else { throw error(root, "a rule is a mapping with a `title`") }
        for (key, _) in members where !SigmaDocumentReader.detectionKeys.contains(key.text) {
            warnings.append(RuleError(position(key.mark), "the key `\(key.text)` is not read"))
        }
        let header = try header(root)
        let parts = ["detection", "correlation", "filter"].compactMap { root[$0] }.sorted {
            $0.mark < $1.mark
        }
        guard parts.count < 2 else {
            throw error(
                parts[1],
                "a document has `detection`, `correlation` or `filter`, not two of them; write two documents"
            )
        }
        if let node = root["filter"] { return .filter(try filter(node, root, header)) }
        if let node = root["correlation"] {
            return .correlation(try correlation(node, root, header))
        }
        guard let node = root["detection"] else {
            throw error(root, "the rule has neither `detection`, `correlation` nor `filter`")
        }
        return .detection(try detection(node, root, header))
    }

    func position(_ mark: YAMLMark) -> RulePosition {
        RulePosition(file: file, line: mark.line, column: mark.column)
    }

    func error(_ node: YAMLNode, _ message: String) -> RuleError { RuleError(position(node.mark), message) }

    private mutating func header(_ root: YAMLNode) throws(RuleError) -> RuleHeader {
        guard let titleNode = root["title"] else { throw error(root, "the rule has no `title`") }
        var header = RuleHeader(title: try words(titleNode, "title"), position: position(root.mark))
        guard header.title.count <= 256 else { throw error(titleNode, "a title has 1 to 256 characters") }
        if let node = root["id"] { header.id = try words(node, "id") }
        if let node = root["name"] { header.name = try words(node, "name") }
        if let node = root["author"] { header.author = try text(node) }
        if let node = root["license"] { header.license = try text(node) }
        if let node = root["references"] { header.references = try texts(node) }
        if let node = root["tags"] { header.tags = try texts(node) }
        if let node = root["level"] {
            guard let level = Level(name: try text(node).lowercased()) else {
                throw error(node, "the level is one of \(Level.allCases.map(\.name).joined(separator: ", "))")
            }
            header.level = level
        }
        try checkStatus(root)
        header.status = try root["status"].map(text)?.lowercased() ?? ""
        header.description = try root["description"].map(text) ?? ""
        header.falsePositives = try root["falsepositives"].map(texts) ?? []
        for key in ["date", "modified"] { if let node = root[key] { _ = try text(node) } }
        for key in ["fields", "scope"] { if let node = root[key] { _ = try texts(node) } }
        guard let block = root["wardline"] else { return header }
        header.extensionKeys = block.members?.map(\.key.text) ?? []
        try readBlock(block, &header)
        return header
    }

    private mutating func checkStatus(_ root: YAMLNode) throws(RuleError) {
        if let node = root["taxonomy"], try text(node) != "sigma" {
            warnings.append(
                error(node, "field names are read by the taxonomy `sigma`, not `\(try text(node))`")
            )
        }
        guard let node = root["status"] else { return }
        let status = try text(node).lowercased()
        guard ["stable", "test", "experimental", "deprecated", "unsupported"].contains(status) else {
            throw error(node, "the status is one of stable, test, experimental, deprecated, unsupported")
        }
        if status == "deprecated" || status == "unsupported" {
            warnings.append(error(node, "the rule's author calls it \(status)"))
        }
    }

    private static let blockKeys =
        [
            "group-by", "timespan", "join-window", "review", "base", "absent", "regular", "placeholders",
            "clauses",
        ] + correlationBlockKeys

    private func readBlock(_ block: YAMLNode, _ header: inout RuleHeader) throws(RuleError) {
        let known = SigmaDocumentReader.blockKeys
        guard let members = block.members else { throw error(block, "`wardline` is a mapping") }
        for (key, value) in members {
            switch key.text {
            case "join-window": header.joinWindow = try duration(value)
            case "absent": header.absences = try texts(value)
            case "clauses": header.clauses = try names(value, "clauses").map(\.text)
            case "review": header.isReview = try truth(value, "review")
            case "base": header.isBase = try truth(value, "base")
            case let name where known.contains(name): continue
            default:
                throw unknown(key, "wardline", known)
            }
        }
    }

    func truth(_ node: YAMLNode?, _ name: String) throws(RuleError) -> Bool {
        guard let node else { return false }
        guard let flag = node.scalar?.bool else { throw error(node, "`\(name)` is true or false") }
        return flag
    }

    // MARK: - Scalars

    func text(_ node: YAMLNode) throws(RuleError) -> String {
        guard let scalar = node.scalar else { throw error(node, "this must be text, not a \(node.kind)") }
        return scalar.text
    }

    /// A text that says something.
    func words(_ node: YAMLNode, _ name: String) throws(RuleError) -> String {
        let found = try text(node)
        guard found.contains(where: { !$0.isWhitespace }) else {
            throw error(node, "`\(name)` is empty; fill it in or remove it")
        }
        return found
    }

    /// A text, or a list of texts; nothing is an empty list.
    func texts(_ node: YAMLNode) throws(RuleError) -> [String] {
        if node.scalar?.tag == .null { return [] }
        guard let elements = node.elements else { return [try text(node)] }
        var found: [String] = []
        for element in elements { found.append(try text(element)) }
        return found
    }

    /// A name, or a list of names, each with its place; none is empty or listed twice.
    func names(_ node: YAMLNode, _ key: String) throws(RuleError) -> [RuleText] {
        guard let elements = node.elements else {
            return [RuleText(try words(node, key), position(node.mark))]
        }
        guard !elements.isEmpty else {
            throw error(node, "`\(key)` is an empty list; fill it in or remove it")
        }
        var found: [RuleText] = []
        for element in elements {
            let name = RuleText(try words(element, key), position(element.mark))
            guard !found.contains(where: { $0.text == name.text }) else {
                throw error(element, "`\(name.text)` stands twice in `\(key)`; remove one")
            }
            found.append(name)
        }
        return found
    }

    /// The members of a mapping.
    func members(
        _ node: YAMLNode,
        _ name: String
    ) throws(RuleError) -> [(key: YAMLScalar, value: YAMLNode)] {
        guard let members = node.members else {
            throw error(node, "`\(name)` is a mapping, not a \(node.kind)")
        }
        return members
    }

    func scalar(_ node: YAMLNode) throws(RuleError) -> RuleScalar {
        guard let scalar = node.scalar else { throw error(node, "this must be a value, not a \(node.kind)") }
        switch scalar.tag {
        case .null: return .null
        case .bool: return .bool(scalar.bool ?? false)
        case .text: return .text(scalar.text)
        case .integer, .float:
            // Who writes 007 means these digits.
            if scalar.text.hasPrefix("0"), scalar.text.dropFirst().first?.isNumber == true {
                return .text(scalar.text)
            }
            // Beyond 64 bits only decimal digits have a value.
            let number = scalar.integer.map(Double.init) ?? Double(scalar.text)
            return number.flatMap { $0.isFinite ? .number($0, scalar.text) : nil } ?? .text(scalar.text)
        }
    }

    /// A number with a unit: `s m h d w M y` (pySigma's lengths of month and year).
    func duration(_ node: YAMLNode) throws(RuleError) -> Int64 {
        let written = try text(node)
        let seconds: [Character: Int64] = [
            "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_629_746, "y": 31_556_952,
        ]
        guard let unit = written.last.flatMap({ seconds[$0] }), let count = Int64(written.dropLast()),
            count > 0,
            count <= 100 * 31_556_952 / unit
        else {
            throw error(node, "`\(written)` is no time span: write a number above 0 and one of s m h d w M y")
        }
        return count * unit * 1_000_000_000
    }
}
