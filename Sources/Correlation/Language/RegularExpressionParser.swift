// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A regular expression as a tree.
indirect enum RegularExpressionNode: Hashable, Sendable {
    case character(RegularExpression.CharacterSet)
    case assertion(RegularExpression.Assertion)
    case sequence([RegularExpressionNode])
    case choice([RegularExpressionNode])
    /// `count` times at least; `most` is nil for any number more.
    case repeated(RegularExpressionNode, least: Int, most: Int?)
}

/// Reads the text of a regular expression.
struct RegularExpressionParser {
    private let text: [Unicode.Scalar]
    private var index = 0
    private var options: RegularExpression.Options

    private static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    private static let words: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a]
    private static let spaces: [ClosedRange<UInt32>] = [0x09...0x0d, 0x20...0x20]

    init(_ source: String, _ options: RegularExpression.Options) {
        text = Array(source.unicodeScalars)
        self.options = options
    }

    mutating func parse() throws(RegularExpressionError) -> RegularExpressionNode {
        let node = try choice(depth: 0)
        guard index == text.count else { throw error("a `)` closes no group") }
        return node
    }

    private func error(_ message: String) -> RegularExpressionError {
        RegularExpressionError(message: "\(message), at character \(min(index, text.count) + 1)")
    }

    private var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    private mutating func choice(depth: Int) throws(RegularExpressionError) -> RegularExpressionNode {
        guard depth < RegularExpression.depthMax else { throw error("groups nest too deeply") }
        var parts = [try sequence(depth: depth)]
        while take("|") { parts.append(try sequence(depth: depth)) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence(depth: Int) throws(RegularExpressionError) -> RegularExpressionNode {
        var parts: [RegularExpressionNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            guard let atom = try atom(depth: depth) else { continue }
            parts.append(try quantified(atom))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// One element; nil for inline flags, which stand for nothing.
    private mutating func atom(depth: Int) throws(RegularExpressionError) -> RegularExpressionNode? {
        guard let scalar = next else { throw error("the expression ends too early") }
        index += 1
        switch scalar {
        case "(": return try group(depth: depth)
        case "[": return .character(try bracket())
        case ".":
            return .character(
                .init(ranges: options.contains(.dotAll) ? [] : [0x0a...0x0a], isNegated: true)
            )
        case "^": return .assertion(options.contains(.multiline) ? .lineStart : .start)
        case "$": return .assertion(options.contains(.multiline) ? .lineEnd : .end)
        case "\\":
            if take("b") { return .assertion(.wordBoundary) }
            if take("B") { return .assertion(.noWordBoundary) }
            return .character(set(try escape()))
        case "*", "+", "?":
            index -= 1
            throw error("`\(scalar)` repeats nothing")
        default: return .character(set([scalar.value...scalar.value]))
        }
    }

    private func set(
        _ ranges: [ClosedRange<UInt32>],
        isNegated: Bool = false
    ) -> RegularExpression.CharacterSet {
        .init(ranges: ranges, isNegated: isNegated, ignoresCase: options.contains(.ignoreCase))
    }

    private func set(
        _ escaped: (ranges: [ClosedRange<UInt32>], isNegated: Bool)
    ) -> RegularExpression.CharacterSet {
        set(escaped.ranges, isNegated: escaped.isNegated)
    }

    private mutating func group(depth: Int) throws(RegularExpressionError) -> RegularExpressionNode? {
        let outer = options
        if take("?") {
            var isOff = false
            while let scalar = next, scalar != ":", scalar != ")" {
                index += 1
                switch scalar {
                case "i": set(.ignoreCase, isOff)
                case "m": set(.multiline, isOff)
                case "s": set(.dotAll, isOff)
                case "-": isOff = true
                default:
                    throw error("look-around, atomic and named groups are not supported; use `(` or `(?:`")
                }
            }
            // Flags without a colon hold to the end of the group that they stand in.
            if take(")") { return nil }
            guard take(":") else { throw error("a group is not closed; add `)`") }
        }
        let inner = try choice(depth: depth + 1)
        guard take(")") else { throw error("a group is not closed; add `)`") }
        options = outer
        return inner
    }

    private mutating func set(_ option: RegularExpression.Options, _ isOff: Bool) {
        if isOff { options.remove(option) } else { options.insert(option) }
    }

    // MARK: - Quantifiers

    private mutating func quantified(
        _ atom: RegularExpressionNode
    ) throws(RegularExpressionError) -> RegularExpressionNode {
        var node = atom
        var isFirst = true
        while let (least, most) = try quantifier() {
            guard isFirst else {
                throw error("a quantifier follows a quantifier; put the first into a group")
            }
            isFirst = false
            // Lazy or greedy finds the same: only whether there is a match is asked.
            _ = take("?")
            guard !take("+") else { throw error("possessive quantifiers are not supported; leave `+` out") }
            node = .repeated(node, least: least, most: most)
        }
        return node
    }

    private mutating func quantifier() throws(RegularExpressionError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard next == "{", let (least, most, end) = bounds() else { return nil }
        index = end
        guard most.map({ $0 >= least }) ?? true else { throw error("the bounds of `{n,m}` are reversed") }
        return (least, most)
    }

    /// `{n}`, `{n,}` or `{n,m}`; a brace before anything else is a plain character, as in PCRE.
    private func bounds() -> (least: Int, most: Int?, end: Int)? {
        guard let close = text[index...].firstIndex(of: "}") else { return nil }
        let inner = String(String.UnicodeScalarView(text[(index + 1)..<close]))
        let parts = inner.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].utf8.count <= 5, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let least = Int(parts[0])
        else { return nil }
        guard parts.count == 2 else { return (least, least, close + 1) }
        if parts[1].isEmpty { return (least, nil, close + 1) }
        guard parts[1].utf8.count <= 5, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let most = Int(parts[1])
        else { return nil }
        return (least, most, close + 1)
    }

    // MARK: - Characters

    /// What follows a backslash.
    private mutating func escape() throws(RegularExpressionError) -> (
        ranges: [ClosedRange<UInt32>], isNegated: Bool
    ) {
        guard let scalar = next else { throw error("a `\\` ends the expression; write `\\\\`") }
        index += 1
        func one(_ value: UInt32) -> (ranges: [ClosedRange<UInt32>], isNegated: Bool) {
            ([value...value], false)
        }
        switch scalar {
        case "d": return (RegularExpressionParser.digits, false)
        case "D": return (RegularExpressionParser.digits, true)
        case "w": return (RegularExpressionParser.words, false)
        case "W": return (RegularExpressionParser.words, true)
        case "s": return (RegularExpressionParser.spaces, false)
        case "S": return (RegularExpressionParser.spaces, true)
        case "n": return one(0x0a)
        case "r": return one(0x0d)
        case "t": return one(0x09)
        case "f": return one(0x0c)
        case "v": return one(0x0b)
        case "x":
            let code = String(String.UnicodeScalarView(text[index...].prefix(2)))
            guard code.count == 2, code.allSatisfy(\.isHexDigit), let value = UInt32(code, radix: 16) else {
                throw error("`\\x` needs two hexadecimal digits")
            }
            index += 2
            return one(value)
        case let other where other.properties.isAlphabetic || (0x30...0x39).contains(other.value):
            throw error("`\\\(other)` is not supported; references cannot be searched for in linear time")
        default: return one(scalar.value)
        }
    }

    /// What stands after `[`.
    private mutating func bracket() throws(RegularExpressionError) -> RegularExpression.CharacterSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while true {
            guard let scalar = next else { throw error("a `[` is not closed; add `]`") }
            if scalar == "]", !isFirst { break }
            guard scalar != "[" || index + 1 >= text.count || text[index + 1] != ":" else {
                throw error("classes such as `[:alpha:]` are not supported; list the characters")
            }
            isFirst = false
            let (found, isSet) = try member()
            guard !isSet, next == "-", index + 1 < text.count, text[index + 1] != "]" else {
                ranges += found
                continue
            }
            index += 1
            let (end, endIsSet) = try member()
            guard !endIsSet, let low = found.first?.lowerBound, let high = end.first?.lowerBound, low <= high
            else { throw error("a range of characters is reversed or has no end") }
            ranges.append(low...high)
        }
        index += 1
        return set(ranges, isNegated: isNegated)
    }

    /// A member of a bracket: a character, or a set such as `\d`.
    private mutating func member() throws(RegularExpressionError) -> ([ClosedRange<UInt32>], isSet: Bool) {
        guard let scalar = next else { throw error("a `[` is not closed; add `]`") }
        index += 1
        guard scalar == "\\" else { return ([scalar.value...scalar.value], false) }
        if take("b") { return ([0x08...0x08], false) }
        let (ranges, isNegated) = try escape()
        guard isNegated else {
            let isSet = ranges.count > 1 || ranges[0].count > 1
            return (ranges, isSet)
        }
        return (RegularExpressionParser.complement(of: ranges), true)
    }

    /// Everything that `ranges`, sorted and apart, leave out.
    private static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var found: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges {
            if range.lowerBound > start { found.append(start...(range.lowerBound - 1)) }
            start = range.upperBound + 1
        }
        found.append(start...0x10_ffff)
        return found
    }
}

/// Turns the tree into steps.
struct RegularExpressionCompiler {
    private(set) var steps: [RegularExpression.Step] = []
    /// Nodes visited: an empty body adds no step however often it is repeated.
    private var visitCount = 0

    mutating func emit(_ step: RegularExpression.Step) throws(RegularExpressionError) {
        guard steps.count < RegularExpression.stepCountMax else {
            throw RegularExpressionError(
                message:
                    "the expression has more than \(RegularExpression.stepCountMax) steps; "
                    + "shorten its `{n,m}`"
            )
        }
        steps.append(step)
    }

    mutating func add(_ node: RegularExpressionNode) throws(RegularExpressionError) {
        visitCount += 1
        guard visitCount <= 16 * RegularExpression.stepCountMax else {
            throw RegularExpressionError(message: "the expression repeats too much; shorten its `{n,m}`")
        }
        switch node {
        case .character(let set): try emit(.character(set))
        case .assertion(let assertion): try emit(.assertion(assertion))
        case .sequence(let parts): for part in parts { try add(part) }
        case .choice(let parts): try choice(parts)
        case .repeated(let inner, let least, let most): try repeated(inner, least, most)
        }
    }

    private mutating func choice(_ parts: [RegularExpressionNode]) throws(RegularExpressionError) {
        var ends: [Int] = []
        for part in parts.dropLast() {
            let split = steps.count
            try emit(.split(split + 1, 0))
            try add(part)
            ends.append(steps.count)
            try emit(.jump(0))
            steps[split] = .split(split + 1, steps.count)
        }
        if let last = parts.last { try add(last) }
        for end in ends { steps[end] = .jump(steps.count) }
    }

    private mutating func repeated(
        _ inner: RegularExpressionNode,
        _ least: Int,
        _ most: Int?
    ) throws(RegularExpressionError) {
        for _ in 0..<least { try add(inner) }
        guard let most else {
            let split = steps.count
            try emit(.split(split + 1, 0))
            try add(inner)
            try emit(.jump(split))
            steps[split] = .split(split + 1, steps.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(steps.count)
            try emit(.split(steps.count + 1, 0))
            try add(inner)
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
    }
}
