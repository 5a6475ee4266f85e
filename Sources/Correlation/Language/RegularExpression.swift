// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A regular expression that is searched for in linear time: a rule cannot make the engine hang, whatever a
/// sender writes.
///
/// Sigma's subset of PCRE (specification 2.1, modifiers appendix) and what rules in use need besides:
/// `\d \w \s \b`, `(?:`, inline flags.
///
/// What needs backtracking, references and look-around, is refused.
struct RegularExpression: Hashable, Sendable {
    /// `re` sub-modifiers.
    struct Options: OptionSet, Hashable, Sendable {
        var rawValue: UInt8
        static let ignoreCase = Options(rawValue: 1)
        static let multiline = Options(rawValue: 2)
        static let dotAll = Options(rawValue: 4)
    }

    /// Most steps of a compiled expression: 4,096.
    ///
    /// A search costs steps times characters at worst; `.{1000,}` has 1,002. A longer one is refused.
    static let stepCountMax = 4_096

    /// Deepest nesting of groups: keeps the parser's recursion small.
    static let depthMax = 64

    /// A set of characters as ranges of scalar values.
    struct CharacterSet: Hashable, Sendable {
        var ranges: [ClosedRange<UInt32>]
        var isNegated = false
        var ignoresCase = false

        func contains(_ scalar: UInt32) -> Bool {
            var isInside = ranges.contains { $0.contains(scalar) }
            if !isInside, ignoresCase {
                isInside = CharacterSet.otherCases(of: scalar).contains { other in
                    ranges.contains { $0.contains(other) }
                }
            }
            return isInside != isNegated
        }

        /// Lower case of the ASCII character that it stands for, if it stands for one only.
        var onlyByte: UInt8? {
            guard !isNegated, ranges.count == 1, ranges[0].count == 1, ranges[0].lowerBound < 0x80 else {
                return nil
            }
            // In Unicode, `k` and `s` have further upper cases.
            let byte = TextPattern.folded(UInt8(ranges[0].lowerBound))
            return ignoresCase && (byte == 0x6b || byte == 0x73) ? nil : byte
        }

        private static func otherCases(of scalar: UInt32) -> [UInt32] {
            if scalar < 0x80 {
                let letter = scalar | 0x20
                return letter >= 0x61 && letter <= 0x7a ? [scalar ^ 0x20] : []
            }
            guard let properties = Unicode.Scalar(scalar)?.properties else { return [] }
            return [properties.lowercaseMapping, properties.uppercaseMapping].compactMap { text in
                let scalars = text.unicodeScalars
                return scalars.count == 1 ? scalars.first?.value : nil
            }
        }
    }

    /// A place between two characters.
    enum Assertion: Hashable, Sendable {
        case start
        case end
        case lineStart
        case lineEnd
        case wordBoundary
        case noWordBoundary
    }

    enum Step: Hashable, Sendable {
        case character(CharacterSet)
        case assertion(Assertion)
        case split(Int, Int)
        case jump(Int)
        case match
    }

    private let steps: [Step]

    /// Compiles `source`.
    ///
    /// - Throws: ``RegularExpressionError`` for what is malformed, not supported or too large.
    init(_ source: String, options: Options = []) throws(RegularExpressionError) {
        var parser = RegularExpressionParser(source, options)
        var compiler = RegularExpressionCompiler()
        try compiler.add(try parser.parse())
        try compiler.emit(.match)
        steps = compiler.steps
    }

    /// Whether the expression matches anywhere in `value` (UTF-8; invalid bytes are replacement characters).
    ///
    /// - Complexity: O(characters x steps), no backtracking.
    func matches(_ value: [UInt8]) -> Bool {
        var search = Search(steps: steps, text: RegularExpression.scalars(of: value))
        return search.run()
    }

    /// The longest text, in lower case, that stands in every value that matches; empty if none is known.
    ///
    /// Characters in a row that no jump leads round.
    var requiredText: [UInt8] {
        var isCertain = [Bool](repeating: true, count: steps.count)
        for (index, step) in steps.enumerated() {
            let targets: [Int] =
                switch step {
                case .split(let first, let second): [first, second]
                case .jump(let target): [target]
                default: []
                }
            for target in targets where target > index + 1 {
                for skipped in index + 1..<target { isCertain[skipped] = false }
            }
        }
        var longest: [UInt8] = []
        var run: [UInt8] = []
        for (index, step) in steps.enumerated() {
            if case .assertion = step { continue }
            guard isCertain[index], case .character(let set) = step, let byte = set.onlyByte else {
                run = []
                continue
            }
            run.append(byte)
            if run.count > longest.count { longest = run }
        }
        return longest
    }

    private static func scalars(of value: [UInt8]) -> [UInt32] {
        guard value.contains(where: { $0 >= 0x80 }) else { return value.map(UInt32.init) }
        return String(decoding: value, as: UTF8.self).unicodeScalars.map(\.value)
    }

    static func isWord(_ scalar: UInt32) -> Bool {
        (0x30...0x39).contains(scalar) || (0x41...0x5a).contains(scalar) || (0x61...0x7a).contains(scalar)
            || scalar == 0x5f
    }
}

/// Why an expression was refused.
struct RegularExpressionError: Error, Hashable, Sendable {
    /// What is wrong and what to do.
    var message: String
}

/// One search: all threads step together, so each character is read once.
private struct Search {
    let steps: [RegularExpression.Step]
    let text: [UInt32]
    /// Place at which a step was last listed, plus one.
    private var listed: [Int]
    private var following: [Int] = []
    private var stack: [Int] = []

    init(steps: [RegularExpression.Step], text: [UInt32]) {
        self.steps = steps
        self.text = text
        listed = Array(repeating: 0, count: steps.count)
    }

    mutating func run() -> Bool {
        let isAnchored = steps.first == .assertion(.start)
        var current: [Int] = []
        for position in 0...text.count {
            // Not anchored: a thread starts at every place, beside those that the last character left here.
            if follow(0, at: position) { return true }
            swap(&current, &following)
            following.removeAll(keepingCapacity: true)
            guard position < text.count, !(isAnchored && current.isEmpty) else { return false }
            for step in current {
                guard case .character(let set) = steps[step], set.contains(text[position]) else { continue }
                if follow(step + 1, at: position + 1) { return true }
            }
        }
        return false
    }

    /// Lists the character steps that are reachable from `start` without reading; true when a match is.
    private mutating func follow(_ start: Int, at position: Int) -> Bool {
        stack.removeAll(keepingCapacity: true)
        stack.append(start)
        while let step = stack.popLast() {
            guard listed[step] != position + 1 else { continue }
            listed[step] = position + 1
            switch steps[step] {
            case .match: return true
            case .character: following.append(step)
            case .jump(let target): stack.append(target)
            case .split(let first, let second):
                stack.append(second)
                stack.append(first)
            case .assertion(let assertion):
                if holds(assertion, at: position) { stack.append(step + 1) }
            }
        }
        return false
    }

    private func holds(_ assertion: RegularExpression.Assertion, at position: Int) -> Bool {
        switch assertion {
        case .start: return position == 0
        case .end: return position == text.count || position == text.count - 1 && text[position] == 0x0a
        case .lineStart: return position == 0 || text[position - 1] == 0x0a
        case .lineEnd: return position == text.count || text[position] == 0x0a
        case .wordBoundary: return isBoundary(position)
        case .noWordBoundary: return !isBoundary(position)
        }
    }

    private func isBoundary(_ position: Int) -> Bool {
        let before = position > 0 && RegularExpression.isWord(text[position - 1])
        let after = position < text.count && RegularExpression.isWord(text[position])
        return before != after
    }
}
