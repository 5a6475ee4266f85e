// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// How specific an element of a pattern is: the lower one is tried first.
///
/// Literal text comes before narrow types, these before wide ones, and what takes everything comes last. This
/// finds the match soon; which of several counts is a matter of their numbers.
enum PatternRank {
    /// Rank of literal text, of a run of blanks, and of the end.
    static let literal = 0
    /// Rank of the types that take almost any text up to what follows.
    static let wide = 100
    /// Rank of the types that take all that is left.
    static let rest = 200

    /// Rank of a capture of `type`.
    static func of(_ type: CaptureType) -> Int {
        switch type {
        case .uuid: 10
        case .mac: 11
        case .ip4: 12
        case .ip6: 13
        case .ip: 14
        case .time: 15
        case .u16: 16
        case .int: 17
        case .hex: 18
        case .version: 19
        case .quoted: 20
        case .host, .word, .until, .rpmname, .rpmversion: wide
        case .json: rest
        case .kv: rest + 1
        case .rest: rest + 2
        }
    }

    /// Rank of what `nodes` may begin with: that of the widest beginning.
    static func of(_ nodes: ArraySlice<PatternNode>) -> Int {
        guard let node = nodes.first else { return rest + 3 }
        switch node {
        case .literal, .blank, .end: return literal
        case .capture(_, let type): return of(type)
        case .optional(let inner): return max(of(inner[...]), of(nodes.dropFirst()))
        case .choice(let branches):
            let ranks = branches.map { $0.isEmpty ? of(nodes.dropFirst()) : of($0[...]) }
            return ranks.max() ?? literal
        }
    }
}

/// A pattern as the trie sees it: what must follow what, without the names of captures.
struct PatternPath {
    /// One element; equal elements of patterns with an equal beginning are one edge of the trie.
    enum Element: Hashable {
        case byte(UInt8)
        case blank
        case end
        case capture(CaptureType, stop: Int)
        /// One of several paths, the first that matches; an empty one makes the group optional.
        case group([[Element]], rank: Int)
    }

    /// The elements in order.
    var elements: [Element] = []
    /// Names of all captures, in order; `_` for those that are dropped.
    var captureNames: [String] = []

    /// Most captures of one pattern, dropped ones and those of all branches included.
    static let captureCountMax = 96

    /// The path of `nodes`; stops are kept in `program`.
    init(_ nodes: [PatternNode], _ program: inout PatternProgram) {
        elements = path(nodes[...], then: [], &program)
    }

    private mutating func path(
        _ nodes: ArraySlice<PatternNode>,
        then rest: [PatternNode],
        _ program: inout PatternProgram
    ) -> [Element] {
        var result: [Element] = []
        for index in nodes.indices {
            let following = Array(nodes[(index + 1)...]) + rest
            switch nodes[index] {
            case .literal(let bytes): result += bytes.map { .byte($0) }
            case .blank: result.append(.blank)
            case .end: result.append(.end)
            case .capture(let name, let type):
                captureNames.append(name)
                let needsStop = type == .word || type == .until
                result.append(.capture(type, stop: needsStop ? program.stop(before: following) : 0))
            case .optional(let inner):
                let rank = PatternRank.of(([nodes[index]] + following)[...])
                result.append(.group([path(inner[...], then: following, &program), []], rank: rank))
            case .choice(let branches):
                let rank = PatternRank.of(([nodes[index]] + following)[...])
                let paths = branches.map { path($0[...], then: following, &program) }
                result.append(.group(paths, rank: rank))
            }
        }
        return result
    }
}

extension PatternPath.Element {
    /// How specific the element is.
    var rank: Int {
        switch self {
        case .byte, .blank, .end: PatternRank.literal
        case .capture(let type, _): PatternRank.of(type)
        case .group(_, let rank): rank
        }
    }

    /// Number of captures inside.
    var captureCount: Int {
        switch self {
        case .byte, .blank, .end: 0
        case .capture: 1
        case .group(let paths, _): paths.joined().reduce(0) { $0 + $1.captureCount }
        }
    }
}

/// Writes the patterns of one route as one program: patterns that begin alike are walked once.
struct PatternTrie {
    /// A pattern that is not written to its end.
    private struct Item {
        var number: Int32
        var elements: ArraySlice<PatternPath.Element>
    }

    private var program: PatternProgram
    private let isFolded: Bool

    /// Appends the trie of `patterns`, given as numbers of `program.patterns`, and returns its first step.
    ///
    /// A folded trie holds one pattern.
    static func write(_ patterns: [Int32], isFolded: Bool, into program: inout PatternProgram) -> Int32 {
        let start = Int32(program.steps.count)
        var trie = PatternTrie(program: program, isFolded: isFolded)
        program = PatternProgram()
        let items = patterns.flatMap { number in
            let elements = trie.program.patterns[Int(number)].elements[...]
            let paths = isFolded ? [Array(elements)] : PatternTrie.openings(elements)
            return paths.map { Item(number: number, elements: $0[...]) }
        }
        trie.node(items, captures: 0)
        program = trie.program
        return start
    }

    /// Most ways in which one pattern may be written.
    private static let openingCountMax = 8

    /// The ways in which `elements` can begin: groups of literal text before the first capture are written
    /// out, so that one byte decides among them and among other patterns.
    ///
    /// Only where no two ways can begin one text: a branch that was taken is not taken back.
    private static func openings(
        _ elements: ArraySlice<PatternPath.Element>
    ) -> [[PatternPath.Element]] {
        let run = elements.prefix(while: \.isLiteral)
        guard run.isEmpty else { return openings(elements.dropFirst(run.count)).map { run + $0 } }
        guard case .group(let branches, _)? = elements.first,
            branches.allSatisfy({ $0.allSatisfy(\.isLiteral) })
        else { return [Array(elements)] }
        let rests = openings(elements.dropFirst())
        let texts = branches.filter { !$0.isEmpty }
        var starts = texts
        if texts.count < branches.count { starts += rests.map { Array($0.prefix(while: \.isLiteral)) } }
        let isDistinct = texts.indices.allSatisfy { one in
            starts[(one + 1)...].allSatisfy { !canBoth(texts[one], $0) }
        }
        guard isDistinct, texts.count + 1 >= branches.count,
            branches.count * rests.count <= openingCountMax
        else { return [Array(elements)] }
        return branches.flatMap { branch in rests.map { branch + $0 } }
    }

    /// Whether a text can begin with both.
    private static func canBoth(_ one: [PatternPath.Element], _ other: [PatternPath.Element]) -> Bool {
        guard let (left, right) = zip(one, other).first(where: { $0 != $1 }) else { return true }
        // The end takes blanks too.
        return Set([left, right]) == [.blank, .end]
    }

    private mutating func add(
        _ kind: PatternStep.Kind,
        _ first: Int = 0,
        _ second: Int = 0,
        _ third: Int32 = -1
    ) {
        program.steps.append(
            PatternStep(kind: kind, first: Int32(first), second: Int32(second), third: third)
        )
    }

    /// Writes what may follow at one place.
    private mutating func node(_ items: [Item], captures: Int) {
        var edges: [(element: PatternPath.Element, items: [Item])] = []
        var places: [PatternPath.Element: Int] = [:]
        var accepted: [Int32] = []
        for item in items {
            guard let element = item.elements.first else {
                accepted.append(item.number)
                continue
            }
            let rest = Item(number: item.number, elements: item.elements.dropFirst())
            if let place = places[element] {
                edges[place].items.append(rest)
            } else {
                places[element] = edges.count
                edges.append((element, [rest]))
            }
        }
        let switched = edges.filter { $0.element.isSwitched }
        let first = edges.firstIndex { $0.element.isSwitched }
        let ordered = edges.indices.filter { !edges[$0].element.isSwitched || $0 == first }
            .map { (order: order(edges[$0].element, $0), place: $0) }
            .sorted { $0.order < $1.order }
        // What each alternative leads to at best, and what those behind it do.
        var lowest = ordered.map { entry in
            let edge = edges[entry.place]
            return edge.element.isSwitched ? PatternTrie.lowest(switched) : PatternTrie.lowest([edge])
        }
        if let first = accepted.first { lowest.append(first) }
        for (number, entry) in ordered.enumerated() {
            let edge = edges[entry.place]
            alternative(to: lowest[number], behind: lowest[(number + 1)...].min()) { trie in
                if edge.element.isSwitched {
                    trie.bytes(switched, captures)
                } else {
                    trie.step(edge.element, captures)
                    trie.node(edge.items, captures: captures + edge.element.captureCount)
                }
            }
        }
        if !accepted.isEmpty {
            add(.accept, program.accepted.count, accepted.count)
            program.accepted += accepted
        }
    }

    /// Order of alternatives at one place: rank, then of captures the one that more text must follow, then
    /// the order given.
    private func order(_ element: PatternPath.Element, _ place: Int) -> (Int, Int, Int) {
        guard case .capture(_, let stop) = element else { return (element.rank, 0, place) }
        return (element.rank, -Int(program.stops[stop].lengthMin), place)
    }

    /// The lowest number of the patterns behind `edges`.
    private static func lowest(_ edges: [(element: PatternPath.Element, items: [Item])]) -> Int32 {
        edges.flatMap { $0.items.map(\.number) }.min() ?? .max
    }

    /// Writes an alternative that leads to `own` at best; when it fails, the one behind it is tried, which
    /// leads to `next` at best.
    private mutating func alternative(
        to own: Int32,
        behind next: Int32?,
        _ body: (inout PatternTrie) -> Void
    ) {
        guard let next else {
            body(&self)
            return
        }
        let attempt = program.steps.count
        add(.attempt, 0, Int(next), own)
        body(&self)
        program.steps[attempt].first = Int32(program.steps.count)
    }

    /// Writes the edges that the next byte decides.
    private mutating func bytes(
        _ edges: [(element: PatternPath.Element, items: [Item])],
        _ captures: Int
    ) {
        guard edges.count > 1 else {
            if edges[0].element == .blank {
                add(.blank)
                node(edges[0].items, captures: captures)
            } else if case .byte(let byte) = edges[0].element {
                run(byte, edges[0].items, captures)
            }
            return
        }
        let table = program.tables.count
        program.tables += [Int32](repeating: -1, count: 256)
        add(.choose, table)
        for edge in edges {
            let start = Int32(program.steps.count)
            switch edge.element {
            case .byte(let byte):
                program.tables[table + Int(byte)] = start
                run(byte, edge.items, captures)
            default:
                program.tables[table + 0x20] = start
                program.tables[table + 0x09] = start
                add(.blank)
                node(edge.items, captures: captures)
            }
        }
    }

    /// Writes `byte` and all bytes that follow it in each of `items` as one literal.
    private mutating func run(_ byte: UInt8, _ items: [Item], _ captures: Int) {
        var literal = [byte]
        var items = items
        while case .byte(let next)? = items.first?.elements.first,
            items.allSatisfy({ $0.elements.first == .byte(next) })
        {
            literal.append(next)
            for index in items.indices { items[index].elements.removeFirst() }
        }
        add(isFolded ? .foldedLiteral : .literal, program.pool.count, literal.count)
        program.pool += isFolded ? literal.map(\.folded) : literal
        node(items, captures: captures)
    }

    /// Writes one element with its captures numbered from `captures` on.
    private mutating func step(_ element: PatternPath.Element, _ captures: Int) {
        switch element {
        case .byte(let byte):
            add(isFolded ? .foldedLiteral : .literal, program.pool.count, 1)
            program.pool.append(isFolded ? byte.folded : byte)
        case .blank: add(.blank)
        case .end: add(.end)
        case .capture(let type, let stop):
            program.steps.append(
                PatternStep(kind: .capture, type: type, first: Int32(captures), second: Int32(stop))
            )
        case .group(let paths, _): group(paths, captures)
        }
    }

    /// Writes a group: the first branch that matches counts, and is not taken back.
    private mutating func group(_ paths: [[PatternPath.Element]], _ captures: Int) {
        var commits: [Int] = []
        var captures = captures
        for (number, path) in paths.enumerated() {
            let isLast = number == paths.count - 1
            let attempt = program.steps.count
            if !isLast { add(.attempt, 0, -1) }
            for element in path {
                step(element, captures)
                captures += element.captureCount
            }
            if !isLast {
                commits.append(program.steps.count)
                add(.commit)
                program.steps[attempt].first = Int32(program.steps.count)
            }
        }
        for commit in commits { program.steps[commit].first = Int32(program.steps.count) }
    }
}

extension PatternPath.Element {
    /// Whether it is text, which says nothing about the value of a field.
    fileprivate var isLiteral: Bool {
        switch self {
        case .byte, .blank, .end: true
        case .capture, .group: false
        }
    }

    /// Whether the next byte alone says whether the edge can be taken.
    fileprivate var isSwitched: Bool {
        switch self {
        case .byte, .blank: true
        case .end, .capture, .group: false
        }
    }
}
