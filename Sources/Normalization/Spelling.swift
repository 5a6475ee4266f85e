// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Suggestions for misspelt names.
public enum Spelling {
    /// `; did you mean 'x'?` for the nearest candidate within two edits, or within a third of the length;
    /// else empty.
    public static func suggestion(for name: String, among candidates: [String]) -> String {
        let limit = max(2, name.utf8.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates.sorted() {
            let distance = distance(Array(name.lowercased().utf8), Array(candidate.lowercased().utf8))
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best.map { "; did you mean '\($0.name)'?" } ?? ""
    }

    /// Edit distance of two short names; names over 64 bytes count as far.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard left.count <= 64, right.count <= 64 else { return .max }
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let cost = min(row[column], row[column + 1]) + 1
                let next = min(cost, diagonal + (byte == right[column] ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = next
            }
        }
        return row[right.count]
    }
}
