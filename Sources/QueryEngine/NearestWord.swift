// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The nearest known word to a mistyped one.
enum NearestWord {
    /// Greatest edit distance that still counts as a typing error, in characters.
    static let distanceMax = 3

    /// The word of `known` closest to `word` (case ignored), if it is close enough; ties go to the earlier
    /// one.
    static func find(_ word: String, in known: [String]) -> String? {
        let target = Array(word.lowercased().utf8)
        var best: (distance: Int, word: String)?
        let limit = min(distanceMax, max(1, target.count / 2))
        for candidate in known {
            let distance = editDistance(target, Array(candidate.lowercased().utf8))
            if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.word ?? known.first { tail($0) == word.lowercased() }
    }

    /// The part of a dotted name after its last dot.
    private static func tail(_ name: String) -> String {
        String(name[(name.lastIndex(of: ".").map { name.index(after: $0) } ?? name.startIndex)...])
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
    static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard abs(left.count - right.count) <= distanceMax else { return .max }
        var before = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let cost = left[row] == right[column] ? 0 : 1
                var value = min(previous[column + 1] + 1, current[column] + 1, previous[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    value = min(value, before[column - 1] + 1)
                }
                current.append(value)
            }
            before = previous
            previous = current
        }
        return previous[right.count]
    }
}
