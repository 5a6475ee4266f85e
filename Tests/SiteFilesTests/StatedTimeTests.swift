// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

/// Which of the times of a message counts: that of the header, unless its zone is assumed and the body states
/// one with a zone.
struct StatedTimeTests {
    private static let legacy = "<189>Oct  5 04:00:00 fw1 "
    private static let modern = "<189>1 2026-10-05T04:00:00Z fw1 - - - - "

    private static func pairs(_ more: String) -> String {
        "date=2026-10-05 time=06:00:07 devname=\"f1\" devid=\"FG1\" logid=\"0000000013\" type=\"traffic\" "
            + "subtype=\"forward\"\(more) srcip=10.44.1.2 dstip=10.44.2.3 action=\"deny\""
    }

    private static func event(_ line: String) -> String { AssemblyTests.events([(0, line)]).first ?? "" }

    @Test func `a zone that the body states beats one that is assumed`() {
        let event = Self.event(Self.legacy + Self.pairs(" tz=\"+0200\""))
        #expect(event.contains(" 2026-10-05T04:00:07Z ") && !event.contains("assumed"), "\(event)")
    }

    @Test func `without one the header counts`() {
        let event = Self.event(Self.legacy + Self.pairs(""))
        #expect(event.contains("-10-05T04:00:00Z ") && event.contains("time_zone_assumed"), "\(event)")
    }

    @Test func `a header with a zone counts`() {
        let event = Self.event(Self.modern + Self.pairs(" tz=\"+0200\""))
        #expect(event.contains(" 2026-10-05T04:00:00Z "), "\(event)")
    }

    @Test func `so do stamps of JSON bodies`() {
        let body =
            "{\"timestamp\":\"2026-10-05T06:00:07.250000+0200\",\"event_type\":\"alert\","
            + "\"src_ip\":\"10.44.1.2\",\"dest_ip\":\"10.44.2.3\",\"alert\":{\"signature_id\":7}}"
        let event = Self.event("<189>Oct  5 04:00:00 ids1 suricata[7]: " + body)
        #expect(event.contains(" 2026-10-05T04:00:07.250Z "), "\(event)")
    }
}
