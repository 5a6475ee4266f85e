// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Yams

/// Reads YAML without its traps: no anchors, aliases, custom tags, duplicate keys or guessed types.
///
/// Scalars keep their text; the core schema of YAML 1.2 only says what a plain one would mean. Every node has
/// its place.
public enum StrictYAML {
    /// Largest file, in bytes.
    ///
    /// Rule and decoder files are some tens of kilobytes; a larger one is a mistake.
    public static let fileSizeMaxBytes = 1_048_576

    /// Deepest nesting.
    ///
    /// Our files need about ten levels; the bound keeps recursion small.
    public static let depthMax = 32

    /// Most documents in one file, each a rule: bounds the work of a file of `---` lines.
    public static let documentCountMax = 4_096

    /// The documents of a file, in order; an empty file or one of comments has none.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, at most ``fileSizeMaxBytes``; a byte order mark at the start is skipped.
    ///   - file: Name for error messages.
    /// - Returns: the documents, each with its marks.
    /// - Throws: ``SiteFilesError`` at the first fault; nothing of the file is returned then.
    public static func documents(in bytes: [UInt8], file: String) throws(SiteFilesError) -> [YAMLNode] {
        try documents(in: try text(of: bytes, file)[...], file: file, below: 0)
    }

    /// The documents of a file that can be read, in order, and the faults of the others.
    ///
    /// Documents are told apart by lines that begin with `---`; a fault takes no other document with it.
    public static func soundDocuments(
        in bytes: [UInt8],
        file: String
    ) -> (documents: [YAMLNode], errors: [SiteFilesError]) {
        let text: String
        do throws(SiteFilesError) {
            text = try self.text(of: bytes, file)
            return (try documents(in: text[...], file: file, below: 0), [])
        } catch {
            let parts = (try? self.text(of: bytes, file)).map(parts) ?? []
            guard parts.count > 1, parts.count <= documentCountMax else { return ([], [error]) }
            var sound: [YAMLNode] = []
            var errors: [SiteFilesError] = []
            for part in parts {
                do throws(SiteFilesError) {
                    sound += try documents(in: part.text, file: file, below: part.line)
                } catch {
                    errors.append(error)
                }
            }
            return (sound, errors.isEmpty ? [error] : errors)
        }
    }

    /// The text cut before each line that begins a document, with the lines before each part.
    private static func parts(of text: String) -> [(text: Substring, line: Int)] {
        var parts: [(text: Substring, line: Int)] = []
        var start = text.startIndex
        var first = 0
        var line = 0
        var index = text.startIndex
        while index < text.endIndex {
            let rest = text[index...]
            let begins = rest.hasPrefix("---") && (rest.dropFirst(3).first?.isWhitespace ?? true)
            if begins, index > start {
                parts.append((text[start..<index], first))
                start = index
                first = line
            }
            guard let end = rest.utf8.firstIndex(of: 0x0a) else { break }
            index = text.utf8.index(after: end)
            line += 1
        }
        parts.append((text[start...], first))
        return parts
    }

    private static func text(of bytes: [UInt8], _ file: String) throws(SiteFilesError) -> String {
        guard bytes.count <= fileSizeMaxBytes else {
            throw SiteFilesError(
                file: file,
                what: "the file has \(bytes.count) bytes",
                remedy: "keep it within \(fileSizeMaxBytes)"
            )
        }
        let body = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        guard let text = String(validating: body, as: UTF8.self) else {
            let line = 1 + body[..<firstInvalid(body)].count { $0 == 0x0a }
            throw SiteFilesError(
                file: file,
                line: line,
                what: "the file is not UTF-8",
                remedy: "save it as UTF-8"
            )
        }
        return text
    }

    /// - Parameter lines: Lines of the file before the text.
    private static func documents(
        in text: Substring,
        file: String,
        below lines: Int
    ) throws(SiteFilesError) -> [YAMLNode] {
        do {
            let parser = try Parser(yaml: String(text), resolver: Resolver.basic, encoding: .utf8)
            var documents: [YAMLNode] = []
            while let root = try parser.nextRoot() {
                // Anchors are held weakly by nodes: the parser has to outlive the walk that refuses them.
                let node = try withExtendedLifetime(parser) {
                    try Walk(file: file, lines: lines).node(root, depth: 0)
                }
                if case .scalar(let scalar) = node, scalar.tag == .null, scalar.isPlain { continue }
                guard documents.count < documentCountMax else {
                    throw SiteFilesError(
                        file: file,
                        at: node.mark,
                        what: "more than \(documentCountMax) documents",
                        remedy: "split the file"
                    )
                }
                documents.append(node)
            }
            return documents
        } catch let error as SiteFilesError {
            throw error
        } catch let error as YamlError {
            throw refusal(of: error, file: file, below: lines)
        } catch {
            throw SiteFilesError(file: file, what: "the file cannot be read as YAML (\(error))")
        }
    }

    /// The single document of a file.
    ///
    /// - Throws: ``SiteFilesError`` as ``documents(in:file:)``, and when there is not exactly one document.
    public static func document(in bytes: [UInt8], file: String) throws(SiteFilesError) -> YAMLNode {
        let documents = try documents(in: bytes, file: file)
        guard let first = documents.first else { throw SiteFilesError(file: file, what: "the file is empty") }
        guard documents.count == 1 else {
            throw SiteFilesError(
                file: file,
                at: documents[1].mark,
                what: "a second document",
                remedy: "keep one document per file"
            )
        }
        return first
    }

    private static func firstInvalid(_ bytes: ArraySlice<UInt8>) -> Int {
        var low = bytes.startIndex
        for end in bytes.indices where bytes[end] == 0x0a {
            guard String(validating: bytes[low...end], as: UTF8.self) != nil else { return low }
            low = end + 1
        }
        return low
    }

    private static func refusal(of error: YamlError, file: String, below lines: Int) -> SiteFilesError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { " (\($0.text.trimmed), line \($0.mark.line + lines))" } ?? ""
            return SiteFilesError(
                file: file,
                line: mark.line + lines,
                column: mark.column,
                what: problem.trimmed + around
            )
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { 1 + lines + yaml.prefix($0).count { $0.isNewline } } ?? 0
            return SiteFilesError(
                file: file,
                line: line,
                what: problem,
                remedy: "remove control characters from the file"
            )
        case .duplicatedKeysInMapping(let duplicates, let context):
            return SiteFilesError(
                file: file,
                line: context.mark.line + lines,
                column: context.mark.column,
                what: "the key '\(duplicates.first ?? "")' stands twice in one mapping",
                remedy: "keep one of them"
            )
        default:
            return SiteFilesError(file: file, what: "the file cannot be read as YAML (\(error))")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}

/// Turns the parser's nodes into ours and refuses what strict YAML does not have.
private struct Walk {
    let file: String
    /// Lines of the file before what was parsed.
    let lines: Int

    func node(_ node: Node, depth: Int) throws(SiteFilesError) -> YAMLNode {
        let mark = self.mark(node.mark)
        guard depth < StrictYAML.depthMax else {
            throw SiteFilesError(
                file: file,
                at: mark,
                what: "nesting deeper than \(StrictYAML.depthMax) levels",
                remedy: "flatten the file"
            )
        }
        switch node {
        case .scalar(let scalar):
            try refuseAnchor(scalar.anchor != nil, mark)
            return .scalar(try self.scalar(scalar, mark))
        case .sequence(let sequence):
            try refuseAnchor(sequence.anchor != nil, mark)
            try requireTag(sequence.tag, "tag:yaml.org,2002:seq", mark)
            var elements: [YAMLNode] = []
            for element in sequence { elements.append(try self.node(element, depth: depth + 1)) }
            return .sequence(elements, mark)
        case .mapping(let mapping):
            try refuseAnchor(mapping.anchor != nil, mark)
            try requireTag(mapping.tag, "tag:yaml.org,2002:map", mark)
            return .mapping(try members(of: mapping, depth: depth), mark)
        case .alias:
            throw SiteFilesError(file: file, at: mark, what: "an alias", remedy: "write the value out")
        }
    }

    private func members(
        of mapping: Node.Mapping,
        depth: Int
    ) throws(SiteFilesError) -> [(key: YAMLScalar, value: YAMLNode)] {
        var members: [(key: YAMLScalar, value: YAMLNode)] = []
        var seen: Set<String> = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                throw SiteFilesError(file: file, at: mark(key.mark), what: "a key that is not a scalar")
            }
            let mark = self.mark(scalar.mark)
            try refuseAnchor(scalar.anchor != nil, mark)
            guard scalar.style != .plain || scalar.string != "<<" else {
                throw SiteFilesError(
                    file: file,
                    at: mark,
                    what: "a merge key",
                    remedy: "write the members out"
                )
            }
            guard seen.insert(scalar.string).inserted else {
                throw SiteFilesError(
                    file: file,
                    at: mark,
                    what: "the key '\(scalar.string)' stands twice in one mapping",
                    remedy: "keep one of them"
                )
            }
            members.append((try self.scalar(scalar, mark), try node(value, depth: depth + 1)))
        }
        return members
    }

    private func scalar(_ scalar: Node.Scalar, _ mark: YAMLMark) throws(SiteFilesError) -> YAMLScalar {
        let isPlain = scalar.style == .plain || scalar.style == .any
        let tag: YAMLTag
        switch scalar.tag.description {
        case "": tag = isPlain ? CoreSchema.tag(of: scalar.string) : .text
        case "!", "tag:yaml.org,2002:str": tag = .text
        case "tag:yaml.org,2002:int": tag = .integer
        case "tag:yaml.org,2002:float": tag = .float
        case "tag:yaml.org,2002:bool": tag = .bool
        case "tag:yaml.org,2002:null": tag = .null
        case let other:
            throw SiteFilesError(
                file: file,
                at: mark,
                what: "the tag '\(other)' is not known",
                remedy: "remove it"
            )
        }
        return YAMLScalar(text: scalar.string, tag: tag, isPlain: isPlain, mark: mark)
    }

    private func refuseAnchor(_ hasAnchor: Bool, _ mark: YAMLMark) throws(SiteFilesError) {
        guard hasAnchor else { return }
        throw SiteFilesError(
            file: file,
            at: mark,
            what: "an anchor",
            remedy: "write the value out where it is used"
        )
    }

    private func requireTag(_ tag: Tag, _ expected: String, _ mark: YAMLMark) throws(SiteFilesError) {
        let name = tag.description
        guard name.isEmpty || name == "!" || name == expected else {
            throw SiteFilesError(
                file: file,
                at: mark,
                what: "the tag '\(name)' is not known",
                remedy: "remove it"
            )
        }
    }

    private func mark(_ mark: Mark?) -> YAMLMark {
        YAMLMark(line: mark.map { $0.line + lines } ?? 0, column: mark?.column ?? 0)
    }
}
