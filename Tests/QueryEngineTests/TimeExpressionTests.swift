// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import QueryEngine

@Suite struct TimeExpressionTests {
    private static let berlinRule = "CET-1CEST,M3.5.0,M10.5.0/3"

    @Test(
        arguments: [
            ("now", "2026-03-14T06:30:00Z"), ("today", "2026-03-14T00:00:00Z"),
            ("yesterday", "2026-03-13T00:00:00Z"),
            ("tomorrow", "2026-03-15T00:00:00Z"), ("-5s", "2026-03-14T06:29:55Z"),
            ("+5s", "2026-03-14T06:30:05Z"),
            ("11min ago", "2026-03-14T06:19:00Z"), ("24h", "2026-03-13T06:30:00Z"),
            ("last 24h", "2026-03-13T06:30:00Z"), ("-1h30min", "2026-03-14T05:00:00Z"),
            ("1h 30min ago", "2026-03-14T05:00:00Z"), ("2h left", "2026-03-14T08:30:00Z"),
            ("1.5h", "2026-03-14T05:00:00Z"), ("1 week ago", "2026-03-07T06:30:00Z"),
            ("-1d", "2026-03-13T06:30:00Z"),
            ("@1395716396", "2014-03-25T02:59:56Z"), ("@1395716396.25", "2014-03-25T02:59:56.250Z"),
            ("@-1", "1969-12-31T23:59:59Z"), ("2012-11-23", "2012-11-23T00:00:00Z"),
            ("2012-11-23 11:12", "2012-11-23T11:12:00Z"), ("2012-11-23 11:12:13", "2012-11-23T11:12:13Z"),
            ("2012-11-23 11:12:13.5 UTC", "2012-11-23T11:12:13.500Z"), ("12-11-23", "2012-11-23T00:00:00Z"),
            ("2012-11-23T11:12:13Z", "2012-11-23T11:12:13Z"),
            ("2012-11-23T11:12:13.123456789Z", "2012-11-23T11:12:13.123456789Z"),
            ("2012-11-23T11:12:13+02:00", "2012-11-23T09:12:13Z"),
            ("2012-11-23 11:12 +0200", "2012-11-23T09:12:00Z"),
            ("2012-11-23T11:12:13-05:30", "2012-11-23T16:42:13Z"),
            ("2012-11-23 11:12 -05:00", "2012-11-23T16:12:00Z"),
            ("11:12", "2026-03-14T11:12:00Z"), ("11:12:13", "2026-03-14T11:12:13Z"),
            ("Fri 2012-11-23 11:12:13", "2012-11-23T11:12:13Z"),
            ("2012-11-23 23:59:60", "2012-11-23T23:59:59Z"),
            ("2012-11-23 12:00 Europe/Berlin", "2012-11-23T11:00:00Z"),
            ("2012-07-23 12:00 Europe/Berlin", "2012-07-23T10:00:00Z"),
            ("today UTC", "2026-03-14T00:00:00Z"), ("1 month ago", "2026-02-11T20:00:00Z"),
        ])
    func `an expression gives this time`(text: String, expected: String) throws {
        let berlin = TimeZoneRules(
            transitions: [],
            offsets: [],
            initialOffset: 0,
            tail: DaylightRule(TimeExpressionTests.berlinRule)
        )
        let time = try TimeExpression.parse(text, now: Fixture.now, zone: .utc) {
            $0 == "Europe/Berlin" ? berlin : nil
        }
        #expect(time.description == expected)
    }

    @Test(
        arguments: [
            "", "  ", "yesteryear", "5", "-5", "2012-13-01", "2012-02-30", "2012-11-23 24:00",
            "2012-11-23 11:60",
            "2012-11-23 11:12 Nowhere/Town", "@", "@x", "@1.", "last", "Mon 2012-11-23", "2012-11-23T",
            "11:1", "1e3s",
            "3 parsecs ago", "999999999999y", "2012-11-23T11:12:13+25:00", "12012-11-23", "1,5h", "ago",
            "--5s",
        ])
    func `what is no time is refused with a hint`(text: String) {
        let error = #expect(throws: QueryError.self) {
            try TimeExpression.parse(text, now: Fixture.now, zone: .utc)
        }
        #expect(error?.hint.contains("2026-03-14T02:09:16Z") == true)
    }

    @Test func `today is the day of the zone`() throws {
        let zone = TimeZoneRules(offsetSeconds: -8 * 3_600)
        let time = try TimeExpression.parse("today", now: Fixture.now, zone: zone)
        #expect(time.description == "2026-03-13T08:00:00Z")
    }

    @Test(
        arguments: [
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3_600),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7_200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7_200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3_600),
            ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18_000),
            ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -14_400),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-15T00:00:00Z", 39_600),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-06-15T00:00:00Z", 36_000),
            ("<+0545>-5:45", "2026-06-15T00:00:00Z", 20_700),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 3_600),
            ("XXX0YYY,J60/0,J300/0", "2024-02-29T12:00:00Z", 0),
            ("XXX0YYY,J60/0,J300/0", "2024-03-01T00:00:00Z", 3_600),
            ("XXX0YYY,59/0,300/0", "2024-02-29T00:00:00Z", 3_600),
        ])
    func `a daylight rule gives this offset`(rule: String, time: String, expected: Int) throws {
        let parsed = try #require(DaylightRule(rule))
        let instant = try TimeExpression.parse(time, now: Fixture.now, zone: .utc)
        #expect(parsed.offset(atSecond: instant.nanoseconds / UTCTime.second) == expected)
    }

    @Test(arguments: [
        "", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "1", "C-1X,",
    ])
    func `a broken daylight rule is refused`(rule: String) {
        #expect(DaylightRule(rule) == nil)
    }

    @Test func `a skipped civil time takes the clock before the change, a doubled one the first`() {
        let zone = TimeZoneRules(
            transitions: [],
            offsets: [],
            initialOffset: 0,
            tail: DaylightRule(TimeExpressionTests.berlinRule)
        )
        let skipped = CivilTime(year: 2026, month: 3, day: 29, hour: 2, minute: 30)
        #expect(zone.utc(of: skipped).description == "2026-03-29T01:30:00Z")
        let doubled = CivilTime(year: 2026, month: 10, day: 25, hour: 2, minute: 30)
        #expect(zone.utc(of: doubled).description == "2026-10-25T00:30:00Z")
    }

    @Test func `a zone file is read, and every cut of it is refused or harmless`() throws {
        let bytes = Self.zoneFile()
        let rules = try #require(TimeZoneRules(zoneFile: bytes))
        #expect(rules.offsetSeconds(at: UTCTime(nanoseconds: -1)) == 0)
        #expect(rules.offsetSeconds(at: UTCTime(nanoseconds: 0)) == 3_600)
        #expect(rules.offsetSeconds(at: UTCTime(nanoseconds: 99 * UTCTime.second)) == 3_600)
        let summer = try TimeExpression.parse("2040-07-01", now: Fixture.now, zone: .utc)
        #expect(rules.offsetSeconds(at: summer) == 7_200)
        for length in 0..<bytes.count { _ = TimeZoneRules(zoneFile: Array(bytes[..<length])) }
        for index in bytes.indices {
            var broken = bytes
            broken[index] ^= 0xff
            _ = TimeZoneRules(zoneFile: broken)?.offsetSeconds(at: summer)
        }
        #expect(TimeZoneRules(zoneFile: Array("TZif".utf8)) == nil)
    }

    /// A version 2 file: UTC until 1970, then +1 h, and the rule of Berlin after second 100.
    private static func zoneFile() -> [UInt8] {
        func header(_ transitions: UInt8, _ types: UInt8) -> [UInt8] {
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + [UInt8](repeating: 0, count: 12)
                + [0, 0, 0, transitions, 0, 0, 0, types, 0, 0, 0, 4]
        }
        let types: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0x0e, 0x10, 0, 0] + Array("UTC\0".utf8)
        let second: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 100] + [1, 1]
        return header(0, 1) + [0, 0, 0, 0, 0, 0] + Array("UTC\0".utf8) + header(2, 2) + second + types
            + Array("\n\(berlinRule)\n".utf8)
    }

    @Test(arguments: [
        ("+02:00", 7_200), ("-0530", -19_800), ("+2", 7_200), ("UTC", 0), ("Z", 0), ("+18:00", 64_800),
    ])
    func `a fixed zone is read`(text: String, seconds: Int) throws {
        #expect(try #require(TimeZoneRules(fixed: text)).offsetSeconds(at: Fixture.now) == seconds)
    }

    @Test(arguments: ["", "+", "+19:00", "+02:60", "+2:00", "02:00", "Europe/Berlin", "+02:0:0", "+123"])
    func `a broken fixed zone is refused`(text: String) {
        #expect(TimeZoneRules(fixed: text) == nil)
    }
}
