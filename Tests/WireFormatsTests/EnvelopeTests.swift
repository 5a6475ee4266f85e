// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import WireFormats

struct EnvelopeTests {
    private static let reference = CivilTime(year: 2026, month: 1, day: 1).utc()

    private func read(_ line: String) -> (envelope: Envelope, text: (Range<Int>) -> String) {
        let bytes = Array(line.utf8)
        let context = StampContext(reference: Self.reference, offsetSeconds: 0)
        let envelope = EnvelopeReader.read(bytes.span, 0..<bytes.count, context)
        return (envelope, { String(decoding: bytes[$0], as: UTF8.self) })
    }

    @Test(arguments: [
        ("<38>1 2026-10-05T04:00:00.5Z h a 88 - - x y", "h", "a", "88", "x y"),
        ("<38>1 2026-10-05T04:00:00Z h sshd[9] - - - x", "h", "sshd", "9", "x"),
        ("<34>1 2026-10-05T04:00:00Z h a - - [i@1 k=\"]\\\"\"] x", "h", "a", "", "x"),
        ("<38>Oct  5 04:00:00 h a[88]: x y", "h", "a", "88", "x y"),
        ("<38>Oct 5 04:00:00 a: x", "", "a", "", "x"),
        ("<166> Oct  5 04:00:00 h : %ASA-6-1: x", "h", "", "", "%ASA-6-1: x"),
        ("Oct  5 04:00:00 h /usr/sbin/cron[4]: x", "h", "/usr/sbin/cron", "4", "x"),
        ("<189>date=2026-10-05 a=b", "", "", "", "date=2026-10-05 a=b"),
        ("{\"a\":1}", "", "", "", "{\"a\":1}"),
        ("<13>1 2026-10-05T04:00:00Z h a - - - @cee: {\"b\":1}", "h", "a", "", "{\"b\":1}"),
        ("<13>Oct  5 04:00:00 h a: @cee:{\"b\":1}", "h", "a", "", "{\"b\":1}"),
        ("<13>Oct  5 04:00:00 h a: @cee: text", "h", "a", "", "@cee: text"),
        ("<38>srv9 sshd[9]: x", "srv9", "sshd", "9", "x"), ("sshd[9]: x", "", "sshd", "9", "x"),
        ("srv9 sshd[9]: x", "", "", "", "srv9 sshd[9]: x"), ("a[9] x", "", "", "", "a[9] x"),
        ("<38>the list a[b]: x", "", "", "", "the list a[b]: x"),
        ("<13>", "", "", "", ""), ("", "", "", "", ""), ("<999>x y", "", "", "", "x y"),
        ("<190)1 x", "", "", "", "<190)1 x"),
    ])
    func `a header is told from its body`(line: String, host: String, app: String, pid: String, body: String)
    {
        let (envelope, text) = read(line)
        #expect(text(envelope.host) == host)
        #expect(text(envelope.application) == app)
        #expect(text(envelope.processID) == pid)
        #expect(text(envelope.body) == body)
    }

    /// The deviations of senders, one line each: host, application, process, body and time.
    @Test(arguments: [
        ("Feb 18 16:01:59 serverX -- MARK --", "serverX", "", "", "-- MARK --", "2025-02-18T16:01:59Z"),
        ("<3444>Oct 11 22:14:15 m su: x", "m", "su", "", "x", "2025-10-11T22:14:15Z"),
        ("<>Oct 11 22:14:15 m su: x", "m", "su", "", "x", "2025-10-11T22:14:15Z"),
        ("<167> Mar  7 10:00:00 h a[1]: x", "h", "a", "1", "x", "2025-03-07T10:00:00Z"),
        ("<15> openvpn[2499]: x", "", "openvpn", "2499", "x", "-"),
        ("<13>Mar 7 19:06:53 h a: x", "h", "a", "", "x", "2025-03-07T19:06:53Z"),
        ("<13>AUG 10 22:18:24 2009 h a: x", "h", "a", "", "x", "2009-08-10T22:18:24Z"),
        ("<13>Mar 7 2008 19:06:53 h a: x", "h", "a", "", "x", "2008-03-07T19:06:53Z"),
        (
            "<166>Apr 15 2007 21:28:13: %PIX-7-710005: x", "", "", "", "%PIX-7-710005: x",
            "2007-04-15T21:28:13Z"
        ),
        ("<13>2023 Jul 14 08:00:00 h a: x", "h", "a", "", "x", "2023-07-14T08:00:00Z"),
        ("<13>Oct 11 22:14:15 CDT h a: x", "h", "a", "", "x", "2025-10-12T03:14:15Z"),
        ("<13>Oct 11 22:14:15 -7: h a: x", "h", "a", "", "x", "2025-10-12T05:14:15Z"),
        ("<13>Oct 11 22:14:15 AKDT: %SYS-5-X: x", "", "", "", "%SYS-5-X: x", "2025-10-12T06:14:15Z"),
        ("<13>Oct 11 22:14:15 XYZT: %SYS-5-X: x", "", "", "", "%SYS-5-X: x", "2025-10-11T22:14:15Z"),
        ("<13>Oct 11 22:14:15. h a: x", "h", "a", "", "x", "2025-10-11T22:14:15Z"),
        ("<13>Oct 11 22:14:15 UTC+1: %SYS-5-X: x", "", "", "", "%SYS-5-X: x", "2025-10-11T21:14:15Z"),
        ("<13>Oct 11 22:14:15 mdt: %SYS-5-X: x", "", "", "", "%SYS-5-X: x", "2025-10-12T04:14:15Z"),
        ("<30>2025:10:11-22:14:15 fw1 ulogd[9]: x", "fw1", "ulogd", "9", "x", "2025-10-11T22:14:15Z"),
        ("<13>Oct 11 22:14:15 est a: x", "est", "a", "", "x", "2025-10-11T22:14:15Z"),
        ("<13>Oct 11 22:14:15 h a[9]: [ID 800047 auth.info] x", "h", "a", "9", "x", "2025-10-11T22:14:15Z"),
        ("<13>Oct 11 22:14:15 h a: [ID x] y", "h", "a", "", "[ID x] y", "2025-10-11T22:14:15Z"),
        (
            "<13>1 2025-10-11T22:14:15Z d - - - - radiusd[12]: x", "d", "radiusd", "12", "x",
            "2025-10-11T22:14:15Z"
        ),
        (
            "<13>1 2025-10-11T22:14:15Z d - - - - radiusd: x", "d", "", "", "radiusd: x",
            "2025-10-11T22:14:15Z"
        ),
        ("<166>ftd-1 %FTD-6-1: x", "ftd-1", "", "", "%FTD-6-1: x", "-"),
        ("<166>90 % of it", "", "", "", "90 % of it", "-"),
        (
            "2025-10-11T22:14:15.344Z: Failed Login: x", "", "", "", "Failed Login: x",
            "2025-10-11T22:14:15.344Z"
        ),
        (
            "2025-10-11 22:14:15,353 tid:Q08 DEBUG x", "", "", "", "tid:Q08 DEBUG x",
            "2025-10-11T22:14:15.353Z"
        ),
        ("2025-10-11 22:14:15,353 | tid x", "", "", "", "| tid x", "2025-10-11T22:14:15.353Z"),
        ("2025-10-11T22:14:15Z INFO x y", "", "", "", "INFO x y", "2025-10-11T22:14:15Z"),
        ("<13>2025-10-11T22:14:15Z info a: x", "info", "a", "", "x", "2025-10-11T22:14:15Z"),
        ("<13>Oct 11 22:14:15 h 10.0.0.9 - - [x]", "h", "", "", "10.0.0.9 - - [x]", "2025-10-11T22:14:15Z"),
        ("<13>Oct 11 22:14:15 h E|1|C - x", "h", "", "", "E|1|C - x", "2025-10-11T22:14:15Z"),
        ("1760220855.500000000 mx-1 events x", "mx-1", "", "", "events x", "2025-10-11T22:14:15.500Z"),
        (
            "<13>Oct 11 22:14:20 r 1760220855.500000000 mx-1 events x", "mx-1", "", "", "events x",
            "2025-10-11T22:14:15.500Z"
        ),
        (
            "1760220855.500   345 10.0.0.9 TCP_HIT x", "", "", "", "1760220855.500   345 10.0.0.9 TCP_HIT x",
            "-"
        ),
        ("<13>7: h: Oct 11 22:14:15.5 CEST: x", "h", "", "", "x", "2025-10-11T20:14:15.500Z"),
        ("<13>Oct 11 22:14:15.123456 h a: x", "h", "a", "", "x", "2025-10-11T22:14:15.123456Z"),
        (
            "<7>2006-11-10T10:43:21.156+02:00 host prog[1]: x", "host", "prog", "1", "x",
            "2006-11-10T08:43:21.156Z"
        ),
        ("<7>2006-10-29 02:00:00 host prog: x", "host", "prog", "", "x", "2006-10-29T02:00:00Z"),
        (
            "<134>1 1380653443.857790533 MX84 flows src=1.2.3.4", "MX84", "", "", "flows src=1.2.3.4",
            "2013-10-01T18:50:43.857790533Z"
        ),
        ("<189>29: 00:01:01: %SYS-5-X: x", "", "", "", "%SYS-5-X: x", "-"),
        ("<189>29: sw1: 2y10w: %SYS-5-X: x", "sw1", "", "", "%SYS-5-X: x", "-"),
        ("<133>Jan 13 16:33:35 haproxy[73411]: x", "", "haproxy", "73411", "x", "2025-01-13T16:33:35Z"),
        ("<13>Mar  8 15:18:40 127:0:ab::1 sshd: x", "127:0:ab::1", "sshd", "", "x", "2025-03-08T15:18:40Z"),
        ("<13>Mar  8 15:18:40 2a02:cf40::: sshd: x", "2a02:cf40::", "sshd", "", "x", "2025-03-08T15:18:40Z"),
        ("<13>Mar  8 15:18:40 10.0.0.9: sshd: x", "10.0.0.9", "sshd", "", "x", "2025-03-08T15:18:40Z"),
        ("<13>Mar  8 15:18:40 [10.0.0.9] sshd: x", "10.0.0.9", "sshd", "", "x", "2025-03-08T15:18:40Z"),
        ("<13>Mar  8 15:18:40 a/b_c@d sshd: x", "a/b_c@d", "sshd", "", "x", "2025-03-08T15:18:40Z"),
        (
            "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", "10.0.0.99", "", "", "Use the BFG!",
            "2025-02-05T17:32:18Z"
        ),
        (
            "<13>Feb  5 17:32:18 h sshd(pam_unix)[12750]: x", "h", "sshd(pam_unix)", "12750", "x",
            "2025-02-05T17:32:18Z"
        ),
        ("<13>Feb  5 17:32:18 h app - x y", "h", "app", "", "x y", "2025-02-05T17:32:18Z"),
        ("<13>Feb  5 17:32:18 h kernel: [ 12.3] x", "h", "kernel", "", "[ 12.3] x", "2025-02-05T17:32:18Z"),
        (
            "Mar  8 15:18:40 avas: last message repeated 11 times", "avas", "", "",
            "last message repeated 11 times", "2025-03-08T15:18:40Z"
        ),
        (
            "<13>Mar  8 15:18:40 h last message repeated 2 times", "h", "", "",
            "last message repeated 2 times", "2025-03-08T15:18:40Z"
        ),
        (
            "<13>Mar  8 15:18:40 Message forwarded from aix1: sshd[7]: x", "aix1", "sshd", "7", "x",
            "2025-03-08T15:18:40Z"
        ),
        ("<14>Aug 30 23:00:05 X4711", "X4711", "", "", "", "2025-08-30T23:00:05Z"),
        ("<14>Aug 30 23:00:05", "", "", "", "", "2025-08-30T23:00:05Z"),
        (
            "<46>Aug 30 23:00:05 h rsyslogd:  [origin software=\"rsyslogd\" x-pid=\"1\"] start", "h",
            "rsyslogd",
            "", "start", "2025-08-30T23:00:05Z"
        ),
        (
            "<190>3132517: sw01: *Jul 14 2023 08:23:43.398 UTC: %SEC-6-IPACCESSLOGP: x", "sw01", "", "",
            "%SEC-6-IPACCESSLOGP: x", "2023-07-14T08:23:43.398Z"
        ),
        (
            "<189>58: sw01: 000049: .Jul 14 08:23:43 UTC: %SYS-5-CONFIG_I: x", "sw01", "", "",
            "%SYS-5-CONFIG_I: x", "2025-07-14T08:23:43Z"
        ),
        ("<189>: 2020 Jul 14 08:23:43 UTC: %A-5-B: x", "", "", "", "%A-5-B: x", "2020-07-14T08:23:43Z"),
        (
            "<166>:Mar 07 10:00:00 UTC: %ASA-session-6-302015: x", "", "", "", "%ASA-session-6-302015: x",
            "2025-03-07T10:00:00Z"
        ),
        ("<13>app: Oct  5 04:00:00 went wrong", "", "app", "", "Oct  5 04:00:00 went wrong", "-"),
        (
            "2003-10-11T22:14:15.003Z h evntslog - ID47 [e@1 k=\"v\"] x", "h", "evntslog", "", "x",
            "2003-10-11T22:14:15.003Z"
        ),
        ("<165>1 2023-06-03T17:42:32Z h app", "h", "app", "", "", "2023-06-03T17:42:32Z"),
        ("<165>1 2023-06-03T17:42:32Z h app - - x y", "h", "app", "", "x y", "2023-06-03T17:42:32Z"),
        (
            "<165>1 2003-08-24T05:14:15-25:00 h a - - - x", "h", "a", "", "x", "-"
        ),
        ("<13>5 apples fell", "", "", "", "5 apples fell", "-"),
    ])
    func `a deviation keeps host and time`(
        line: String,
        host: String,
        app: String,
        pid: String,
        body: String,
        time: String
    ) {
        let (envelope, text) = read(line)
        #expect(text(envelope.host) == host)
        #expect(text(envelope.application) == app)
        #expect(text(envelope.processID) == pid)
        #expect(text(envelope.body) == body)
        #expect(envelope.time.description == time)
    }

    /// Headers behind others, counts, streams and columns, in the same order.
    private static let nested: [[String]] = [
        [
            "<86>Nov 21 10:11:12 relay1 <86>Nov 21 10:11:11 fw1 sshd[12]: x", "fw1", "sshd", "12", "x",
            "2025-11-21T10:11:11Z",
        ],
        [
            "<13>1 2026-11-21T10:11:12Z relay1 - - - - <86>1 2026-11-21T10:11:11Z fw1 a 3 - - x", "fw1", "a",
            "3", "x", "2026-11-21T10:11:11Z",
        ],
        [
            "<86>Nov 21 10:11:12 relay1 Nov 21 10:11:11 fw1 sshd[12]: x", "fw1", "sshd", "12", "x",
            "2025-11-21T10:11:11Z",
        ],
        [
            "<166>Nov 21 10:11:12 10.7.0.1 Nov 21 2026 10:11:11 fw1 : %ASA-6-605005: x", "fw1", "", "",
            "%ASA-6-605005: x", "2026-11-21T10:11:11Z",
        ],
        // What a program writes is its text, whatever it looks like.
        [
            "<13>Nov 21 10:11:12 h1 eve: <86>Nov 21 10:11:11 fw1 sshd[12]: x", "h1", "eve", "",
            "<86>Nov 21 10:11:11 fw1 sshd[12]: x", "2025-11-21T10:11:12Z",
        ],
        [
            "<13>Nov 21 10:11:12 h1 Nov 21 10:11:11 came and went", "h1", "", "",
            "Nov 21 10:11:11 came and went", "2025-11-21T10:11:12Z",
        ],
        ["61 <134>1 2026-11-21T10:11:12Z fw1 a 12 - - x", "fw1", "a", "12", "x", "2026-11-21T10:11:12Z"],
        [
            "2026-10-05T04:00:00.5Z stderr F 10.0.2.1 - - x", "", "", "", "10.0.2.1 - - x",
            "2026-10-05T04:00:00.500Z",
        ],
        [
            "<187>138076: RP/0/RP0/CPU0:Nov 11 12:43:29.227 UTC: snmpd[1002]: %SNMP-3-X: y", "", "snmpd",
            "1002", "%SNMP-3-X: y", "2025-11-11T12:43:29.227Z",
        ],
        ["<190>123030: sw9: %SYS-5-CONFIG_I: y", "sw9", "", "", "%SYS-5-CONFIG_I: y", "-"],
        ["61 apples fell", "", "", "", "61 apples fell", "-"],
        ["2 123456789012 eni-1 10.5.6.7 x", "", "", "", "2 123456789012 eni-1 10.5.6.7 x", "-"],
        [
            "2026-11-21 08:05:58 OPEN UDP 10.5.6.7", "", "", "", "OPEN UDP 10.5.6.7", "2026-11-21T08:05:58Z",
        ],
        [
            "<14>Nov 21 10:11:12 1,2026/11/21 10:11:12,0016,SYSTEM", "", "", "",
            "1,2026/11/21 10:11:12,0016,SYSTEM", "2025-11-21T10:11:12Z",
        ],
        // Facility and level in words; heads of collectors; a blank too many.
        [
            "Sun Jul 17 04:26:06 2016 daemon.info dnsmasq-dhcp[2304]: x", "", "dnsmasq-dhcp", "2304", "x",
            "2016-07-17T04:26:06Z",
        ],
        ["Nov 21 10:11:12 <auth.info> ward7 sshd[7]: x", "ward7", "sshd", "7", "x", "2025-11-21T10:11:12Z"],
        [
            "Nov 21 10:11:12 ward7 dnsmasq-dhcp(7): x", "ward7", "dnsmasq-dhcp", "7", "x",
            "2025-11-21T10:11:12Z",
        ],
        ["Nov 21 10:11:12 ward7 su(pam): x", "ward7", "su(pam)", "", "x", "2025-11-21T10:11:12Z"],
        ["Nov 21 10:11:12 <10.5> ward7 sshd[7]: x", "ward7", "sshd", "7", "x", "2025-11-21T10:11:12Z"],
        ["Nov 21 10:11:12 ward7 auth.info sshd[7]: x", "ward7", "sshd", "7", "x", "2025-11-21T10:11:12Z"],
        [
            "Nov 21 10:11:12 ward7 auth|security:info sshd[7]: x", "ward7", "sshd", "7", "x",
            "2025-11-21T10:11:12Z",
        ],
        [
            "Nov 21 10:11:12 mail.info smtpd is up", "mail.info", "", "", "smtpd is up",
            "2025-11-21T10:11:12Z",
        ],
        [
            "2026-11-21 10:11:12\tAuth.Info\t10.5.6.7\tNov 21 10:11:10 ward7 sshd[7]: x", "ward7", "sshd",
            "7", "x", "2026-11-21T10:11:10Z",
        ],
        [
            "2026-11-21 10:11:12\tLocal0.Notice\t10.5.6.7\tsshd[7]: x", "10.5.6.7", "sshd", "7", "x",
            "2026-11-21T10:11:12Z",
        ],
        [
            "2021 Nov 21 10:11:12 fw-1->10.5.6.7 Nov 21 10:11:10 fw-1 sshd[7]: x", "fw-1", "sshd", "7", "x",
            "2021-11-21T10:11:10Z",
        ],
        ["<13>1 2026-11-21T10:11:12Z  fw9 sshd 7 - - x", "fw9", "sshd", "7", "x", "2026-11-21T10:11:12Z"],
        ["<13>1 2026-11-21T10:11:12Z  sshd 7 - - x", "", "sshd", "7", "x", "2026-11-21T10:11:12Z"],
        // Zones behind a blank; levels and padded tags of files are no hosts.
        [
            "2026-11-21 10:11:12.5 CET [4711] LOG:  x", "", "", "", "[4711] LOG:  x",
            "2026-11-21T09:11:12.500Z",
        ],
        [
            "2026-11-21 10:11:12.5 CET,\"ada\",\"db\",1", "", "", "", ",\"ada\",\"db\",1",
            "2026-11-21T09:11:12.500Z",
        ],
        ["2026-11-21 10:11:12 PDT srv9 a[3]: x", "srv9", "a", "3", "x", "2026-11-21T17:11:12Z"],
        ["2026-11-21T10:11:12.25 -0600 srv9 a: x", "srv9", "a", "", "x", "2026-11-21T16:11:12.250Z"],
        ["<13>2026-11-21T10:11:12 EST a: x", "EST", "a", "", "x", "2026-11-21T10:11:12Z"],
        ["2026-11-21 10:11:12 cet a: x", "cet", "a", "", "x", "2026-11-21T10:11:12Z"],
        [
            "2026-11-21T10:11:12.016+0000 I ACCESS [conn25] x", "", "", "", "I ACCESS [conn25] x",
            "2026-11-21T10:11:12.016Z",
        ],
        [
            "2026-11-21 10:11:12,908 ban.actions        [811]: NOTICE x", "", "ban.actions", "811",
            "NOTICE x",
            "2026-11-21T10:11:12.908Z",
        ],
        [
            "<134>1 2026-11-21 10:11:12 cp1 CheckPoint 13752 - [action:\"Drop\";]", "cp1", "CheckPoint",
            "13752", "[action:\"Drop\";]", "2026-11-21T10:11:12Z",
        ],
    ]

    @Test(arguments: nested)
    func `the header of the device is told from what stands around it`(parts: [String]) {
        let (envelope, text) = read(parts[0])
        let found = [envelope.host, envelope.application, envelope.processID, envelope.body].map(text)
        #expect(found + [envelope.time.description] == Array(parts[1...]))
    }

    @Test(arguments: [
        ("<999>x", "bad_pri"), ("<007>x", "bad_pri"), ("Oct  5 04:00:00 h a: x", "missing_pri"),
        ("<13>2 2026-10-05T04:00:00Z h a - - - x", "bad_version"),
        ("<13>1 2026-10-05t04:00:00z h a - - - x", "nonconformant_header"),
        ("<13>1 2026-10-05T04:00:00 h a - - - x", "time_zone_assumed"),
        ("<13>1 2026-10-05T04:00:00Z h a - - [i k=\"]\"] x", "bad_structured_data"),
        ("<13>1 2026-10-05T04:00:00Z h a - - [i k=v] x", "bad_structured_data"),
        ("<13>1 2026-10-05T04:00:00Z h a - - [i][i] x", "duplicate_sd_id"),
        ("<13>1 2026-10-05T04:00:00Z h a - 123456789012345678901234567890123 - x", "overlong_field"),
        ("<13>1 2026-10-05T04:00:60Z h a - - - x", "leap_second"),
        ("<13>*Oct  5 04:00:00 UTC: %A-5-B: x", "clock_unsynchronised"),
        ("<13>Oct  5 04:00:00 QQQ: %A-5-B: x", "unknown_zone_name"),
        ("<13>Oct  5 04:00:00 h", "empty_message"), ("<13>x", "missing_timestamp"),
    ])
    func `what is odd is said`(line: String, code: String) {
        #expect(read(line).envelope.issues.names.contains(code))
    }

    @Test func `a byte order mark asks for UTF-8`() {
        let head = Array("<13>1 2026-10-05T04:00:00Z h a - - - ".utf8) + [0xef, 0xbb, 0xbf]
        let context = StampContext(reference: Self.reference, offsetSeconds: 0)
        for (tail, isValid) in [
            ([0x78], true), ([0xc3, 0xa9], true), ([0xc3], false), ([0xed, 0xa0, 0x80], false),
        ]
            as [([UInt8], Bool)]
        {
            let bytes = head + tail
            let envelope = EnvelopeReader.read(bytes.span, 0..<bytes.count, context)
            #expect(envelope.body == head.count..<bytes.count)
            #expect(envelope.issues.contains(.badUTF8) == !isValid)
        }
    }

    @Test func `no cut and no flipped byte of a header makes the reader trap`() {
        let lines = [
            "<165>1 2003-10-11T22:14:15.003Z h evntslog 7 ID47 [e@1 k=\"v\\\"\"][f g=\"h\"] text",
            "<190>3132517: sw01: *Jul 14 2023 08:23:43.398 UTC: %SEC-6-IPACCESSLOGP: x",
            "<13>Mar  8 15:18:40 2a02:cf40::: sshd[1]: x", "<134>1 1380653443.857790533 MX84 flows",
        ]
        let context = StampContext(reference: Self.reference, offsetSeconds: 0)
        for line in lines.map({ Array($0.utf8) }) {
            for cut in 0...line.count {
                let envelope = EnvelopeReader.read(line.span, 0..<cut, context)
                #expect(envelope.body.upperBound <= cut)
            }
            for index in line.indices {
                for byte in [0x00, 0x20, 0x22, 0x3a, 0x5b, 0x5d, 0x5c, 0xff] as [UInt8] {
                    var other = line
                    other[index] = byte
                    let envelope = EnvelopeReader.read(other.span, 0..<other.count, context)
                    #expect(envelope.body.upperBound <= other.count)
                }
            }
        }
    }

    @Test(arguments: [
        ("<38>Dec 31 23:59:58 h a: x", "2025-12-31T23:59:58Z"),
        ("<38>Jan  1 12:00:00 h a: x", "2026-01-01T12:00:00Z"),
        ("<38>Jan  3 00:00:00 h a: x", "2025-01-03T00:00:00Z"),
        ("<38>Feb 29 00:00:00 h a: x", "2024-02-29T00:00:00Z"),
        ("<38>Mar  7 2008 19:06:53 h a: x", "2008-03-07T19:06:53Z"),
        ("<38>1 2026-10-05T06:00:00+02:00 h a - - - x", "2026-10-05T04:00:00Z"),
        ("<38>Mar 32 00:00:00 h a: x", "-"), ("<38>x", "-"),
    ])
    func `a stamp without a year is resolved against the reference`(line: String, time: String) {
        #expect(read(line).envelope.time.description == time)
    }

    @Test(arguments: [
        ("1793511351", "2026-11-01T05:35:51Z"), ("1793511351.5", "2026-11-01T05:35:51.500Z"),
        ("1793511351000", "2026-11-01T05:35:51Z"), ("1793511351000000", "2026-11-01T05:35:51Z"),
        ("1793511351000000000", "2026-11-01T05:35:51Z"),
    ])
    func `an epoch is read by its magnitude`(text: String, time: String) {
        let bytes = Array(text.utf8)
        #expect(EpochTime.read(bytes.span, 0..<bytes.count)?.time.description == time)
    }

    @Test(arguments: ["", "12345", "12345678901", "x", "1793511351x", "99999999999999999999"])
    func `a number of another size is no time`(text: String) {
        let bytes = Array(text.utf8)
        #expect(EpochTime.read(bytes.span, 0..<bytes.count) == nil)
    }
}
