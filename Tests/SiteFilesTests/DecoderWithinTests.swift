// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import Testing

/// Searches within the values of keys.
struct DecoderWithinTests {
    private static func decoder(_ format: String, expect: String) -> DecoderLoader.File {
        DecoderFixtures.file(
            """
            id: t
            format: \(format)
            select: {\(format == "json" ? "key: {kind: '*'}" : "literal: [kind]")}
            alias: {_who: [_a, _b]}
            within:
              text:
                _a: ['by {_a:word} at']
                _b: ['for {_b:word}']
            fields: {user.name: _who, time: [day+clock]}
            rules:
              - id: r
                action: login
                samples:
                  - in: '{"kind":"x","text":"entry for ada","day":"10/5/2026","clock":"4:00 AM"}'
                    expect: {\(expect)}
            """
        )
    }

    @Test func `the first marker that is found counts, and an alias may stand for it`() {
        let found = "user.name: ada, time: '2026-10-05T04:00:00Z'"
        #expect(DecoderLoader.load([DecoderWithinTests.decoder("json", expect: found)]).refused.isEmpty)
    }

    @Test func `a sample that expects something else is refused`() {
        // The mutant beside the test above.
        let file = DecoderWithinTests.decoder("json", expect: "user.name: eve")
        #expect(DecoderLoader.load([file]).refused.count == 1)
    }

    @Test func `a decoder of running text has no keys to search in`() {
        let file = DecoderWithinTests.decoder("text", expect: "user.name: ada")
        let refused = DecoderLoader.load([file]).refused
        #expect(refused.count == 1)
        #expect(refused.first?.what.contains("within") == true)
    }
}
