// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Quantities with a unit, as people type them.
enum QuantityText {
    private static let units: [(String, UInt64)] = [
        ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40), ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
    ]

    /// `1mb` as `1000000`, `4KiB` as `4096`; nil when there is no such unit or the number is too large.
    static func bytes(_ text: String) -> String? {
        let folded = text.lowercased()
        guard let unit = units.first(where: { folded.hasSuffix($0.0) }),
            let number = UInt64(folded.dropLast(unit.0.count))
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.1)
        return overflow ? nil : String(product)
    }
}
