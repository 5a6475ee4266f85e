// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Normalization
import SiteFiles
import Testing

/// Keys below other keys, and bodies that are the value of a key.
struct DecoderInnerTests {
    private static func decoder(
        _ line: String,
        expect: String,
        format: String = "json"
    ) -> DecoderLoader.File {
        DecoderFixtures.file(
            """
            id: t
            format: \(format)
            select: {\(format == "json" ? "key: {kind: '*'}" : "literal: [kind]")}
            below: [data, Event.EventData]
            inner: [raw]
            pairs: comma
            fields: {user.name: Who, src.ip: Address}
            rules:
              - id: r
                action: login
                samples:
                  - in: '\(line)'
                    expect: {\(expect)}
            """
        )
    }

    @Test(
        arguments: [
            #"{"kind":"x","Who":"ada","Address":"10.0.0.1"}"#,
            #"{"kind":"x","data":{"Who":"ada","Address":"10.0.0.1"}}"#,
            #"{"kind":"x","raw":"{\"Who\":\"ada\",\"data\":{\"Address\":\"10.0.0.1\"}}"}"#,
            #"{"kind":"x","raw":"Who=\"ada\", Address=\"10.0.0.1\""}"#,
            #"{"kind":"x","raw":"Who=ada, Address=10.0.0.1"}"#,
            #"{"kind":"x","Who":"ada","raw":"{\"Who\":\"eve\",\"Address\":\"10.0.0.1\"}"}"#,
            #"{"kind":"x","raw":"<Event><EventData><Data Name=\"Who\">ada</Data><Data Name=\"Address\">"#
                + #"10.0.0.1</Data></EventData></Event>"}"#,
        ]
    )
    func `keys are found where the decoder says that they may stand`(line: String) {
        let right = DecoderInnerTests.decoder(line, expect: "user.name: ada, src.ip: 10.0.0.1")
        #expect(DecoderLoader.load([right]).refused.isEmpty)
        // The mutant beside it.
        let wrong = DecoderInnerTests.decoder(line, expect: "user.name: eve")
        #expect(DecoderLoader.load([wrong]).refused.count == 1)
    }

    @Test func `a decoder of running text has no keys that hold a body`() {
        let file = DecoderInnerTests.decoder("kind", expect: "class: access", format: "text")
        let refused = DecoderLoader.load([file]).refused
        #expect(refused.first?.what.contains("inner") == true)
    }
}
