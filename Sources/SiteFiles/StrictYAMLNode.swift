// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A place in a YAML file: line and column from 1, the column in Unicode scalars.
public struct YAMLMark: Hashable, Comparable, Sendable {
    /// Line from 1.
    public var line: Int
    /// Column from 1.
    public var column: Int

    /// Makes a mark.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Orders by line, then column.
    public static func < (left: YAMLMark, right: YAMLMark) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// The kind of a scalar by the YAML 1.2 core schema.
///
/// Quoted and block scalars are always text.
public enum YAMLTag: Sendable, CaseIterable {
    /// Any text.
    case text
    /// Decimal, `0o` octal or `0x` hexadecimal.
    case integer
    /// A decimal fraction, `.inf` or `.nan`.
    case float
    /// `true`, `True`, `TRUE` and the same for false; nothing else.
    case bool
    /// `null`, `Null`, `NULL`, `~` or nothing at all.
    case null
}

/// A scalar: its text exactly as decoded from the file, and what a plain one would mean.
public struct YAMLScalar: Hashable, Sendable {
    /// The text, with escapes of quoted forms decoded.
    ///
    /// `5920` stays `5920`, `007` stays `007`.
    public var text: String
    /// What the text means by the core schema.
    public var tag: YAMLTag
    /// Whether the scalar was written without quotes and not as a block.
    public var isPlain: Bool
    /// Where it starts.
    public var mark: YAMLMark

    /// Makes a scalar.
    public init(text: String, tag: YAMLTag, isPlain: Bool, mark: YAMLMark) {
        self.text = text
        self.tag = tag
        self.isPlain = isPlain
        self.mark = mark
    }

    /// Whether a YAML 1.1 reader would take this plain text for a boolean (`no`, `on`, `y`): the Norway trap.
    ///
    /// We read it as text. A caller that expects text may warn, since other tools will disagree.
    public var isNorwayTrap: Bool {
        guard isPlain, tag == .text, text.utf8.count <= 3 else { return false }
        return ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased())
    }

    /// The integer, when the tag says so and it fits 64 bits.
    public var integer: Int64? {
        guard tag == .integer else { return nil }
        if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8) }
        return Int64(text)
    }

    /// The truth value, when the tag says so.
    public var bool: Bool? { tag == .bool ? text.lowercased() == "true" : nil }
}

/// A node of a YAML document, with its place.
///
/// Aliases, anchors and custom tags never reach this form.
public indirect enum YAMLNode: Sendable {
    /// A scalar.
    case scalar(YAMLScalar)
    /// A sequence and its start.
    case sequence([YAMLNode], YAMLMark)
    /// A mapping and its start; keys are distinct scalars, in file order.
    case mapping([(key: YAMLScalar, value: YAMLNode)], YAMLMark)

    /// Where the node starts.
    public var mark: YAMLMark {
        switch self {
        case .scalar(let scalar): scalar.mark
        case .sequence(_, let mark), .mapping(_, let mark): mark
        }
    }

    /// The scalar, if this is one.
    public var scalar: YAMLScalar? {
        guard case .scalar(let scalar) = self else { return nil }
        return scalar
    }

    /// The elements, if this is a sequence.
    public var elements: [YAMLNode]? {
        guard case .sequence(let elements, _) = self else { return nil }
        return elements
    }

    /// The members, if this is a mapping.
    public var members: [(key: YAMLScalar, value: YAMLNode)]? {
        guard case .mapping(let members, _) = self else { return nil }
        return members
    }

    /// The value of the member with that key; nil if this is no mapping or has no such key.
    public subscript(_ key: String) -> YAMLNode? {
        members?.first { $0.key.text == key }?.value
    }

    /// `scalar`, `sequence` or `mapping`: for messages.
    public var kind: String {
        switch self {
        case .scalar: "scalar"
        case .sequence: "sequence"
        case .mapping: "mapping"
        }
    }
}
