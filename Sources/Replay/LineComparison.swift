// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// How one text differs from another, line by line.
///
/// The shortest edit script (Myers 1986) over lines, printed as a reviewer reads it: `-` was expected, `+`
/// was found.
public struct LineComparison: Hashable, Sendable {
    /// A line of the comparison.
    public enum Line: Hashable, Sendable, CustomStringConvertible {
        /// In both.
        case same(String)
        /// Expected and not found.
        case missing(String)
        /// Found and not expected.
        case surplus(String)

        /// The line with its sign.
        public var description: String {
            switch self {
            case .same(let text): "  " + text
            case .missing(let text): "- " + text
            case .surplus(let text): "+ " + text
            }
        }
    }

    /// Most edits that are searched for: the search costs edits x lines.
    ///
    /// Beyond it the texts are listed one after the other, which says as much to a reader.
    public static let editCountMax = 1_000

    /// Lines of both texts in order.
    public let lines: [Line]

    /// Whether the texts are equal.
    public var isEqual: Bool {
        lines.allSatisfy { line in
            if case .same = line { true } else { false }
        }
    }

    /// Compares `found` with `expected`.
    public init(expected: [String], found: [String]) {
        lines =
            LineComparison.script(expected, found)
            ?? expected.map(Line.missing) + found.map(Line.surplus)
    }

    /// The changed lines with `context` lines around them; gaps are shown as `...`.
    public func report(context: Int = 2) -> [String] {
        var isShown = Array(repeating: false, count: lines.count)
        for (index, line) in lines.enumerated() {
            if case .same = line { continue }
            for near in max(0, index - context)...min(lines.count - 1, index + context) {
                isShown[near] = true
            }
        }
        var report: [String] = []
        for (index, line) in lines.enumerated() {
            if isShown[index] {
                report.append(line.description)
            } else if index > 0, isShown[index - 1] {
                report.append("...")
            }
        }
        if report.last == "..." { report.removeLast() }
        return report
    }

    /// The edit script; nil where it would need more than ``editCountMax`` edits.
    private static func script(_ expected: [String], _ found: [String]) -> [Line]? {
        let bound = min(expected.count + found.count, editCountMax)
        // reach[k] is the furthest position in `expected` on diagonal k (position in expected less that in
        // found).
        var reach = [1: 0]
        var steps: [[Int: Int]] = []
        for edits in 0...bound {
            steps.append(reach)
            for diagonal in stride(from: -edits, through: edits, by: 2) {
                let below = reach[diagonal + 1] ?? -1
                let left = reach[diagonal - 1] ?? -1
                var x = diagonal == -edits || diagonal != edits && left < below ? below : left + 1
                var y = x - diagonal
                while x < expected.count, y < found.count, expected[x] == found[y] {
                    x += 1
                    y += 1
                }
                reach[diagonal] = x
                if x >= expected.count, y >= found.count { return trace(steps, expected, found) }
            }
        }
        return nil
    }

    /// Walks the recorded steps back from the end.
    private static func trace(_ steps: [[Int: Int]], _ expected: [String], _ found: [String]) -> [Line] {
        var lines: [Line] = []
        var x = expected.count
        var y = found.count
        for (edits, reach) in steps.enumerated().reversed() {
            let diagonal = x - y
            let below = reach[diagonal + 1] ?? -1
            let left = reach[diagonal - 1] ?? -1
            let isInsertion = diagonal == -edits || diagonal != edits && left < below
            let startX = isInsertion ? below : left
            let startY = startX - (isInsertion ? diagonal + 1 : diagonal - 1)
            while x > max(0, startX), y > max(0, startY) {
                lines.append(.same(expected[x - 1]))
                x -= 1
                y -= 1
            }
            guard edits > 0 else { break }
            if isInsertion {
                y -= 1
                lines.append(.surplus(found[y]))
            } else {
                x -= 1
                lines.append(.missing(expected[x]))
            }
        }
        return lines.reversed()
    }
}
