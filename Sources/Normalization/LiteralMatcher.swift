// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Finds many texts in one pass over the bytes, case folded (Aho and Corasick, 1975, as a dense table over
/// the bytes that occur in the texts).
struct LiteralMatcher: Sendable {
    /// Byte to column of the table; 0 stands for every byte that no text holds.
    private var columns: [UInt8]
    private var columnCount: Int
    /// State times column to the first cell of the next state, doubled; odd when texts end there.
    private var table: [Int32] = []
    /// State to the first of its outputs in `outputs`, and the count.
    private var outputStarts: [Int32] = []
    private var outputs: [Int32] = []
    private(set) var lengths: [Int32] = []

    /// Builds the table.
    ///
    /// Texts are folded; numbers are their positions.
    ///
    /// - Complexity: O(total length x distinct bytes) time and space.
    init(_ texts: [[UInt8]]) {
        columns = Array(repeating: 0, count: 256)
        columnCount = 1
        for text in texts {
            for byte in text where columns[Int(byte.folded)] == 0 && columnCount < 255 {
                columns[Int(byte.folded)] = UInt8(columnCount)
                columnCount += 1
            }
        }
        for byte in 0x41...0x5a { columns[byte] = columns[byte | 0x20] }
        lengths = texts.map { Int32($0.count) }
        build(texts)
    }

    private mutating func build(_ texts: [[UInt8]]) {
        var own: [[Int32]] = [[]]
        table = Array(repeating: -1, count: columnCount)
        for (number, text) in texts.enumerated() where !text.isEmpty {
            var state = 0
            for byte in text {
                let cell = state * columnCount + Int(columns[Int(byte)])
                if table[cell] < 0 {
                    table[cell] = Int32(own.count)
                    own.append([])
                    table.append(contentsOf: repeatElement(-1, count: columnCount))
                }
                state = Int(table[cell])
            }
            own[state].append(Int32(number))
        }
        var failure = [Int](repeating: 0, count: own.count)
        var queue: [Int] = []
        for column in 0..<columnCount {
            if table[column] < 0 { table[column] = 0 } else { queue.append(Int(table[column])) }
        }
        var next = 0
        while next < queue.count {
            let state = queue[next]
            next += 1
            own[state] += own[failure[state]]
            for column in 0..<columnCount {
                let cell = state * columnCount + column
                let onFailure = table[failure[state] * columnCount + column]
                if table[cell] < 0 {
                    table[cell] = onFailure
                } else {
                    failure[Int(table[cell])] = Int(onFailure)
                    queue.append(Int(table[cell]))
                }
            }
        }
        for list in own {
            outputStarts.append(Int32(outputs.count))
            outputs.append(contentsOf: list)
        }
        outputStarts.append(Int32(outputs.count))
        for cell in table.indices {
            let state = Int(table[cell])
            table[cell] = Int32(state * columnCount) << 1 | (own[state].isEmpty ? 0 : 1)
        }
    }

    /// Calls `found` with the number of each text and the position after it.
    func scan(_ bytes: Span<UInt8>, _ range: Range<Int>, _ found: (_ number: Int, _ end: Int) -> Void) {
        guard !lengths.isEmpty else { return }
        let table = table.span
        let columns = columns.span
        var row = 0
        for index in range {
            let cell = Int(table[row + Int(columns[Int(bytes[index])])])
            row = cell >> 1
            guard cell & 1 != 0 else { continue }
            let state = row / columnCount
            for output in outputStarts[state]..<outputStarts[state + 1] {
                found(Int(outputs[Int(output)]), index + 1)
            }
        }
    }
}
