// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import Testing

/// What rules rely on: one line, and what must come out of it.
///
/// A value of nil means "absent".
struct DecoderConventionTests {
    private static let asa = "<166>Oct  5 04:00:00 fw9 %ASA-6-"
    private static let win =
        #"{"ts":"2026-10-05T04:00:00.000Z","source":"winevent","computer":"h9","EventID":"#

    @Test(arguments: [
        (
            asa
                + "302013: Built inbound TCP connection 9 for a:10.9.0.1/11 (10.9.0.1/11) to "
                + "b:10.9.0.2/22 (10.9.0.2/22)",
            [
                "action": "connect", "outcome": "success", "src.ip": "10.9.0.1", "dst.port": "22",
                "vendor.code": "302013",
            ]
        ),
        (
            asa
                + "302013: Built outbound TCP connection 9 for a:10.9.0.1/11 (10.9.0.1/11) to "
                + "b:10.9.0.2/22 (10.9.0.2/22)",
            [
                "action": "connect", "src.ip": "10.9.0.2", "dst.ip": "10.9.0.1", "dst.port": "11",
                "witness": "true",
            ]
        ),
        (
            asa
                + "302014: Teardown TCP connection 9 for a:10.9.0.1/11 to b:10.9.0.2/22 duration "
                + "0:00:01 bytes 77 TCP FINs",
            ["action": "close", "network.bytes": "77", "ext.src.interface": "a"]
        ),
        (
            asa + "199999: Something new",
            ["class": "network", "vendor.code": "199999", "vendor.product": "cisco.asa"]
        ),
        (
            win + #"4624,"user":"u","LogonType":3,"src":"::ffff:10.9.0.3"}"#,
            ["src.ip": "10.9.0.3", "ext.logon.type": "3"]
        ),
        (
            win + #"1102,"user":"u"}"#,
            ["class": "update", "action": "audit_clear", "user.name": "u", "host.name": "h9"]
        ),
        (win + #"4720,"user":"u","new":"v"}"#, ["action": "account_create", "user.target": "v"]),
        (win + #"7045,"service":"s9"}"#, ["class": "update", "software.name": "s9", "ext.artefact": "s9"]),
        (
            "<181>Oct  5 04:00:00 n9 CISE_Passed_Authentications 0 step=\"disconnect\", "
                + "Calling-Station-ID=00:40:9d:00:00:09",
            ["class": "network", "action": "detach", "src.mac": "00:40:9d:00:00:09", "witness": "true"]
        ),
        (
            "<30>Oct  5 04:00:00 d9 dhcpd[8]: DHCPACK on 10.9.0.4 to 00-40-9D-00-00-0A (w9) via eth0",
            ["action": "lease", "src.ip": "10.9.0.4", "src.mac": "00:40:9d:00:00:0a", "src.host": "w9"]
        ),
        (
            #"{"_path":"conn","ts":1.7931e9,"id.orig_h":"10.9.0.5","id.resp_h":"10.9.0.6","#
                + #""conn_state":"S0","service":"-"}"#,
            ["action": "connect", "outcome": "failure", "ext.source.kind": "sensor"]
        ),
        (
            #"{"event_type":"alert","src_ip":"10.9.0.5","alert":{"signature_id":7,"signature":"X","#
                + #""severity":2}}"#,
            [
                "action": "intrusion_alert", "ext.artefact": "X", "vendor.code": "7",
                "ext.vendor.severity": "2",
            ]
        ),
    ])
    func `a line gives the fields that rules expect`(line: String, expected: [String: String]) {
        let events = DecoderFixtures.decode(line)
        for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(DecoderConventionTests.value(name, events) == value, "\(name)")
        }
    }

    private static func value(_ name: String, _ events: EventBatch) -> String? {
        guard let event = events.events.first else { return nil }
        switch name {
        case "class": return event.eventClass.name
        case "action": return event.action.name
        case "outcome": return event.outcome.name
        case "witness": return String(event.flags.contains(.witness))
        default: return events.field(named: name).flatMap { events.text($0, in: 0) }
        }
    }

    @Test(arguments: [
        ("Not Found", nil), ("No Authentication Required", nil), ("unauthenticated-user", nil),
        ("notfound", "notfound"), ("not found here", "not found here"), ("unknown", "unknown"),
    ]) func `words that say that there is no user are none`(said: String, user: String?) {
        let events = DecoderFixtures.decode(
            #"<13>1 2026-10-05T04:00:00Z h app - - - {"user":"\#(said)","src_ip":"10.9.0.3"}"#
        )
        #expect(events.text(.userName, in: 0) == user)
        #expect(events.text(.sourceIP, in: 0) == "10.9.0.3")
    }

    @Test func `an undecoded line keeps its text and says so`() {
        let events = DecoderFixtures.decode(
            "<13>Oct  5 04:00:00 h9 oddapp: user=zoe src=10.9.0.7 result=denied"
        )
        #expect(events.events[0].issues.contains(.undecoded))
        #expect(events.events[0].eventClass == .unclassified)
        #expect(events.events[0].outcome == .failure)
        #expect(events.text(.userName, in: 0) == "zoe")
        #expect(events.text(.sourceIP, in: 0) == "10.9.0.7")
        #expect(events.text(.message, in: 0)?.hasPrefix("user=zoe") == true)
    }

    @Test func `an object behind words that nobody knows is read`() {
        let events = DecoderFixtures.decode(
            #"<13>Oct  5 04:00:00 h9 oddapp: INFO audit - {"client":{"ipAddress":"10.9.0.7"},"#
                + #""actor":{"user":{"name":"zoe"}},"result":"denied"}"#
        )
        #expect(events.events[0].issues.contains(.undecoded))
        #expect(events.events[0].outcome == .failure)
        #expect(events.text(.userName, in: 0) == "zoe")
        #expect(events.text(.sourceIP, in: 0) == "10.9.0.7")
        let broken = DecoderFixtures.decode(#"<13>Oct  5 04:00:00 h9 oddapp: user=zoe {"a" src=10.9.0.7}"#)
        #expect(broken.text(.userName, in: 0) == "zoe")
        #expect(!broken.events[0].issues.contains(.badJSON))
    }

    @Test(arguments: [
        ("rhost=10.9.0.7  user=root", "10.9.0.7", nil), ("rhost=ws-7.ward  user=root", nil, "ws-7.ward"),
        ("rhost=0.0.0.0  user=root", nil, nil),
    ])
    func `an address where a host is asked for is the address`(pairs: String, ip: String?, host: String?) {
        let line = "<86>Oct  5 04:00:00 h9 sshd[8]: pam_unix(sshd:auth): authentication failure; "
        let events = DecoderFixtures.decode(line + pairs)
        #expect(events.text(.sourceIP, in: 0) == ip)
        #expect(events.text(.sourceHost, in: 0) == host)
        #expect(events.text(.userName, in: 0) == "root")
    }

    @Test func `a host that is another address than the one that is known stays a host`() {
        let events = DecoderFixtures.decode(
            "CEF:0|Acme|Wall|9|78|Rule hit|1|act=allowed src=10.9.0.1 shost=10.9.0.1 dst=10.9.0.2 "
                + "dhost=10.9.0.3"
        )
        #expect(events.text(.sourceIP, in: 0) == "10.9.0.1")
        #expect(events.text(.sourceHost, in: 0) == nil)
        #expect(events.text(.targetIP, in: 0) == "10.9.0.2")
        #expect(events.text(.targetHost, in: 0) == "10.9.0.3")
    }

    @Test func `a line in free wording gives who and where by its keys`() {
        let events = DecoderFixtures.decode(
            #"<14>Oct  5 04:00:00 app-1 webapp[7]: msg="authentication failed" username=zoe "#
                + "client_ip=10.9.0.7"
        )
        #expect(events.events[0].outcome == .failure)
        #expect(events.text(.userName, in: 0) == "zoe")
        #expect(events.text(.sourceIP, in: 0) == "10.9.0.7")
    }

    @Test func `well-known keys are whole`() {
        #expect(WellKnownKeys.field(of: "cs-username") == "user.name")
        #expect(WellKnownKeys.field(of: "cs-") == nil)
    }

    @Test func `words before the first pair of an audit message hide no pair`() {
        let events = DecoderFixtures.decode(
            "type=USYS_CONFIG msg=audit(1791172800.000:402): pid=12 uid=0 msg='changing system time "
                + #"exe="/usr/sbin/hwclock" hostname=? addr=10.9.0.7 terminal=? res=success'"#
        )
        #expect(events.events[0].outcome == .success)
        #expect(events.text(.sourceIP, in: 0) == "10.9.0.7")
    }

    @Test func `a patient identifier becomes a token and never a field`() {
        let events = DecoderFixtures.decode(
            #"{"ts":"2026-10-05T04:00:00Z","event":"x","mrn":"MRN-7","user":"u"}"#
        )
        #expect(events.text(.patientToken, in: 0)?.count == SiteKey.tokenLength)
        let values = events.entries.map { String(decoding: events.bytes[$0.range], as: UTF8.self) }
        #expect(!values.contains { $0.contains("MRN-7") })
        #expect(!String(decoding: events.encoded(), as: UTF8.self).contains("MRN-7"))
    }

    @Test func `events do not depend on how batches are cut`() {
        let lines = [
            "<166>Oct  5 04:00:00 a %ASA-5-611103: User logged out: Uname: u", #"{"event":"x","k1":"v"}"#,
        ]
        .map { Array($0.utf8) }
        let whole = DecoderFixtures.decode(lines)
        var normalizer = Normalizer(decoders: DecoderFixtures.loaded.decoders, siteKey: DecoderFixtures.key)
        var cut = EventBatch()
        for (index, line) in lines.enumerated() {
            var records = RecordBatch()
            let origin = records.index(of: Origin(listener: "test", transport: .file))
            records.append(line, kind: .device, flags: .imported, origin: origin, receiveTime: .absent)
            let reference = CivilTime(year: 2026, month: 12, day: 1).utc()
            normalizer.decode(records, base: Offset(UInt64(index)), reference: reference, into: &cut)
        }
        #expect(whole.encoded() == cut.encoded())
    }

    @Test func `only device records give events`() {
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "test", transport: .internal))
        for kind in RecordKind.allCases {
            records.append(Array("<13>x".utf8), kind: kind, origin: origin, receiveTime: .absent)
        }
        var normalizer = Normalizer(decoders: DecoderFixtures.loaded.decoders, siteKey: DecoderFixtures.key)
        var events = EventBatch()
        normalizer.decode(records, base: Offset(5), reference: nil, into: &events)
        #expect(events.events.map(\.offset) == [Offset(5)])
    }
}
