// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import QueryEngine
import Testing

@testable import wardline

@Suite struct ViewTests {
    private static func view(context: Bool = false, width: Int? = nil) -> [String] {
        TimelineView(
            times: TimeStyle(zone: .utc),
            palette: Palette(isColoured: false),
            width: width,
            showsContext: context
        ).lines(SampleIncident.incident)
    }

    @Test func `a timeline is drawn as documented`() {
        #expect(
            Self.view() == [
                "INC-7K2M9Q4XTB  HIGH risk 92   Remote access to pump firmware downgrade",
                "2026-03-14 02:07:41Z to 2026-03-14 02:10:01Z (2m20s)",
                "user jsmith-ad, devices infpump-3w-112 pacs-ws-07, zones remote > imaging > infusion",
                "merged from INC-0000000001",
                "  +0:00  A  vpn-gw-1        login jsmith-ad [remote]"
                    + "                                             #1800  WL-ACC-014",
                "  +1:11  N  fw-core         connect [imaging > infusion] (±3 s)"
                    + "                                  #1803",
                "  +1:35  U  infpump-3w-112  firmware 8.4.2 -> 8.3.9 \\x1b[2J\\u{202e}evil "
                    + "[infusion] (skew +41 s)"
                    + "  #1805  WL-UPD-003",
                "why joined:", "  session 88f1 -> 10.99.4.18", "  10.99.4.18 -> pacs-ws-07",
                "not seen: no change record for infpump-3w-112",
                "1 context event hidden: wardline timeline INC-7K2M9Q4XTB --context;  "
                    + "next: wardline query 'offset:1800' -o verbose",
            ]
        )
    }

    @Test func `context is shown when asked for`() {
        let lines = Self.view(context: true)
        #expect(lines.contains { $0.contains("#1801") && $0.hasSuffix("(context)") })
        #expect(lines.last == "next: wardline query 'offset:1800' -o verbose")
    }

    @Test func `a narrow terminal cuts words, never offsets or rules`() {
        let lines = Self.view(width: 80).filter { $0.contains("#18") }
        #expect(lines.count == 3)
        #expect(
            lines.allSatisfy {
                $0.contains("#1800  WL-ACC-014") || $0.contains("#1803") || $0.contains("#1805  WL-UPD-003")
            }
        )
    }

    @Test(
        arguments: [
            (0, "0s"), (3, "3s"), (140, "2m20s"), (2_460, "41m"), (15_720, "4h22m"), (273_600, "3d4h"),
            (59, "59s"),
            (60, "1m"), (86_400, "1d"),
        ] as [(Int64, String)]
    )
    func `a span has its two largest units`(seconds: Int64, expected: String) {
        #expect(Amount.span(seconds * UTCTime.second) == expected)
    }

    @Test(
        arguments: [(0, "+0:00"), (59, "+0:59"), (95, "+1:35"), (3_600, "+1:00:00"), (-5, "-0:05")]
            as [(Int64, String)]
    )
    func `an offset from the start is minutes and seconds`(seconds: Int64, expected: String) {
        #expect(Amount.fromStart(seconds * UTCTime.second) == expected)
    }

    @Test(
        arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (1_204_338, "1,204,338"), (-1_000, "-1,000")]
            as [(Int64, String)]
    )
    func `counts have thousands`(value: Int64, expected: String) {
        #expect(Amount.count(value) == expected)
    }

    @Test(
        arguments: [
            (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"), (3 << 30, "3.0 GiB"),
        ] as [(Int64, String)]
    )
    func `sizes have binary units`(value: Int64, expected: String) {
        #expect(Amount.bytes(value) == expected)
    }

    @Test func `colour follows flag, terminal and environment`() {
        let terminal = ["TERM": "xterm"]
        #expect(ColourChoice.auto.isOn(isTerminal: true, environment: terminal))
        #expect(!ColourChoice.auto.isOn(isTerminal: false, environment: terminal))
        #expect(!ColourChoice.auto.isOn(isTerminal: true, environment: ["TERM": "dumb"]))
        #expect(!ColourChoice.auto.isOn(isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": "1"]))
        #expect(
            !ColourChoice.auto.isOn(isTerminal: false, environment: ["CLICOLOR_FORCE": "1", "TERM": "xterm"])
        )
        #expect(ColourChoice.always.isOn(isTerminal: false, environment: ["NO_COLOR": "1"]))
        #expect(!ColourChoice.never.isOn(isTerminal: true, environment: terminal))
    }

    @Test(arguments: [("UTC", 0), ("+02:00", 7_200), ("utc", 0)])
    func `a fixed zone needs no zone file`(name: String, seconds: Int) {
        #expect(ZoneFiles.rules(name, environment: [:])?.offsetSeconds(at: SampleIncident.start) == seconds)
    }

    @Test(arguments: ["../../etc/passwd", "/etc/passwd", "", "a//b", "Europe/..", "x\u{0}y"])
    func `a zone name leads to no other file`(name: String) {
        #expect(ZoneFiles.rules(name, environment: [:]) == nil)
    }

    @Test(
        arguments: [
            (["WARDLINE_STORE": "/w", "XDG_DATA_HOME": "/x", "HOME": "/h"], nil, "/w"),
            (["XDG_DATA_HOME": "/x", "HOME": "/h"], nil, "/x/wardline"),
            (["HOME": "/h"], nil, "/h/.local/share/wardline"),
            (["WARDLINE_STORE": "/w"], "/s", "/s"),
            (["XDG_DATA_HOME": "", "HOME": "/h"], nil, "/h/.local/share/wardline"),
        ] as [([String: String], String?, String)]
    )
    func `the store is found in the documented order`(
        environment: [String: String],
        flag: String?,
        expected: String
    ) throws {
        var options = StoreOptions()
        options.store = flag
        #expect(try StoreLocation.path(options, environment) == expected)
    }
}
