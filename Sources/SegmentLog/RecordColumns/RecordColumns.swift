// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The stored form of the records of a block: templates, columns of variables, columns of receive metadata.
///
/// - Source: `schemas/disk/record-columns-v1.md`.
enum RecordColumns {
    /// A column is kept as a copy of another while at most one value in so many differs.
    static let copyExceptionRatio = 32
    /// A time that is not there, among those that are differences.
    static let noReference: Int64 = 0
}

/// The rows of each template, in the order of the templates.
struct TemplateRows {
    /// First place of each template in ``rows``, and the end of the last.
    private(set) var starts: [Int]
    private(set) var rows: [Int32]

    init(_ numbers: [UInt16], templateCount: Int) {
        starts = [Int](repeating: 0, count: templateCount + 1)
        for number in numbers { starts[Int(number) + 1] += 1 }
        for number in 0..<templateCount { starts[number + 1] += starts[number] }
        var next = starts
        rows = [Int32](repeating: 0, count: numbers.count)
        for (row, number) in numbers.enumerated() {
            rows[next[Int(number)]] = Int32(row)
            next[Int(number)] += 1
        }
    }

    func count(_ template: Int) -> Int { starts[template + 1] - starts[template] }

    func range(_ template: Int) -> Range<Int> { starts[template]..<starts[template + 1] }
}
