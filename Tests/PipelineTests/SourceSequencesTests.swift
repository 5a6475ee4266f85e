// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Pipeline

struct SourceSequencesTests {
    /// Gaps before each of `numbers`; 0 for none.
    private func gaps(_ numbers: [Int64]) -> [Int64] {
        var sequences = SourceSequences()
        return numbers.enumerated().map { index, number in
            sequences.read(7, number, at: UTCTime(nanoseconds: Int64(index)))?.count ?? 0
        }
    }

    @Test(arguments: [
        ([1, 2, 3], [0, 0, 0]), ([5, 6, 9, 10], [0, 0, 2, 0]), ([100, 102, 101, 103], [0, 1, 0, 0]),
        ([900, 1, 2, 4], [0, 0, 0, 1]), ([900, 3, 4], [0, 0, 0]),
        ([2_147_483_646, 2_147_483_647, 1, 2], [0, 0, 0, 0]), ([2_147_483_646, 2], [0, 2]),
        ([10, 100_010], [0, 99_999]), ([10, 100_011, 100_012], [0, 0, 0]), ([4, 4], [0, 0]),
    ])
    func `missing numbers are counted, but not across a restart`(numbers: [Int64], wanted: [Int64]) {
        #expect(gaps(numbers) == wanted)
    }

    @Test func `sources are told apart`() {
        var sequences = SourceSequences()
        for source: UInt64 in [1, 2] { #expect(sequences.read(source, 1, at: .absent) == nil) }
        #expect(sequences.read(1, 3, at: .absent)?.count == 1)
        #expect(sequences.read(2, 2, at: .absent) == nil)
    }
}
