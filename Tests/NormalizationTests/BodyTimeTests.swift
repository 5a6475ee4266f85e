// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

@testable import Normalization

/// Stamps of bodies, and the instants they name.
struct BodyTimeTests {
    private static func read(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        let reference = CivilTime(year: 2026, month: 12, day: 1).utc()
        let context = StampContext(reference: reference, offsetSeconds: 0)
        return BodyTime(bytes.span, 0..<bytes.count, context)?.time.description
    }

    @Test(arguments: [
        ("2026-10-05T04:00:00.5Z", "2026-10-05T04:00:00.500Z"), ("1791172800.5", "2026-10-05T04:00:00.500Z"),
        ("1791172800.165:617", "2026-10-05T04:00:00.165Z"),
        ("05/Oct/2026:06:00:00 +0200", "2026-10-05T04:00:00Z"),
        ("Mon, 05 Oct 2026 04:00:00.25 UTC", "2026-10-05T04:00:00.250Z"),
        ("Mon Oct  5 04:00:00 2026", "2026-10-05T04:00:00Z"), ("2026/10/05 04:00:00", "2026-10-05T04:00:00Z"),
        ("10/5/2026 4:00:00 AM", "2026-10-05T04:00:00Z"), ("10/5/2026 12:30:00 PM", "2026-10-05T12:30:00Z"),
        ("10/5/2026 12:30:00 AM", "2026-10-05T00:30:00Z"), ("25/10/2026 04:00", "2026-10-25T04:00:00Z"),
        ("10-05-2026 04:00:00.123-120", "2026-10-05T02:00:00.123Z"),
        ("Oct 5, 2026 at 4:00:00 PM", "2026-10-05T16:00:00Z"),
        ("2026-10-05 06:00:00 +0200", "2026-10-05T04:00:00Z"),
        ("10/05-04:00:00.061909", "2026-10-05T04:00:00.061909Z"),
        ("12/24-04:00:00", "2025-12-24T04:00:00Z"), ("26/10/05-04:00:00", "2026-10-05T04:00:00Z"),
        ("10/05/26-04:00:00.5", "2026-10-05T04:00:00.500Z"),
        ("2026-10-05 02:00:00 -02:00", "2026-10-05T04:00:00Z"),
    ])
    func `a stamp names its instant`(text: String, expected: String) {
        #expect(BodyTimeTests.read(text) == expected)
    }

    @Test(arguments: [
        "", "x", "Mon", "10/5", "10/5/2026", "13/13/2026 04:00:00", "10/5/2026 25:00:00", "10/5/2026 0:00 PM",
        "//", "Oct",
    ])
    func `what is no stamp gives none`(text: String) {
        #expect(BodyTimeTests.read(text) == nil)
    }

    @Test func `random bytes never trap`() {
        var state: UInt64 = 7
        let alphabet = Array("0123456789/-:., +JanOctPMTZ(".utf8)
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<24 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            let context = StampContext(reference: .absent, offsetSeconds: 0)
            _ = BodyTime(bytes.span, 0..<bytes.count, context)
        }
    }
}
