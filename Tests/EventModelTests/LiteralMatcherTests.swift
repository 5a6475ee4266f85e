// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

struct LiteralMatcherTests {
    private func found(_ texts: [String], _ body: String) -> [[Int]] {
        let matcher = LiteralMatcher(texts.map { Array($0.utf8) })
        let bytes = Array(body.utf8)
        var result: [[Int]] = []
        matcher.scan(bytes.span, 0..<bytes.count) { number, end in result.append([number, end]) }
        return result.sorted { ($0[1], $0[0]) < ($1[1], $1[0]) }
    }

    @Test func `overlapping texts are all found, case folded`() {
        #expect(found(["he", "she", "hers"], "uSHErs") == [[0, 4], [1, 4], [2, 6]])
    }

    @Test func `no texts find nothing`() {
        #expect(found([], "abc") == [])
        #expect(found(["x"], "") == [])
    }

    @Test func `a search agrees with a plain one`() {
        let texts = ["a", "ab", "bc", "abc", "c a", "cc"]
        let body = "abcc abc a cabab"
        var plain: [[Int]] = []
        let bytes = Array(body.utf8)
        for (number, text) in texts.enumerated() {
            let needle = Array(text.utf8)
            for start in 0...(bytes.count - needle.count)
            where Array(bytes[start..<start + needle.count]) == needle {
                plain.append([number, start + needle.count])
            }
        }
        #expect(found(texts, body) == plain.sorted { ($0[1], $0[0]) < ($1[1], $1[0]) })
    }
}
