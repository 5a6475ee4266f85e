// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// One step of a compiled pattern.
struct PatternStep: Sendable {
    enum Kind: UInt8, Sendable {
        /// Bytes `first ..< first + second` of the pool must follow.
        case literal
        /// The same, case folded.
        case foldedLiteral
        /// One or more blanks.
        case blank
        /// Go where the table at `first` says for the next byte, which stays.
        case choose
        /// A capture of `type` with number `first`, stopping as `second` of the stops says.
        case capture
        /// On failure from here on go to step `first` at this position, which leads to no pattern below
        /// `second`; up to there all leads to no pattern below `third`.
        case attempt
        /// The innermost attempt has succeeded: go to step `first`.
        case commit
        /// Only blanks may follow.
        case end
        /// `second` patterns match, listed in `accepted` from `first` on.
        case accept
    }

    var kind: Kind
    var type: CaptureType = .rest
    var first: Int32 = 0
    var second: Int32 = 0
    var third: Int32 = -1
}

/// What ends a capture whose own bytes do not: the bytes that may begin what follows, and the texts it may
/// begin with.
struct PatternStop: Sendable {
    var bytes = ByteSet()
    /// The only byte of `bytes`, or 0 when there are several.
    var only: UInt8 = 0
    /// First of the texts in `stopTexts`.
    var firstText: Int32 = 0
    /// Number of texts.
    var textCount: Int32 = 0
    /// Length of the shortest text; 0 when the capture may run to the end.
    var lengthMin: Int32 = 0
    /// Whether the capture may run to the end of the body.
    var reachesEnd = false
}

/// All patterns of a decoder set as one flat program.
///
/// Immutable when compiled. Each route enters at the first step of its trie; `PatternTrie` writes the steps.
struct PatternProgram: Sendable {
    /// A pattern: what an accepting step names.
    struct Pattern: Sendable {
        /// Rule of the set that the pattern belongs to; -1 for markers.
        var rule: Int32
        /// First of its slots in `captureSlots`, one for each capture in order; -1 drops a capture.
        var firstSlot: Int32
        /// The elements, needed until the tries are written.
        var elements: [PatternPath.Element]
    }

    var steps: [PatternStep] = []
    var stops: [PatternStop] = [PatternStop()]
    /// Ranges of the pool with the texts of stops.
    var stopTexts: [Range<Int32>] = []
    var pool: [UInt8] = []
    /// 256 steps for each choice by a byte.
    var tables: [Int32] = []
    var patterns: [Pattern] = []
    /// Patterns that accepting steps name.
    var accepted: [Int32] = []
    /// Slots of the captures of all patterns.
    var captureSlots: [Int32] = []
    private var stopNumbers: [StopKey: Int] = [:]

    /// What makes two stops the same.
    private struct StopKey: Hashable, Sendable {
        var texts: [[UInt8]]
        var reachesEnd: Bool
    }

    /// Adds a pattern that belongs to `rule`; `slot` gives the number of a capture's name, nil drops it.
    mutating func add(_ nodes: [PatternNode], rule: Int, slot: (String) -> Int?) -> Int32 {
        let path = PatternPath(nodes, &self)
        let pattern = Pattern(
            rule: Int32(rule),
            firstSlot: Int32(captureSlots.count),
            elements: path.elements
        )
        for name in path.captureNames { captureSlots.append(Int32(name == "_" ? -1 : slot(name) ?? -1)) }
        patterns.append(pattern)
        return Int32(patterns.count - 1)
    }

    /// Forgets what only the writing of tries needs.
    mutating func finish() {
        for index in patterns.indices { patterns[index].elements = [] }
        stopNumbers = [:]
    }

    /// What may begin `nodes`, as a stop for the capture before them.
    mutating func stop(before nodes: [PatternNode]) -> Int {
        var texts: [[UInt8]] = []
        let reachesEnd = PatternProgram.addLeading(of: nodes[...], to: &texts)
        let key = StopKey(texts: texts, reachesEnd: reachesEnd)
        if let known = stopNumbers[key] { return known }
        var stop = PatternStop(firstText: Int32(stopTexts.count), textCount: Int32(texts.count))
        stop.reachesEnd = reachesEnd
        if !reachesEnd { stop.lengthMin = Int32(texts.map(\.count).min() ?? 0) }
        var firsts: Set<UInt8> = []
        for text in texts {
            stopTexts.append(Int32(pool.count)..<Int32(pool.count + text.count))
            pool += text
            firsts.insert(text[0])
            stop.bytes.insert(text[0])
            if text[0] == 0x20 {
                firsts.insert(0x09)
                stop.bytes.insert(0x09)
            }
        }
        if firsts.count == 1, let only = firsts.first { stop.only = only }
        stops.append(stop)
        stopNumbers[key] = stops.count - 1
        return stops.count - 1
    }

    /// Adds the beginnings of `nodes`; true when all of them may be empty.
    private static func addLeading(of nodes: ArraySlice<PatternNode>, to texts: inout [[UInt8]]) -> Bool {
        for (index, node) in zip(nodes.indices, nodes) {
            switch node {
            case .literal, .blank:
                texts.append(leadingRun(nodes[index...]))
                return false
            case .capture, .end: return true
            case .optional(let inner): _ = addLeading(of: inner[...], to: &texts)
            case .choice(let branches):
                var canBeEmpty = false
                for branch in branches where addLeading(of: branch[...], to: &texts) { canBeEmpty = true }
                if !canBeEmpty { return false }
            }
        }
        return true
    }

    /// The literals and blanks at the start of `nodes` as one text, in which a blank stands for a run of
    /// them.
    private static func leadingRun(_ nodes: ArraySlice<PatternNode>) -> [UInt8] {
        var text: [UInt8] = []
        for node in nodes {
            if case .literal(let bytes) = node {
                text += bytes
            } else if case .blank = node {
                text.append(0x20)
            } else {
                break
            }
        }
        return text
    }
}
