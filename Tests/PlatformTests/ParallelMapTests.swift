// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Platform
import Synchronization
import Testing

@Suite struct ParallelMapTests {
    @Test(arguments: [0, 1, 2, 7, 1_000])
    func `each item is taken once and answers keep the order of items`(count: Int) {
        let taken = Mutex([Int]())
        let answers = mapInParallel(Array(0..<count)) { item in
            taken.withLock { $0.append(item) }
            return item * item
        }
        #expect(answers == (0..<count).map { $0 * $0 })
        #expect(taken.withLock { $0.sorted() } == Array(0..<count))
    }
}
