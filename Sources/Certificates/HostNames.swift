// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// How names of certificates and expected names are compared.
///
/// - Source: RFC 5425 section 5.2, RFC 6125 section 6.4.3.
enum HostNames {
    /// Whether two names mean a common host: equal but for case, or one has `*` for the whole left-most label
    /// of
    /// the other.
    static func match(_ left: String, _ right: String) -> Bool {
        let (left, right) = (left.lowercased(), right.lowercased())
        return left == right || covers(left, right) || covers(right, left)
    }

    private static func covers(_ pattern: String, _ name: String) -> Bool {
        guard pattern.hasPrefix("*."), let dot = name.firstIndex(of: ".") else { return false }
        let label = name[..<dot]
        // A star covers one label, and no star.
        return !label.isEmpty && label != "*" && name[dot...] == pattern.dropFirst(1)
            && pattern.dropFirst(2).contains(".")
    }
}
