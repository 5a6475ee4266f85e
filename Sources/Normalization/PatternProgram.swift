// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// One step of a compiled pattern.
struct PatternStep: Sendable {
    enum Kind: UInt8, Sendable {
        /// Bytes `first ..< first + second` of the pool must follow.
        case literal
        /// The same, case folded.
        case foldedLiteral
        /// One or more blanks.
        case blank
        /// A capture of `type` into slot `first` (-1 drops it), stopping as `second` of the stops says.
        case capture
        /// On failure from here on go to step `first` at this position.
        case attempt
        /// The innermost attempt has succeeded: go to step `first`.
        case commit
        /// Only blanks may follow.
        case end
        /// The pattern matches.
        case accept
    }

    var kind: Kind
    var type: CaptureType = .rest
    var first: Int32 = 0
    var second: Int32 = 0
}

/// What ends a capture whose own bytes do not: the bytes that may begin what follows, and the texts it may
/// begin with.
struct PatternStop: Sendable {
    var bytes = ByteSet()
    /// Ranges of the pool; empty means that only `bytes` count.
    var literals: [Range<Int32>] = []
    /// Whether the capture may run to the end of the body.
    var reachesEnd = false
}

/// All patterns of a decoder set as one flat program.
///
/// Immutable; patterns are entered at their first step.
struct PatternProgram: Sendable {
    var steps: [PatternStep] = []
    var stops: [PatternStop] = []
    var pool: [UInt8] = []

    /// Compiles `nodes` and returns the first step.
    ///
    /// `slot` gives the number of a capture's name; nil drops it.
    mutating func compile(_ nodes: [PatternNode], isFolded: Bool = false, slot: (String) -> Int?) -> Int32 {
        let start = Int32(steps.count)
        emit(nodes[...], then: [], isFolded, slot)
        steps.append(PatternStep(kind: .accept))
        return start
    }

    private mutating func emit(
        _ nodes: ArraySlice<PatternNode>,
        then rest: [PatternNode],
        _ isFolded: Bool,
        _ slot: (String) -> Int?
    ) {
        for (index, node) in zip(nodes.indices, nodes) {
            let following = Array(nodes[(index + 1)...]) + rest
            switch node {
            case .literal(let bytes):
                steps.append(
                    PatternStep(
                        kind: isFolded ? .foldedLiteral : .literal,
                        first: Int32(pool.count),
                        second: Int32(bytes.count)
                    )
                )
                pool.append(contentsOf: isFolded ? bytes.map(\.folded) : bytes)
            case .blank: steps.append(PatternStep(kind: .blank))
            case .end: steps.append(PatternStep(kind: .end))
            case .capture(let name, let type):
                stops.append(stop(before: following))
                let number = name == "_" ? nil : slot(name)
                steps.append(
                    PatternStep(
                        kind: .capture,
                        type: type,
                        first: Int32(number ?? -1),
                        second: Int32(stops.count - 1)
                    )
                )
            case .optional(let inner):
                let attempt = steps.count
                steps.append(PatternStep(kind: .attempt))
                emit(inner[...], then: following, isFolded, slot)
                steps.append(PatternStep(kind: .commit, first: Int32(steps.count + 1)))
                steps[attempt].first = Int32(steps.count)
            case .choice(let branches):
                emitChoice(branches, following, isFolded, slot)
            }
        }
    }

    private mutating func emitChoice(
        _ branches: [[PatternNode]],
        _ following: [PatternNode],
        _ isFolded: Bool,
        _ slot: (String) -> Int?
    ) {
        var commits: [Int] = []
        for (number, branch) in branches.enumerated() {
            let isLast = number == branches.count - 1
            let attempt = steps.count
            if !isLast { steps.append(PatternStep(kind: .attempt)) }
            emit(branch[...], then: following, isFolded, slot)
            if !isLast {
                commits.append(steps.count)
                steps.append(PatternStep(kind: .commit))
                steps[attempt].first = Int32(steps.count)
            }
        }
        for commit in commits { steps[commit].first = Int32(steps.count) }
    }

    /// What may begin `nodes`, as a stop for the capture before them.
    private mutating func stop(before nodes: [PatternNode]) -> PatternStop {
        var stop = PatternStop()
        stop.reachesEnd = addLeading(of: nodes[...], to: &stop)
        return stop
    }

    /// Adds the beginnings of `nodes`; true when all of them may be empty.
    private mutating func addLeading(of nodes: ArraySlice<PatternNode>, to stop: inout PatternStop) -> Bool {
        for (index, node) in zip(nodes.indices, nodes) {
            switch node {
            case .literal, .blank:
                addRun(nodes[index...], to: &stop)
                return false
            case .capture, .end: return true
            case .optional(let inner): _ = addLeading(of: inner[...], to: &stop)
            case .choice(let branches):
                var canBeEmpty = false
                for branch in branches where addLeading(of: branch[...], to: &stop) { canBeEmpty = true }
                if !canBeEmpty { return false }
            }
        }
        return true
    }

    /// Adds the literals and blanks at the start of `nodes` as one text, in which a blank stands for a run of
    /// them.
    private mutating func addRun(_ nodes: ArraySlice<PatternNode>, to stop: inout PatternStop) {
        let start = Int32(pool.count)
        for node in nodes {
            if case .literal(let bytes) = node {
                pool.append(contentsOf: bytes)
            } else if case .blank = node {
                pool.append(0x20)
            } else {
                break
            }
        }
        let first = pool[Int(start)]
        stop.bytes.insert(first)
        if first == 0x20 { stop.bytes.insert(0x09) }
        stop.literals.append(start..<Int32(pool.count))
    }

    /// The bytes with which a match can begin.
    static func firstBytes(of nodes: [PatternNode]) -> ByteSet {
        var set = ByteSet()
        for node in nodes {
            switch node {
            case .literal(let bytes):
                set.insert(bytes[0])
                return set
            case .blank, .capture, .end: return .all
            case .optional(let inner): set.formUnion(firstBytes(of: inner))
            case .choice(let branches):
                for branch in branches { set.formUnion(firstBytes(of: branch)) }
                if !branches.contains(where: \.isEmpty) { return set }
            }
        }
        return .all
    }
}
