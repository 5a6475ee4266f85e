// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Groups lines that nothing decodes by what they have in common, so that a person sees what to write a
/// decoder for.
///
/// Lines fall into exact shapes first: constant words and typed values. ``groups()`` then joins shapes of one
/// application that begin alike, are as long and agree in most words, as Drain does (He and others, 2017).
/// Deterministic: the same lines in the same order give the same groups. Owned by one thread.
public struct ShapeMiner: Sendable {
    /// Shapes kept at most; lines of further ones are counted in ``overflowCount`` only.
    ///
    /// Bound: 20,000 shapes of a few hundred bytes and their examples of at most 4 KiB.
    public static let shapeCountMax = 20_000
    /// Lines kept of each shape.
    public static let exampleCountMax = 3
    /// Hosts told apart of each shape.
    public static let hostCountMax = 1_000
    /// Longest line kept as an example, in bytes.
    public static let exampleLengthMax = 4_096

    /// Lines beyond the bound on shapes.
    public private(set) var overflowCount = 0

    private struct Shape: Sendable {
        var key: Key
        var count = 0
        var hosts: Set<[UInt8]> = []
        var examples: [[UInt8]] = []
    }

    private struct Key: Hashable, Sendable {
        var application: [UInt8]
        var body: Body
    }

    private enum Body: Hashable, Sendable {
        case text([ShapeToken])
        case keyed(BodyFormat, [String])
    }

    private var shapes: [Shape] = []
    private var numbers: [Key: Int] = [:]

    /// Nothing seen.
    public init() {}

    /// Takes a line as it was received.
    public mutating func add(_ line: [UInt8]) {
        let span = line.span
        let envelope = EnvelopeReader.read(
            span,
            0..<line.count,
            StampContext(reference: UTCTime(nanoseconds: 0), offsetSeconds: 0)
        )
        let key = Key(
            application: Array(line[envelope.application]),
            body: ShapeMiner.body(line, envelope.body)
        )
        let number: Int
        if let known = numbers[key] {
            number = known
        } else {
            guard shapes.count < ShapeMiner.shapeCountMax else {
                overflowCount += 1
                return
            }
            number = shapes.count
            numbers[key] = number
            shapes.append(Shape(key: key))
        }
        shapes[number].count += 1
        if shapes[number].hosts.count < ShapeMiner.hostCountMax {
            shapes[number].hosts.insert(Array(line[envelope.host]))
        }
        if shapes[number].examples.count < ShapeMiner.exampleCountMax,
            line.count <= ShapeMiner.exampleLengthMax
        {
            shapes[number].examples.append(line)
        }
    }

    private static func body(_ line: [UInt8], _ range: Range<Int>) -> Body {
        if !range.isEmpty, line[range.lowerBound] == 0x7b,
            case .object(let members)? = try? JSONValue(parsing: Array(line[range]).span)
        {
            return .keyed(.json, Set(members.map(\.name)).sorted())
        }
        let tokens = ShapeToken.tokens(of: line.span, range)
        let keys = keys(of: tokens)
        if keys.count >= 3, keys.count * 4 >= tokens.count - 1 { return .keyed(.kv, Set(keys).sorted()) }
        return .text(tokens)
    }

    /// Names before `=`.
    private static func keys(of tokens: [ShapeToken]) -> [String] {
        var keys: [String] = []
        for (index, token) in tokens.enumerated().dropFirst() where token == .text([0x3d]) {
            if case .text(let name) = tokens[index - 1] {
                keys.append(String(decoding: name, as: UTF8.self))
            }
        }
        return keys
    }

    /// The groups, those with most lines first, equal ones in order of application and shape.
    public func groups() -> [LineGroup] {
        var groups: [Group] = []
        var places: [Place: [Int]] = [:]
        for shape in shapes.sorted(by: { $0.count > $1.count }) {
            let place = Place(shape)
            if let known = places[place]?.first(where: { groups[$0].takes(shape) }) {
                groups[known].add(shape)
            } else {
                places[place, default: []].append(groups.count)
                groups.append(Group(shape))
            }
        }
        return groups.map(\.lineGroup).sorted {
            ($1.count, $0.application, $0.shape) < ($0.count, $1.application, $1.shape)
        }
    }

    /// Shapes that may be joined share it.
    private struct Place: Hashable {
        var application: [UInt8]
        var form: BodyFormat
        var tokenCount: Int
        var first: ShapeToken?

        init(_ shape: Shape) {
            application = shape.key.application
            switch shape.key.body {
            case .keyed(let format, _): (form, tokenCount, first) = (format, 0, nil)
            case .text(let tokens): (form, tokenCount, first) = (.text, tokens.count, tokens.first)
            }
        }
    }

    private struct Group {
        var body: Body
        var shape: Shape

        init(_ shape: Shape) {
            body = shape.key.body
            self.shape = shape
        }

        /// Whether three in five of the words or keys agree.
        func takes(_ other: Shape) -> Bool {
            switch (body, other.key.body) {
            case (.text(let mine), .text(let theirs)):
                var equal = 0
                var all = 0
                for (left, right) in zip(mine, theirs) {
                    if left == .blank || right == .blank {
                        guard left == right else { return false }
                        continue
                    }
                    all += 1
                    if left == right { equal += 1 } else if !Group.canJoin(left, right) { return false }
                }
                return equal * 5 >= all * 3
            case (.keyed(_, let mine), .keyed(_, let theirs)):
                let common = Set(mine).intersection(theirs).count
                return common * 5 >= max(mine.count, theirs.count) * 3
            default: return false
            }
        }

        /// Punctuation stays what it is, and quotes belong to a value.
        private static func canJoin(_ left: ShapeToken, _ right: ShapeToken) -> Bool {
            for token in [left, right] {
                switch token {
                case .blank: return false
                case .text(let bytes) where !bytes.contains(where: \.isWordByte): return false
                case .value(let type) where [.quoted, .time, .rest].contains(type): return false
                default: break
                }
            }
            return true
        }

        mutating func add(_ other: Shape) {
            shape.count += other.count
            for host in other.hosts where shape.hosts.count < ShapeMiner.hostCountMax {
                shape.hosts.insert(host)
            }
            shape.examples += other.examples.prefix(ShapeMiner.exampleCountMax - shape.examples.count)
            switch (body, other.key.body) {
            case (.text(let mine), .text(let theirs)):
                body = .text(zip(mine, theirs).map { $0 == $1 ? $0 : .value(.word) })
            case (.keyed(let format, let mine), .keyed(_, let theirs)):
                body = .keyed(format, Set(mine).intersection(theirs).sorted())
            default: break
            }
        }

        var lineGroup: LineGroup {
            var literals: [String] = []
            let form: LineGroup.Form
            switch body {
            case .keyed(let format, let keys): form = .keyed(format, keys: keys)
            case .text(let tokens):
                let draft = PatternDraft(tokens)
                form = .text(pattern: draft.pattern)
                literals = draft.literals
            }
            return LineGroup(
                application: String(decoding: shape.key.application, as: UTF8.self),
                form: form,
                count: shape.count,
                hostCount: shape.hosts.count,
                examples: shape.examples,
                literals: literals
            )
        }
    }
}
